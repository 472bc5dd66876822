"""Returns and refunds."""

from alembic import op

from rustok.kernel.migrating import protect

revision = "commerce_0010"
down_revision = "commerce_0009"
branch_labels = None
depends_on = None

_TABLES = ("commerce_returns", "commerce_return_lines", "commerce_refunds", "commerce_refund_parts")
_STATEMENTS = (
    """
    CREATE TABLE commerce_returns (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        number integer NOT NULL,
        status varchar(16) DEFAULT 'requested' NOT NULL,
        requested_by varchar(16) NOT NULL,
        note text,
        answer text,
        exchange_order_id uuid,
        decided_at timestamptz,
        received_at timestamptz,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_returns PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_returns_order FOREIGN KEY (tenant_id, order_id)
            REFERENCES commerce_order_claims (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_returns_exchange FOREIGN KEY (tenant_id, exchange_order_id)
            REFERENCES commerce_order_claims (tenant_id, id),
        CONSTRAINT uq_commerce_returns_number UNIQUE (order_id, tenant_id, number),
        CONSTRAINT ck_commerce_returns_status_known CHECK (status IN
            ('requested', 'approved', 'declined', 'received', 'completed', 'cancelled')),
        CONSTRAINT ck_commerce_returns_requester_known CHECK (requested_by IN ('buyer', 'staff'))
    )
    """,
    "CREATE INDEX ix_commerce_returns_created_at ON commerce_returns (created_at, tenant_id, id)",
    "CREATE INDEX ix_commerce_returns_status ON commerce_returns (status, tenant_id, created_at, id)",
    """
    CREATE INDEX ix_commerce_returns_exchange_order_id ON commerce_returns (exchange_order_id, tenant_id)
        WHERE exchange_order_id IS NOT NULL
    """,
    """
    CREATE TABLE commerce_return_lines (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        return_id uuid NOT NULL,
        line_id uuid NOT NULL,
        quantity integer NOT NULL,
        reason varchar(32) NOT NULL,
        note text,
        received_quantity integer DEFAULT 0 NOT NULL,
        restocked_quantity integer DEFAULT 0 NOT NULL,
        condition varchar(16),
        location_id uuid,
        amount_minor bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_commerce_return_lines PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_return_lines_return FOREIGN KEY (tenant_id, return_id)
            REFERENCES commerce_returns (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_return_lines_line FOREIGN KEY (tenant_id, line_id)
            REFERENCES commerce_order_lines (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_return_lines_location FOREIGN KEY (tenant_id, location_id)
            REFERENCES commerce_stock_locations (tenant_id, id),
        CONSTRAINT uq_commerce_return_lines_line UNIQUE (return_id, tenant_id, line_id),
        CONSTRAINT ck_commerce_return_lines_quantity_positive CHECK (quantity >= 1),
        CONSTRAINT ck_commerce_return_lines_received_bounded CHECK (received_quantity BETWEEN 0 AND quantity),
        CONSTRAINT ck_commerce_return_lines_restocked_bounded
            CHECK (restocked_quantity BETWEEN 0 AND received_quantity),
        CONSTRAINT ck_commerce_return_lines_amount_positive CHECK (amount_minor >= 0),
        CONSTRAINT ck_commerce_return_lines_reason_known CHECK (reason IN ('changed_mind', 'does_not_fit', 'damaged',
            'defective', 'not_as_described', 'wrong_item', 'too_late', 'other')),
        CONSTRAINT ck_commerce_return_lines_condition_known
            CHECK (condition IN ('new', 'opened', 'used', 'damaged'))
    )
    """,
    "CREATE INDEX ix_commerce_return_lines_line_id ON commerce_return_lines (line_id, tenant_id)",
    """
    CREATE INDEX ix_commerce_return_lines_location_id ON commerce_return_lines (location_id, tenant_id)
        WHERE location_id IS NOT NULL
    """,
    """
    CREATE TABLE commerce_refunds (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        return_id uuid,
        key varchar(255) NOT NULL,
        reason varchar(255) DEFAULT '' NOT NULL,
        currency varchar(3) NOT NULL,
        amount_minor bigint NOT NULL,
        goods_minor bigint DEFAULT 0 NOT NULL,
        shipping_minor bigint DEFAULT 0 NOT NULL,
        other_minor bigint DEFAULT 0 NOT NULL,
        payments_minor bigint DEFAULT 0 NOT NULL,
        gift_cards_minor bigint DEFAULT 0 NOT NULL,
        exchange_minor bigint DEFAULT 0 NOT NULL,
        actor_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_refunds PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_refunds_order FOREIGN KEY (tenant_id, order_id)
            REFERENCES commerce_order_claims (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_refunds_return FOREIGN KEY (tenant_id, return_id)
            REFERENCES commerce_returns (tenant_id, id),
        CONSTRAINT uq_commerce_refunds_key UNIQUE (order_id, tenant_id, key),
        CONSTRAINT ck_commerce_refunds_reasons_positive
            CHECK (least(goods_minor, shipping_minor, other_minor) >= 0),
        CONSTRAINT ck_commerce_refunds_ways_positive
            CHECK (least(payments_minor, gift_cards_minor, exchange_minor) >= 0),
        CONSTRAINT ck_commerce_refunds_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_commerce_refunds_reasons_whole
            CHECK (amount_minor = goods_minor + shipping_minor + other_minor),
        CONSTRAINT ck_commerce_refunds_ways_whole
            CHECK (amount_minor = payments_minor + gift_cards_minor + exchange_minor),
        CONSTRAINT ck_commerce_refunds_currency_formed CHECK (currency ~ '^[A-Z]{3}$')
    )
    """,
    "CREATE INDEX ix_commerce_refunds_created_at ON commerce_refunds (created_at, tenant_id, id)",
    """
    CREATE INDEX ix_commerce_refunds_return_id ON commerce_refunds (return_id, tenant_id) WHERE return_id IS NOT NULL
    """,
    """
    CREATE TABLE commerce_refund_parts (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        refund_id uuid NOT NULL,
        attempt_id uuid NOT NULL,
        amount_minor bigint NOT NULL,
        CONSTRAINT pk_commerce_refund_parts PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_refund_parts_refund FOREIGN KEY (tenant_id, refund_id)
            REFERENCES commerce_refunds (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_refund_parts_attempt FOREIGN KEY (tenant_id, attempt_id)
            REFERENCES commerce_payment_attempts (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_refund_parts_amount_positive CHECK (amount_minor > 0)
    )
    """,
    "CREATE INDEX ix_commerce_refund_parts_refund_id ON commerce_refund_parts (refund_id, tenant_id)",
    "CREATE INDEX ix_commerce_refund_parts_attempt_id ON commerce_refund_parts (attempt_id, tenant_id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table)


def downgrade() -> None:
    """Remove them."""
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
