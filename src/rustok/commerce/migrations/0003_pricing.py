"""Whom a price list is for."""

from alembic import op

revision = "commerce_0003"
down_revision = "commerce_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Price lists that were there before go on counting only for who names them."""
    op.execute(
        """
        ALTER TABLE commerce_price_lists
            ADD COLUMN is_automatic boolean DEFAULT false NOT NULL,
            ADD COLUMN is_sale boolean DEFAULT false NOT NULL,
            ADD COLUMN priority integer DEFAULT 0 NOT NULL,
            ADD COLUMN groups uuid[] DEFAULT '{}'::uuid[] NOT NULL,
            ADD COLUMN channels text[] DEFAULT '{}'::text[] NOT NULL,
            ADD COLUMN countries text[] DEFAULT '{}'::text[] NOT NULL
        """
    )
    op.execute("ALTER TABLE commerce_price_lists ALTER COLUMN is_automatic SET DEFAULT true")


def downgrade() -> None:
    """The audience of every list is forgotten."""
    for column in ("countries", "channels", "groups", "priority", "is_sale", "is_automatic"):
        op.execute(f"ALTER TABLE commerce_price_lists DROP COLUMN {column}")
