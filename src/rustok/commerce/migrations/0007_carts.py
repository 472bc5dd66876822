"""Carts and their lines."""

from alembic import op

from rustok.kernel.migrating import protect

revision = "commerce_0007"
down_revision = "commerce_0006"
branch_labels = None
depends_on = None

_TABLES = ("commerce_carts", "commerce_cart_lines")
_STATEMENTS = (
    """
    CREATE TABLE commerce_carts (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        kind varchar(16) DEFAULT 'cart' NOT NULL,
        name varchar(255),
        customer_id uuid,
        status varchar(16) DEFAULT 'open' NOT NULL,
        order_id uuid,
        merged_into uuid,
        currency varchar(3) NOT NULL,
        email varchar(320),
        note text,
        codes text[] DEFAULT '{}'::text[] NOT NULL,
        gift_codes text[] DEFAULT '{}'::text[] NOT NULL,
        shipping_address jsonb,
        billing_address jsonb,
        shipping_method_id uuid,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        expires_at timestamptz,
        CONSTRAINT pk_commerce_carts PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_carts_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_carts_customer FOREIGN KEY (tenant_id, customer_id) REFERENCES users (tenant_id, id)
            ON DELETE CASCADE,
        CONSTRAINT ck_commerce_carts_kind_known CHECK (kind IN ('cart', 'wish_list')),
        CONSTRAINT ck_commerce_carts_status_known CHECK (status IN ('open', 'completed', 'merged')),
        CONSTRAINT ck_commerce_carts_completed_whole CHECK ((status = 'completed') = (order_id IS NOT NULL)),
        CONSTRAINT ck_commerce_carts_wish_list_owned CHECK (kind = 'cart' OR customer_id IS NOT NULL)
    )
    """,
    """
    CREATE INDEX ix_commerce_carts_customer_id ON commerce_carts (customer_id, tenant_id, id)
        WHERE customer_id IS NOT NULL
    """,
    "CREATE INDEX ix_commerce_carts_expires_at ON commerce_carts (expires_at, tenant_id)",
    "CREATE INDEX ix_commerce_carts_created_at ON commerce_carts (tenant_id, created_at, id)",
    """
    CREATE TABLE commerce_cart_lines (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        cart_id uuid NOT NULL,
        variant_id uuid NOT NULL,
        quantity integer NOT NULL,
        seen_minor bigint,
        title varchar(600) NOT NULL,
        CONSTRAINT pk_commerce_cart_lines PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_cart_lines_cart FOREIGN KEY (tenant_id, cart_id)
            REFERENCES commerce_carts (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_cart_lines_variant UNIQUE (cart_id, tenant_id, variant_id),
        CONSTRAINT ck_commerce_cart_lines_quantity_positive CHECK (quantity >= 1)
    )
    """,
)


def upgrade() -> None:
    """Make both tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table)


def downgrade() -> None:
    """Drop them."""
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
