"""What changed in the read model, version by version: who keeps a copy of it elsewhere reads on from here.

Every transaction that writes a tenant's rows gives the tenant's read model its next version and says which things
changed. The lock on the version's row lasts until the commit, so that versions become visible in their order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from rustok.kernel.context import Context
from rustok.kernel.db import driver

CHANNEL = "index_changes"  # told the tenant's id when a version is committed
MOST_NAMED = 10_000  # ids of one change; more are told as "everything"
KEPT_VERSIONS = 1_000
KEPT_TIME = "1 hour"
_TRIM_EVERY = 256  # versions; a trim reads what is old enough, so it is not for every one

# One statement for everything a version needs: an import gets a version with every batch.
_NOTED = """
noted AS (
    INSERT INTO index_changes (tenant_id, version, entity, ids)
    SELECT b.tenant_id, b.version, c.entity, c.ids FROM bumped b, {changed} RETURNING tenant_id
)
SELECT b.version, pg_notify({channel}, b.tenant_id::text) FROM bumped b
WHERE EXISTS (SELECT FROM noted n WHERE n.tenant_id = b.tenant_id)"""
_TRIM = text(f"""
    DELETE FROM index_changes
    WHERE tenant_id = :tenant AND version <= :version AND changed_at < now() - interval '{KEPT_TIME}'""")
_SINCE = text("""
    SELECT c.version, c.entity, c.ids FROM index_changes c
    WHERE c.tenant_id = :tenant AND c.version > :after
        AND c.version <= (SELECT max(f.version) FROM (
            SELECT version FROM index_changes WHERE tenant_id = :tenant AND version > :after
            ORDER BY version LIMIT :most) f)
    ORDER BY c.version, c.entity""")


@dataclass
class Written:
    """Rows written, and the ids of the things they are of: None when these were too many to name."""

    rows: int = 0
    ids: set[UUID] | None = field(default_factory=set)

    def add(self, rows: int, ids: Collection[UUID] | None) -> None:
        """Something more was written."""
        self.rows += rows
        if self.ids is None or ids is None or len(self.ids) + len(ids) > 2 * MOST_NAMED:
            self.ids = None
            return
        self.ids.update(ids)
        if len(self.ids) > MOST_NAMED:
            self.ids = None


Changed = Mapping[str, Collection[UUID] | None]  # entity → ids; None is everything


@dataclass(frozen=True)
class Change:
    """Things of one entity that are otherwise since a version; `ids` is None when it may be any of them."""

    version: int
    entity: str
    ids: tuple[UUID, ...] | None


@dataclass(frozen=True)
class News:
    """Changes beyond a version, in order, up to `version`. `complete` is false when older ones are forgotten already:
    whoever reads must then take everything for changed."""

    version: int
    changes: Sequence[Change]
    complete: bool


async def moved_on(context: Context, seq: int, changed: Changed) -> int:
    """Give the tenant's read model its next version, say what changed in it, and return it; caches and ETags are made
    from the version."""
    parts: list[str] = []
    given: list[object] = []
    for entity in sorted(changed):
        ids = changed[entity]
        given += [entity, sorted(ids) if ids is not None and len(ids) <= MOST_NAMED else None]
        parts.append(f"(${len(given) + 2}::text, ${len(given) + 3}::uuid[])")
    statement = f"""
        WITH bumped AS (
            INSERT INTO index_versions AS v (tenant_id, version, as_of_seq) VALUES ($1, 1, $2)
            ON CONFLICT (tenant_id) DO UPDATE
            SET version = v.version + 1, as_of_seq = greatest(v.as_of_seq, excluded.as_of_seq), changed_at = now()
            RETURNING tenant_id, version
        ), {_NOTED.format(channel="$3", changed=f"(VALUES {', '.join(parts)}) c (entity, ids)")}"""
    plain = await driver(await context.session.connection())
    version = int(await plain.fetchval(statement, context.tenant_id, seq, CHANNEL, *given) or 0)
    if version % _TRIM_EVERY == 0:
        await context.session.execute(_TRIM, {"tenant": context.tenant_id, "version": version - KEPT_VERSIONS})
    return version


async def replaced(connection: AsyncConnection, tenants: Collection[UUID], entity: str) -> None:
    """The same for a whole entity of many tenants at once, as the owner, in the transaction that swaps its tables."""
    everything = "(SELECT CAST(:entity AS text), CAST(NULL AS uuid[])) c (entity, ids)"
    statement = text(f"""
        WITH bumped AS (
            INSERT INTO index_versions AS v (tenant_id, version) SELECT t, 1 FROM unnest(:tenants) t ORDER BY t
            ON CONFLICT (tenant_id) DO UPDATE SET version = v.version + 1, changed_at = now()
            RETURNING tenant_id, version
        ), {_NOTED.format(channel=":channel", changed=everything)}""")
    statement = statement.bindparams(
        bindparam("tenants", sorted(set(tenants)), type_=ARRAY(Uuid)), entity=entity, channel=CHANNEL
    )
    await connection.execute(statement)


async def since(session: AsyncSession, tenant_id: UUID, version: int, *, most: int = 500) -> News:
    """What changed beyond a version, at most `most` changes or a little more; the session must see the tenant."""
    rows = (await session.execute(_SINCE, {"tenant": tenant_id, "after": version, "most": most})).all()
    if not rows:
        return News(version, (), True)
    found = [Change(row[0], row[1], None if row[2] is None else tuple(row[2])) for row in rows]
    return News(found[-1].version, found, found[0].version == version + 1)
