"""Who hears that feeds have moved: hubs, the cache, and the subscribers of our own hub."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables; nobody listens yet."""
    _listeners()
    _requests()
    _subscriptions()


def _listeners() -> None:
    op.create_table(
        "listener",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", AT, nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("left_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "told",
        sa.Column("listener", sa.String(), nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("listener", "scope"),
    )


def _requests() -> None:
    op.create_table(
        "hub_request",
        sa.Column("id", BIG, nullable=False),
        sa.Column("mode", sa.String(24), nullable=False),
        *_wish(),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("received_at", AT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("failed_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hub_request_host", "hub_request", ["host_tag"])
    op.create_index("ix_hub_request_tag", "hub_request", ["tag"])


def _subscriptions() -> None:
    op.create_table(
        "hub_subscription",
        sa.Column("id", BIG, nullable=False),
        *_wish(),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("failing_since", AT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tag"),
    )
    op.create_index("ix_hub_subscription_scope", "hub_subscription", ["scope", "version"])
    op.create_index("ix_hub_subscription_host", "hub_subscription", ["host_tag"])
    op.create_index("ix_hub_subscription_expires_at", "hub_subscription", ["expires_at"])


def _wish() -> list[sa.Column[object]]:
    """Make the columns that a request and a subscription share."""
    return [
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("host_tag", sa.LargeBinary(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("suffix", sa.String(), nullable=False),
        sa.Column("callback_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
    ]
