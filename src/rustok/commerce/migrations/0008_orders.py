"""Orders, partitioned by quarter, and what belongs to them."""

from alembic import op

from rustok.kernel.db import APP_ROLE, WORKER_ROLE
from rustok.kernel.migrating import CURRENT_TENANT, protect

revision = "commerce_0008"
down_revision = "commerce_0007"
branch_labels = None
depends_on = None

_TABLES = (
    "commerce_order_counters",
    "commerce_order_claims",
    "commerce_orders",
    "commerce_order_lines",
    "commerce_order_adjustments",
    "commerce_order_taxes",
    "commerce_order_terms",
    "commerce_order_timeline",
    "commerce_order_notes",
    "commerce_fulfilments",
    "commerce_fulfilment_lines",
    "commerce_draft_orders",
)
_STATEMENTS = (
    """
    CREATE TABLE commerce_order_counters (
        tenant_id uuid NOT NULL,
        last_number bigint NOT NULL,
        CONSTRAINT pk_commerce_order_counters PRIMARY KEY (tenant_id),
        CONSTRAINT fk_commerce_order_counters_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE
    )
    """,
    """
    CREATE TABLE commerce_order_claims (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        cart_id uuid,
        number bigint NOT NULL,
        token varchar(64) NOT NULL,
        CONSTRAINT pk_commerce_order_claims PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_order_claims_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_order_claims_cart UNIQUE (cart_id, tenant_id),
        CONSTRAINT uq_commerce_order_claims_number UNIQUE (number, tenant_id),
        CONSTRAINT uq_commerce_order_claims_token UNIQUE (token, tenant_id)
    )
    """,
    """
    CREATE TABLE commerce_orders (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        number bigint NOT NULL,
        token varchar(64) NOT NULL,
        source varchar(16) NOT NULL,
        status varchar(16) NOT NULL,
        payment_status varchar(24) NOT NULL,
        fulfilment_status varchar(24) NOT NULL,
        customer_id uuid,
        email varchar(320) NOT NULL,
        name varchar(255) NOT NULL,
        locale varchar(16) NOT NULL,
        channel varchar(64),
        currency varchar(3) NOT NULL,
        tax_included boolean NOT NULL,
        subtotal_minor bigint NOT NULL,
        discount_minor bigint NOT NULL,
        shipping_price_minor bigint NOT NULL,
        shipping_discount_minor bigint NOT NULL,
        shipping_minor bigint NOT NULL,
        shipping_tax_minor bigint NOT NULL,
        tax_minor bigint NOT NULL,
        total_minor bigint NOT NULL,
        gift_card_minor bigint NOT NULL,
        due_minor bigint NOT NULL,
        authorized_minor bigint DEFAULT 0 NOT NULL,
        captured_minor bigint DEFAULT 0 NOT NULL,
        refunded_minor bigint DEFAULT 0 NOT NULL,
        shipping jsonb,
        shipping_address jsonb,
        billing_address jsonb,
        note text,
        tags text[] DEFAULT '{}'::text[] NOT NULL,
        payment_due timestamptz,
        archived_at timestamptz,
        cancelled_at timestamptz,
        cancel_reason varchar(255),
        version integer DEFAULT 1 NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_orders PRIMARY KEY (tenant_id, id, created_at),
        CONSTRAINT fk_commerce_orders_claim FOREIGN KEY(tenant_id, id) REFERENCES commerce_order_claims
            (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_orders_status_known CHECK (status IN ('pending', 'confirmed', 'processing',
            'shipped', 'delivered', 'completed', 'cancelled')),
        CONSTRAINT ck_commerce_orders_payment_status_known CHECK (payment_status IN ('unpaid', 'pending',
            'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded', 'voided')),
        CONSTRAINT ck_commerce_orders_fulfilment_status_known CHECK (fulfilment_status IN ('unfulfilled',
            'partial', 'fulfilled', 'partially_returned', 'returned')),
        CONSTRAINT ck_commerce_orders_amounts_positive CHECK (least(subtotal_minor, discount_minor,
            shipping_price_minor, shipping_discount_minor, shipping_tax_minor, tax_minor, total_minor,
            gift_card_minor, due_minor, authorized_minor, captured_minor, refunded_minor) >= 0),
        CONSTRAINT ck_commerce_orders_discount_bounded CHECK (discount_minor <= subtotal_minor),
        CONSTRAINT ck_commerce_orders_shipping_whole CHECK (shipping_minor = shipping_price_minor -
            shipping_discount_minor),
        CONSTRAINT ck_commerce_orders_total_whole CHECK (total_minor = subtotal_minor - discount_minor +
            shipping_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END),
        CONSTRAINT ck_commerce_orders_due_whole CHECK (due_minor = total_minor - gift_card_minor),
        CONSTRAINT ck_commerce_orders_cancelled_whole CHECK ((status = 'cancelled') = (cancelled_at IS NOT
            NULL))
    ) PARTITION BY RANGE (created_at)
    """,
    """
    CREATE INDEX ix_commerce_orders_created_at ON commerce_orders (tenant_id, created_at, id)
    """,
    """
    CREATE INDEX ix_commerce_orders_customer_id ON commerce_orders (tenant_id, customer_id, created_at, id)
        WHERE customer_id IS NOT NULL
    """,
    """
    CREATE INDEX ix_commerce_orders_email ON commerce_orders (tenant_id, email, created_at)
    """,
    """
    CREATE INDEX ix_commerce_orders_fulfilment_status ON commerce_orders (tenant_id, fulfilment_status,
        created_at, id)
    """,
    """
    CREATE INDEX ix_commerce_orders_payment_due ON commerce_orders (tenant_id, payment_due) WHERE status =
        'pending' AND payment_due IS NOT NULL
    """,
    """
    CREATE INDEX ix_commerce_orders_payment_status ON commerce_orders (tenant_id, payment_status, created_at,
        id)
    """,
    """
    CREATE INDEX ix_commerce_orders_status ON commerce_orders (tenant_id, status, created_at, id)
    """,
    """
    CREATE INDEX ix_commerce_orders_total ON commerce_orders (tenant_id, total_minor, id)
    """,
    """
    CREATE TABLE commerce_order_lines (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        position integer NOT NULL,
        variant_id uuid NOT NULL,
        product_id uuid NOT NULL,
        title varchar(255) NOT NULL,
        variant_title varchar(255),
        sku varchar(64),
        options jsonb DEFAULT '{}'::jsonb NOT NULL,
        image_url text,
        product_handle varchar(255),
        quantity integer NOT NULL,
        fulfilled_quantity integer DEFAULT 0 NOT NULL,
        returned_quantity integer DEFAULT 0 NOT NULL,
        unit_minor bigint NOT NULL,
        compare_at_minor bigint,
        tax_included boolean NOT NULL,
        subtotal_minor bigint NOT NULL,
        discount_minor bigint NOT NULL,
        tax_minor bigint NOT NULL,
        total_minor bigint NOT NULL,
        price_reason jsonb DEFAULT '{}'::jsonb NOT NULL,
        weight integer DEFAULT 0 NOT NULL,
        requires_shipping boolean NOT NULL,
        taxable boolean NOT NULL,
        tax_class varchar(64),
        discountable boolean NOT NULL,
        CONSTRAINT pk_commerce_order_lines PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_order_lines_order FOREIGN KEY(tenant_id, order_id) REFERENCES
            commerce_order_claims (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_order_lines_quantity_positive CHECK (quantity >= 1),
        CONSTRAINT ck_commerce_order_lines_subtotal_whole CHECK (subtotal_minor = unit_minor * quantity),
        CONSTRAINT ck_commerce_order_lines_discount_bounded CHECK (discount_minor BETWEEN 0 AND subtotal_minor),
        CONSTRAINT ck_commerce_order_lines_amounts_positive CHECK (unit_minor >= 0 AND tax_minor >= 0),
        CONSTRAINT ck_commerce_order_lines_total_whole CHECK (total_minor = subtotal_minor - discount_minor +
            CASE WHEN tax_included THEN 0 ELSE tax_minor END),
        CONSTRAINT ck_commerce_order_lines_fulfilled_bounded CHECK (fulfilled_quantity BETWEEN 0 AND quantity),
        CONSTRAINT ck_commerce_order_lines_returned_bounded CHECK (returned_quantity BETWEEN 0 AND
            fulfilled_quantity)
    )
    """,
    """
    CREATE INDEX ix_commerce_order_lines_order_id ON commerce_order_lines (order_id, tenant_id)
    """,
    """
    CREATE INDEX ix_commerce_order_lines_sku ON commerce_order_lines (sku, tenant_id) WHERE sku IS NOT NULL
    """,
    """
    CREATE TABLE commerce_order_adjustments (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        line_id uuid,
        promotion_id uuid,
        code varchar(255),
        title varchar(255) NOT NULL,
        reason text DEFAULT '' NOT NULL,
        amount_minor bigint NOT NULL,
        CONSTRAINT pk_commerce_order_adjustments PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_order_adjustments_order FOREIGN KEY(tenant_id, order_id) REFERENCES
            commerce_order_claims (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_order_adjustments_line FOREIGN KEY(tenant_id, line_id) REFERENCES
            commerce_order_lines (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_order_adjustments_amount_positive CHECK (amount_minor >= 0)
    )
    """,
    """
    CREATE INDEX ix_commerce_order_adjustments_line_id ON commerce_order_adjustments (line_id, tenant_id) WHERE
        line_id IS NOT NULL
    """,
    """
    CREATE INDEX ix_commerce_order_adjustments_order_id ON commerce_order_adjustments (order_id, tenant_id)
    """,
    """
    CREATE TABLE commerce_order_taxes (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        line_id uuid,
        name varchar(255) NOT NULL,
        rate numeric(12, 8) NOT NULL,
        amount_minor bigint NOT NULL,
        CONSTRAINT pk_commerce_order_taxes PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_order_taxes_order FOREIGN KEY(tenant_id, order_id) REFERENCES
            commerce_order_claims (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_order_taxes_line FOREIGN KEY(tenant_id, line_id) REFERENCES commerce_order_lines
            (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_order_taxes_amount_positive CHECK (amount_minor >= 0)
    )
    """,
    """
    CREATE INDEX ix_commerce_order_taxes_line_id ON commerce_order_taxes (line_id, tenant_id) WHERE line_id IS
        NOT NULL
    """,
    """
    CREATE INDEX ix_commerce_order_taxes_order_id ON commerce_order_taxes (order_id, tenant_id)
    """,
    """
    CREATE TABLE commerce_order_terms (
        tenant_id uuid NOT NULL,
        term varchar(320) COLLATE "C" NOT NULL,
        order_id uuid NOT NULL,
        CONSTRAINT pk_commerce_order_terms PRIMARY KEY (tenant_id, term, order_id),
        CONSTRAINT fk_commerce_order_terms_order FOREIGN KEY(tenant_id, order_id) REFERENCES
            commerce_order_claims (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_commerce_order_terms_order_id ON commerce_order_terms (order_id, tenant_id)
    """,
    """
    CREATE TABLE commerce_order_timeline (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        kind varchar(64) NOT NULL,
        actor_kind varchar(16) NOT NULL,
        actor_id uuid,
        details jsonb DEFAULT '{}'::jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_commerce_order_timeline PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_order_timeline_order FOREIGN KEY(tenant_id, order_id) REFERENCES
            commerce_order_claims (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_commerce_order_timeline_order_id ON commerce_order_timeline (order_id, tenant_id, id)
    """,
    """
    CREATE TABLE commerce_order_notes (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        body text NOT NULL,
        to_customer boolean NOT NULL,
        author_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_order_notes PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_order_notes_order FOREIGN KEY(tenant_id, order_id) REFERENCES
            commerce_order_claims (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_commerce_order_notes_order_id ON commerce_order_notes (order_id, tenant_id, id)
    """,
    """
    CREATE TABLE commerce_fulfilments (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        status varchar(16) NOT NULL,
        carrier varchar(64),
        tracking_number varchar(128),
        tracking_url text,
        delivered_at timestamptz,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_fulfilments PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_fulfilments_order FOREIGN KEY(tenant_id, order_id) REFERENCES
            commerce_order_claims (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_fulfilments_status_known CHECK (status IN ('shipped', 'delivered', 'cancelled')),
        CONSTRAINT ck_commerce_fulfilments_delivered_whole CHECK ((status = 'delivered') = (delivered_at IS NOT
            NULL))
    )
    """,
    """
    CREATE INDEX ix_commerce_fulfilments_order_id ON commerce_fulfilments (order_id, tenant_id, id)
    """,
    """
    CREATE INDEX ix_commerce_fulfilments_tracking_number ON commerce_fulfilments (tracking_number, tenant_id)
        WHERE tracking_number IS NOT NULL
    """,
    """
    CREATE TABLE commerce_fulfilment_lines (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        fulfilment_id uuid NOT NULL,
        line_id uuid NOT NULL,
        quantity integer NOT NULL,
        CONSTRAINT pk_commerce_fulfilment_lines PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_fulfilment_lines_fulfilment FOREIGN KEY(tenant_id, fulfilment_id) REFERENCES
            commerce_fulfilments (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_fulfilment_lines_line FOREIGN KEY(tenant_id, line_id) REFERENCES
            commerce_order_lines (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_fulfilment_lines_quantity_positive CHECK (quantity >= 1),
        CONSTRAINT uq_commerce_fulfilment_lines_line UNIQUE (fulfilment_id, line_id, tenant_id)
    )
    """,
    """
    CREATE INDEX ix_commerce_fulfilment_lines_line_id ON commerce_fulfilment_lines (line_id, tenant_id)
    """,
    """
    CREATE TABLE commerce_draft_orders (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        currency varchar(3) NOT NULL,
        customer_id uuid,
        email varchar(320),
        locale varchar(16) NOT NULL,
        channel varchar(64),
        lines jsonb DEFAULT '[]'::jsonb NOT NULL,
        discount jsonb,
        shipping jsonb,
        shipping_address jsonb,
        billing_address jsonb,
        note text,
        order_id uuid,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_draft_orders PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_draft_orders_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE
    )
    """,
    """
    CREATE INDEX ix_commerce_draft_orders_created_at ON commerce_draft_orders (tenant_id, created_at, id)
    """,
)

# Built beside its parent and attached afterwards: PARTITION OF would lock every order for as long as anybody reads one.
# A partition can be addressed by its own name, so it is guarded as its parent is, and nobody but the owner may use it.
_MAKE_QUARTER = f"""
    CREATE FUNCTION commerce_orders_make_quarter(at timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $make$
    DECLARE
        first timestamptz := date_trunc('quarter', at, 'UTC');
        beyond timestamptz := date_trunc('quarter', first + interval '100 days', 'UTC');
        name text := 'commerce_orders_' || to_char(first AT TIME ZONE 'UTC', 'YYYY"_q"Q');
    BEGIN
        IF at IS NULL OR at < '2000-01-01 00:00:00+00' OR at > now() + interval '3 years' THEN
            RAISE EXCEPTION 'no quarter of orders is made for %', at USING ERRCODE = 'datetime_field_overflow';
        END IF;
        PERFORM pg_advisory_xact_lock(7240041);
        IF to_regclass('public.' || name) IS NOT NULL THEN
            RETURN false;
        END IF;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.commerce_orders INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            $policy$CREATE POLICY tenant_isolation ON %s
                USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})$policy$,
            'public.' || quote_ident(name));
        EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, {APP_ROLE}, {WORKER_ROLE}', name);
        EXECUTE format(
            'ALTER TABLE public.commerce_orders ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            name, first, beyond);
        RETURN true;
    END
    $make$
"""


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table)
    # History is only ever added to.
    op.execute(f"REVOKE UPDATE, DELETE ON commerce_order_timeline FROM {APP_ROLE}, {WORKER_ROLE}")
    op.execute(_MAKE_QUARTER)
    op.execute("REVOKE ALL ON FUNCTION commerce_orders_make_quarter(timestamptz) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION commerce_orders_make_quarter(timestamptz) TO {WORKER_ROLE}")
    op.execute(
        "SELECT commerce_orders_make_quarter(now() + number * interval '3 months')"
        " FROM generate_series(0, 4) AS number ORDER BY number"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION commerce_orders_make_quarter(timestamptz)")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
