"""What one process holds: settings, database, modules, schemas and who is asking."""

import random
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import HTTPConnection

from rustok.commerce.carts.beginning import GuestCarts
from rustok.commerce.payments.gateways import Gateways
from rustok.core.access import authentication
from rustok.core.mailing import rendering, smtp
from rustok.core.mailing.post import Post
from rustok.core.media import renditions, storing
from rustok.core.webhooks import calling
from rustok.index import live, searching, verifying
from rustok.index.readers import Readers
from rustok.index.tantivy.backend import Tantivy
from rustok.index.versions import Versions
from rustok.kernel import consistency, errors, fetching
from rustok.kernel.bus import Bus
from rustok.kernel.context import ANONYMOUS, Actor, Context, TenantInfo
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, Database
from rustok.kernel.events import Envelope
from rustok.kernel.graphql import Operation
from rustok.kernel.ids import generate_id
from rustok.kernel.module import Registry
from rustok.kernel.settings import Settings
from rustok.server import modules
from rustok.server.tenancy import Tenancy, networks, origins

CURRENCY_COOKIE = "currency"


@dataclass
class Host:
    """Made once per process and handed to every part of the server."""

    settings: Settings
    registry: Registry
    database: Database
    tenancy: Tenancy
    bus: Bus[Envelope]
    search: searching.Backend
    waiting: consistency.Waiting
    readers: Readers
    versions: Versions
    feed: live.Feed

    @classmethod
    def open(cls, settings: Settings, owner_url: str) -> "Host":
        """Connects lazily: the first statement opens the first connection."""
        registry = modules.load()
        database = Database(
            settings.role_url(owner_url, APP_ROLE),
            settings.role_url(owner_url, WORKER_ROLE),
            pool_size=settings.pool_size,
            installation=modules.installation(registry, development=settings.environment == "development"),
        )
        limits = renditions.Limits(most_bytes=settings.max_upload_mb * 1024 * 1024)
        storage = storing.Storage.at(settings.media_url, home=settings.home)
        policy = fetching.Policy(
            ports=frozenset(int(port) for port in settings.fetch_ports.split(",")),
            allow_private=frozenset(settings.fetch_allow_private.replace(",", " ").split()),
            most_bytes=limits.most_bytes,
        )
        database.resources[storing.Library] = storing.Library(storage, limits, fetching.Fetcher(policy))
        database.resources[Post] = _post(settings, registry)
        database.resources[Gateways] = _gateways(settings, registry)
        database.resources[calling.Caller] = _caller(settings)
        database.resources[GuestCarts] = GuestCarts(settings.guest_carts)
        search = _search(settings, registry, database)
        database.resources[searching.Backend] = search
        tenancy = Tenancy(
            database, networks(settings.trusted_proxies), settings.trusted_tenant_headers, settings.default_tenant
        )
        waiting = consistency.Waiting(database, verifying.CONSUMER)
        readers, versions = Readers(database.app_url, most=settings.pool_size), Versions(database.app_url)
        feed = live.Feed(database, at_once=max(1, settings.pool_size // 2))
        return cls(settings, registry, database, tenancy, Bus(), search, waiting, readers, versions, feed)

    async def close(self) -> None:
        """Give every connection back."""
        self.bus.close()
        await self.search.stop()
        await self.waiting.close()
        await self.readers.close()
        await self.versions.close()
        await self.feed.close()
        await self.database.close()

    async def actor(self, request: HTTPConnection, tenant: TenantInfo) -> Actor:
        """Who holds the request's bearer token, nobody where there is none; raises `Unauthenticated` for a bad one."""
        return await self.bearer(request.headers.get("authorization", ""), tenant)

    async def bearer(self, header: str, tenant: TenantInfo) -> Actor:
        """The same for the text of an Authorization header, however it came."""
        if not header:
            return ANONYMOUS
        kind, _, bearer = header.partition(" ")
        if kind.lower() != "bearer" or not bearer.strip():
            raise errors.Unauthenticated("the Authorization header must be: Bearer <token>")
        async with self.database.open(tenant, actor=ANONYMOUS) as context:
            return await authentication.authenticate(context, bearer.strip())

    def locale(self, request: HTTPConnection, tenant: TenantInfo) -> str:
        """The first language of Accept-Language that the tenant has; a `X-Locale` header comes first."""
        if wanted := request.headers.get("x-locale"):
            return tenant.locale_or_default(wanted)
        for part in request.headers.get("accept-language", "")[:500].split(","):
            wanted = part.split(";")[0].strip()
            if wanted and (wanted in tenant.locales or wanted.split("-")[0].lower() in tenant.locales):
                return tenant.locale_or_default(wanted)
        return tenant.default_locale

    def currency(self, request: HTTPConnection, tenant: TenantInfo) -> str:
        """The currency of the `X-Currency` header or of the shopper's cookie, if the tenant sells in it."""
        wanted = request.headers.get("x-currency") or request.cookies.get(CURRENCY_COOKIE)
        return tenant.currency_or_default(wanted.upper() if wanted else None)

    @asynccontextmanager
    async def operation(self, request: HTTPConnection) -> AsyncIterator[Operation]:
        """The edge of one GraphQL operation."""
        tenant = await self.tenancy.of(request)
        actor = await self.actor(request, tenant)
        yield self.edge(request, tenant, actor)

    def edge(
        self, request: HTTPConnection, tenant: TenantInfo, actor: Actor, *, locale: str = "", currency: str = ""
    ) -> Operation:
        """An operation by somebody who is known; language and currency are the request's unless given."""
        locale = locale or self.locale(request, tenant)
        currency = currency or self.currency(request, tenant)
        correlation_id = generate_id()

        @asynccontextmanager
        async def work() -> AsyncIterator[Context]:
            async with self.database.open(
                tenant, actor=actor, locale=locale, currency=currency, correlation_id=correlation_id
            ) as context:
                yield context
            edge.token = consistency.of(context) or edge.token

        edge = Operation(
            tenant=tenant,
            actor=actor,
            locale=locale,
            currency=currency,
            work=work,
            look=partial(self.database.read, tenant, actor=actor, locale=locale, currency=currency),
            trace_id=trace_of(request),
            address=self.tenancy.address(request),
            user_agent=request.headers.get("user-agent", "")[:400],
        )
        return edge

    @asynccontextmanager
    async def work(self, request: HTTPConnection) -> AsyncIterator[Context]:
        """A unit of work for one REST request of somebody who is logged in; commits at its end."""
        tenant = await self.tenancy.of(request)
        actor = await self.actor(request, tenant)
        async with self.database.open(
            tenant, actor=actor, locale=self.locale(request, tenant), currency=self.currency(request, tenant)
        ) as context:
            yield context

    @asynccontextmanager
    async def look(self, request: HTTPConnection) -> AsyncIterator[Context]:
        """The same for reading."""
        tenant = await self.tenancy.of(request)
        actor = await self.actor(request, tenant)
        async with self.database.read(
            tenant, actor=actor, locale=self.locale(request, tenant), currency=self.currency(request, tenant)
        ) as context:
            yield context


def _gateways(settings: Settings, registry: Registry) -> Gateways:
    """Who takes money here: every module's providers; play money only where an operator wants it."""
    plays = settings.environment == "development" if settings.test_payments is None else settings.test_payments
    offered = [one for module in registry.modules for one in module.payment_providers]
    without = () if plays else ("test",)
    return Gateways.of(offered, secret=lambda: settings.secret, options=settings.payment_options, without=without)


def _post(settings: Settings, registry: Registry) -> Post:
    """How mail is sent: by the server that is set, else into the mailbox of a development machine."""
    folders = [module.mail_templates for module in registry.modules if module.mail_templates is not None]
    server = smtp.Server.at(settings.smtp_url) if settings.smtp_url else None
    mailbox = server is None and settings.environment == "development"
    templates = rendering.Templates(folders)
    return Post(templates, smtp.check_sender(settings.mail_from), origins(settings), server=server, mailbox=mailbox)


def _caller(settings: Settings) -> calling.Caller:
    """How webhooks are called: over https only, but on a development machine."""
    policy = calling.policy(
        ports=frozenset(int(port) for port in settings.webhook_ports.split(",")),
        allow_private=frozenset(settings.webhook_allow_private.replace(",", " ").split()),
    )
    return calling.Caller(fetching.Fetcher(policy), only_https=settings.environment == "production")


def _search(settings: Settings, registry: Registry, database: Database) -> searching.Backend:
    if settings.search == "postgres":
        return searching.POSTGRES
    entities = {name: source.entity for name, source in registry.sources.items()}
    return Tantivy(database, entities, settings.search_path or settings.home / "search", modules.find_tenant)


def trace_of(request: HTTPConnection) -> str:
    """The id under which this request stands in the log."""
    return trace_in(request.scope)


def trace_in(scope: MutableMapping[str, Any]) -> str:
    """The same from ASGI's scope."""
    state = scope.setdefault("state", {})
    trace: str = state.setdefault("trace_id", "") or f"{random.getrandbits(64):016x}"
    state["trace_id"] = trace
    return trace
