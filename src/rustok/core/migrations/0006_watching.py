"""What operators watch: mails and deliveries that did not arrive, counted for all tenants together."""

from alembic import op

from rustok.kernel.db import WORKER_ROLE

revision = "core_0006"
down_revision = "core_0005"
branch_labels = None
depends_on = None

# Workers see one tenant at a time, and of all together no more than these numbers.
_COUNTS = {
    "rustok_mails_failed()": "SELECT count(*) FROM public.mails WHERE state = 'failed'",
    "rustok_webhooks_failed()": "SELECT count(*) FROM public.webhook_deliveries WHERE state = 'failed'",
    # Nobody is called for a tenant or an endpoint that is switched off.
    "rustok_webhooks_waiting(interval)": """
        SELECT count(*) FROM public.webhook_deliveries d
            JOIN public.webhook_endpoints e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id AND e.enabled
            JOIN public.tenants t ON t.id = d.tenant_id AND t.status = 'active'
        WHERE d.next_attempt_at IS NOT NULL AND d.created_at < now() - $1""",
}


def upgrade() -> None:
    for table in ("mails", "webhook_deliveries"):
        op.execute(f"CREATE INDEX ix_{table}_failed ON {table} (tenant_id) WHERE state = 'failed'")
    for signature, statement in _COUNTS.items():
        op.execute(f"""
            CREATE FUNCTION {signature} RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $count$ {statement} $count$""")
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {WORKER_ROLE}")


def downgrade() -> None:
    for signature in _COUNTS:
        op.execute(f"DROP FUNCTION {signature}")
    for table in ("mails", "webhook_deliveries"):
        op.execute(f"DROP INDEX ix_{table}_failed")
