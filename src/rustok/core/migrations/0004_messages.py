"""Mail that is to be sent, and webhooks that are to be called."""

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = "kernel_0004"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
