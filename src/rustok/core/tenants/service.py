"""What can be done with a tenant: made by the owner, changed by its own staff."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy import update as sql_update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.core import texts
from rustok.core.tenants import lookup, naming
from rustok.core.tenants.models import Tenant, TenantHost, TenantStatus
from rustok.events.core import TenantCreated, TenantUpdated
from rustok.kernel import bus, db, errors, synonyms
from rustok.kernel.context import SYSTEM, Context, TenantInfo
from rustok.kernel.ids import generate_id


class SlugTaken(errors.Conflict):
    """Another tenant has the slug."""

    code = "slug_taken"


class HostTaken(errors.Conflict):
    """A tenant has the host name already."""

    code = "host_taken"


async def create(
    session: AsyncSession,
    *,
    slug: str,
    name: str,
    hosts: Sequence[str] = (),
    locales: Sequence[str] = ("en",),
    default_locale: str | None = None,
    currencies: Sequence[str] = ("EUR",),
    default_currency: str | None = None,
    settings: Mapping[str, Any] | None = None,
    tenant_id: UUID | None = None,
) -> TenantInfo:
    """Add a tenant. The session is the owner's: no role of the program may insert tenants. The caller commits."""
    tenant_id = tenant_id or generate_id()
    languages, language = naming.check_locales(locales, default_locale)
    money, coin = naming.check_currencies(currencies, default_currency)
    called = texts.check_line(name, field="name")
    label = naming.check_slug(slug)
    values = {
        "id": tenant_id,
        "slug": label,
        "name": called,
        "locales": languages,
        "default_locale": language,
        "currencies": money,
        "default_currency": coin,
        "settings": _checked(settings or {}),
    }
    checked = naming.check_hosts(hosts)
    await db.set_tenant(session, tenant_id)
    try:
        async with session.begin_nested():
            await session.execute(insert(Tenant).values(**values))
    except IntegrityError:
        raise SlugTaken(f"there is a tenant {label!r} already", field="slug") from None
    info = TenantInfo(tenant_id, label, called, locales=tuple(languages), default_locale=language)
    context = Context(session, info, SYSTEM)
    await _insert_hosts(context, checked, primary=checked[0] if checked else None)
    bus.record(context, TenantCreated(changed_tenant_id=tenant_id))
    await bus.flush(context)
    made = await lookup.by_id(session, tenant_id)
    assert made is not None  # noqa: S101 - it was inserted above, in this transaction
    return made


async def list_all(session: AsyncSession) -> list[TenantInfo]:
    """Every tenant by slug, for the owner or a worker."""
    return await lookup.list_all(session)


async def get(context: Context) -> Tenant:
    """The tenant of the context, as it is stored now."""
    tenant = await context.session.scalar(
        select(Tenant).where(Tenant.id == context.tenant_id).execution_options(populate_existing=True)
    )
    if tenant is None:
        raise errors.NotFound("there is no such tenant")
    return tenant


async def hosts(context: Context) -> list[TenantHost]:
    """The host names that lead to the tenant, the primary one first."""
    rows = await context.session.scalars(
        select(TenantHost)
        .where(TenantHost.tenant_id == context.tenant_id)
        .order_by(TenantHost.is_primary.desc(), TenantHost.host)
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def update(
    context: Context,
    *,
    version: int,
    name: str | None = None,
    locales: Sequence[str] | None = None,
    default_locale: str | None = None,
    currencies: Sequence[str] | None = None,
    default_currency: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Tenant:
    """Change what is given. A default that is no longer among the locales or currencies gives way to the first one."""
    tenant = await _lock(context)
    if tenant.version != version:
        raise errors.Stale("the tenant was changed by somebody else in between", field="version")
    before = (tuple(tenant.locales), tenant.default_locale)
    if name is not None:
        tenant.name = texts.check_line(name, field="name")
    if locales is not None or default_locale is not None:
        kept = default_locale or _kept(tenant.default_locale, locales, naming.check_locale)
        tenant.locales, tenant.default_locale = naming.check_locales(locales or tenant.locales, kept)
    if currencies is not None or default_currency is not None:
        kept = default_currency or _kept(tenant.default_currency, currencies, naming.check_currency)
        tenant.currencies, tenant.default_currency = naming.check_currencies(currencies or tenant.currencies, kept)
    if settings is not None:
        tenant.settings = _checked(settings)
    await _changed(context, tenant, locales_changed=before != (tuple(tenant.locales), tenant.default_locale))
    return tenant


async def disable(context: Context) -> Tenant:
    """Close the tenant: from now on everybody is answered 403."""
    return await _set_status(context, TenantStatus.DISABLED)


async def enable(context: Context) -> Tenant:
    """Open the tenant again."""
    return await _set_status(context, TenantStatus.ACTIVE)


async def add_host(context: Context, host: str, *, primary: bool = False) -> list[TenantHost]:
    """Let a host name lead here; return all of them."""
    tenant = await _lock(context)
    stored = [row.host for row in await hosts(context)]
    naming.check_hosts([*stored, host])
    checked = naming.check_host(host)
    if primary or not stored:
        await _clear_primary(context)
    await _insert_hosts(context, [checked], primary=checked if primary or not stored else None)
    await _changed(context, tenant)
    return await hosts(context)


async def remove_host(context: Context, host: str) -> list[TenantHost]:
    """Take a host name away; another one becomes the primary one where it was that. Return the rest."""
    tenant = await _lock(context)
    gone = await context.session.scalar(
        delete(TenantHost)
        .where(TenantHost.tenant_id == context.tenant_id, TenantHost.host == naming.check_host(host))
        .returning(TenantHost.is_primary)
    )
    if gone is None:
        raise errors.NotFound("there is no such host name", field="host")
    rest = await hosts(context)
    if gone and rest:
        await context.session.execute(
            sql_update(TenantHost)
            .where(TenantHost.tenant_id == context.tenant_id, TenantHost.id == rest[0].id)
            .values(is_primary=True)
        )
        rest = await hosts(context)
    await _changed(context, tenant)
    return rest


async def set_hosts(context: Context, names: Sequence[str]) -> list[TenantHost]:
    """Let exactly these host names lead here; the first is the primary one."""
    tenant = await _lock(context)
    wanted = naming.check_hosts(names)
    mine = TenantHost.tenant_id == context.tenant_id
    await context.session.execute(delete(TenantHost).where(mine, TenantHost.host.not_in(wanted)))
    await _clear_primary(context)
    stored = {row.host for row in await hosts(context)}
    await _insert_hosts(context, [host for host in wanted if host not in stored], primary=None)
    if wanted:
        await context.session.execute(
            sql_update(TenantHost).where(mine, TenantHost.host == wanted[0]).values(is_primary=True)
        )
    await _changed(context, tenant)
    return await hosts(context)


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    stored = texts.check_settings(settings)
    synonyms.check(stored)
    return stored


async def _lock(context: Context) -> Tenant:
    tenant = await context.session.scalar(
        select(Tenant).where(Tenant.id == context.tenant_id).with_for_update().execution_options(populate_existing=True)
    )
    if tenant is None:
        raise errors.NotFound("there is no such tenant")
    return tenant


async def _set_status(context: Context, status: TenantStatus) -> Tenant:
    tenant = await _lock(context)
    if tenant.status != status:
        tenant.status = status
        await _changed(context, tenant)
    return tenant


async def _changed(context: Context, tenant: Tenant, *, locales_changed: bool = False) -> None:
    tenant.version += 1
    tenant.updated_at = context.now
    await context.session.flush()
    bus.record(context, TenantUpdated(changed_tenant_id=tenant.id, locales_changed=locales_changed))


async def _clear_primary(context: Context) -> None:
    await context.session.execute(
        sql_update(TenantHost)
        .where(TenantHost.tenant_id == context.tenant_id, TenantHost.is_primary)
        .values(is_primary=False)
    )


async def _insert_hosts(context: Context, names: Sequence[str], *, primary: str | None) -> None:
    for host in names:
        row = {
            "tenant_id": context.tenant_id,
            "id": generate_id(),
            "host": host,
            "is_primary": host == primary,
            "created_at": context.now,
        }
        try:
            async with context.session.begin_nested():
                await context.session.execute(insert(TenantHost).values(**row))
        except IntegrityError:
            raise HostTaken(f"the host name {host} is taken", field="host") from None


def _kept(default: str, wanted: Sequence[str] | None, check: Any) -> str | None:
    return default if wanted is None or default in {check(text) for text in wanted} else None
