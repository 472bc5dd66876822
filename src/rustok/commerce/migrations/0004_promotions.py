"""Promotions, their codes and uses, and gift cards with their ledger."""

from alembic import op

from rustok.kernel.db import APP_ROLE, WORKER_ROLE
from rustok.kernel.migrating import protect

revision = "commerce_0004"
down_revision = "commerce_0003"
branch_labels = None
depends_on = None

_TABLES = (
    "commerce_promotions",
    "commerce_promotion_codes",
    "commerce_promotion_uses",
    "commerce_promotion_buyers",
    "commerce_gift_cards",
    "commerce_gift_card_entries",
)
_STATEMENTS = (
    """
    CREATE TABLE commerce_promotions (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        name varchar(255) NOT NULL,
        title varchar(255) NOT NULL,
        kind varchar(16) NOT NULL,
        reward jsonb NOT NULL,
        target jsonb DEFAULT '{}'::jsonb NOT NULL,
        conditions jsonb DEFAULT '{}'::jsonb NOT NULL,
        needs_code boolean DEFAULT false NOT NULL,
        is_active boolean DEFAULT true NOT NULL,
        starts_at timestamptz,
        ends_at timestamptz,
        priority integer DEFAULT 0 NOT NULL,
        stack varchar(16) NOT NULL,
        combines_with text[] DEFAULT '{}'::text[] NOT NULL,
        usage_limit integer,
        per_customer_limit integer,
        uses integer DEFAULT 0 NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_commerce_promotions PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_promotions_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT ck_commerce_promotions_kind_known CHECK (kind IN ('percentage', 'fixed_amount',
            'fixed_price', 'shipping', 'buy_x_get_y')),
        CONSTRAINT ck_commerce_promotions_stack_known CHECK (stack IN ('item', 'order', 'shipping')),
        CONSTRAINT ck_commerce_promotions_dates_in_order CHECK (starts_at < ends_at),
        CONSTRAINT ck_commerce_promotions_uses_within_limit CHECK (uses >= 0 AND (usage_limit IS NULL OR
            uses <= usage_limit)),
        CONSTRAINT ck_commerce_promotions_per_customer_limit_positive CHECK (per_customer_limit >= 1)
    )
    """,
    """
    CREATE INDEX ix_commerce_promotions_created_at ON commerce_promotions (created_at, tenant_id, id)
    """,
    """
    CREATE TABLE commerce_promotion_codes (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        promotion_id uuid NOT NULL,
        code varchar(64) NOT NULL,
        key varchar(64) NOT NULL,
        usage_limit integer,
        uses integer DEFAULT 0 NOT NULL,
        is_active boolean DEFAULT true NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_commerce_promotion_codes PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_promotion_codes_promotion FOREIGN KEY(tenant_id, promotion_id) REFERENCES
            commerce_promotions (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_promotion_codes_key UNIQUE (key, tenant_id),
        CONSTRAINT ck_commerce_promotion_codes_uses_within_limit CHECK (uses >= 0 AND (usage_limit IS NULL
            OR uses <= usage_limit))
    )
    """,
    """
    CREATE INDEX ix_commerce_promotion_codes_promotion_id ON commerce_promotion_codes (promotion_id,
        tenant_id, id)
    """,
    """
    CREATE TABLE commerce_promotion_uses (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        promotion_id uuid NOT NULL,
        code_id uuid,
        order_id uuid NOT NULL,
        amount_minor bigint NOT NULL,
        currency varchar(3) NOT NULL,
        buyers bytea[] DEFAULT '{}'::bytea[] NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        released_at timestamptz,
        CONSTRAINT pk_commerce_promotion_uses PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_promotion_uses_promotion FOREIGN KEY(tenant_id, promotion_id) REFERENCES
            commerce_promotions (tenant_id, id),
        CONSTRAINT fk_commerce_promotion_uses_code FOREIGN KEY(tenant_id, code_id) REFERENCES
            commerce_promotion_codes (tenant_id, id),
        CONSTRAINT ck_commerce_promotion_uses_amount_positive CHECK (amount_minor >= 0)
    )
    """,
    """
    CREATE INDEX ix_commerce_promotion_uses_code_id ON commerce_promotion_uses (code_id, tenant_id) WHERE
        code_id IS NOT NULL
    """,
    """
    CREATE INDEX ix_commerce_promotion_uses_promotion_id ON commerce_promotion_uses (promotion_id,
        tenant_id, created_at)
    """,
    """
    CREATE UNIQUE INDEX uq_commerce_promotion_uses_order ON commerce_promotion_uses (order_id, tenant_id,
        promotion_id) WHERE released_at IS NULL
    """,
    """
    CREATE TABLE commerce_promotion_buyers (
        tenant_id uuid NOT NULL,
        promotion_id uuid NOT NULL,
        buyer bytea NOT NULL,
        uses integer NOT NULL,
        CONSTRAINT pk_commerce_promotion_buyers PRIMARY KEY (tenant_id, promotion_id, buyer),
        CONSTRAINT fk_commerce_promotion_buyers_promotion FOREIGN KEY(tenant_id, promotion_id) REFERENCES
            commerce_promotions (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_promotion_buyers_uses_positive CHECK (uses >= 0)
    )
    """,
    """
    CREATE TABLE commerce_gift_cards (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        code_hash bytea NOT NULL,
        last_four varchar(4) NOT NULL,
        currency varchar(3) NOT NULL,
        initial_minor bigint NOT NULL,
        balance_minor bigint NOT NULL,
        is_active boolean DEFAULT true NOT NULL,
        expires_at timestamptz,
        note varchar(1000),
        order_id uuid,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_commerce_gift_cards PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_gift_cards_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_gift_cards_code_hash UNIQUE (code_hash, tenant_id),
        CONSTRAINT ck_commerce_gift_cards_balance_positive CHECK (balance_minor >= 0),
        CONSTRAINT ck_commerce_gift_cards_initial_positive CHECK (initial_minor >= 0),
        CONSTRAINT ck_commerce_gift_cards_currency_formed CHECK (currency ~ '^[A-Z]{3}$')
    )
    """,
    """
    CREATE INDEX ix_commerce_gift_cards_created_at ON commerce_gift_cards (created_at, tenant_id, id)
    """,
    """
    CREATE INDEX ix_commerce_gift_cards_last_four ON commerce_gift_cards (last_four, tenant_id)
    """,
    """
    CREATE TABLE commerce_gift_card_entries (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        gift_card_id uuid NOT NULL,
        kind varchar(16) NOT NULL,
        amount_minor bigint NOT NULL,
        balance_minor bigint NOT NULL,
        order_id uuid,
        reason varchar(255),
        actor_id uuid,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_commerce_gift_card_entries PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_gift_card_entries_gift_card FOREIGN KEY(tenant_id, gift_card_id) REFERENCES
            commerce_gift_cards (tenant_id, id),
        CONSTRAINT ck_commerce_gift_card_entries_kind_known CHECK (kind IN ('issued', 'spent', 'given_back',
            'adjusted')),
        CONSTRAINT ck_commerce_gift_card_entries_amount_not_zero CHECK (amount_minor <> 0),
        CONSTRAINT ck_commerce_gift_card_entries_balance_positive CHECK (balance_minor >= 0)
    )
    """,
    """
    CREATE INDEX ix_commerce_gift_card_entries_gift_card_id ON commerce_gift_card_entries (gift_card_id,
        tenant_id, id)
    """,
    """
    CREATE INDEX ix_commerce_gift_card_entries_order_id ON commerce_gift_card_entries (order_id, tenant_id)
        WHERE order_id IS NOT NULL
    """,
)


def upgrade() -> None:
    """Tables, policies, and a ledger that is only ever added to."""
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table)
    op.execute(f"REVOKE UPDATE, DELETE ON commerce_gift_card_entries FROM {APP_ROLE}, {WORKER_ROLE}")


def downgrade() -> None:
    """Everything goes, the ledger too."""
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
