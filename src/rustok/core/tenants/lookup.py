"""Finding a tenant before anything of it can be seen: by host name, slug or id."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from rustok.core.tenants import naming
from rustok.kernel.context import TenantInfo

_ENTER = "SELECT rustok_tenant_by_id($1), set_config('app.tenant', $2, true)"


async def by_host(connection: AsyncSession | AsyncConnection, host: str) -> TenantInfo | None:
    """The tenant that claims the host name (a port and the spelling do not matter), or None."""
    try:
        name = naming.check_host(host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host)
    except naming.InvalidHost:
        return None
    return await _one(connection, func.rustok_tenant_by_host(name, type_=JSONB))


async def by_slug(connection: AsyncSession | AsyncConnection, slug: str) -> TenantInfo | None:
    """The tenant of that slug, or None."""
    if "\0" in slug or not slug.isprintable():
        return None
    return await _one(connection, func.rustok_tenant_by_slug(slug.strip().lower(), type_=JSONB))


async def by_id(connection: AsyncSession | AsyncConnection, tenant_id: UUID) -> TenantInfo | None:
    """The tenant of that id, or None."""
    return await _one(connection, func.rustok_tenant_by_id(tenant_id, type_=JSONB))


async def enter(session: AsyncSession, tenant_id: UUID) -> TenantInfo | None:
    """The same, and the transaction sees the tenant's rows and no others; workers ask so before every batch."""
    connection = await session.connection()
    document: Any = (await connection.exec_driver_sql(_ENTER, (tenant_id, str(tenant_id)))).scalar_one()
    return None if document is None else decode(document)


async def list_all(connection: AsyncSession | AsyncConnection) -> list[TenantInfo]:
    """Every tenant by slug; for the owner and for workers, the web's role is refused."""
    every = func.rustok_tenants(type_=JSONB).column_valued("tenant")
    return [decode(document) for (document,) in await connection.execute(select(every))]


def decode(document: Mapping[str, Any] | str | bytes) -> TenantInfo:
    """The answer of a look-up function as a value; for callers who ask without SQLAlchemy."""
    known: Mapping[str, Any] = msgspec.json.decode(document) if isinstance(document, str | bytes) else document
    return TenantInfo(
        id=UUID(known["id"]),
        slug=known["slug"],
        name=known["name"],
        locales=tuple(known["locales"]),
        default_locale=known["default_locale"],
        currencies=tuple(known["currencies"]),
        default_currency=known["default_currency"],
        settings=known["settings"],
        disabled_modules=frozenset(known["disabled_modules"]),
        enabled=known["enabled"],
        hosts=tuple(known["hosts"]),
    )


async def _one(connection: AsyncSession | AsyncConnection, asked: ColumnElement[Any]) -> TenantInfo | None:
    document = (await connection.execute(select(asked))).scalar_one_or_none()
    return None if document is None else decode(document)
