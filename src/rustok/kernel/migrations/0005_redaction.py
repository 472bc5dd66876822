"""Taking a personal field out of the events about one thing: the only change that the log ever sees."""

from alembic import op

from rustok.kernel.db import APP_ROLE, WORKER_ROLE

revision = "kernel_0005"
down_revision = "kernel_0004"
branch_labels = None
depends_on = None

_NAME = "event_redact(uuid, text, uuid, text)"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION event_redact(tenant uuid, about text, about_id uuid, field text) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $redact$
        DECLARE logged integer; staged integer;
        BEGIN
            IF tenant IS DISTINCT FROM NULLIF(current_setting('app.tenant', true), '')::uuid THEN
                RAISE EXCEPTION 'another tenant' USING ERRCODE = 'insufficient_privilege';
            END IF;
            UPDATE public.event_log SET payload = jsonb_set(payload, ARRAY[field], '""')
            WHERE tenant_id = tenant AND aggregate = about AND aggregate_id = about_id AND jsonb_exists(payload, field);
            GET DIAGNOSTICS logged = ROW_COUNT;
            UPDATE public.event_staging SET payload = jsonb_set(payload, ARRAY[field], '""')
            WHERE tenant_id = tenant AND aggregate = about AND aggregate_id = about_id AND jsonb_exists(payload, field);
            GET DIAGNOSTICS staged = ROW_COUNT;
            RETURN logged + staged;
        END $redact$""")
    op.execute(f"REVOKE ALL ON FUNCTION {_NAME} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_NAME} TO {APP_ROLE}, {WORKER_ROLE}")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {_NAME}")
