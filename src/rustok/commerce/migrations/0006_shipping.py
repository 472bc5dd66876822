"""Shipping zones and methods."""

revision = "commerce_0006"
down_revision = "commerce_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
