"""Customers: addresses, groups and their members."""

from alembic import op

from rustok.kernel.migrating import protect

revision = "commerce_0002"
down_revision = "commerce_0001"
branch_labels = None
depends_on = "core_0005"

_TABLES = {
    "commerce_customers": """
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        phone varchar(40) NOT NULL DEFAULT '',
        accepts_marketing boolean NOT NULL DEFAULT false,
        marketing_changed_at timestamptz,
        note text NOT NULL DEFAULT '',
        tags text[] NOT NULL DEFAULT '{}',
        metadata jsonb NOT NULL DEFAULT '{}',
        orders_count integer NOT NULL DEFAULT 0,
        spent jsonb NOT NULL DEFAULT '{}',
        last_order_at timestamptz,
        erased_at timestamptz,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_customers PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_customers_user FOREIGN KEY (tenant_id, id)
            REFERENCES users (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_customers_orders_count_positive CHECK (orders_count >= 0)
    """,
    "commerce_customer_addresses": """
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        customer_id uuid NOT NULL,
        address jsonb NOT NULL,
        is_default_shipping boolean NOT NULL DEFAULT false,
        is_default_billing boolean NOT NULL DEFAULT false,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_customer_addresses PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_customer_addresses_customer FOREIGN KEY (tenant_id, customer_id)
            REFERENCES commerce_customers (tenant_id, id) ON DELETE CASCADE
    """,
    "commerce_customer_groups": """
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        description text NOT NULL DEFAULT '',
        metadata jsonb NOT NULL DEFAULT '{}',
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_customer_groups PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_customer_groups_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_customer_groups_code UNIQUE (code, tenant_id)
    """,
    "commerce_customer_group_members": """
        tenant_id uuid NOT NULL,
        group_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_customer_group_members PRIMARY KEY (tenant_id, group_id, customer_id),
        CONSTRAINT fk_commerce_customer_group_members_group FOREIGN KEY (tenant_id, group_id)
            REFERENCES commerce_customer_groups (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_customer_group_members_customer FOREIGN KEY (tenant_id, customer_id)
            REFERENCES commerce_customers (tenant_id, id) ON DELETE CASCADE
    """,
}
_INDEXES = (
    "CREATE INDEX ix_commerce_customers_last_order_at ON commerce_customers (last_order_at, tenant_id, id)",
    "CREATE INDEX ix_commerce_customer_addresses_customer_id ON commerce_customer_addresses (customer_id, tenant_id)",
    """CREATE UNIQUE INDEX uq_commerce_customer_addresses_default_shipping
        ON commerce_customer_addresses (customer_id, tenant_id) WHERE is_default_shipping""",
    """CREATE UNIQUE INDEX uq_commerce_customer_addresses_default_billing
        ON commerce_customer_addresses (customer_id, tenant_id) WHERE is_default_billing""",
    """CREATE INDEX ix_commerce_customer_group_members_customer_id
        ON commerce_customer_group_members (customer_id, tenant_id)""",
)


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} ({columns})")
        protect(op, table)
    for statement in _INDEXES:
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
