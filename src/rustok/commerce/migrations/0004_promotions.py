"""Promotions, their codes and uses, and gift cards with their ledger."""

revision = "commerce_0004"
down_revision = "commerce_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
