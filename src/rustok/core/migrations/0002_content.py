"""Content: categories, nodes with bodies, tags, SEO meta, translations, redirects and menus."""

from alembic import op

from rustok.kernel.migrating import protect

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None

PARTITIONS = 8


def _tenant(table: str) -> str:
    return f"CONSTRAINT fk_{table}_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE"


def _key(table: str, column: str, target: str, then: str) -> str:
    return (
        f"CONSTRAINT fk_{table}_tenant_id_{column} FOREIGN KEY (tenant_id, {column})"
        f" REFERENCES {target} (tenant_id, id) ON DELETE {then}"
    )


_TABLES = {
    "categories": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        parent_id uuid,
        name varchar(255) NOT NULL,
        slug varchar(255) NOT NULL,
        description text,
        position integer NOT NULL DEFAULT 0,
        depth integer NOT NULL DEFAULT 0,
        node_count integer NOT NULL DEFAULT 0,
        settings jsonb NOT NULL DEFAULT '{{}}'::jsonb,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_categories PRIMARY KEY (tenant_id, id),
        {_tenant("categories")},
        {_key("categories", "parent_id", "categories", "CASCADE")},
        CONSTRAINT uq_categories_tenant_id_slug UNIQUE (tenant_id, slug),
        CONSTRAINT ck_categories_not_its_own_parent CHECK (parent_id <> id)
    """,
    "nodes": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        parent_id uuid,
        root_id uuid,
        author_id uuid,
        author_name varchar(255),
        author_url varchar(500),
        author_email_hash varchar(64),
        kind varchar(32) NOT NULL,
        title varchar(500),
        slug varchar(255),
        excerpt text,
        category_id uuid,
        status varchar(32) NOT NULL DEFAULT 'draft',
        position integer NOT NULL DEFAULT 0,
        depth integer NOT NULL DEFAULT 0,
        reply_count integer NOT NULL DEFAULT 0,
        thread_path text COLLATE "C",
        cover_media_id uuid,
        sticky boolean NOT NULL DEFAULT false,
        comments_open boolean NOT NULL DEFAULT true,
        password_hash varchar(255),
        metadata jsonb NOT NULL DEFAULT '{{}}'::jsonb,
        external_key varchar(255),
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        published_at timestamptz,
        CONSTRAINT pk_nodes PRIMARY KEY (tenant_id, id),
        {_tenant("nodes")},
        {_key("nodes", "parent_id", "nodes", "CASCADE")},
        {_key("nodes", "root_id", "nodes", "CASCADE")},
        {_key("nodes", "author_id", "users", "SET NULL (author_id)")},
        {_key("nodes", "category_id", "categories", "SET NULL (category_id)")},
        CONSTRAINT ck_nodes_not_its_own_parent CHECK (parent_id <> id)
    """,
    "bodies": f"""
        tenant_id uuid NOT NULL,
        node_id uuid NOT NULL,
        body text,
        format varchar(16) NOT NULL DEFAULT 'markdown',
        html text NOT NULL DEFAULT '',
        plain text NOT NULL DEFAULT '',
        reading_minutes smallint NOT NULL DEFAULT 0,
        search_vector tsvector,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_bodies PRIMARY KEY (tenant_id, node_id),
        {_key("bodies", "node_id", "nodes", "CASCADE")}
    """,
    "node_categories": f"""
        tenant_id uuid NOT NULL,
        node_id uuid NOT NULL,
        category_id uuid NOT NULL,
        position integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_node_categories PRIMARY KEY (tenant_id, node_id, category_id),
        {_key("node_categories", "node_id", "nodes", "CASCADE")},
        {_key("node_categories", "category_id", "categories", "CASCADE")}
    """,
    "tags": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        name varchar(100) NOT NULL,
        name_key varchar(200) NOT NULL,
        slug varchar(100) NOT NULL,
        use_count integer NOT NULL DEFAULT 0,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_tags PRIMARY KEY (tenant_id, id),
        {_tenant("tags")},
        CONSTRAINT uq_tags_tenant_id_slug UNIQUE (tenant_id, slug),
        CONSTRAINT uq_tags_tenant_id_name_key UNIQUE (tenant_id, name_key)
    """,
    "taggables": f"""
        tenant_id uuid NOT NULL,
        tag_id uuid NOT NULL,
        target_type varchar(32) NOT NULL,
        target_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_taggables PRIMARY KEY (tenant_id, target_type, target_id, tag_id),
        {_key("taggables", "tag_id", "tags", "CASCADE")}
    """,
    "meta": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        target_type varchar(32) NOT NULL,
        target_id uuid NOT NULL,
        title varchar(255),
        description varchar(500),
        keywords varchar(255),
        og_title varchar(255),
        og_description varchar(500),
        og_image varchar(500),
        og_type varchar(32),
        twitter_card varchar(32),
        no_index boolean NOT NULL DEFAULT false,
        no_follow boolean NOT NULL DEFAULT false,
        canonical_url varchar(500),
        structured_data jsonb,
        CONSTRAINT pk_meta PRIMARY KEY (tenant_id, id),
        {_tenant("meta")},
        CONSTRAINT uq_meta_tenant_id_target_type_target_id UNIQUE (tenant_id, target_type, target_id)
    """,
    "translations": f"""
        tenant_id uuid NOT NULL,
        target_type varchar(32) NOT NULL,
        target_id uuid NOT NULL,
        locale varchar(35) NOT NULL,
        fields jsonb NOT NULL DEFAULT '{{}}'::jsonb,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_translations PRIMARY KEY (tenant_id, target_type, target_id, locale),
        {_tenant("translations")}
    """,
    "redirects": f"""
        tenant_id uuid NOT NULL,
        target_type varchar(64) NOT NULL,
        slug varchar(255) NOT NULL,
        target_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_redirects PRIMARY KEY (tenant_id, target_type, slug),
        {_tenant("redirects")}
    """,
    "menus": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        slug varchar(64) NOT NULL,
        name varchar(255) NOT NULL,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_menus PRIMARY KEY (tenant_id, id),
        {_tenant("menus")},
        CONSTRAINT uq_menus_tenant_id_slug UNIQUE (tenant_id, slug)
    """,
    "menu_items": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        menu_id uuid NOT NULL,
        parent_id uuid,
        position integer NOT NULL DEFAULT 0,
        title varchar(255),
        target_type varchar(32),
        target_id uuid,
        url varchar(500),
        CONSTRAINT pk_menu_items PRIMARY KEY (tenant_id, id),
        {_key("menu_items", "menu_id", "menus", "CASCADE")},
        {_key("menu_items", "parent_id", "menu_items", "CASCADE")}
    """,
}

# Ids are unique across tenants. An index that begins with one is small and is never taken for its tenant alone, which
# a planner without statistics does with any index that begins with the tenant.
_INDEXES = """
CREATE INDEX ix_categories_parent_id ON categories (parent_id, position);
CREATE UNIQUE INDEX uq_nodes_tenant_id_kind_slug ON nodes (tenant_id, kind, slug) WHERE slug IS NOT NULL;
CREATE UNIQUE INDEX uq_nodes_tenant_id_external_key ON nodes (tenant_id, external_key) WHERE external_key IS NOT NULL;
CREATE INDEX ix_nodes_tenant_id_kind_created_at_id ON nodes (tenant_id, kind, created_at, id);
CREATE INDEX ix_nodes_parent_id ON nodes (parent_id, position);
CREATE INDEX ix_nodes_author_id ON nodes (author_id) WHERE author_id IS NOT NULL;
CREATE INDEX ix_nodes_category_id ON nodes (category_id) WHERE category_id IS NOT NULL;
CREATE INDEX ix_nodes_root_id ON nodes (root_id, status) WHERE root_id IS NOT NULL;
CREATE INDEX ix_nodes_tenant_id_published_at ON nodes (tenant_id, published_at) WHERE status = 'scheduled';
CREATE INDEX ix_bodies_search_vector ON bodies USING gin (search_vector);
CREATE INDEX ix_node_categories_category_id ON node_categories (category_id);
CREATE INDEX ix_tags_tenant_id_use_count ON tags (tenant_id, use_count);
CREATE INDEX ix_taggables_tag_id ON taggables (tag_id, target_type);
CREATE INDEX ix_redirects_target_id ON redirects (target_id, target_type);
CREATE INDEX ix_menu_items_menu_id ON menu_items (menu_id, parent_id, position);
CREATE INDEX ix_menu_items_target_id ON menu_items (target_id) WHERE target_id IS NOT NULL
"""


def upgrade() -> None:
    for table, columns in _TABLES.items():
        partitioned = " PARTITION BY HASH (tenant_id)" if table == "nodes" else ""
        op.execute(f"CREATE TABLE {table} ({columns}){partitioned}")
        protect(op, table)
    for number in range(PARTITIONS):
        op.execute(
            f"CREATE TABLE nodes_p{number} PARTITION OF nodes"
            f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        )
        # Nobody but the owner may touch a partition by its own name, and even then only a tenant's rows are seen.
        protect(op, f"nodes_p{number}")
        op.execute(f"REVOKE ALL ON nodes_p{number} FROM rustok_app, rustok_worker")
    for statement in _INDEXES.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
