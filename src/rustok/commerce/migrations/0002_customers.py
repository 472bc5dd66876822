"""Customers: addresses, groups and their members."""

revision = "commerce_0002"
down_revision = "commerce_0001"
branch_labels = None
depends_on = "core_0005"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
