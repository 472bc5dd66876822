"""The web application: GraphQL, REST, media and the storefront behind one set of guards."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rustok.commerce.messages import http as papers_http
from rustok.core.media import http as media_http
from rustok.core.media.storing import Library
from rustok.index.answers import Answers
from rustok.kernel import consuming, errors
from rustok.kernel.db import refusal
from rustok.kernel.numbering import Numbering
from rustok.kernel.settings import Settings
from rustok.kernel.working import Workers
from rustok.server import exports, farewells, logs, metrics, modules, pages, payment_webhooks, schema
from rustok.server.gauges import Gauges
from rustok.server.graphql_http import lane
from rustok.server.graphql_http.compiled import Reads
from rustok.server.graphql_http.documents import Documents
from rustok.server.graphql_http.endpoint import Endpoint
from rustok.server.graphql_http.lane import Lane
from rustok.server.graphql_http.limits import Limits
from rustok.server.graphql_http.live import Bounds
from rustok.server.graphql_http.persisted import Persisted
from rustok.server.graphql_http.sockets import Sockets
from rustok.server.host import Host, trace_of
from rustok.server.mailbox import pages as mailbox
from rustok.server.test_payments import pages as test_payments

logger = structlog.get_logger("rustok.http")
Handler = Callable[[Request], Awaitable[Response]]


class Application(FastAPI):
    """FastAPI behind the fast lane, which its layers would cost more than its answers do."""

    lane: Lane | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, connection or the program's life, as ASGI has it."""
        await (self.lane or self.go_on)(scope, receive, send)

    async def go_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is left to the application proper."""
        await super().__call__(scope, receive, send)


def create() -> Application:
    """The application as `rustok serve` and `rustok up` run it: everything from the environment."""
    settings = Settings()
    logs.set_up(level=settings.log_level, as_json=settings.log_json)
    if not settings.database_url:
        raise SystemExit("DATABASE_URL is not set: `rustok up` brings a database of its own")
    return build(Host.open(settings, settings.database_url), with_workers=settings.run_workers)


def build(host: Host, *, with_workers: bool = False) -> Application:
    """The application over an open host; `with_workers` follows the event log in the same process."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running: Workers | Numbering = Numbering(host.database)
        if with_workers:
            running = modules.workers(host.registry, host.database, bus=host.bus)
        running.start()
        host.search.start()
        farewells.before_end(sockets.close)
        yield
        await sockets.close()
        await host.search.stop()
        await running.stop()
        await host.close()

    app = Application(
        title="RusToK",
        version=version("rustok"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if host.settings.environment == "development" else None,
    )
    reads = Reads(host.readers, host.search)
    storefront = _add_graphql(app, host, reads)
    app.state.sockets = sockets = _add_sockets(app, host, storefront)
    _add_operations(app, host)
    app.include_router(_media(host))
    app.include_router(exports.router(host))
    app.include_router(payment_webhooks.router(host))
    app.include_router(test_payments.router(host))
    app.include_router(papers_http.router(authorise=host.work, look=host.look))
    if mailbox.is_open(host):
        app.include_router(mailbox.router(host))
    kept = Answers(host.settings.cache_mb << 20)
    pages.add(app, host, kept, storefront)
    _add_errors(app, host)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Guard, host=host)
    app.lane = Lane(app.go_on, host=host, endpoint=storefront, reads=reads, kept=kept)
    return app


def _media(host: Host) -> APIRouter:
    async def tenant_id(request: Request) -> UUID:
        return (await host.tenancy.of(request)).id

    library: Library = host.database.resources[Library]
    return media_http.router(library, authorise=host.work, find_tenant_id=tenant_id)


def _add_graphql(app: FastAPI, host: Host, reads: Reads) -> Endpoint:
    """Both endpoints; returns the storefront's."""
    settings = host.settings
    development = settings.environment == "development"
    entities = {name: source.entity for name, source in host.registry.sources.items()}
    storefront = Endpoint(
        name="/graphql",
        documents=Documents(schema.core_schema(schema.storefront(host.registry)), Limits(), entities),
        open_operation=host.operation,
        development=development,
        max_body=settings.max_body_kb * 1024,
        waiting=host.waiting,
        search=host.search,
        reads=reads,
        persisted=Persisted.read(settings.trusted_documents, only_trusted=settings.only_trusted_documents),
    )
    admin = Endpoint(
        name="/admin/graphql",
        documents=Documents(schema.core_schema(schema.admin(host.registry)), Limits()),
        open_operation=host.operation,
        development=development,
        max_body=settings.max_body_kb * 1024,
        waiting=host.waiting,
        search=host.search,
    )
    for endpoint in (storefront, admin):
        app.add_route(
            endpoint.name, endpoint.__call__, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
        )
    if development:
        explorer = Path(__file__).parent / "graphql_http" / "explorer"
        app.mount("/_graphiql", StaticFiles(directory=explorer), name="graphiql")
    return storefront


def _add_sockets(app: FastAPI, host: Host, endpoint: Endpoint) -> Sockets:
    bounds = Bounds(connections=host.settings.live_connections, per_address=host.settings.live_per_address)
    sockets = Sockets(endpoint, host, bounds)
    app.router.routes.append(WebSocketRoute(endpoint.name, sockets.__call__))
    return sockets


def _add_operations(app: FastAPI, host: Host) -> None:
    gauges = Gauges(host.registry.gauges, host.database)

    @app.get("/healthz", tags=["operations"], summary="Whether the process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"], summary="Whether the database answers and the schema is there")
    async def readyz() -> Response:
        try:
            async with asyncio.timeout(3), host.database.session(worker=True) as session:
                behind = await consuming.lag(host.database)
                await session.execute(text("SELECT 1"))
        except Exception as error:
            logger.warning("ready.failed", error=repr(error))
            return JSONResponse({"status": "unavailable", "reason": "the database does not answer"}, 503)
        return JSONResponse({"status": "ready", "lag": behind})

    @app.get("/metrics", tags=["operations"], summary="Figures for Prometheus", include_in_schema=True)
    async def show_metrics() -> Response:
        try:
            behind, parked = await consuming.lag(host.database), len(await consuming.failures(host.database))
        except Exception:
            behind, parked = {}, 0
        return metrics.response(lag=behind, parked=parked, lagged=host.feed.lagged, gauges=await gauges.shown())


def _add_errors(app: FastAPI, host: Host) -> None:
    def answer(request: Request, status: int, code: str, message: str) -> Response:
        body: dict[str, Any] = {"code": code, "message": message}
        if status >= 500:
            body["traceId"] = trace_of(request)
        return JSONResponse({"error": body}, status)

    async def expected(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.RustokError)  # noqa: S101 - registered for this class
        return await pages.refused(request, error, host) or answer(request, error.status, error.code, str(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        response = answer(request, error.status_code, code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return answer(request, 422, "invalid", f"{place}: {first['msg']}")

    async def database(request: Request, error: Exception) -> Response:
        assert isinstance(error, DBAPIError)  # noqa: S101 - registered for this class
        known = refusal(error)
        if known is None:
            raise error
        return await expected(request, known)

    app.add_exception_handler(errors.RustokError, expected)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(DBAPIError, database)


class Guard:
    """The outermost layer: trace id, security headers, a last catch for what nobody expected, times and counts."""

    def __init__(self, app: ASGIApp, host: Host) -> None:
        self.app = app
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        trace = trace_of(request)
        started = time.perf_counter()
        status = 500
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                for name, value in (*lane.SAFE, (b"x-trace-id", trace.encode())):
                    if name not in present:
                        headers.append((name, value))
            await send(message)

        try:
            if b"%00" in scope.get("raw_path", b"") or b"%00" in scope.get("query_string", b""):
                refused = JSONResponse({"error": {"code": "invalid", "message": "the address holds a NUL"}}, 400)
                await refused(scope, receive, guarded)
                return
            await self.app(scope, receive, guarded)
        except Exception as error:
            logger.error("http.unexpected", trace_id=trace, path=scope["path"], exc_info=error)
            if begun:
                raise
            await (await pages.failed(request, trace, self.host))(scope, receive, guarded)
        finally:
            metrics.request(scope["method"], status, time.perf_counter() - started)
