"""Orders, partitioned by quarter, and what belongs to them."""

revision = "commerce_0008"
down_revision = "commerce_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
