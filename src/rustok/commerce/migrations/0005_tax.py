"""Tax zones, classes and rates."""

from alembic import op

from rustok.kernel.migrating import protect

revision = "commerce_0005"
down_revision = "commerce_0004"
branch_labels = None
depends_on = None

_TABLES = (
    "commerce_tax_classes",
    "commerce_tax_zones",
    "commerce_tax_zone_places",
    "commerce_tax_rates",
    "commerce_tax_settings",
)
_STATEMENTS = (
    """
    CREATE TABLE commerce_tax_classes (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        is_default boolean DEFAULT false NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_tax_classes PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_tax_classes_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_tax_classes_code UNIQUE (code, tenant_id)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_commerce_tax_classes_default ON commerce_tax_classes (tenant_id) WHERE is_default
    """,
    """
    CREATE TABLE commerce_tax_zones (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        prices_include_tax boolean,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_tax_zones PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_tax_zones_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_tax_zones_code UNIQUE (code, tenant_id)
    )
    """,
    """
    CREATE TABLE commerce_tax_zone_places (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        zone_id uuid NOT NULL,
        country varchar(2) DEFAULT '' NOT NULL,
        region varchar(100) DEFAULT '' NOT NULL,
        postcode_from varchar(20) DEFAULT '' NOT NULL,
        postcode_to varchar(20) DEFAULT '' NOT NULL,
        CONSTRAINT pk_commerce_tax_zone_places PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_tax_zone_places_zone FOREIGN KEY (tenant_id, zone_id)
            REFERENCES commerce_tax_zones (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_tax_zone_places_place
            UNIQUE (tenant_id, country, region, postcode_from, postcode_to),
        CONSTRAINT ck_commerce_tax_zone_places_range_even CHECK (length(postcode_from) = length(postcode_to))
    )
    """,
    """
    CREATE INDEX ix_commerce_tax_zone_places_zone_id ON commerce_tax_zone_places (tenant_id, zone_id)
    """,
    """
    CREATE TABLE commerce_tax_rates (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        zone_id uuid NOT NULL,
        class_id uuid NOT NULL,
        name varchar(64) NOT NULL,
        rate numeric(8, 6) NOT NULL,
        compound boolean DEFAULT false NOT NULL,
        position integer DEFAULT 0 NOT NULL,
        CONSTRAINT pk_commerce_tax_rates PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_tax_rates_zone FOREIGN KEY (tenant_id, zone_id)
            REFERENCES commerce_tax_zones (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_tax_rates_class FOREIGN KEY (tenant_id, class_id)
            REFERENCES commerce_tax_classes (tenant_id, id),
        CONSTRAINT uq_commerce_tax_rates_position UNIQUE (tenant_id, zone_id, class_id, position),
        CONSTRAINT ck_commerce_tax_rates_rate_sensible CHECK (rate >= 0 AND rate <= 10)
    )
    """,
    """
    CREATE INDEX ix_commerce_tax_rates_class_id ON commerce_tax_rates (tenant_id, class_id)
    """,
    """
    CREATE TABLE commerce_tax_settings (
        tenant_id uuid NOT NULL,
        prices_include_tax boolean DEFAULT true NOT NULL,
        default_country varchar(2) DEFAULT '' NOT NULL,
        shipping_tax varchar(16) DEFAULT 'class' NOT NULL,
        rounding varchar(16) DEFAULT 'total' NOT NULL,
        provider varchar(64) DEFAULT 'zones' NOT NULL,
        exempt_groups uuid[] DEFAULT '{}'::uuid[] NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_tax_settings PRIMARY KEY (tenant_id),
        CONSTRAINT fk_commerce_tax_settings_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_tax_settings_shipping_tax_known CHECK (shipping_tax IN ('class', 'proportional')),
        CONSTRAINT ck_commerce_tax_settings_rounding_known CHECK (rounding IN ('total', 'line'))
    )
    """,
    """
    ALTER TABLE commerce_variants ADD COLUMN tax_class varchar(64),
        ADD CONSTRAINT fk_commerce_variants_tax_class FOREIGN KEY (tax_class, tenant_id)
            REFERENCES commerce_tax_classes (code, tenant_id)
    """,
    """
    CREATE INDEX ix_commerce_variants_tax_class ON commerce_variants (tax_class, tenant_id)
        WHERE tax_class IS NOT NULL
    """,
)


def upgrade() -> None:
    """Make the tables, and let variants name a class."""
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table)


def downgrade() -> None:
    """Remove them."""
    op.execute("ALTER TABLE commerce_variants DROP COLUMN tax_class")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
