"""What the feeds want: kinds of entries, appearances for the archives, notes, files, former slugs."""

import json
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_CAMPAIGN = sa.text("update_id IS NULL")
NAMES = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}  # as PostgreSQL names what has no name


def upgrade() -> None:
    """Let all that was published appear in the archives, in its order, as it reads now."""
    _tables()
    _columns()
    _entries()
    connection = op.get_bind()
    for place, row in enumerate(connection.execute(sa.text(PUBLISHED)).mappings(), start=1):
        page = _page(connection, row) if row["kind"] == "launch" else None
        values = {
            name: row[name] for name in ("entry_id", "at", "revision", "occurred_on", "title")
        }
        connection.execute(sa.text(APPEAR), values | {"place": place, "page": json.dumps(page)})


def _tables() -> None:
    op.create_table(
        "appearance",
        sa.Column("id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("occurred_on", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("page", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("place"),
    )
    op.create_index("ix_appearance_entry_id", "appearance", ["entry_id"])
    op.create_table(
        "former_slug",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_index("ix_former_slug_campaign_id", "former_slug", ["campaign_id"])
    op.create_table(
        "stored_file",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )


def _columns() -> None:
    at = sa.DateTime(timezone=True)
    op.add_column("campaign", sa.Column("withdrawn_at", at, nullable=True))
    op.add_column("campaign", sa.Column("ended_at", at, nullable=True))
    op.add_column("campaign", sa.Column("rewritten_at", at, nullable=True))
    op.execute(ENDED)
    op.add_column("revision", sa.Column("notes", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column(
        "revision_text", sa.Column("files", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column(
        "feed_version", sa.Column("urgent", sa.Integer(), nullable=False, server_default="0")
    )


def _entries() -> None:
    op.drop_index("uq_entry_launch", "entry")
    with op.batch_alter_table("entry", naming_convention=NAMES) as entry:
        entry.add_column(sa.Column("kind", sa.String(24), nullable=False, server_default="update"))
        entry.add_column(sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
        entry.add_column(
            sa.Column("plain", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        entry.add_column(sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
        entry.drop_constraint("entry_update_id_language_key", type_="unique")
        entry.create_unique_constraint(
            "uq_entry_update", ["update_id", "language", "kind", "number"]
        )
    op.execute("UPDATE entry SET kind = 'launch' WHERE update_id IS NULL")
    op.execute(f"UPDATE entry SET plain = true WHERE id IN ({PLAIN})")  # noqa: S608  ours
    op.create_index(
        "uq_entry_campaign",
        "entry",
        ["campaign_id", "language", "kind", "number"],
        unique=True,
        sqlite_where=OF_CAMPAIGN,
        postgresql_where=OF_CAMPAIGN,
    )
    op.create_index("ix_entry_plain", "entry", ["campaign_id", "plain", "updated_at"])
    op.create_index("ix_entry_language", "entry", ["language", "updated_at"])
    op.create_index("ix_entry_updated", "entry", ["plain", "updated_at"])


# The feeds of campaigns that were withdrawn before this ended at once.
ENDED = """
    UPDATE campaign SET withdrawn_at = updated_at, ended_at = updated_at
    WHERE status = 'withdrawn'
"""

# Of each subject the entry in the campaign's language, else in its first text.
PLAIN = """
    SELECT id FROM (
        SELECT entry.id, row_number() OVER (
            PARTITION BY entry.campaign_id, entry.update_id
            ORDER BY entry.language <> campaign.language,
                coalesce(revision_text.position, campaign_text.position), entry.tag
        ) AS rank
        FROM entry
        JOIN campaign ON campaign.id = entry.campaign_id
        LEFT JOIN "update" ON "update".id = entry.update_id
        LEFT JOIN revision
            ON revision.update_id = entry.update_id AND revision.number = "update".revision
        LEFT JOIN revision_text
            ON revision_text.revision_id = revision.id
            AND revision_text.language = entry.language
        LEFT JOIN campaign_text
            ON entry.update_id IS NULL AND campaign_text.campaign_id = entry.campaign_id
            AND campaign_text.language = entry.language
    ) AS ranked WHERE rank = 1
"""

PUBLISHED = """
    SELECT entry.id AS entry_id, entry.kind, entry.language, entry.campaign_id,
        entry.updated_at AS at, coalesce("update".revision, 0) AS revision,
        CASE WHEN entry.update_id IS NULL THEN campaign.occurred_on
            ELSE "update".occurred_on END AS occurred_on,
        coalesce(own.title, fallback.title, '') AS title
    FROM entry
    JOIN campaign ON campaign.id = entry.campaign_id
    LEFT JOIN "update" ON "update".id = entry.update_id
    LEFT JOIN campaign_text AS own
        ON own.campaign_id = campaign.id AND own.language = entry.language
    LEFT JOIN campaign_text AS fallback
        ON fallback.campaign_id = campaign.id AND fallback.language = campaign.language
    WHERE entry.published_at IS NOT NULL
    ORDER BY entry.published_at, entry.tag
"""

APPEAR = """
    INSERT INTO appearance (entry_id, place, at, revision, occurred_on, title, page)
    VALUES (:entry_id, :place, :at, :revision, :occurred_on, :title, :page)
"""

PAGE = """
    SELECT title, summary, body FROM campaign_text
    WHERE campaign_id = :campaign_id AND language = :language
"""

LETTER = """
    SELECT letter.language, addressees, salutation, body, closing FROM letter
    JOIN campaign ON campaign.id = letter.campaign_id
    WHERE campaign_id = :campaign_id ORDER BY version DESC,
        letter.language <> :language, letter.language <> campaign.language, letter.language
    LIMIT 1
"""

SIGNATORIES = "SELECT name FROM signatory WHERE campaign_id = :campaign_id ORDER BY position"


def _page(connection: sa.Connection, row: sa.RowMapping) -> dict[str, object] | None:
    """Write down what a launch says, as `records.entries` reads it."""
    values = {"campaign_id": row["campaign_id"], "language": row["language"]}

    def rows(statement: str) -> Iterable[sa.RowMapping]:
        return connection.execute(sa.text(statement), values).mappings()

    page = next(iter(rows(PAGE)), None)
    if page is None:
        return None
    letters = [dict(one) for one in rows(LETTER)]
    for one in letters:
        if isinstance(one["addressees"], str):
            one["addressees"] = json.loads(one["addressees"])
    names = [one["name"] for one in rows(SIGNATORIES)]
    return {**page, "letter": next(iter(letters), None), "signatories": names}
