"""What the sender wants: snapshots apart, mailings that can be stopped, the tally of a day."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DUE = sa.text("due_at IS NOT NULL AND worker_id IS NULL")
STOPPED = sa.text("paused_at IS NOT NULL OR cancelled IS NOT NULL")


def upgrade() -> None:
    """Move the snapshots out of the mails, and index what is asked of unclaimed mails."""
    op.create_table(
        "snapshot",
        sa.Column("mail_id", BIG, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"]),
        sa.PrimaryKeyConstraint("mail_id"),
    )
    op.execute(
        "INSERT INTO snapshot SELECT id, sealed FROM mail WHERE sealed IS NOT NULL ORDER BY id"
    )
    for index in ("ix_mail_snapshot", "ix_mail_in_hand", "ix_mail_due"):
        op.drop_index(index, "mail")
    op.drop_column("mail", "sealed")  # not in a batch: that would copy what deliveries refer to
    op.add_column("mail", sa.Column("evidence", sa.String(), nullable=True))
    op.add_column("mail", sa.Column("rebuffs", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_mail_due",
        "mail",
        ["lane", "due_at", "id", "state", "domain_tag"],
        sqlite_where=DUE,
        postgresql_where=DUE,
    )
    op.create_table(
        "tally",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("domain_tag", sa.LargeBinary(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "domain_tag"),
    )
    op.add_column("notice", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notice", sa.Column("halted", sa.String(), nullable=True))
    op.add_column("notice", sa.Column("cancelled", sa.String(24), nullable=True))
    op.create_index(
        "ix_notice_stopped", "notice", ["id"], sqlite_where=STOPPED, postgresql_where=STOPPED
    )
