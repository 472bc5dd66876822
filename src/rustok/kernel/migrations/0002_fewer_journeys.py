"""Numbering events, and taking a consumer's next ones, each in one journey to the database."""

from alembic import op

from rustok.kernel.db import WORKER_ROLE

revision = "kernel_0002"
down_revision = "kernel_0001"
branch_labels = None
depends_on = None

_COLUMNS = """id, tenant_id, "timestamp", type, schema_version, aggregate, aggregate_id, version,
              correlation_id, causation_id, actor_id, payload"""

# What follows the lock must see what its last holder committed: each statement of a volatile function in READ COMMITTED
# has a snapshot of its own, while one statement that locks and reads would read what was there before it waited.
_SEQUENCE = f"""
CREATE FUNCTION event_sequence (most integer, lock_key bigint, channel text) RETURNS TABLE (moved bigint, head bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    last_pos bigint;
    newest bigint;
    total bigint;
BEGIN
    -- By the index, which remembers what is dead: a scan would read everything that was ever staged since a vacuum.
    SELECT min(pos) INTO last_pos FROM event_staging;
    IF last_pos IS NULL THEN
        RETURN QUERY SELECT 0::bigint, 0::bigint;
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(lock_key);
    SELECT max(pos) INTO last_pos FROM (SELECT pos FROM event_staging ORDER BY pos LIMIT most) first;
    SELECT coalesce(max(seq), 0) INTO newest FROM event_log;
    WITH taken AS (
        DELETE FROM event_staging WHERE pos <= last_pos RETURNING *
    )
    INSERT INTO event_log (seq, {_COLUMNS}) SELECT newest + row_number() OVER (ORDER BY pos), {_COLUMNS} FROM taken;
    GET DIAGNOSTICS total = ROW_COUNT;
    IF total > 0 THEN
        PERFORM pg_notify(channel, (newest + total)::text);
    END IF;
    RETURN QUERY SELECT total, newest + total;
END $$
"""

# No row: another process is at it. `after` is NULL: the consumer is new. One row without an event: nothing for it.
# Plans are kept, and the log may have been small when they were made: only the way by the number is right at any size.
_TAKE = f"""
CREATE FUNCTION event_take (name text, lock_key integer, types text[], most integer)
RETURNS TABLE (after bigint, upto bigint, is_parked boolean, {{columns}}, seq bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    begun bigint;
    newest bigint;
    some_parked boolean;
BEGIN
    IF NOT pg_try_advisory_xact_lock(lock_key, hashtext(name)) THEN
        RETURN;
    END IF;
    SELECT c.seq INTO begun FROM event_cursors c WHERE c.consumer = name;
    SELECT coalesce(max(l.seq), 0) INTO newest FROM event_log l;
    some_parked := EXISTS (SELECT FROM event_failures f WHERE f.consumer = name AND f.state = 'parked');
    RETURN QUERY
    SELECT begun, newest,
        some_parked AND EXISTS (
            SELECT FROM event_failures f WHERE f.consumer = name AND f.state = 'parked' AND f.tenant_id = e.tenant_id
                AND f.aggregate = e.aggregate AND f.aggregate_id = e.aggregate_id
        ),
        {", ".join(f"e.{name.strip()}" for name in _COLUMNS.split(","))}, e.seq
    FROM (SELECT) one LEFT JOIN (
        SELECT * FROM event_log l WHERE l.seq > begun AND l.seq <= newest AND (types IS NULL OR l.type = ANY (types))
        ORDER BY l.seq LIMIT most
    ) e ON true
    ORDER BY e.seq;
END $$
"""
_COLUMN_TYPES = """id uuid, tenant_id uuid, "timestamp" timestamptz, type text, schema_version integer, aggregate text,
    aggregate_id uuid, version bigint, correlation_id uuid, causation_id uuid, actor_id uuid, payload jsonb"""


def upgrade() -> None:
    op.execute(_SEQUENCE)
    op.execute(_TAKE.format(columns=_COLUMN_TYPES))
    for signature in ("event_sequence(integer, bigint, text)", "event_take(text, integer, text[], integer)"):
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {WORKER_ROLE}")


def downgrade() -> None:
    op.execute("DROP FUNCTION event_take(text, integer, text[], integer)")
    op.execute("DROP FUNCTION event_sequence(integer, bigint, text)")
