"""The catalogue: products, prices, stock and categories."""

from alembic import op

from rustok.kernel.db import APP_ROLE, WORKER_ROLE
from rustok.kernel.migrating import protect

revision = "commerce_0001"
down_revision = None
branch_labels = ("commerce",)
depends_on = "core_0003"

_TABLES = (
    "commerce_products",
    "commerce_variants",
    "commerce_product_options",
    "commerce_product_images",
    "commerce_price_lists",
    "commerce_prices",
    "commerce_stock_locations",
    "commerce_stock_levels",
    "commerce_stock_movements",
    "commerce_reservations",
    "commerce_categories",
    "commerce_product_categories",
)
_STATEMENTS = (
    """
    CREATE TABLE commerce_products (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        title varchar(255) NOT NULL,
        subtitle varchar(255),
        handle varchar(255) NOT NULL,
        description text,
        description_text text,
        status varchar(32) DEFAULT 'draft' NOT NULL,
        vendor varchar(255),
        product_type varchar(255),
        discountable boolean DEFAULT true NOT NULL,
        featured boolean DEFAULT false NOT NULL,
        metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
        external_key varchar(255),
        version integer DEFAULT 1 NOT NULL,
        published_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_products PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_products_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_products_handle UNIQUE (handle, tenant_id),
        CONSTRAINT ck_commerce_products_status_known CHECK (status IN ('draft', 'published', 'archived'))
    )
    """,
    """
    CREATE INDEX ix_commerce_products_status ON commerce_products (status, tenant_id, id)
    """,
    """
    CREATE UNIQUE INDEX uq_commerce_products_external_key ON commerce_products (external_key, tenant_id) WHERE
        external_key IS NOT NULL
    """,
    """
    CREATE TABLE commerce_variants (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        product_id uuid NOT NULL,
        title varchar(255) NOT NULL,
        sku varchar(64),
        barcode varchar(64),
        options jsonb DEFAULT '{}'::jsonb NOT NULL,
        options_key varchar(32) NOT NULL,
        manage_inventory boolean DEFAULT true NOT NULL,
        allow_backorder boolean DEFAULT false NOT NULL,
        requires_shipping boolean DEFAULT true NOT NULL,
        taxable boolean DEFAULT true NOT NULL,
        weight integer,
        length integer,
        height integer,
        width integer,
        cost_minor bigint,
        cost_currency varchar(3),
        image_id uuid,
        position integer DEFAULT 0 NOT NULL,
        metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_variants PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_variants_product FOREIGN KEY(tenant_id, product_id) REFERENCES
            commerce_products (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_variants_image FOREIGN KEY(tenant_id, image_id) REFERENCES media (tenant_id,
            id) ON DELETE SET NULL (image_id),
        CONSTRAINT uq_commerce_variants_options UNIQUE (product_id, tenant_id, options_key),
        CONSTRAINT ck_commerce_variants_measures_positive CHECK (weight >= 0 AND length >= 0 AND height >= 0
            AND width >= 0 AND cost_minor >= 0),
        CONSTRAINT ck_commerce_variants_cost_whole CHECK ((cost_minor IS NULL) = (cost_currency IS NULL))
    )
    """,
    """
    CREATE INDEX ix_commerce_variants_image_id ON commerce_variants (image_id, tenant_id) WHERE image_id IS NOT
        NULL
    """,
    """
    CREATE INDEX ix_commerce_variants_sku ON commerce_variants (sku, tenant_id) WHERE sku IS NOT NULL
    """,
    """
    CREATE TABLE commerce_product_options (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        product_id uuid NOT NULL,
        name varchar(255) NOT NULL,
        values text[] DEFAULT '{}'::text[] NOT NULL,
        position integer DEFAULT 0 NOT NULL,
        CONSTRAINT pk_commerce_product_options PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_product_options_product FOREIGN KEY(tenant_id, product_id) REFERENCES
            commerce_products (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_product_options_name UNIQUE (tenant_id, product_id, name)
    )
    """,
    """
    CREATE TABLE commerce_product_images (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        product_id uuid NOT NULL,
        media_id uuid NOT NULL,
        position integer DEFAULT 0 NOT NULL,
        CONSTRAINT pk_commerce_product_images PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_product_images_product FOREIGN KEY(tenant_id, product_id) REFERENCES
            commerce_products (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_product_images_media FOREIGN KEY(tenant_id, media_id) REFERENCES media
            (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_product_images_media UNIQUE (tenant_id, product_id, media_id)
    )
    """,
    """
    CREATE INDEX ix_commerce_product_images_media_id ON commerce_product_images (tenant_id, media_id)
    """,
    """
    CREATE TABLE commerce_price_lists (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        currency varchar(3),
        starts_at timestamptz,
        ends_at timestamptz,
        is_active boolean DEFAULT true NOT NULL,
        metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_price_lists PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_price_lists_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_price_lists_code UNIQUE (code, tenant_id),
        CONSTRAINT ck_commerce_price_lists_dates_in_order CHECK (starts_at < ends_at)
    )
    """,
    """
    CREATE TABLE commerce_prices (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        variant_id uuid NOT NULL,
        currency varchar(3) NOT NULL,
        price_list_id uuid,
        min_quantity integer DEFAULT 1 NOT NULL,
        amount_minor bigint NOT NULL,
        compare_at_minor bigint,
        CONSTRAINT pk_commerce_prices PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_prices_variant FOREIGN KEY(tenant_id, variant_id) REFERENCES commerce_variants
            (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_prices_price_list FOREIGN KEY(tenant_id, price_list_id) REFERENCES
            commerce_price_lists (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_prices_row UNIQUE NULLS NOT DISTINCT (tenant_id, variant_id, currency,
            price_list_id, min_quantity),
        CONSTRAINT ck_commerce_prices_amount_positive CHECK (amount_minor >= 0),
        CONSTRAINT ck_commerce_prices_compare_at_positive CHECK (compare_at_minor >= 0),
        CONSTRAINT ck_commerce_prices_min_quantity_positive CHECK (min_quantity >= 1),
        CONSTRAINT ck_commerce_prices_currency_formed CHECK (currency ~ '^[A-Z]{3}$')
    )
    """,
    """
    CREATE INDEX ix_commerce_prices_price_list_id ON commerce_prices (tenant_id, price_list_id) WHERE
        price_list_id IS NOT NULL
    """,
    """
    CREATE TABLE commerce_stock_locations (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        address jsonb DEFAULT '{}'::jsonb NOT NULL,
        is_default boolean DEFAULT false NOT NULL,
        is_active boolean DEFAULT true NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_stock_locations PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_stock_locations_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_stock_locations_code UNIQUE (code, tenant_id)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_commerce_stock_locations_default ON commerce_stock_locations (tenant_id) WHERE
        is_default
    """,
    """
    CREATE TABLE commerce_stock_levels (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        variant_id uuid NOT NULL,
        location_id uuid NOT NULL,
        on_hand integer DEFAULT 0 NOT NULL,
        reserved integer DEFAULT 0 NOT NULL,
        allow_backorder boolean DEFAULT false NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_stock_levels PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_stock_levels_variant FOREIGN KEY(tenant_id, variant_id) REFERENCES
            commerce_variants (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_stock_levels_location FOREIGN KEY(tenant_id, location_id) REFERENCES
            commerce_stock_locations (tenant_id, id),
        CONSTRAINT uq_commerce_stock_levels_place UNIQUE (tenant_id, variant_id, location_id),
        CONSTRAINT ck_commerce_stock_levels_reserved_positive CHECK (reserved >= 0),
        CONSTRAINT ck_commerce_stock_levels_never_oversold CHECK (on_hand >= reserved OR allow_backorder)
    )
    """,
    """
    CREATE INDEX ix_commerce_stock_levels_location_id ON commerce_stock_levels (tenant_id, location_id)
    """,
    """
    CREATE TABLE commerce_stock_movements (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        variant_id uuid NOT NULL,
        location_id uuid NOT NULL,
        delta integer NOT NULL,
        on_hand integer NOT NULL,
        reason varchar(64) NOT NULL,
        reference varchar(255),
        actor_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_stock_movements PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_stock_movements_variant FOREIGN KEY(tenant_id, variant_id) REFERENCES
            commerce_variants (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_stock_movements_location FOREIGN KEY(tenant_id, location_id) REFERENCES
            commerce_stock_locations (tenant_id, id)
    )
    """,
    """
    CREATE INDEX ix_commerce_stock_movements_variant_id ON commerce_stock_movements (tenant_id, variant_id, id)
    """,
    """
    CREATE TABLE commerce_reservations (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        variant_id uuid NOT NULL,
        location_id uuid NOT NULL,
        quantity integer NOT NULL,
        reference varchar(255) NOT NULL,
        state varchar(16) DEFAULT 'open' NOT NULL,
        expires_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        closed_at timestamptz,
        CONSTRAINT pk_commerce_reservations PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_reservations_variant FOREIGN KEY(tenant_id, variant_id) REFERENCES
            commerce_variants (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_reservations_location FOREIGN KEY(tenant_id, location_id) REFERENCES
            commerce_stock_locations (tenant_id, id),
        CONSTRAINT ck_commerce_reservations_quantity_positive CHECK (quantity >= 1),
        CONSTRAINT ck_commerce_reservations_state_known CHECK (state IN ('open', 'committed', 'released',
            'expired')),
        CONSTRAINT ck_commerce_reservations_closed_whole CHECK ((state = 'open') = (closed_at IS NULL))
    )
    """,
    """
    CREATE INDEX ix_commerce_reservations_expires_at ON commerce_reservations (tenant_id, expires_at) WHERE state
        = 'open' AND expires_at IS NOT NULL
    """,
    """
    CREATE INDEX ix_commerce_reservations_location_id ON commerce_reservations (tenant_id, location_id)
    """,
    """
    CREATE INDEX ix_commerce_reservations_reference ON commerce_reservations (tenant_id, reference)
    """,
    """
    CREATE INDEX ix_commerce_reservations_variant_id ON commerce_reservations (tenant_id, variant_id, location_id)
    """,
    """
    CREATE TABLE commerce_categories (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        parent_id uuid,
        name varchar(255) NOT NULL,
        handle varchar(255) NOT NULL,
        description text,
        description_text text,
        is_active boolean DEFAULT true NOT NULL,
        is_internal boolean DEFAULT false NOT NULL,
        rank integer DEFAULT 0 NOT NULL,
        depth integer DEFAULT 0 NOT NULL,
        path uuid[] NOT NULL,
        image_id uuid,
        metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commerce_categories PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_categories_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT fk_commerce_categories_parent FOREIGN KEY(tenant_id, parent_id) REFERENCES
            commerce_categories (tenant_id, id) ON DELETE SET NULL (parent_id),
        CONSTRAINT fk_commerce_categories_image FOREIGN KEY(tenant_id, image_id) REFERENCES media (tenant_id,
            id) ON DELETE SET NULL (image_id),
        CONSTRAINT uq_commerce_categories_handle UNIQUE (handle, tenant_id),
        CONSTRAINT ck_commerce_categories_not_own_parent CHECK (parent_id <> id),
        CONSTRAINT ck_commerce_categories_path_whole CHECK (depth = cardinality(path) - 1 AND
            path[cardinality(path)] = id)
    )
    """,
    """
    CREATE INDEX ix_commerce_categories_image_id ON commerce_categories (image_id, tenant_id) WHERE image_id IS
        NOT NULL
    """,
    """
    CREATE INDEX ix_commerce_categories_parent_id ON commerce_categories (parent_id, tenant_id, rank)
    """,
    """
    CREATE TABLE commerce_product_categories (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        product_id uuid NOT NULL,
        category_id uuid NOT NULL,
        position integer DEFAULT 0 NOT NULL,
        CONSTRAINT pk_commerce_product_categories PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_product_categories_product FOREIGN KEY(tenant_id, product_id) REFERENCES
            commerce_products (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_commerce_product_categories_category FOREIGN KEY(tenant_id, category_id) REFERENCES
            commerce_categories (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_product_categories_place UNIQUE (tenant_id, product_id, category_id)
    )
    """,
    """
    CREATE INDEX ix_commerce_product_categories_category_id ON commerce_product_categories (tenant_id,
        category_id, product_id)
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table)
    # The history of stock is only ever added to: not even a bug of ours can rewrite it.
    op.execute(f"REVOKE UPDATE, DELETE ON commerce_stock_movements FROM {APP_ROLE}, {WORKER_ROLE}")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
