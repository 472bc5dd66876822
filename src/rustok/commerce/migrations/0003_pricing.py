"""Whom a price list is for."""

revision = "commerce_0003"
down_revision = "commerce_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
