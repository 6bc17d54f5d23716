"""What signers want: fresh links, another address, undo, discreet mails; and imports and limits."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
ASKING = sa.text("ask_at IS NOT NULL")
PENDING = sa.text("confirmed_at IS NULL")
MAILED = sa.text("mail_id IS NOT NULL")
SUCCEEDED = sa.text("successor_id IS NOT NULL")
TOLD = sa.text("left_because IS NOT NULL")
WAITING = sa.text("mailed_at IS NULL")
WELCOME = sa.text("welcome_at IS NOT NULL")


def upgrade() -> None:
    """Add them; what is there goes on as it was."""
    _signers()
    _served()
    _signatures()
    _subscriptions()
    _mails()
    _deliveries()
    _campaigns()
    _confirmations()
    _fresh_links()
    _address_changes()
    _limits_and_imports()


def _signers() -> None:
    op.add_column("signer", sa.Column("language_tag", sa.LargeBinary(), nullable=True))
    op.add_column("signer", _no("discreet"))
    op.add_column("signer", sa.Column("asks", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_signer_asking", "signer")
    op.create_index(
        "ix_signer_asking",
        "signer",
        ["ask_at", "asks", "signed_up_at"],
        sqlite_where=ASKING,
        postgresql_where=ASKING,
    )


def _served() -> None:
    """Keep apart what every digest writes: it would write a page of signers again for each."""
    op.create_table(
        "served",
        sa.Column("signer_id", BIG, nullable=False),
        sa.Column("daily_on", sa.Date(), nullable=True),
        sa.Column("daily_at", AT, nullable=True),
        sa.Column("weekly_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["signer_id"], ["signer.id"]),
        sa.PrimaryKeyConstraint("signer_id"),
    )
    op.execute("""
        INSERT INTO served (signer_id, daily_on, daily_at, weekly_on)
        SELECT id, daily_served_on, daily_served_at, weekly_served_on FROM signer
        WHERE daily_served_on IS NOT NULL OR weekly_served_on IS NOT NULL
    """)
    for column in ("daily_served_on", "daily_served_at", "weekly_served_on"):
        op.drop_column("signer", column)


def _signatures() -> None:
    op.drop_index("ix_signature_pending", "signature")
    op.add_column("signature", sa.Column("pending_since", AT, nullable=True))
    op.execute("UPDATE signature SET pending_since = signed_at")
    with op.batch_alter_table("signature") as signature:
        signature.alter_column("pending_since", nullable=False)
    op.create_index(
        "ix_signature_pending",
        "signature",
        ["pending_since"],
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )


def _subscriptions() -> None:
    op.add_column("subscription", sa.Column("left_by", sa.LargeBinary(), nullable=True))
    op.add_column("subscription", sa.Column("left_because", sa.String(24), nullable=True))
    op.add_column("subscription", sa.Column("welcome_at", AT, nullable=True))
    with op.batch_alter_table("subscription") as subscription:
        subscription.add_column(sa.Column("successor_id", BIG, nullable=True))
        subscription.create_foreign_key(
            "subscription_successor_id_fkey", "subscription", ["successor_id"], ["id"]
        )
    op.create_index(
        "ix_subscription_successor",
        "subscription",
        ["successor_id"],
        sqlite_where=SUCCEEDED,
        postgresql_where=SUCCEEDED,
    )
    op.create_index(
        "ix_subscription_because",
        "subscription",
        ["campaign_id"],
        sqlite_where=TOLD,
        postgresql_where=TOLD,
    )
    op.create_index(
        "ix_subscription_welcome",
        "subscription",
        ["welcome_at"],
        sqlite_where=WELCOME,
        postgresql_where=WELCOME,
    )


def _mails() -> None:
    op.add_column("digest", sa.Column("base_url", sa.String(), nullable=True))
    op.add_column("digest", sa.Column("campaigns", sa.JSON(), nullable=True))
    op.add_column("digest", _no("discreet"))
    with op.batch_alter_table("snapshot") as snapshot:
        snapshot.alter_column("sealed", existing_type=sa.LargeBinary(), nullable=True)
        snapshot.add_column(sa.Column("address_sealed", sa.LargeBinary(), nullable=True))
        snapshot.add_column(sa.Column("name_sealed", sa.LargeBinary(), nullable=True))
        snapshot.add_column(sa.Column("signed_on", sa.Date(), nullable=True))
        snapshot.add_column(sa.Column("token_key", sa.Integer(), nullable=True))


def _deliveries() -> None:
    """Keep those that wait out of the index by mail: each had an entry that said nothing."""
    op.drop_index("ix_delivery_mail", "delivery")
    op.create_index(
        "ix_delivery_mail", "delivery", ["mail_id"], sqlite_where=MAILED, postgresql_where=MAILED
    )


def _campaigns() -> None:
    op.add_column(
        "campaign", sa.Column("donate_url", sa.String(), nullable=False, server_default="")
    )
    op.add_column("campaign", sa.Column("related", sa.JSON(), nullable=False, server_default="[]"))


def _confirmations() -> None:
    """Let no number come twice: a link that was mailed would mean another question (SQLite)."""
    if op.get_bind().dialect.name == "sqlite":
        once = {"sqlite_autoincrement": True}
        with op.batch_alter_table("confirmation", recreate="always", table_kwargs=once):
            pass


def _fresh_links() -> None:
    op.create_table(
        "fresh_link",
        sa.Column("id", BIG, nullable=False),
        sa.Column("signer_id", BIG, nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=True),
        sa.Column("campaign_id", BIG, nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("mailed_at", AT, nullable=True),
        sa.Column("expires_at", AT, nullable=True),
        sa.Column("used_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["signer_id"], ["signer.id"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fresh_link_signer_id", "fresh_link", ["signer_id"])
    op.create_index("ix_fresh_link_address", "fresh_link", ["address_index", "due_at"])
    op.create_index(
        "ix_fresh_link_waiting",
        "fresh_link",
        ["id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def _address_changes() -> None:
    op.create_table(
        "address_change",
        sa.Column("id", BIG, nullable=False),
        sa.Column("signer_id", BIG, nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("mailed_at", AT, nullable=True),
        sa.Column("old_agreed_at", AT, nullable=True),
        sa.Column("new_agreed_at", AT, nullable=True),
        sa.Column("done_at", AT, nullable=True),
        sa.Column("former_index", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["signer_id"], ["signer.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_address_change_signer_id", "address_change", ["signer_id"])
    op.create_index(
        "ix_address_change_waiting",
        "address_change",
        ["id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    for name, column in (("address", "address_index"), ("former", "former_index")):
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_address_change_{name}",
            "address_change",
            [column],
            sqlite_where=known,
            postgresql_where=known,
        )


def _limits_and_imports() -> None:
    op.create_table(
        "bucket",
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("full_until", AT, nullable=False),
        sa.PrimaryKeyConstraint("tag"),
    )
    op.create_table(
        "import_run",
        sa.Column("id", BIG, nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("bytes_read", BIG, nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("refused_bytes", BIG, nullable=False),
        sa.Column("asked_until", AT, nullable=True),
        sa.Column("started_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("file", "campaign_id"),
    )


def _no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
