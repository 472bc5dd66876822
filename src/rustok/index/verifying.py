"""Verify: the rows as they stand against the rows as they should stand, in one snapshot; names those that differ.

A row may differ because its event is still under way. So a difference counts only if it is still there after the
projector has passed everything that had been recorded when it was first seen.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from rustok.index import projector, tables
from rustok.kernel import errors, log
from rustok.kernel.context import SYSTEM, Context, TenantInfo
from rustok.kernel.db import Database, set_tenant
from rustok.kernel.indexing import IndexSource

CONSUMER = "index.projector"
PAGE = 2_000
NAMED = 100  # differences of one tenant and entity that are named; the rest is counted
PATIENCE = 60.0  # seconds to wait for the projector
_RETRIES = 5


class ProjectorBehind(errors.Unavailable):
    """The projector does not pass the events that were recorded before; is a worker running?"""

    code = "projector_behind"


@dataclass(frozen=True)
class Difference:
    """One row that is not what it should be. `keys` are columns, and `document.<key>` for parts of the document."""

    id: UUID
    locale: str
    problem: str  # missing | extra | different
    keys: tuple[str, ...] = ()


@dataclass
class Verdict:
    """What verify found for one tenant and entity."""

    tenant: str
    entity: str
    rows: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether the rows are exactly what a rebuild would give."""
        return not (self.missing or self.extra or self.different)

    def as_json(self) -> dict[str, Any]:
        """The verdict as JSON-ready values."""
        found = asdict(self)
        found["differences"] = [{**asdict(d), "id": str(d.id), "keys": list(d.keys)} for d in self.differences]
        return {**found, "equal": self.is_equal}


async def verify(
    database: Database,
    sources: Mapping[str, IndexSource],
    tenants: Sequence[TenantInfo],
    *,
    entities: Sequence[str] | None = None,
    patience: float = PATIENCE,
) -> list[Verdict]:
    """Compare every column and document of these tenants; raises `ProjectorBehind` if it never catches up."""
    return [
        await verify_table(database, sources[name], tenant, tables.table_of(sources[name].entity), patience=patience)
        for tenant in tenants
        for name in sorted(entities or sources)
    ]


async def verify_table(
    database: Database, source: IndexSource, tenant: TenantInfo, table: str, *, patience: float = PATIENCE
) -> Verdict:
    """The same for one entity of one tenant, in whichever table."""
    await caught_up(database, patience=patience)
    async with snapshot(database, tenant) as context:
        verdict, suspects = await _compare_all(context, source, table)
    for _ in range(_RETRIES):
        if not suspects:
            return verdict
        await caught_up(database, patience=patience)
        async with snapshot(database, tenant) as context:
            again = await _compare(context, source, table, sorted({d.id for d in suspects}))
        still = {(d.id, d.locale) for d in again}
        before = len(suspects)
        suspects = [d for d in again if (d.id, d.locale) in still]
        if len(suspects) == before:
            break
    verdict.missing = sum(d.problem == "missing" for d in suspects)
    verdict.extra = sum(d.problem == "extra" for d in suspects)
    verdict.different = sum(d.problem == "different" for d in suspects)
    verdict.differences = suspects[:NAMED]
    return verdict


@asynccontextmanager
async def snapshot(database: Database, tenant: TenantInfo) -> AsyncIterator[Context]:
    """A unit of work that sees one moment only."""
    async with database.session(worker=True) as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await set_tenant(session, tenant.id)
        yield Context(session, tenant, SYSTEM)


async def caught_up(database: Database, *, patience: float = PATIENCE, consumer: str = CONSUMER) -> int:
    """Wait until the projector has passed every event that is recorded now; returns the last one's number."""
    deadline = time.monotonic() + patience
    last_staged: int | None = None
    target: int | None = None
    while True:
        async with database.session(worker=True) as session:
            if target is None:
                # What is staged now has no number yet, so wait for its position to leave the stage.
                if last_staged is None:
                    last_staged = await session.scalar(text("SELECT COALESCE(max(pos), 0) FROM event_staging"))
                waiting = await session.scalar(
                    text("SELECT EXISTS (SELECT FROM event_staging WHERE pos <= :pos)"), {"pos": last_staged}
                )
                if not waiting:
                    target = await log.head(session)
            if target is not None:
                passed = await session.scalar(
                    text("SELECT seq FROM event_cursors WHERE consumer = :name"), {"name": consumer}
                )
                if (passed or 0) >= target:
                    return target
        if time.monotonic() > deadline:
            raise ProjectorBehind(f"the projector did not catch up within {patience:.0f} seconds; is a worker running?")
        await asyncio.sleep(0.02)


async def _compare_all(context: Context, source: IndexSource, table: str) -> tuple[Verdict, list[Difference]]:
    verdict = Verdict(context.tenant.slug, source.entity.name)
    found: list[Difference] = []
    async for ids in projector.pages(context, source, table, size=PAGE):
        found += await _compare(context, source, table, ids)
    verdict.rows = int(
        await context.session.scalar(
            text(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND NOT deleted"),
            {"tenant": context.tenant_id},
        )
        or 0
    )
    return verdict, found


async def _compare(context: Context, source: IndexSource, table: str, ids: Sequence[UUID]) -> list[Difference]:
    entity = source.entity
    sql, parameters = projector.projection(context, source, ids)
    names = [n for n in projector.column_names(entity) if n not in (entity.id_column, "locale", "document")]
    unequal = " ".join(
        f"|| CASE WHEN w.{n} IS DISTINCT FROM i.{n} THEN ARRAY['{n}'] ELSE '{{}}'::text[] END" for n in names
    )
    statement = text(f"""
        WITH wanted AS MATERIALIZED ({sql}), standing AS MATERIALIZED (
            SELECT * FROM {table} t WHERE t.tenant_id = :tenant AND t.{entity.id_column} = ANY(:ids) AND NOT t.deleted
        )
        SELECT id, locale, problem, keys FROM (
            SELECT COALESCE(w.{entity.id_column}, i.{entity.id_column}) AS id, COALESCE(w.locale, i.locale) AS locale,
                CASE WHEN i.{entity.id_column} IS NULL THEN 'missing' WHEN w.{entity.id_column} IS NULL THEN 'extra'
                     ELSE 'different' END AS problem,
                CASE WHEN i.{entity.id_column} IS NULL OR w.{entity.id_column} IS NULL THEN '{{}}'::text[]
                ELSE '{{}}'::text[] {unequal} || CASE WHEN w.document IS DISTINCT FROM i.document THEN ARRAY(
                    SELECT 'document.' || COALESCE(a.key, b.key)
                    FROM jsonb_each(w.document) a FULL JOIN jsonb_each(i.document) b ON a.key = b.key
                    WHERE a.value IS DISTINCT FROM b.value ORDER BY 1) ELSE '{{}}'::text[] END END AS keys
            FROM wanted w FULL JOIN standing i ON i.{entity.id_column} = w.{entity.id_column} AND i.locale = w.locale
        ) compared WHERE problem <> 'different' OR keys <> '{{}}' ORDER BY id, locale""").bindparams(
        *parameters,
        bindparam("ids", list(ids), type_=ARRAY(Uuid)),
        bindparam("tenant", context.tenant_id, type_=Uuid),
    )
    rows = await context.session.execute(statement)
    return [Difference(row[0], row[1], row[2], tuple(row[3])) for row in rows]
