"""The yardstick of writes: what a request says to PostgreSQL, recorded once and said again without the platform.

Two recordings of the same request on two carts show which ids belong to the catalogue, and stay, and which are made or
belong to the cart, and change: so the same statements can be said for any other cart, each in one transaction, by plain
asyncpg with prepared statements.
"""

import asyncio
import json
import re
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from sqlalchemy import event
from starlette.types import ASGIApp, Message

from bench.figures import Broken
from rustok.kernel.db import Database, plain_url

_ID = re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")  # with hyphens or without
_TOKEN = re.compile(r'("token"\s*:\s*")[^"]+(")')
Said = tuple[str, tuple[Any, ...]]


@dataclass
class Recording:
    """The statements of one request, and the ids of the cart that it was about."""

    cart: Sequence[str]
    said: list[Said] = field(default_factory=list)

    @property
    def statements(self) -> list[str]:
        """What was said, without the values."""
        return [sql for sql, _ in self.said]

    @property
    def ids(self) -> set[str]:
        """Every id in any parameter."""
        return {_bare(one) for _, values in self.said for value in values for one in _ID.findall(_text(value))}


@dataclass
class Recorder:
    """Sends requests to an application in this process, and hears what it says to its database."""

    app: ASGIApp
    database: Database
    host: str

    async def record(self, body: Mapping[str, Any], headers: Mapping[str, str], cart: Sequence[str]) -> Recording:
        """One GraphQL request, which must succeed."""
        made = Recording(cart)

        def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
            made.said += [(statement, tuple(one)) for one in (parameters if many else [parameters])]

        engine = self.database.app.sync_engine
        event.listen(engine, "before_cursor_execute", hear)
        try:
            answer = await self._post(json.dumps(body).encode(), headers)
        finally:
            event.remove(engine, "before_cursor_execute", hear)
        data = json.loads(answer)
        payload = next(iter((data.get("data") or {}).values()), None)
        if data.get("errors") or not payload or payload.get("userErrors"):
            raise Broken(f"the request to be recorded was refused: {answer[:400].decode(errors='replace')}")
        return made

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        told = {"host": self.host, "content-type": "application/json", **headers}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in told.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        found = bytearray()

        async def receive() -> Message:
            return waiting.pop() if waiting else await asyncio.Future()

        async def send(message: Message) -> None:
            found.extend(message.get("body", b""))

        await self.app(scope, receive, send)
        return bytes(found)


@dataclass
class Score:
    """The statements of a kind of request, ready to be said for any cart."""

    recording: Recording
    kept: set[str]

    @classmethod
    def of(cls, one: Recording, other: Recording) -> "Score":
        """From two recordings of the same request, which say the same."""
        return cls(one, one.ids & other.ids)

    def for_cart(self, cart: Sequence[str]) -> list[Said]:
        """What the request would say about that cart: its ids in the place of the recorded one's, others made anew."""
        known = {_bare(mine): _bare(theirs) for mine, theirs in zip(self.recording.cart, cart, strict=True)}

        def other(match: re.Match[str]) -> str:
            found = _bare(match[0])
            if found not in known and found not in self.kept:
                known[found] = uuid.uuid4().hex
            given = known.get(found, found)
            return str(uuid.UUID(given)) if "-" in match[0] else given

        def told(value: Any) -> Any:
            if isinstance(value, uuid.UUID):
                return uuid.UUID(_ID.sub(other, str(value)))
            if isinstance(value, str):
                return _TOKEN.sub(rf"\g<1>{secrets.token_urlsafe(24)}\g<2>", _ID.sub(other, value))
            if isinstance(value, bytes) and len(value) == 32:  # a hash: of a key, for instance
                return secrets.token_bytes(32)
            if isinstance(value, list):
                return [told(one) for one in value]
            return value

        return [(sql, tuple(told(value) for value in values)) for sql, values in self.recording.said]


async def replay(url: str, pieces: Sequence[list[Said]], *, connections: int) -> tuple[float, list[float]]:
    """Say every piece once, each in one transaction; returns pieces a second, and their times in seconds."""
    opened = [await asyncpg.connect(plain_url(url), server_settings={"jit": "off"}) for _ in range(connections)]
    queue = list(reversed(pieces))
    times: list[float] = []

    async def play(connection: Any, warm: list[Said] | None = None) -> None:
        while piece := warm or (queue.pop() if queue else None):
            start = time.perf_counter()
            async with connection.transaction():
                for sql, values in piece:
                    await connection.fetch(sql, *values)
            if warm:
                return
            times.append(time.perf_counter() - start)

    try:
        for one in opened:  # prepared once, as a server's connections are
            await play(one, queue.pop())
        start = time.perf_counter()
        await asyncio.gather(*(play(one) for one in opened))
        return len(times) / (time.perf_counter() - start), sorted(times)
    finally:
        for one in opened:
            await one.close()


def _bare(identity: str) -> str:
    return identity.replace("-", "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
