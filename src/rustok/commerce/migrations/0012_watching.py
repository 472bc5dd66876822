"""What operators watch: payments whose provider stays silent, counted for all tenants together."""

from alembic import op

from rustok.kernel.db import WORKER_ROLE

revision = "commerce_0012"
down_revision = "commerce_0011"
branch_labels = None
depends_on = None

_STUCK = "commerce_payments_stuck(integer)"  # of how many tries


def upgrade() -> None:
    """Workers see one tenant at a time, and of all together no more than this number."""
    op.execute(f"""
        CREATE FUNCTION {_STUCK} RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $count$
            SELECT count(DISTINCT (tenant_id, payment_id)) FROM public.commerce_payment_attempts
            WHERE finished_at IS NULL AND error_code <> '' AND tries >= $1
        $count$""")
    op.execute(f"REVOKE ALL ON FUNCTION {_STUCK} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_STUCK} TO {WORKER_ROLE}")


def downgrade() -> None:
    """Count them no more."""
    op.execute(f"DROP FUNCTION {_STUCK}")
