"""Returns and exchanges."""

revision = "commerce_0010"
down_revision = "commerce_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
