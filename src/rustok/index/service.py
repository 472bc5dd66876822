"""How the read model is doing: rows, tombstones and how far it is behind, for the command line and for metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text

from rustok.index import tables
from rustok.index.verifying import CONSUMER
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database, set_tenant
from rustok.kernel.indexing import IndexSource


@dataclass(frozen=True)
class EntityStatus:
    """One entity's table: rows and tombstones of the tenants asked for, and what is going on with it."""

    entity: str
    status: str  # ready | outdated (its declaration changed: rebuild it) | building
    rows: int
    tombstones: int
    built_at: str
    progress: Mapping[str, Any]


@dataclass(frozen=True)
class Status:
    """The whole read model. `lag_seconds` is the age of the oldest event that it does not show yet."""

    entities: tuple[EntityStatus, ...]
    lag_events: int
    lag_seconds: float

    def as_json(self) -> dict[str, Any]:
        """The status as JSON-ready values."""
        return asdict(self)


async def status(database: Database, sources: Mapping[str, IndexSource], tenants: Sequence[TenantInfo]) -> Status:
    """Count rows tenant by tenant (the policies show no more), and measure the lag."""
    counted: dict[str, list[int]] = {name: [0, 0] for name in sources}
    async with database.session(worker=True) as session:
        for tenant in tenants:
            await set_tenant(session, tenant.id)
            for name, source in sources.items():
                sql = (
                    f"SELECT count(*) FILTER (WHERE NOT deleted), count(*) FILTER (WHERE deleted)"
                    f" FROM {tables.table_of(source.entity)} WHERE tenant_id = :tenant"
                )
                rows, graves = (await session.execute(text(sql), {"tenant": tenant.id})).one()
                counted[name][0] += rows
                counted[name][1] += graves
        await set_tenant(session, None)
        found = await session.execute(
            text("SELECT entity, status, built_at, progress FROM index_state ORDER BY entity")
        )
        entities = tuple(
            EntityStatus(row[0], row[1], counted[row[0]][0], counted[row[0]][1], row[2].isoformat(), row[3])
            for row in found
            if row[0] in counted
        )
        events, seconds = (
            await session.execute(
                text("""
                    WITH passed AS (SELECT COALESCE((SELECT seq FROM event_cursors WHERE consumer = :name), 0) AS seq),
                    ahead AS (
                        SELECT count(*) AS n, min("timestamp") AS oldest FROM event_log
                        WHERE seq > (SELECT seq FROM passed)
                        UNION ALL SELECT count(*), min("timestamp") FROM event_staging
                    )
                    SELECT COALESCE(sum(n), 0)::bigint,
                           COALESCE(extract(epoch FROM clock_timestamp() - min(oldest)), 0)::double precision
                    FROM ahead"""),
                {"name": CONSUMER},
            )
        ).one()
    return Status(entities, int(events), max(0.0, float(seconds)))
