"""Payments and the ledger of their transactions."""

revision = "commerce_0009"
down_revision = "commerce_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
