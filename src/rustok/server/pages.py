"""The storefront in this server: what its pages need of the host, and what a browser sees when something goes wrong."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rustok.core.access import browsers, lockouts
from rustok.core.content import comments
from rustok.core.content import service as content
from rustok.index.answers import Answers
from rustok.index.readers import ReaderSession
from rustok.kernel import errors, ids
from rustok.kernel.context import ANONYMOUS, Actor, Context, TenantInfo
from rustok.kernel.graphql import Operation
from rustok.kernel.indexing import Entity
from rustok.server.graphql_http.endpoint import Endpoint
from rustok.server.graphql_http.persisted import Persisted
from rustok.server.host import Host, trace_of
from rustok.storefront import asking, site

_NO_PAGES = ("/graphql", "/admin", "/media", "/healthz", "/readyz", "/metrics", "/openapi.json")


@dataclass
class StorefrontHost:
    """What the storefront may ask of the server, and nothing more."""

    host: Host
    answers: Answers
    endpoint: Endpoint  # of the public API
    entities: Mapping[str, Entity] = field(init=False)

    def __post_init__(self) -> None:
        # Pages bring documents of their own, which are trusted, and who asks is known by a cookie.
        self.endpoint = replace(self.endpoint, persisted=Persisted(), open_operation=_operation_of)
        self.entities = {name: source.entity for name, source in self.host.registry.sources.items()}

    async def tenant(self, request: Request) -> TenantInfo:
        """The tenant of the request's host name."""
        return await self.host.tenancy.of(request)

    def origin(self, request: Request) -> str:
        """Scheme and host as the visitor's browser shows them."""
        tenancy = self.host.tenancy
        return f"{tenancy.scheme(request)}://{tenancy.host(request) or 'localhost'}"

    def trace(self, request: Request) -> str:
        """The id under which this request stands in the log."""
        return trace_of(request)

    def look(self, tenant: TenantInfo, *, locale: str, currency: str) -> Context:
        """Reads the read model as nobody in particular."""
        session = ReaderSession(self.host.readers, tenant.id, self.host.database.resources)
        return Context(cast(AsyncSession, session), tenant, ANONYMOUS, locale, currency)

    async def version(self, tenant: TenantInfo) -> int:
        """The version of the tenant's read model that the database shows now."""
        return await self.host.versions.current(tenant.id)

    async def ask(
        self,
        request: Request,
        tenant: TenantInfo,
        document: str,
        variables: Mapping[str, Any],
        *,
        token: str,
        locale: str,
        currency: str,
        key: str | None = None,
    ) -> asking.Data:
        """What the public API answers to whoever is logged in with the token of a cookie. Raises `Refused`."""
        actor = await self._actor(request, tenant, token)
        body = msgspec.json.encode({"query": document, "variables": variables})
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in ("host", "user-agent") or name.startswith("x-forwarded-")
        } | {"content-type": "application/json", "accept": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        scope = {
            **request.scope, "method": "POST", "path": self.endpoint.name, "raw_path": self.endpoint.name.encode(),
            "query_string": b"", "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
            "state": {"trace_id": trace_of(request)},
        }  # fmt: skip
        scope["state"]["operation"] = self.host.edge(Request(scope), tenant, actor, locale=locale, currency=currency)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        response = await self.endpoint(Request(scope, receive))
        answer = msgspec.json.decode(response.body)
        if answer.get("errors"):
            first = answer["errors"][0]
            raise asking.Refused(str(first.get("extensions", {}).get("code", "invalid")), str(first.get("message")))
        return cast(asking.Data, answer["data"])

    async def _actor(self, request: Request, tenant: TenantInfo, token: str) -> Actor:
        """Who that is, nobody where the token is not good; looked up once for a page."""
        if not token:
            return ANONYMOUS
        known: dict[str, Actor] = request.scope.setdefault("rustok.actors", {})
        if token not in known:
            async with self.host.database.open(tenant, actor=ANONYMOUS) as context:
                known[token] = await browsers.resume(context, token) or ANONYMOUS
        return known[token]

    async def comment(
        self,
        request: Request,
        tenant: TenantInfo,
        *,
        locale: str,
        node_id: str,
        parent_id: str | None,
        name: str,
        email: str,
        text: str,
    ) -> bool:
        """Leave a comment as a guest: it waits for approval."""
        async with self.host.database.open(tenant, actor=ANONYMOUS, locale=locale) as context:
            made = await comments.add_comment(
                context,
                ids.parse_id(node_id),
                body=text,
                parent_id=ids.parse_id(parent_id) if parent_id else None,
                author_name=name,
                author_email=email or None,
            )
            return made.status == "published"

    async def unlock(
        self, request: Request, tenant: TenantInfo, *, locale: str, node_id: str, password: str
    ) -> Mapping[str, Any] | None:
        """The body of a protected post for the right password; wrong ones are counted by address."""
        async with self.host.database.open(tenant, actor=ANONYMOUS, locale=locale) as context:
            key = lockouts.address(self.host.tenancy.address(request), purpose="unlock")
            await lockouts.enter(context, key)
            try:
                return {"body": await content.unlock(context, ids.parse_id(node_id), password=password)}
            except content.WrongPassword:
                await lockouts.note(context, key)
                return None


@asynccontextmanager
async def _operation_of(request: Any) -> AsyncIterator[Operation]:
    yield request.scope["state"]["operation"]


def add(app: FastAPI, host: Host, answers: Answers, endpoint: Endpoint) -> None:
    """Let the storefront answer what nothing else has answered."""
    app.state.storefront = StorefrontHost(host, answers, endpoint)
    app.include_router(site.router(app.state.storefront))


async def refused(request: Request, error: errors.RustokError, host: Host) -> Response | None:
    """A page about an expected error for a browser; None where JSON is the better answer."""
    if not _wants_page(request):
        return None
    return site.plain_page(error.status, str(error))


async def failed(request: Request, trace: str, host: Host) -> Response:
    """The answer when something unexpected happened: nothing but the id that stands in the log."""
    message = f"something went wrong on our side; quote {trace} when you report it"
    if _wants_page(request):
        return site.plain_page(500, message)
    return JSONResponse({"error": {"code": "internal", "message": message, "traceId": trace}}, 500)


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith(_NO_PAGES) and "text/html" in request.headers.get("accept", "")
