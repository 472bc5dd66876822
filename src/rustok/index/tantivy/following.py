"""The follower: brings the indexes of this host up to what the read model has reached.

Every process that searches runs one. For each tenant one of them holds the lock and writes; the others look at the
files before every search and so see what was committed.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text

from rustok.index import changes
from rustok.index.tantivy import reading
from rustok.index.tantivy.shape import Row, Shape
from rustok.index.tantivy.shelf import Shelf
from rustok.kernel.consuming import FindTenant
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database, plain_url, set_tenant
from rustok.kernel.indexing import Entity

POLL_SECONDS = 0.2  # where nothing tells us of changes
LISTENING_POLL_SECONDS = 2.0  # where PostgreSQL does
IDLE_SECONDS = 2.0  # after which another process may write
AT_ONCE = 200  # changes of one commit
_VERSIONS = text("SELECT tenant_id, version FROM index_versions")
logger = structlog.get_logger("rustok.search")


class Follower:
    """Knows the tenants whose indexes are on this host, and keeps them right."""

    def __init__(self, database: Database, entities: Mapping[str, Entity], root: Path, find_tenant: FindTenant) -> None:
        self.database, self.root, self.find_tenant = database, root, find_tenant
        self.entities = {name: entity for name, entity in entities.items() if entity.search}
        self.shelves: dict[UUID, Shelf] = {}
        self._wanted: set[UUID] = set()  # to be looked at
        self._followed: set[UUID] = set()
        self._busy: dict[UUID, asyncio.Lock] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._is_told = False

    def start(self) -> None:
        """Begin; must be called inside the running loop."""
        self.root.mkdir(parents=True, exist_ok=True)
        for path in self.root.iterdir():
            with contextlib.suppress(ValueError):
                self._followed.add(UUID(path.name))
        self._tasks = [
            asyncio.create_task(self._look(), name="search.follower"),
            asyncio.create_task(self._listen(), name="search.listener"),
        ]

    async def stop(self) -> None:
        """Come to an end; what is half done is not committed and is done again."""
        tasks = [*self._tasks, *self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks, self._running = [], {}
        for shelf in self.shelves.values():
            await asyncio.to_thread(shelf.release, merging=False)

    def shelf(self, tenant: TenantInfo) -> Shelf:
        """The tenant's index as this process has it."""
        shape = Shape(self.entities, tenant.locales)
        found = self.shelves.get(tenant.id)
        if found is None:
            found = self.shelves[tenant.id] = Shelf(self.root, tenant.id, shape)
        elif found.shape != shape:
            found.shape = shape
        return found

    def want(self, tenant_id: UUID) -> None:
        """Look at the tenant soon: it has perhaps no index yet."""
        self._followed.add(tenant_id)
        self._wanted.add(tenant_id)
        self._wake.set()

    async def known(self, tenant_id: UUID) -> Shelf | None:
        """The tenant's index, where there is such a tenant."""
        if tenant_id in self.shelves:
            return self.shelves[tenant_id]
        async with self.database.session(worker=True) as session:
            tenant = await self.find_tenant(session, tenant_id)
        return self.shelf(tenant) if tenant else None

    async def reached(self, tenant_id: UUID) -> int:
        """What the tenant's read model has reached."""
        async with self.database.session(worker=True) as session:
            await set_tenant(session, tenant_id)
            return await reading.version(session, tenant_id)

    async def catch_up(self, tenant: TenantInfo, *, seconds: float = 0.0, anew: bool = False) -> bool:
        """Bring the tenant's index up to date, or build it `anew`; False where another process writes and does not
        make room in time."""
        async with self._busy.setdefault(tenant.id, asyncio.Lock()):
            shelf = self.shelf(tenant)
            target = await self.reached(tenant.id)
            opened = await asyncio.to_thread(shelf.current)
            if opened is not None and opened.version == target and not anew:
                return True
            if not await asyncio.to_thread(shelf.lock, seconds=seconds):
                return False
            try:
                while not await self._advance(shelf, tenant, anew=anew):
                    anew = False
            finally:
                if shelf.is_wanted:
                    await asyncio.to_thread(shelf.release)
            return True

    async def _advance(self, shelf: Shelf, tenant: TenantInfo, *, anew: bool) -> bool:
        """One commit more; True at the end."""
        opened = await asyncio.to_thread(shelf.current)
        changed: dict[str, set[UUID]] = {}
        rows: list[tuple[str, Row]] = []
        news = changes.News(0, (), complete=False)
        async with self.database.session(worker=True) as session:
            await set_tenant(session, tenant.id)
            target = await reading.version(session, tenant.id)
            known = opened is not None and opened.version <= target and not anew
            if known and opened is not None:
                if opened.version == target:
                    return True
                news = await changes.since(session, tenant.id, opened.version, most=AT_ONCE)
                known = news.complete and news.version > opened.version
                for change in news.changes:
                    if change.entity in self.entities:
                        known = known and change.ids is not None
                        changed.setdefault(change.entity, set()).update(change.ids or ())
                if known:
                    for name, ids in changed.items():
                        found = await reading.of_things(session, tenant, self.entities[name], sorted(ids))
                        rows += [(name, row) for row in found]
        if known:
            listed: dict[str, Sequence[UUID]] = {name: sorted(ids) for name, ids in changed.items()}
            await asyncio.to_thread(shelf.replace, listed, rows, news.version)
            return news.version >= target
        await self._build(shelf, tenant, target)
        return False

    async def _build(self, shelf: Shelf, tenant: TenantInfo, version: int) -> None:
        """All of it anew, as of a version: rows that change meanwhile are among the changes after it."""
        began, count = time.monotonic(), 0
        building = await asyncio.to_thread(shelf.begin)
        for name, entity in self.entities.items():
            async for rows in reading.everything(self.database, tenant, entity):
                await asyncio.to_thread(building.add, name, rows)
                count += len(rows)
        await asyncio.to_thread(building.finish, version)
        logger.info(
            "search.built", tenant=tenant.slug, rows=count, version=version, seconds=round(time.monotonic() - began, 1)
        )

    async def _look(self) -> None:
        """Find out who is behind: those we were told of at once, and everybody now and then."""
        looked = 0.0
        while True:
            pause = LISTENING_POLL_SECONDS if self._is_told else POLL_SECONDS
            try:
                if time.monotonic() - looked >= pause:
                    looked = time.monotonic()
                    await self._compare()
                    await self._make_room()
                wanted, self._wanted = self._wanted & self._followed, set()
                for tenant_id in wanted:
                    if tenant_id in self._running:
                        self._wanted.add(tenant_id)
                    else:
                        self._running[tenant_id] = asyncio.create_task(self._follow(tenant_id))
            except Exception as error:
                logger.warning("search.follower_failed", error=repr(error))
                await asyncio.sleep(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05 if self._wanted else pause / 4):
                    await self._wake.wait()
            self._wake.clear()

    async def _follow(self, tenant_id: UUID) -> None:
        try:
            async with self.database.session(worker=True) as session:
                tenant = await self.find_tenant(session, tenant_id)
            if tenant is None:
                self._followed.discard(tenant_id)
                return
            await self.catch_up(tenant)
        except Exception as error:
            logger.warning("search.index_failed", tenant=str(tenant_id), error=repr(error))
            await asyncio.sleep(1)
        finally:
            self._running.pop(tenant_id, None)
            self._wake.set()

    async def _compare(self) -> None:
        async with self.database.session(worker=True) as session:
            reached = {row[0]: row[1] for row in await session.execute(_VERSIONS)}
        for tenant_id in self._followed:
            shelf = self.shelves.get(tenant_id)
            opened = await asyncio.to_thread(shelf.current) if shelf else None
            if opened is None or opened.version != reached.get(tenant_id, 0):
                self._wanted.add(tenant_id)

    async def _make_room(self) -> None:
        for tenant_id, shelf in self.shelves.items():
            is_idle = time.monotonic() - shelf.used > IDLE_SECONDS
            if shelf.is_writing and (is_idle or shelf.is_wanted) and tenant_id not in self._running:
                async with self._busy.setdefault(tenant_id, asyncio.Lock()):
                    await asyncio.to_thread(shelf.release)

    async def _listen(self) -> None:
        """PostgreSQL tells us the tenant with every version; where it cannot, looking now and then is enough."""

        def told(*about: object) -> None:
            with contextlib.suppress(ValueError):
                self._wanted.add(UUID(str(about[-1])))
                self._wake.set()

        while True:
            connection = None
            try:
                connection = await asyncpg.connect(plain_url(self.database.worker_url), timeout=10)
                await connection.add_listener(changes.CHANNEL, told)
                self._is_told = True
                while not connection.is_closed():
                    await asyncio.sleep(5)
                    await connection.execute("SELECT 1")
            except Exception as error:
                logger.warning("search.not_told", error=repr(error))
            finally:
                self._is_told = False
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(1)
