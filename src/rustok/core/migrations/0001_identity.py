"""Identity: tenants and their host names, modules, roles, users, sessions, resets, lock-outs and API keys."""

from alembic import op

from rustok.kernel.db import APP_ROLE, WORKER_ROLE
from rustok.kernel.migrating import protect

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = "kernel_0001"

_TENANT = "FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE"
_USER = "FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE"

_TABLES = {
    "tenants": """
        id uuid NOT NULL CONSTRAINT pk_tenants PRIMARY KEY,
        name varchar(255) NOT NULL,
        slug varchar(64) NOT NULL CONSTRAINT uq_tenants_slug UNIQUE,
        status varchar(16) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
        default_locale varchar(35) NOT NULL DEFAULT 'en',
        locales text[] NOT NULL DEFAULT '{en}',
        default_currency varchar(3) NOT NULL DEFAULT 'EUR',
        currencies text[] NOT NULL DEFAULT '{EUR}',
        settings jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CHECK (default_locale = ANY (locales)),
        CHECK (default_currency = ANY (currencies))
    """,
    "tenant_hosts": """
        tenant_id uuid NOT NULL CONSTRAINT fk_tenant_hosts_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
        id uuid NOT NULL,
        host varchar(253) NOT NULL CONSTRAINT uq_tenant_hosts_host UNIQUE CHECK (host = lower(host)),
        is_primary boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_tenant_hosts PRIMARY KEY (tenant_id, id)
    """,
    "tenant_modules": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        module_slug varchar(64) NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        settings jsonb NOT NULL DEFAULT '{{}}',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_tenant_modules PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_tenant_modules_tenant_id_module_slug UNIQUE (tenant_id, module_slug),
        CONSTRAINT fk_tenant_modules_tenant_id {_TENANT}
    """,
    "roles": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        slug varchar(32) NOT NULL CHECK (slug NOT IN ('super_admin', 'admin', 'manager', 'customer')),
        name varchar(100) NOT NULL,
        permissions text[] NOT NULL CHECK (NOT '*' = ANY (permissions)),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT pk_roles PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_roles_tenant_id_slug UNIQUE (tenant_id, slug),
        CONSTRAINT fk_roles_tenant_id {_TENANT}
    """,
    "users": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        email varchar(255) NOT NULL,
        password_hash varchar(255),
        name varchar(255) NOT NULL DEFAULT '',
        role varchar(32) NOT NULL DEFAULT 'customer',
        custom_role varchar(32) GENERATED ALWAYS AS (
            CASE WHEN role IN ('super_admin', 'admin', 'manager', 'customer') THEN NULL ELSE role END
        ) STORED,
        status varchar(16) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
        session_epoch integer NOT NULL DEFAULT 0,
        metadata jsonb NOT NULL DEFAULT '{{}}',
        email_verified_at timestamptz,
        last_login_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT pk_users PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_users_tenant_id_email UNIQUE (tenant_id, email),
        CONSTRAINT fk_users_tenant_id {_TENANT},
        CONSTRAINT fk_users_tenant_id_custom_role FOREIGN KEY (tenant_id, custom_role)
            REFERENCES roles (tenant_id, slug)
    """,
    "sessions": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        epoch integer NOT NULL,
        access_hash bytea NOT NULL,
        access_expires_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        address varchar(64) NOT NULL DEFAULT '',
        user_agent varchar(255) NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now(),
        refreshed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_sessions PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_sessions_tenant_id_access_hash UNIQUE (tenant_id, access_hash),
        CONSTRAINT fk_sessions_tenant_id_user_id {_USER}
    """,
    "refresh_tokens": """
        tenant_id uuid NOT NULL,
        token_hash bytea NOT NULL,
        session_id uuid NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_refresh_tokens PRIMARY KEY (tenant_id, token_hash),
        CONSTRAINT fk_refresh_tokens_tenant_id_session_id FOREIGN KEY (tenant_id, session_id)
            REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
    """,
    "password_resets": f"""
        tenant_id uuid NOT NULL,
        token_hash bytea NOT NULL,
        user_id uuid NOT NULL,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_password_resets PRIMARY KEY (tenant_id, token_hash),
        CONSTRAINT fk_password_resets_tenant_id_user_id {_USER}
    """,
    "login_attempts": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        key bytea NOT NULL,
        attempted_at timestamptz NOT NULL,
        CONSTRAINT pk_login_attempts PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_login_attempts_tenant_id {_TENANT}
    """,
    "api_keys": f"""
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        name varchar(100) NOT NULL,
        prefix varchar(16) NOT NULL,
        secret_hash bytea NOT NULL,
        permissions text[] NOT NULL CHECK (NOT '*' = ANY (permissions)),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_api_keys PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_api_keys_tenant_id_secret_hash UNIQUE (tenant_id, secret_hash),
        CONSTRAINT fk_api_keys_tenant_id_user_id {_USER}
    """,
}

_INDEXES = """
    CREATE UNIQUE INDEX uq_tenant_hosts_tenant_id_is_primary ON tenant_hosts (tenant_id) WHERE is_primary;
    CREATE INDEX ix_users_tenant_id_created_at_id ON users (tenant_id, created_at, id);
    CREATE INDEX ix_users_tenant_id_role ON users (tenant_id, role);
    CREATE INDEX ix_sessions_tenant_id_user_id ON sessions (tenant_id, user_id);
    CREATE INDEX ix_sessions_tenant_id_expires_at ON sessions (tenant_id, expires_at);
    CREATE INDEX ix_refresh_tokens_tenant_id_session_id ON refresh_tokens (tenant_id, session_id);
    CREATE INDEX ix_password_resets_tenant_id_user_id ON password_resets (tenant_id, user_id);
    CREATE INDEX ix_login_attempts_tenant_id_key_attempted_at ON login_attempts (tenant_id, key, attempted_at);
    CREATE INDEX ix_login_attempts_tenant_id_attempted_at ON login_attempts (tenant_id, attempted_at);
    CREATE INDEX ix_api_keys_tenant_id_user_id ON api_keys (tenant_id, user_id)
"""

# Before a tenant is known no row is visible, so these look it up as the owner. To the web they answer with one tenant
# and never with a list; the search path is pinned so that nobody can slip other tables under them.
_DOCUMENT = """
    SELECT jsonb_build_object(
        'id', t.id, 'slug', t.slug, 'name', t.name, 'enabled', t.status = 'active',
        'locales', t.locales, 'default_locale', t.default_locale,
        'currencies', t.currencies, 'default_currency', t.default_currency, 'settings', t.settings,
        'hosts', coalesce((
            SELECT jsonb_agg(h.host ORDER BY h.is_primary DESC, h.host) FROM public.tenant_hosts h
            WHERE h.tenant_id = t.id), '[]'),
        'disabled_modules', coalesce((
            SELECT jsonb_agg(m.module_slug ORDER BY m.module_slug) FROM public.tenant_modules m
            WHERE m.tenant_id = t.id AND NOT m.enabled), '[]'))
    FROM public.tenants t
"""
_LOOKUPS = {
    "rustok_tenant_by_host(text)": (
        "jsonb",
        "JOIN public.tenant_hosts named ON named.tenant_id = t.id WHERE named.host = $1",
        f"{APP_ROLE}, {WORKER_ROLE}",
    ),
    "rustok_tenant_by_slug(text)": ("jsonb", "WHERE t.slug = $1", f"{APP_ROLE}, {WORKER_ROLE}"),
    "rustok_tenant_by_id(uuid)": ("jsonb", "WHERE t.id = $1", f"{APP_ROLE}, {WORKER_ROLE}"),
    "rustok_tenants()": ("SETOF jsonb", "ORDER BY t.slug", WORKER_ROLE),  # timers visit every tenant
}


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} ({columns})")
        protect(op, table, tenant_column="id" if table == "tenants" else "tenant_id")
    for statement in _INDEXES.split(";"):
        op.execute(statement)
    # Tenants come and go by the owner's hand only.
    op.execute(f"REVOKE INSERT, DELETE ON tenants FROM {APP_ROLE}, {WORKER_ROLE}")
    # FORCE binds the owner too, and the owner need not be a superuser: the look-ups need these three tables whole.
    for table in ("tenants", "tenant_hosts", "tenant_modules"):
        op.execute(f"CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    for signature, (answer, condition, roles) in _LOOKUPS.items():
        op.execute(f"""
            CREATE FUNCTION {signature} RETURNS {answer} LANGUAGE sql STABLE SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $lookup$ {_DOCUMENT} {condition} $lookup$""")
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {roles}")


def downgrade() -> None:
    for signature in _LOOKUPS:
        op.execute(f"DROP FUNCTION {signature}")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
