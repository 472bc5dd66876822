"""Carts and their lines."""

revision = "commerce_0007"
down_revision = "commerce_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
