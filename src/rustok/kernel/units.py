"""Units of work for those who are not asked by anybody: they open short ones, and hold none while the world answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database

FindTenant = Callable[[AsyncSession, UUID], Awaitable[TenantInfo | None]]


@dataclass(frozen=True)
class Units:
    """Opens units of work as a worker, for one tenant at a time."""

    database: Database
    find_tenant: FindTenant

    @property
    def resources(self) -> Mapping[Any, Any]:
        """What the host hands down to services, by class."""
        return self.database.resources

    async def tenant(self, tenant_id: UUID) -> TenantInfo | None:
        """The tenant, or None when it is gone or switched off."""
        async with self.database.session(worker=True) as session:
            found = await self.find_tenant(session, tenant_id)
        return found if found is not None and found.enabled else None

    @asynccontextmanager
    async def open(self, tenant: TenantInfo) -> AsyncIterator[Context]:
        """One unit of work: commits at its end, or changes nothing."""
        async with self.database.open(tenant, worker=True) as context:
            yield context

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session that sees no tenant, for asking where there is something to do."""
        async with self.database.session(worker=True) as session:
            yield session
