"""The event log: aggregates' versions, staging, the log itself, cursors of consumers and what they failed at."""

from alembic import op

from rustok.kernel.db import APP_ROLE, WORKER_ROLE
from rustok.kernel.migrating import protect

revision = "kernel_0001"
down_revision = None
branch_labels = ("kernel",)
depends_on = None

_ENVELOPE = """
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    "timestamp" timestamptz NOT NULL DEFAULT clock_timestamp(),
    type text NOT NULL,
    schema_version integer NOT NULL DEFAULT 1,
    aggregate text NOT NULL,
    aggregate_id uuid NOT NULL,
    version bigint NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    actor_id uuid,
    payload jsonb NOT NULL
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("""
        CREATE TABLE event_aggregates (
            tenant_id uuid NOT NULL, aggregate text NOT NULL, aggregate_id uuid NOT NULL, version bigint NOT NULL,
            PRIMARY KEY (tenant_id, aggregate, aggregate_id)
        ) WITH (fillfactor = 80)""")
    op.execute(f"CREATE TABLE event_staging (pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {_ENVELOPE})")
    op.execute(f"CREATE TABLE event_log (seq bigint PRIMARY KEY, {_ENVELOPE})")
    op.execute("CREATE UNIQUE INDEX uq_event_log_version ON event_log (tenant_id, aggregate, aggregate_id, version)")
    op.execute("CREATE INDEX ix_event_log_tenant_seq ON event_log (tenant_id, seq)")
    op.execute("""
        CREATE TABLE event_cursors (
            consumer text PRIMARY KEY, seq bigint NOT NULL DEFAULT 0, attempts integer NOT NULL DEFAULT 0,
            updated_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute("""
        CREATE TABLE event_failures (
            consumer text NOT NULL, seq bigint NOT NULL, tenant_id uuid NOT NULL,
            aggregate text NOT NULL, aggregate_id uuid NOT NULL, type text NOT NULL,
            state text NOT NULL CHECK (state IN ('trying', 'parked', 'waiting')),
            attempts integer NOT NULL DEFAULT 0, raised integer NOT NULL DEFAULT 0, error text,
            first_at timestamptz NOT NULL DEFAULT now(), last_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (consumer, seq)
        )""")
    op.execute("CREATE INDEX ix_event_failures_aggregate ON event_failures (consumer, aggregate, aggregate_id, seq)")
    for table in ("event_aggregates", "event_staging", "event_log", "event_failures"):
        protect(op, table)
        op.execute(f"CREATE POLICY worker_sees_all ON {table} TO {WORKER_ROLE} USING (true) WITH CHECK (true)")
    # A request records and reads; moving, numbering and parking are the workers' business.
    op.execute(f"REVOKE ALL ON event_staging, event_log, event_failures, event_aggregates FROM {APP_ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON event_aggregates TO {APP_ROLE}")
    op.execute(f"GRANT INSERT ON event_staging TO {APP_ROLE}")
    op.execute(f"GRANT SELECT ON event_log, event_failures TO {APP_ROLE}")
    op.execute(f"REVOKE UPDATE ON event_log FROM {WORKER_ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON event_cursors TO {WORKER_ROLE}")
    op.execute(f"GRANT SELECT ON event_cursors TO {APP_ROLE}")


def downgrade() -> None:
    for table in ("event_failures", "event_cursors", "event_log", "event_staging", "event_aggregates"):
        op.execute(f"DROP TABLE {table}")
