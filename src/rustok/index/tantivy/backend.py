"""Tantivy as an engine that finds rows by words."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import structlog

from rustok.index.searching import Hits
from rustok.index.tantivy import comparing, querying
from rustok.index.tantivy.following import Follower
from rustok.index.verifying import Verdict
from rustok.kernel import errors
from rustok.kernel.consuming import FindTenant
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.indexing import Entity

ROOM_SECONDS = 60.0  # to wait for a process that writes the same index
logger = structlog.get_logger("rustok.search")


class IndexBusy(errors.Unavailable):
    """Another process writes the tenant's search index and does not come to an end."""

    code = "search_index_busy"


class Tantivy:
    """Searches the files of this host. A tenant that has none yet is searched by PostgreSQL until they are built."""

    def __init__(self, database: Database, entities: Mapping[str, Entity], root: Path, find_tenant: FindTenant) -> None:
        self.database = database
        self.follower = Follower(database, entities, root, find_tenant)

    def start(self) -> None:
        """Follow the read model from now on."""
        self.follower.start()

    async def stop(self) -> None:
        """Follow it no more."""
        await self.follower.stop()

    async def hits(self, tenant: TenantInfo, entity: Entity, *, locale: str, query: str, most: int) -> Hits | None:
        """At most `most` rows; None where the files are not there, or not in order."""
        if entity.name not in self.follower.entities or locale not in tenant.locales:
            return None
        shelf = self.follower.shelf(tenant)

        def find() -> Hits | None:
            opened = shelf.current()
            if opened is None:
                return None
            asked = querying.ask(opened.index.schema, shelf.shape.weights, entity.name, locale, query, tenant.settings)
            found = asked.run(opened.searcher, most)
            return Hits(found.ids, found.listed_ranks, opened.version)

        try:
            hits = await asyncio.to_thread(find)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # Tantivy's panics are no Exceptions; damaged files are what it panics about
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            logger.warning("search.damaged", tenant=tenant.slug, error=repr(error))
            await asyncio.to_thread(shelf.remove)
            hits = None
        if hits is None:
            self.follower.want(tenant.id)
        return hits

    async def reach(self, tenant_id: UUID, version: int | None = None, *, seconds: float) -> bool:
        """Wait until hits are no older than this version; what has no files is searched by PostgreSQL, which is not."""
        shelf = await self.follower.known(tenant_id)
        deadline = time.monotonic() + seconds
        if shelf is not None and version is None:
            version = await self.follower.reached(tenant_id)
        while shelf is not None and version is not None:
            opened = await asyncio.to_thread(shelf.current)
            if opened is None or opened.version >= version:
                break
            if time.monotonic() >= deadline:
                return False
            self.follower.want(tenant_id)
            await asyncio.sleep(0.01)
        return True

    async def rebuild(self, tenants: Sequence[TenantInfo]) -> None:
        """Build the tenants' indexes anew and let them be searched, whoever follows; raises `IndexBusy`."""
        for tenant in tenants:
            if not await self.follower.catch_up(tenant, seconds=ROOM_SECONDS, anew=True):
                raise IndexBusy(f"another process writes the search index of {tenant.slug}")
            await asyncio.to_thread(self.follower.shelf(tenant).release)

    async def verify(self, tenants: Sequence[TenantInfo], entities: Sequence[str], *, patience: float) -> list[Verdict]:
        """Compare every document with its row; raises `IndexBusy` where the index does not catch up."""
        found = []
        for tenant in tenants:
            for name in entities:
                if name in self.follower.entities:
                    found.append(await comparing.compare(self.follower, tenant, name, patience=patience))
        return found
