"""Who may open a WebSocket to a GraphQL endpoint, how many there may be, and how all of them are closed.

Nothing here is known by a cookie: a page of another site that opens a socket is nobody in particular, and reads what
anybody may. Browsers are nevertheless held to the sites that the tenant has (`Origin`); everybody else sends none.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.server import metrics
from rustok.server.graphql_http.endpoint import Endpoint
from rustok.server.graphql_http.live import Bounds, Connection
from rustok.server.host import Host, trace_of
from rustok.server.tenancy import LOOPBACK_NAMES

logger = structlog.get_logger("rustok.live")


@dataclass
class Sockets:
    """Every connection of this process to one endpoint."""

    endpoint: Endpoint
    host: Host
    bounds: Bounds = field(default_factory=Bounds)
    _open: set[Connection] = field(default_factory=set)
    _by_address: Counter[str] = field(default_factory=Counter)
    _closing: bool = False

    async def __call__(self, websocket: WebSocket) -> None:
        """Serve one connection to its end."""
        try:
            tenant = await self.host.tenancy.of(websocket)
            self._admit(websocket, tenant)
        except errors.RustokError as error:
            await self._refuse(websocket, error)
            return
        except Exception as error:
            logger.error("live.unexpected", trace_id=trace_of(websocket), exc_info=error)
            await self._refuse(websocket, errors.Unavailable("something went wrong on our side: try again later"))
            return
        address = self.host.tenancy.address(websocket)
        connection = Connection(self.host, self.endpoint, self.bounds, websocket, tenant)
        self._open.add(connection)
        self._by_address[address] += 1
        metrics.live_connections(+1)
        try:
            await connection.run()
        finally:
            connection.done.set()
            metrics.live_connections(-1)
            self._open.discard(connection)
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    async def close(self) -> None:
        """Tell every client that the server goes; they come back to another process, or to the next one."""
        self._closing = True
        for connection in self._open:
            connection.end(1012, "the server restarts")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * self.bounds.close_within):
                await asyncio.gather(*(connection.done.wait() for connection in self._open))

    async def _refuse(self, websocket: WebSocket, error: errors.RustokError) -> None:
        metrics.live_refused(error.code)
        body = {"error": {"code": error.code, "message": str(error)}}
        await websocket.send_denial_response(JSONResponse(body, error.status))

    def _admit(self, websocket: WebSocket, tenant: TenantInfo) -> None:
        if self._closing or len(self._open) >= self.bounds.connections:
            raise errors.Unavailable("there are too many connections: try again later")
        if self._by_address[self.host.tenancy.address(websocket)] >= self.bounds.per_address:
            raise errors.TooMany("there are too many connections from this address")
        origin = websocket.headers.get("origin")
        if origin is not None and not self._is_ours(origin, websocket, tenant):
            raise errors.Forbidden("this site may not open connections: see RUSTOK_LIVE_ORIGINS")

    def _is_ours(self, origin: str, websocket: WebSocket, tenant: TenantInfo) -> bool:
        settings = self.host.settings
        allowed = settings.live_origins.replace(",", " ").lower().split()
        if "*" in allowed or origin.lower() in allowed:
            return True
        name = _name(origin)
        if name in LOOPBACK_NAMES and settings.environment == "development":
            return True
        return bool(name) and name in {_name(f"//{self.host.tenancy.host(websocket)}"), *map(str.lower, tenant.hosts)}


def _name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
