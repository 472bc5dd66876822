"""Tax zones, classes and rates."""

revision = "commerce_0005"
down_revision = "commerce_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
