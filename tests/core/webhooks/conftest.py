"""Somebody who listens: an HTTP server on this machine that keeps what it hears, and can be difficult."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from rustok.core.webhooks import calling, delivering, following, service
from rustok.kernel import consuming, log
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.fetching import Fetcher
from rustok.kernel.units import Units
from rustok.server import modules


@dataclass
class Call:
    """One request that came."""

    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """Answers 204, or what `answers` says."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    takes: float = 0  # seconds before it answers
    at_once: int = 0
    most_at_once: int = 0
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.calls) < count:
            self._heard.clear()
            await self._heard.wait()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook?x=1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.calls.append(Call(headers | {"request": lines[0]}, body))
            self._heard.set()
            if self.takes:
                await asyncio.sleep(self.takes)
            status, content, more = self.answers.pop(0) if self.answers else (204, "", {})
            extra = "".join(f"{name}: {value}\r\n" for name, value in more.items())
            writer.write(
                f"HTTP/1.1 {status} Said\r\nContent-Length: {len(content)}\r\n{extra}Connection: close\r\n\r\n".encode()
            )
            writer.write(content.encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.close()


@pytest.fixture
async def listen() -> AsyncIterator[Any]:
    """`await listen()`: one more who listens."""
    open_servers: list[asyncio.Server] = []

    async def made(**wanted: Any) -> Receiver:
        receiver = Receiver(**wanted)
        listening = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
        receiver.port = listening.sockets[0].getsockname()[1]
        open_servers.append(listening)
        return receiver

    yield made
    for one in open_servers:
        one.close()
        await one.wait_closed()


@pytest.fixture
async def receiver(listen: Any) -> Receiver:
    """Somebody who listens."""
    made: Receiver = await listen()
    return made


@pytest.fixture(autouse=True)
async def caller(database: Database, owner: Any) -> AsyncIterator[None]:
    """This machine may be called, and nothing of another test is due."""
    async with owner() as session:
        await session.execute(text("TRUNCATE webhook_endpoints CASCADE"))
        await session.commit()
    policy = calling.policy(ports=frozenset(range(1, 65536)), allow_private=frozenset({"127.0.0.1"}))
    database.resources[calling.Caller] = calling.Caller(Fetcher(policy), only_https=False)
    yield
    del database.resources[calling.Caller]


@pytest.fixture
def units(database: Database) -> Units:
    """What an errand works with."""
    return Units(database, modules.find_tenant)


@pytest.fixture
def add(open_context: Any) -> Any:
    """`await add(receiver)`: an endpoint that is told of everything."""

    async def made(receiver: Receiver, *types: str, of: TenantInfo | None = None) -> service.Revealed:
        async with open_context(of) as context:
            return await service.create(context, url=receiver.url, event_types=types or ("*",))

    return made


@pytest.fixture
def follow(database: Database) -> Any:
    """`await follow()`: what was recorded is noted for endpoints."""
    consumer = following.consumer()

    async def made() -> None:
        while await log.sequence(database):
            pass
        while await consuming.advance(database, consumer, modules.find_tenant):
            pass

    return made


@pytest.fixture
def deliver(units: Units) -> Any:
    """`await deliver()`: everybody is called until nothing is due; returns how many calls that were."""

    async def made() -> int:
        calls = 0
        while due := await delivering.due(units):
            for tenant, endpoint_id in due:
                calls += await delivering.deliver_to(units, tenant, endpoint_id)
        return calls

    return made


@pytest.fixture
def hurry(open_context: Any) -> Any:
    """`await hurry()`: whatever waits for its next attempt is due now."""

    async def made() -> None:
        async with open_context() as context:
            await context.session.execute(
                text(
                    "UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 second'"
                    " WHERE next_attempt_at IS NOT NULL"
                )
            )

    return made
