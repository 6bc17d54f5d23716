"""What steering wants: the share that goes first, sweeps, and refusals found by their time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ON_TRIAL = sa.text("share > 0")
TO_SWEEP = sa.text("swept IS NOT NULL")
REFUSED = sa.text("state = 'refused'")


def upgrade() -> None:
    """Let mailings that are there already go on as they began: without a share."""
    op.add_column("notice", sa.Column("share", sa.Integer(), nullable=True))
    op.add_column(
        "notice", sa.Column("allowance", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("notice", sa.Column("share_from", BIG, nullable=False, server_default="0"))
    op.add_column("notice", sa.Column("share_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "notice", sa.Column("slowly", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("notice", sa.Column("swept", BIG, nullable=True))
    op.add_column("worker", sa.Column("problem", sa.String(), nullable=True))
    op.create_index(
        "ix_notice_on_trial",
        "notice",
        ["campaign_id", "arrival"],
        sqlite_where=ON_TRIAL,
        postgresql_where=ON_TRIAL,
    )
    op.create_index(
        "ix_notice_to_sweep", "notice", ["id"], sqlite_where=TO_SWEEP, postgresql_where=TO_SWEEP
    )
    op.drop_index("ix_mail_digest", "mail")
    op.create_index("ix_mail_digest", "mail", ["digest_id", "id"])
    op.create_index(
        "ix_mail_refused",
        "mail",
        ["changed_at", "digest_id"],
        sqlite_where=REFUSED,
        postgresql_where=REFUSED,
    )
