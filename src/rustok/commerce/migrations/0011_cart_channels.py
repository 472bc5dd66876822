"""Through which sales channel a cart is bought."""

from alembic import op

revision = "commerce_0011"
down_revision = "commerce_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carts that are there already came through the shop's own pages, or said nothing."""
    op.execute("ALTER TABLE commerce_carts ADD COLUMN channel varchar(64) DEFAULT 'web' NOT NULL")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE commerce_carts DROP COLUMN channel")
