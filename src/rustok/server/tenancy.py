"""Which tenant a request means: by host name, or by a header from a server that is trusted to say so."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from rustok.core.tenants import lookup
from rustok.kernel import errors, ids
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.settings import Settings

REMEMBERED_SECONDS = 0.5  # a change of a tenant is seen everywhere within a second
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
DEMO = "demo"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class UnknownTenant(errors.NotFound):
    """No tenant has this host name."""

    code = "unknown_tenant"


class TenantDisabled(errors.Forbidden):
    """The tenant is switched off."""

    code = "tenant_disabled"


def origins(settings: Settings) -> Callable[[TenantInfo], str]:
    """How links to a tenant begin where nobody's request says it, in mails for instance: `https://shop.example`."""
    developing = settings.environment == "development"
    place = "localhost" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - it is not bound here
    public = urlsplit(settings.public_url or (f"http://{place}:{settings.port}" if developing else "https://localhost"))
    port = f":{public.port}" if public.port else ""

    def origin(tenant: TenantInfo) -> str:
        if tenant.hosts:
            host = f"{tenant.hosts[0]}{port}"
        elif settings.public_url or tenant.slug in (settings.default_tenant, DEMO):
            host = public.netloc
        else:
            host = f"{tenant.slug}.localhost{port}"
        return f"{public.scheme}://{host}"

    return origin


def networks(text: str) -> tuple[Network, ...]:
    """Networks from a setting such as `10.0.0.0/8, 127.0.0.1`."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


@dataclass
class Tenancy:
    """Finds tenants for requests, and remembers them for half a second."""

    database: Database
    trusted: tuple[Network, ...] = ()
    believe_headers: bool = False
    default: str | None = None
    _known: OrderedDict[str, tuple[float, TenantInfo | None]] = field(default_factory=OrderedDict)

    async def of(self, request: HTTPConnection) -> TenantInfo:
        """The tenant; raises `UnknownTenant` (404) or `TenantDisabled` (403)."""
        found = await self._by_header(request) if self.believe_headers and self._from_proxy(request) else None
        if found is None:
            found = await self._by_host(self.host(request))
        if found is None:
            raise UnknownTenant(f"no shop or site answers at {self.host(request)[:100]}")
        if not found.enabled:
            raise TenantDisabled("this shop or site is switched off")
        return found

    def host(self, request: HTTPConnection) -> str:
        """The host name the caller asked for, with its port; a proxy's word counts only if the proxy is trusted."""
        if self._from_proxy(request):
            forwarded = request.headers.get("x-forwarded-host")
            if forwarded:
                return forwarded.split(",")[0].strip().lower()
        return request.headers.get("host", "").strip().lower()

    def scheme(self, request: HTTPConnection) -> str:
        """http or https, as the caller sees it."""
        if self._from_proxy(request):
            forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
            if forwarded in ("http", "https"):
                return forwarded
        return request.url.scheme

    def address(self, request: HTTPConnection) -> str:
        """The caller's IP address: the last one in X-Forwarded-For that is no trusted proxy."""
        near = request.client.host if request.client else ""
        if not self._from_proxy(request):
            return near
        for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
            try:
                address = ipaddress.ip_address(hop.strip())
            except ValueError:
                break
            near = str(address)
            if not any(address in network for network in self.trusted):
                break
        return near

    def forget(self) -> None:
        """Look every tenant up again."""
        self._known.clear()

    def _from_proxy(self, request: HTTPConnection) -> bool:
        if not self.trusted or request.client is None:
            return False
        try:
            address = ipaddress.ip_address(request.client.host)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)

    async def _by_header(self, request: HTTPConnection) -> TenantInfo | None:
        if wanted := request.headers.get("x-tenant-id"):
            tenant_id = ids.parse_id(wanted)

            async def by_id() -> TenantInfo | None:
                async with self.database.session() as session:
                    return await lookup.by_id(session, tenant_id)

            found = await self._remembered(f"id:{tenant_id}", by_id)
        elif wanted := request.headers.get("x-tenant"):
            found = await self._by_slug(wanted)
        else:
            return None
        if found is None:
            raise UnknownTenant("the tenant header names no tenant")
        return found

    async def _by_host(self, host: str) -> TenantInfo | None:
        name = host if host.startswith("[") and host.endswith("]") else host.rpartition(":")[0] or host
        if not name or len(name) > 255 or not name.isprintable():
            return None

        async def claimed() -> TenantInfo | None:
            async with self.database.session() as session:
                return await lookup.by_host(session, name)

        found = await self._remembered(f"host:{name}", claimed)
        if found is not None:
            return found
        if name in LOOPBACK_NAMES:
            return await self._by_slug(self.default or DEMO)
        if name.endswith(".localhost"):
            return await self._by_slug(name.removesuffix(".localhost"))
        return await self._by_slug(self.default) if self.default else None

    async def _by_slug(self, slug: str) -> TenantInfo | None:
        async def named() -> TenantInfo | None:
            async with self.database.session() as session:
                return await lookup.by_slug(session, slug)

        return await self._remembered(f"slug:{slug[:80]}", named)

    async def _remembered(self, key: str, find: Callable[[], Awaitable[TenantInfo | None]]) -> TenantInfo | None:
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < REMEMBERED_SECONDS:
            return known[1]
        found = await find()
        self._known[key] = (now, found)
        self._known.move_to_end(key)
        while len(self._known) > 10_000:
            self._known.popitem(last=False)
        return found
