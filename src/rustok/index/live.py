"""What changes in the read model, told at once to whoever listens in this process, each tenant by a bus of its own.

One task learns of new versions while somebody listens: it is notified when a version is committed, wherever the
projector runs, and looks by itself every second, because a notification can be lost. It reads what changed under the
tenant's own policies. A tenant's bus is bounded: who is too slow is told so, and never slows anybody else down.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from rustok.index import changes, reads
from rustok.index.changes import Change
from rustok.index.pages import Document
from rustok.kernel.bus import Bus, Receiver
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database, plain_url, set_tenant
from rustok.kernel.indexing import Entity

FEED = "index.feed"  # in Operation.services: the feed of this process
ANY_ENTITY = ""  # of a change: nobody remembers what it was, so it may be anything
POLL_SECONDS = 1.0
_ALIVE_SECONDS = 30.0  # a connection that died silently is noticed within this time; the poll goes on meanwhile
_PATIENCE = 10.0
_VERSIONS = text("SELECT tenant_id, version FROM index_versions WHERE tenant_id = ANY(:tenants)").bindparams(
    bindparam("tenants", type_=ARRAY(Uuid))
)
logger = structlog.get_logger("rustok.live")
_Wanted = tuple[UUID, str, str, int, tuple[UUID, ...]]


@dataclass
class _Followed:
    """One tenant that somebody listens to: its bus, and the version up to which it was told."""

    bus: Bus[Change]
    seen: int


class Feed:
    """Every tenant's changes, for the listeners of this process. `capacity` is how many versions one may be behind.

    However many listen, they read through `reading`: a change that all of them want leaves connections to others.
    """

    def __init__(self, database: Database, *, capacity: int = 256, at_once: int = 4) -> None:
        self.capacity = capacity
        self.reading = asyncio.Semaphore(at_once)
        self.lagged = 0  # how often a listener was too slow
        self._database = database
        self._followed: dict[UUID, _Followed] = {}
        self._told: set[UUID] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._wanted: dict[_Wanted, asyncio.Task[list[Document | None]]] = {}
        self._closed = False

    @asynccontextmanager
    async def listen(self, tenant_id: UUID) -> AsyncIterator[Receiver[Change]]:
        """A receiver of the tenant's changes; what is committed from now on is in it."""
        followed = self._followed.get(tenant_id)
        if followed is None:
            found = await self._versions([tenant_id])
            made = _Followed(Bus(self.capacity), found.get(tenant_id, 0))
            followed = self._followed.setdefault(tenant_id, made)
        receiver = followed.bus.subscribe()
        if self._closed:
            followed.bus.close()
        elif self._task is None:
            self._task = asyncio.create_task(self._run(), name="live")
        try:
            yield receiver
        finally:
            receiver.close()
            if not followed.bus.receiver_count and self._followed.get(tenant_id) is followed:
                del self._followed[tenant_id]

    def version(self, tenant_id: UUID) -> int:
        """The version up to which the tenant's listeners were told."""
        followed = self._followed.get(tenant_id)
        return followed.seen if followed else 0

    async def documents(
        self, tenant: TenantInfo, entity: Entity, ids: Sequence[UUID], *, locale: str, version: int
    ) -> list[Document | None]:
        """The documents as of this version or later, in the order of the ids; None for what is not there (any more).

        Listeners who want the same at the same moment, as all do who look at one product, share one read.
        """
        wanted = (tenant.id, entity.name, locale, version, tuple(ids))
        running = self._wanted.get(wanted)
        if running is None:
            running = asyncio.create_task(self._read(tenant, entity, ids, locale))
            self._wanted[wanted] = running
            running.add_done_callback(lambda _: self._wanted.pop(wanted, None))
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Let every listener come to its end."""
        self._closed = True
        for followed in self._followed.values():
            followed.bus.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read(
        self, tenant: TenantInfo, entity: Entity, ids: Sequence[UUID], locale: str
    ) -> list[Document | None]:
        async with self.reading, self._database.read(tenant, locale=locale) as context:
            return await reads.nodes(context, [entity], ids)

    async def _run(self) -> None:
        listening = asyncio.create_task(self._be_notified(), name="live-notified")
        try:
            while self._followed:
                self._wake.clear()
                told, self._told = self._told, set()
                try:
                    await self._catch_up(told & self._followed.keys())
                except Exception as error:
                    logger.warning("live.failed", error=repr(error))
                    await asyncio.sleep(POLL_SECONDS)
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    self._told.update(self._followed)
        finally:
            self._task = None  # whoever comes while the connection is being closed starts another
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _be_notified(self) -> None:
        def hear(*heard: Any) -> None:
            with contextlib.suppress(ValueError):
                self._told.add(UUID(heard[-1]))
                self._wake.set()

        while True:
            try:
                connection = await asyncpg.connect(plain_url(self._database.worker_url), timeout=_PATIENCE)
                try:
                    await connection.add_listener(changes.CHANNEL, hear)
                    while True:
                        await asyncio.sleep(_ALIVE_SECONDS)
                        await connection.execute("SELECT 1", timeout=_PATIENCE)
                finally:
                    connection.terminate()
            except Exception as error:
                logger.warning("live.not_notified", error=repr(error))
                await asyncio.sleep(POLL_SECONDS)

    async def _catch_up(self, tenants: Collection[UUID]) -> None:
        """Tell what is new of these tenants."""
        if not tenants:
            return
        for tenant_id, version in (await self._versions(tenants)).items():
            followed = self._followed.get(tenant_id)
            if followed is None or version == followed.seen:
                continue
            if version < followed.seen:  # the database was restored from an earlier day
                followed.seen = version
                followed.bus.publish(Change(version, ANY_ENTITY, None))
                continue
            await self._tell(tenant_id, followed)

    async def _tell(self, tenant_id: UUID, followed: _Followed) -> None:
        async with self._database.session() as session:
            await session.execute(text("SET TRANSACTION READ ONLY"))
            await set_tenant(session, tenant_id)
            while True:
                news = await changes.since(session, tenant_id, followed.seen)
                if not news.changes:
                    return
                if not news.complete:
                    followed.bus.publish(Change(news.version, ANY_ENTITY, None))
                for change in news.changes if news.complete else ():
                    followed.bus.publish(change)
                followed.seen = news.version

    async def _versions(self, tenants: Collection[UUID]) -> dict[UUID, int]:
        async with self._database.session(worker=True) as session:
            rows = await session.execute(_VERSIONS, {"tenants": sorted(tenants)})
            return {row[0]: row[1] for row in rows}
