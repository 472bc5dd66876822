"""The one list of built-in modules, and what is made of it: tables, consumers, timers."""

import asyncio
from collections.abc import Sequence
from functools import cache
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rustok.commerce.module import module as commerce
from rustok.core.module import module as core
from rustok.core.tenants import lookup
from rustok.core.webhooks import following as webhooks
from rustok.index import module as index
from rustok.index import tables
from rustok.kernel import consuming, migrating
from rustok.kernel.bus import Bus
from rustok.kernel.context import Installation, TenantInfo
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, Database
from rustok.kernel.events import Envelope
from rustok.kernel.module import Registry, discover
from rustok.kernel.settings import Settings
from rustok.kernel.working import Workers


@cache
def load() -> Registry:
    """Every module of this process: ours, those of installed packages, and the index that reads them all."""
    owners = Registry((core, commerce, *discover()))
    return Registry((*owners.modules, index.module(owners.sources)))


def installation(registry: Registry, *, development: bool = False) -> Installation:
    """What services may know of this process."""
    names = {module.name: module.optional for module in registry.modules}
    offers = tuple(one for module in registry.modules for one in module.offers)
    return Installation(names, registry.permissions, development=development, offers=offers)


async def prepare(owner_url: str, *, role_urls: Sequence[str]) -> None:
    """Bring roles, tables and the read model's tables up to date, as the owner."""
    registry = load()
    await migrating.upgrade(owner_url, registry.modules, role_urls=role_urls)
    engine = migrating.owner_engine(owner_url)
    try:
        async with engine.begin() as connection:
            await tables.ensure(connection, list(registry.sources.values()))
    finally:
        await engine.dispose()


def migrate(settings: Settings, owner_url: str) -> None:
    """The same for a command, which has no event loop yet."""
    urls = [settings.role_url(owner_url, role) for role in (APP_ROLE, WORKER_ROLE)]
    asyncio.run(prepare(owner_url, role_urls=urls))


async def find_tenant(session: AsyncSession, tenant_id: UUID) -> TenantInfo | None:
    """How workers look a tenant up, and begin to see its rows."""
    return await lookup.enter(session, tenant_id)


def consumers(registry: Registry) -> list[consuming.Consumer]:
    """Everyone who follows the event log: each module's listeners and the projector."""
    found = [consuming.of_listener(m.name, one, optional=m.optional) for m, one in registry.listeners]
    return [*found, webhooks.consumer(), index.consumer(registry.sources)]


def workers(registry: Registry, database: Database, *, bus: Bus[Envelope] | None = None) -> Workers:
    """What runs beside the requests, not started yet."""

    async def list_tenants() -> Sequence[TenantInfo]:
        async with database.session(worker=True) as session:
            return [tenant for tenant in await lookup.list_all(session) if tenant.enabled]

    return Workers(
        database,
        consumers(registry),
        find_tenant,
        list_tenants,
        timers=[timer for module in registry.modules for timer in module.timers],
        errands=[errand for module in registry.modules for errand in module.errands],
        bus=bus,
    )
