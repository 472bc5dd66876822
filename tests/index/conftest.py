"""A database with nothing but the event log, a stranger's gadgets and the read model: the index knows no owner."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.index.gadgets import GADGETS, TABLES, BoxRenamed, GadgetChanged, GadgetSource

from rustok.index import module, tables, verifying
from rustok.index.searching import Backend, Hits
from rustok.index.tantivy.backend import Tantivy
from rustok.kernel import bus, consuming, log, migrating
from rustok.kernel.consuming import Consumer
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, Database, plain_url, set_tenant
from rustok.kernel.events import Event
from rustok.kernel.ids import generate_id
from rustok.kernel.indexing import Entity, IndexSource
from rustok.kernel.settings import Settings

DAWN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Workshop:
    """Gadgets and boxes of some tenants, written as their module would write them, and the read model behind them."""

    database: Database
    owner_url: str
    sources: Mapping[str, IndexSource]
    consumer: Consumer
    tenants: dict[UUID, TenantInfo] = field(default_factory=dict)

    def tenant(
        self,
        *,
        locales: tuple[str, ...] = ("en", "ru"),
        disabled: frozenset[str] = frozenset(),
        settings: Mapping[str, Any] | None = None,
    ) -> TenantInfo:
        """A new tenant, or a new state of one."""
        identity = generate_id()
        made = TenantInfo(
            id=identity,
            slug=f"t-{identity.hex[-10:]}",
            name="Tenant",
            locales=locales,
            currencies=("EUR", "USD"),
            disabled_modules=disabled,
            settings=settings or {},
        )
        self.tenants[identity] = made
        return made

    async def find_tenant(self, session: AsyncSession, tenant_id: UUID) -> TenantInfo | None:
        """How the projector looks tenants up."""
        await set_tenant(session, tenant_id)
        return self.tenants.get(tenant_id)

    async def box(self, tenant: TenantInfo, name: str) -> UUID:
        """A new box."""
        identity = generate_id()
        await self.write(
            tenant,
            "INSERT INTO gadgetry_boxes VALUES (:tenant, :id, :name)",
            {"id": identity, "name": name},
            BoxRenamed(box_id=identity),
        )
        return identity

    async def rename_box(self, tenant: TenantInfo, box: UUID, name: str) -> None:
        """A box gets another name."""
        await self.write(
            tenant,
            "UPDATE gadgetry_boxes SET name = :name WHERE tenant_id = :tenant AND id = :id",
            {"id": box, "name": name},
            BoxRenamed(box_id=box),
        )

    async def gadget(self, tenant: TenantInfo, title: str, **columns: Any) -> UUID:
        """A new gadget."""
        identity = generate_id()
        row = {"handle": title.lower().replace(" ", "-"), "title": title, **columns}
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        await self.write(
            tenant,
            f"INSERT INTO gadgetry_gadgets (tenant_id, id, {names}) VALUES (:tenant, :id, {values})",
            {"id": identity, **row},
            GadgetChanged(gadget_id=identity),
        )
        return identity

    async def change(self, tenant: TenantInfo, gadget: UUID, **columns: Any) -> None:
        """A gadget changes."""
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        await self.write(
            tenant,
            f"UPDATE gadgetry_gadgets SET {changes} WHERE tenant_id = :tenant AND id = :id",
            {"id": gadget, **columns},
            GadgetChanged(gadget_id=gadget),
        )

    async def remove(self, tenant: TenantInfo, gadget: UUID) -> None:
        """A gadget is gone."""
        sql = "DELETE FROM gadgetry_gadgets WHERE tenant_id = :tenant AND id = :id"
        await self.write(tenant, sql, {"id": gadget}, GadgetChanged(gadget_id=gadget))

    async def write(self, tenant: TenantInfo, sql: str, values: Mapping[str, Any], *events: Event) -> None:
        """One unit of work."""
        async with self.database.open(tenant) as context:
            await context.session.execute(text(sql), {"tenant": tenant.id, **values})
            bus.record_many(context, events)

    async def catch_up(self) -> int:
        """Let the projector pass everything that is recorded."""
        while await log.sequence(self.database):
            pass
        for _ in range(10_000):
            await consuming.advance(self.database, self.consumer, self.find_tenant)
            async with self.database.session(worker=True) as session:
                head = await log.head(session)
                passed = await session.scalar(
                    text("SELECT seq FROM event_cursors WHERE consumer = :name"), {"name": self.consumer.name}
                )
            if passed is not None and passed >= head:
                return head
        raise AssertionError("the projector does not come to an end")

    async def follow(self, stop: asyncio.Event) -> None:
        """A projector that runs until it is told to stop."""
        while not stop.is_set():
            await log.sequence(self.database)
            if not await consuming.advance(self.database, self.consumer, self.find_tenant):
                await asyncio.sleep(0.005)

    async def verify(self, tenant: TenantInfo) -> verifying.Verdict:
        """What verify says of the tenant's gadgets, after catching up."""
        await self.catch_up()
        (verdict,) = await verifying.verify(self.database, self.sources, [tenant], patience=5)
        return verdict

    async def rows(self, tenant: TenantInfo, columns: str = "*") -> list[dict[str, Any]]:
        """The tenant's rows with tombstones, as they stand."""
        async with self.database.read(tenant) as context:
            found = await context.session.execute(
                text(f"SELECT {columns} FROM index_gadgets ORDER BY gadget_id, locale")
            )
            return [dict(row) for row in found.mappings()]

    async def as_owner(self, *statements: str) -> None:
        """Go behind the policies."""
        connection = await asyncpg.connect(plain_url(self.owner_url))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def stock(self, tenant: TenantInfo, count: int) -> list[UUID]:
        """Gadgets with ties and NULLs in every column that can be sorted by."""
        made = []
        async with self.database.open(tenant) as context:
            for number in range(count):
                identity = generate_id()
                made.append(identity)
                low = None if number % 5 == 4 else (number % 3 + 1) * 1000
                await context.session.execute(
                    text("""
                        INSERT INTO gadgetry_gadgets (tenant_id, id, title, handle, maker, weight, in_stock, low, high,
                                                      tags, options, made_at)
                        VALUES (:tenant, :id, :title, :handle, :maker, :weight, :stock, :low, :high, :tags, :options,
                                :made)"""),
                    {
                        "tenant": tenant.id,
                        "id": identity,
                        "title": f"Gadget {number % 7}",
                        "handle": f"gadget-{number}",
                        "maker": [None, "Acme", "Globex"][number % 3],
                        "weight": None if number % 4 == 0 else number % 6,
                        "stock": number % 2 == 0,
                        "low": low,
                        "high": None if low is None else low + 500 * (number % 4),
                        "tags": [t for t, every in (("even", 2), ("third", 3), ("fifth", 5)) if number % every == 0],
                        "options": [f"Size\x1f{'SML'[number % 3]}", f"Colour\x1f{['red', 'blue'][number % 2]}"],
                        "made": None if number % 6 == 0 else DAWN + timedelta(days=number % 4),
                    },
                )
                bus.record(context, GadgetChanged(gadget_id=identity))
        await self.catch_up()
        return made


@contextlib.asynccontextmanager
async def built(server: str) -> AsyncIterator[Workshop]:
    """A database of the index's own: the event log, the gadgets' tables and the read model's."""
    name = f"index_{os.getpid()}_{os.urandom(3).hex()}"
    settings = Settings(secret_key="only for tests")
    owner = f"{server.rsplit('/', 1)[0]}/{name}"
    app, worker = settings.role_url(owner, APP_ROLE), settings.role_url(owner, WORKER_ROLE)
    sources = {GADGETS.name: GadgetSource()}
    admin = await asyncpg.connect(plain_url(server))
    await admin.execute(f'CREATE DATABASE "{name}"')
    try:
        await migrating.upgrade(owner, [], role_urls=[app, worker])
        engine = migrating.owner_engine(owner)
        async with engine.begin() as connection:
            await tables.run(connection, TABLES)
            for table in ("gadgetry_boxes", "gadgetry_gadgets"):
                await tables.run(connection, migrating.policy_sql(table))
            report = await tables.ensure(connection, list(sources.values()))
            assert report.created == (GADGETS.name,)
        await engine.dispose()
        database = Database(app, worker, pool_size=4)
        yield Workshop(database, owner, sources, module.consumer(sources))
        await database.close()
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture(scope="session")
async def built_workshop(server: str) -> AsyncIterator[Workshop]:
    """The one that most tests share; every test makes tenants of its own."""
    async with built(server) as made:
        yield made


@pytest.fixture
def workshop(built_workshop: Workshop) -> Iterator[Workshop]:
    """The workshop; every test makes tenants of its own."""
    return built_workshop


class Current(Tantivy):
    """Tantivy that is brought up to date before each search, and never leaves it to PostgreSQL."""

    async def hits(self, tenant: TenantInfo, entity: Entity, *, locale: str, query: str, most: int) -> Hits | None:
        await self.follower.catch_up(tenant)
        found = await super().hits(tenant, entity, locale=locale, query=query, most=most)
        assert found is not None
        return found


@pytest.fixture(scope="session")
async def files(built_workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tantivy]:
    """Tantivy over the workshop's read model."""
    entities = {name: source.entity for name, source in built_workshop.sources.items()}
    made = Current(built_workshop.database, entities, tmp_path_factory.mktemp("search"), built_workshop.find_tenant)
    yield made
    await made.stop()


@pytest.fixture(params=["postgres", "tantivy"])
def engine(request: pytest.FixtureRequest, workshop: Workshop, files: Tantivy) -> Iterator[str]:
    """Searches are answered by PostgreSQL, and then by Tantivy."""
    if request.param == "tantivy":
        workshop.database.resources[Backend] = files
    yield request.param
    workshop.database.resources.pop(Backend, None)


@pytest.fixture
def tenant(workshop: Workshop) -> TenantInfo:
    """A tenant with English and Russian."""
    return workshop.tenant()


def titles(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a page shows."""
    return [node["title"] for node in nodes]
