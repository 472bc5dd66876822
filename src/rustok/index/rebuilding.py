"""Rebuild: an entity into a second table while the first is read and both are written, then a swap of names.

Readers never notice: the swap is one short transaction, and a statement that waited for it continues in the new table.
Stopped half-way, nothing has changed but a table that the next rebuild throws away.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from rustok.index import changes, projector, tables, verifying
from rustok.kernel import errors, log, migrating
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.indexing import IndexSource

PAGE = 1_000
_LOCK_WAIT = "500ms"  # readers queue behind a waiting swap, so it gives up soon and tries again
_SWAPS = 60


class RebuildRefused(errors.Conflict):
    """Another rebuild of the entity is running, or the new table is not what it should be."""

    code = "rebuild_refused"
    for_operators = True


@dataclass(frozen=True)
class Progress:
    """Where a rebuild stands: told after every page."""

    entity: str
    tenant: str
    documents: int


@dataclass
class Rebuilt:
    """What a rebuild did."""

    entity: str
    documents: int = 0
    tenants: int = 0
    swapped: bool = False
    verdicts: list[verifying.Verdict] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The outcome as JSON-ready values."""
        return {
            "entity": self.entity,
            "documents": self.documents,
            "tenants": self.tenants,
            "swapped": self.swapped,
            "equal": all(verdict.is_equal for verdict in self.verdicts),
        }


Tell = Callable[[Progress], None]


async def rebuild(
    database: Database,
    owner_url: str,
    sources: Mapping[str, IndexSource],
    tenants: Sequence[TenantInfo],
    *,
    entities: Sequence[str] | None = None,
    currencies: Sequence[str] = tables.CURRENCIES,
    tell: Tell = lambda _: None,
    patience: float = verifying.PATIENCE,
) -> list[Rebuilt]:
    """Rebuild whole entities online. `tenants` must be all of them: what is not named here is gone after the swap."""
    engine = migrating.owner_engine(owner_url)
    try:
        return [
            await _rebuild_entity(database, engine, sources[name], tenants, currencies, tell, patience)
            for name in sorted(entities or sources)
        ]
    finally:
        await engine.dispose()


async def refresh(
    database: Database,
    sources: Mapping[str, IndexSource],
    tenant: TenantInfo,
    *,
    entities: Sequence[str] | None = None,
    tell: Tell = lambda _: None,
) -> list[Rebuilt]:
    """Write one tenant's rows anew in place, damaged ones too; what has no source becomes a tombstone."""
    outcomes = []
    for name in sorted(entities or sources):
        outcome = Rebuilt(name, tenants=1)
        await _fill(database, sources[name], tenant, tables.table_of(sources[name].entity), outcome, tell, repair=True)
        outcomes.append(outcome)
    return outcomes


async def _rebuild_entity(
    database: Database,
    engine: AsyncEngine,
    source: IndexSource,
    tenants: Sequence[TenantInfo],
    currencies: Sequence[str],
    tell: Tell,
    patience: float,
) -> Rebuilt:
    entity = source.entity
    table = tables.table_of(entity)
    building = f"{table}__next"
    outcome = Rebuilt(entity.name)
    async with engine.connect() as guard:
        if not await guard.scalar(
            text("SELECT pg_try_advisory_lock(hashtextextended(:key, 72401))"), {"key": entity.name}
        ):
            raise RebuildRefused(f"another rebuild of {entity.name} is running")
        await guard.commit()
        try:
            await _begin(engine, source, building, currencies)
            for tenant in tenants:
                await _fill(database, source, tenant, building, outcome, tell)
                outcome.tenants += 1
                await _note(engine, entity.name, {"documents": outcome.documents, "tenants": outcome.tenants})
            for tenant in tenants:
                verdict = await verifying.verify_table(database, source, tenant, building, patience=patience)
                outcome.verdicts.append(verdict)
                if not verdict.is_equal:
                    raise RebuildRefused(
                        f"the rebuilt {entity.name} of {tenant.slug} differ from their sources in "
                        f"{verdict.missing + verdict.extra + verdict.different} rows; nothing was swapped"
                    )
            await _swap(engine, source, building, currencies, tenants)
            outcome.swapped = True
        finally:
            with contextlib.suppress(DBAPIError):
                if not outcome.swapped:
                    await asyncio.shield(_abandon(engine, entity.name, building))
            await guard.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 72401))"), {"key": entity.name})
            await guard.commit()
    return outcome


async def _begin(engine: AsyncEngine, source: IndexSource, building: str, currencies: Sequence[str]) -> None:
    async with engine.begin() as connection:
        await tables.run(connection, tables.drop_statements(building))
        await tables.run(connection, tables.create_statements(source.entity, building, currencies))
        await connection.execute(
            text("""UPDATE index_state SET status = 'building', building_table = :table, building_since = now(),
                    progress = '{}' WHERE entity = :entity"""),
            {"table": building, "entity": source.entity.name},
        )


async def _fill(
    database: Database,
    source: IndexSource,
    tenant: TenantInfo,
    table: str,
    outcome: Rebuilt,
    tell: Tell,
    *,
    repair: bool = False,
) -> None:
    """One page a transaction. The lock comes before the snapshot, so the projector's batch is before it or after it.

    A repaired page is seen at once, so it is a version of its own; a table that is being built is seen by nobody.
    """
    last = UUID(int=0)
    while True:
        async with database.open(tenant, worker=True) as context:
            await projector.lock(context, source.entity)
            ids = await projector.next_ids(context, source, table, beyond=last, size=PAGE)
            if not ids:
                return
            seq = await log.head(context.session)
            written = changes.Written()
            await projector.write(context, source, table, ids, seq=seq, repair=repair, into=written)
            if repair and written.rows:
                await changes.moved_on(context, seq, {source.entity.name: written.ids})
            outcome.documents += written.rows
        last = ids[-1]
        tell(Progress(source.entity.name, tenant.slug, outcome.documents))


async def _note(engine: AsyncEngine, entity: str, progress: Mapping[str, int]) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE index_state SET progress = CAST(:progress AS jsonb) WHERE entity = :entity"),
            {"progress": msgspec.json.encode(progress).decode(), "entity": entity},
        )


async def _abandon(engine: AsyncEngine, entity: str, building: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE index_state SET status = 'ready', building_table = NULL WHERE entity = :entity"),
            {"entity": entity},
        )
        await _locked_out(connection, building)
        await tables.run(connection, tables.drop_statements(building))


async def _locked_out(connection: AsyncConnection, *names: str) -> None:
    for name in names:
        await connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")


async def _swap(
    engine: AsyncEngine,
    source: IndexSource,
    building: str,
    currencies: Sequence[str],
    tenants: Sequence[TenantInfo],
) -> None:
    entity = source.entity
    table = tables.table_of(entity)
    for attempt in range(_SWAPS):
        try:
            async with engine.begin() as connection:
                await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
                await _locked_out(connection, table, building)
                await tables.run(connection, tables.drop_statements(table))
                await tables.run(connection, tables.rename_statements(entity, building, table, currencies))
                await connection.execute(
                    text("""UPDATE index_state SET status = 'ready', building_table = NULL, built_at = now(),
                            ddl_hash = :hash WHERE entity = :entity"""),
                    {"hash": tables.ddl_hash(entity, currencies), "entity": entity.name},
                )
                await changes.replaced(connection, [tenant.id for tenant in tenants], entity.name)
                return
        except DBAPIError:
            if attempt == _SWAPS - 1:
                raise
            await asyncio.sleep(0.05 * (attempt + 1))
