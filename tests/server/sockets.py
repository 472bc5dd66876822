"""Clients of GraphQL over WebSocket: a real one on the wire, and one inside the process that may refuse to read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.server.conftest import Site
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 60  # seconds, of a machine that is busy with other tests
PROTOCOL = "graphql-transport-ws"


class Ended(Exception):
    """The server closed the connection."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class Client:
    """What both kinds share: the protocol's messages."""

    async def send_text(self, text: str) -> None:
        """A frame as it stands."""
        raise NotImplementedError

    async def recv_text(self) -> str:
        """The next frame; raises `Ended`."""
        raise NotImplementedError

    async def send(self, **message: Any) -> None:
        """One message of the protocol."""
        await self.send_text(json.dumps(message))

    async def recv(self) -> dict[str, Any]:
        """The next message but for pings, which are answered."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message: dict[str, Any] = json.loads(await self.recv_text())
                if message["type"] != "ping":
                    return message
                await self.send(type="pong")

    async def init(self, **payload: Any) -> None:
        """Be acknowledged."""
        await self.send(type="connection_init", payload=payload)
        assert await self.recv() == {"type": "connection_ack"}

    async def subscribe(self, query: str, key: str = "1", **variables: Any) -> None:
        """Begin a subscription; its first event says that the server listens, where the query asks for `initial`."""
        await self.send(type="subscribe", id=key, payload={"query": query, "variables": variables})

    async def event(self, key: str = "1") -> dict[str, Any]:
        """The next result of a subscription with one field: that field's value."""
        message = await self.recv()
        assert (message["type"], message["id"]) == ("next", key), message
        assert "errors" not in message["payload"], message
        (value,) = message["payload"]["data"].values()
        assert isinstance(value, dict)
        return value

    async def refusal(self, key: str = "1") -> dict[str, Any]:
        """Why a subscription was refused or ended."""
        message = await self.recv()
        assert (message["type"], message["id"]) == ("error", key), message
        first: dict[str, Any] = message["payload"][0]
        return first

    async def end(self) -> Ended:
        """How the server closes, whatever it says before."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self.recv_text()
        except Ended as ended:
            return ended


class Wire(Client):
    """A client on the wire."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send_text(self, text: str) -> None:
        await self.connection.send(text)

    async def recv_text(self) -> str:
        try:
            return str(await self.connection.recv())
        except ConnectionClosed as closed:
            raise Ended(closed.rcvd.code if closed.rcvd else None, closed.rcvd.reason if closed.rcvd else "") from None


@asynccontextmanager
async def on_the_wire(port: int, site: Site, *, init: bool = True, **options: Any) -> AsyncIterator[Wire]:
    """A connection to a server on this machine, by the tenant's own host name."""
    uri = f"ws://{site.tenant.hosts[0]}:{port}/graphql"
    wanted: dict[str, Any] = {"subprotocols": [PROTOCOL], "open_timeout": PATIENCE, "close_timeout": 5, **options}
    async with connect(uri, host="127.0.0.1", port=port, proxy=None, **wanted) as connection:
        client = Wire(connection)
        if init:
            await client.init()
        yield client


class Inside(Client):
    """A client of the application itself. While `reading` is clear, nothing that the server sends gets through."""

    def __init__(self) -> None:
        self.reading = asyncio.Event()
        self.reading.set()
        self.upward: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.downward: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.waiting = asyncio.Event()  # set when the server waits for us to read

    async def receive(self) -> dict[str, Any]:
        return await self.upward.get()

    async def deliver(self, message: Any) -> None:
        if not self.reading.is_set():
            self.waiting.set()
        await self.reading.wait()
        self.downward.put_nowait(message)

    async def send_text(self, text: str) -> None:
        self.upward.put_nowait({"type": "websocket.receive", "text": text})

    async def recv_text(self) -> str:
        message = await self.downward.get()
        if message["type"] in ("websocket.close", "gone"):
            raise Ended(message.get("code"), message.get("reason", ""))
        return str(message["text"])


@asynccontextmanager
async def inside(site: Site, *, init: bool = True) -> AsyncIterator[Inside]:
    """A connection to the application in this process, by the tenant's own host name."""
    client = Inside()
    host = site.tenant.hosts[0].encode()
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": "/graphql",
        "raw_path": b"/graphql", "query_string": b"", "root_path": "", "headers": [(b"host", host)],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "subprotocols": [PROTOCOL], "state": {},
        "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    client.upward.put_nowait({"type": "websocket.connect"})

    async def serve() -> None:
        await site.app(scope, client.receive, client.deliver)
        client.downward.put_nowait({"type": "gone"})

    serving = asyncio.create_task(serve())
    try:
        first = await client.downward.get()
        if first["type"] != "websocket.accept":
            raise Ended(first.get("status"), "refused")
        if init:
            await client.init()
        yield client
    finally:
        client.reading.set()
        client.upward.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(PATIENCE):
            await serving
