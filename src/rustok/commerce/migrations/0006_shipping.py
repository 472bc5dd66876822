"""Shipping zones and methods."""

from alembic import op

from rustok.kernel.migrating import protect

revision = "commerce_0006"
down_revision = "commerce_0005"
branch_labels = None
depends_on = None

_TABLES = (
    "commerce_shipping_zones",
    "commerce_shipping_zone_places",
    "commerce_shipping_methods",
    "commerce_shipping_prices",
    "commerce_shipping_terms",
)
_STATEMENTS = (
    """
    CREATE TABLE commerce_shipping_zones (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_shipping_zones PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_shipping_zones_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id)
            ON DELETE CASCADE,
        CONSTRAINT uq_commerce_shipping_zones_code UNIQUE (code, tenant_id)
    )
    """,
    """
    CREATE TABLE commerce_shipping_zone_places (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        zone_id uuid NOT NULL,
        country varchar(2) DEFAULT '' NOT NULL,
        region varchar(100) DEFAULT '' NOT NULL,
        postcode_from varchar(20) DEFAULT '' NOT NULL,
        postcode_to varchar(20) DEFAULT '' NOT NULL,
        CONSTRAINT pk_commerce_shipping_zone_places PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_shipping_zone_places_zone FOREIGN KEY (tenant_id, zone_id)
            REFERENCES commerce_shipping_zones (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_shipping_zone_places_place
            UNIQUE (tenant_id, country, region, postcode_from, postcode_to),
        CONSTRAINT ck_commerce_shipping_zone_places_range_even CHECK (length(postcode_from) = length(postcode_to))
    )
    """,
    """
    CREATE INDEX ix_commerce_shipping_zone_places_zone_id ON commerce_shipping_zone_places (tenant_id, zone_id)
    """,
    """
    CREATE TABLE commerce_shipping_methods (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        zone_id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        estimate varchar(500) DEFAULT '' NOT NULL,
        provider varchar(64) DEFAULT 'flat' NOT NULL,
        position integer DEFAULT 0 NOT NULL,
        is_active boolean DEFAULT true NOT NULL,
        tax_class varchar(64),
        min_weight integer DEFAULT 0 NOT NULL,
        max_weight integer,
        location_id uuid,
        settings jsonb DEFAULT '{}'::jsonb NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_shipping_methods PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_shipping_methods_zone FOREIGN KEY (tenant_id, zone_id)
            REFERENCES commerce_shipping_zones (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_shipping_methods_location FOREIGN KEY (tenant_id, location_id)
            REFERENCES commerce_stock_locations (tenant_id, id),
        CONSTRAINT fk_commerce_shipping_methods_tax_class FOREIGN KEY (tax_class, tenant_id)
            REFERENCES commerce_tax_classes (code, tenant_id),
        CONSTRAINT uq_commerce_shipping_methods_code UNIQUE (code, tenant_id),
        CONSTRAINT ck_commerce_shipping_methods_weights_in_order
            CHECK (min_weight >= 0 AND max_weight >= min_weight),
        CONSTRAINT ck_commerce_shipping_methods_pickup_somewhere
            CHECK (provider <> 'pickup' OR location_id IS NOT NULL)
    )
    """,
    """
    CREATE INDEX ix_commerce_shipping_methods_zone_id ON commerce_shipping_methods (zone_id, tenant_id, position)
    """,
    """
    CREATE INDEX ix_commerce_shipping_methods_location_id ON commerce_shipping_methods (location_id, tenant_id)
    """,
    """
    CREATE INDEX ix_commerce_shipping_methods_tax_class ON commerce_shipping_methods (tax_class, tenant_id)
    """,
    """
    CREATE TABLE commerce_shipping_prices (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        method_id uuid NOT NULL,
        currency varchar(3) NOT NULL,
        from_value bigint DEFAULT 0 NOT NULL,
        price_minor bigint NOT NULL,
        CONSTRAINT pk_commerce_shipping_prices PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_shipping_prices_method FOREIGN KEY (tenant_id, method_id)
            REFERENCES commerce_shipping_methods (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_shipping_prices_band UNIQUE (tenant_id, method_id, currency, from_value),
        CONSTRAINT ck_commerce_shipping_prices_amounts_positive CHECK (price_minor >= 0 AND from_value >= 0),
        CONSTRAINT ck_commerce_shipping_prices_currency_formed CHECK (currency ~ '^[A-Z]{3}$')
    )
    """,
    """
    CREATE TABLE commerce_shipping_terms (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        method_id uuid NOT NULL,
        currency varchar(3) NOT NULL,
        free_from_minor bigint,
        min_subtotal_minor bigint,
        max_subtotal_minor bigint,
        CONSTRAINT pk_commerce_shipping_terms PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_shipping_terms_method FOREIGN KEY (tenant_id, method_id)
            REFERENCES commerce_shipping_methods (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_shipping_terms_currency UNIQUE (tenant_id, method_id, currency),
        CONSTRAINT ck_commerce_shipping_terms_amounts_positive
            CHECK (free_from_minor >= 0 AND min_subtotal_minor >= 0),
        CONSTRAINT ck_commerce_shipping_terms_subtotals_in_order
            CHECK (max_subtotal_minor >= coalesce(min_subtotal_minor, 0)),
        CONSTRAINT ck_commerce_shipping_terms_currency_formed CHECK (currency ~ '^[A-Z]{3}$')
    )
    """,
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
