"""Read your own writes: a token names the last event of a change, and a read waits until a consumer has passed it.

Whoever waits costs no connection: one statement at a time asks for everybody who waits in this process.
"""

import asyncio
import base64
import binascii
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.db import Database, driver

SECONDS = 1.0  # at most so long a read waits
_SHORTEST, _LONGEST = 0.002, 0.05  # seconds between two questions
_FORM = struct.Struct("!16s16sq")
_CHECK_BYTES = 8
_NOBODY = UUID(int=0)
logger = structlog.get_logger("rustok.consistency")


class InvalidConsistencyToken(errors.RustokError):
    """What was sent back is no token of ours for this tenant."""

    code = "invalid_consistency_token"
    status = 400


@dataclass(frozen=True, slots=True)
class Token:
    """The last event that an operation recorded: its place among what was staged, and the operation it belongs to."""

    event_id: UUID = _NOBODY
    correlation_id: UUID = _NOBODY
    pos: int = 0

    @property
    def is_met(self) -> bool:
        """Whether nothing was recorded, so that there is nothing to wait for."""
        return not self.pos

    def text(self, tenant_id: UUID) -> str:
        """As the tenant's callers carry it about: opaque, and nothing to anybody else."""
        body = _FORM.pack(self.event_id.bytes, self.correlation_id.bytes, self.pos)
        return base64.urlsafe_b64encode(body + _check(tenant_id, body)).decode()


def of(context: Context) -> Token | None:
    """What to wait for to see what this unit of work, now committed, has changed; None where it recorded nothing."""
    if context.last_staged is None:
        return None
    pos, event_id = context.last_staged
    return Token(event_id, context.correlation_id, pos)


def parse(text: str, tenant_id: UUID) -> Token:
    """The token in a text; raises `InvalidConsistencyToken` for what is damaged, made up or of another tenant."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
        event_id, correlation_id, pos = _FORM.unpack(body)
    except (ValueError, binascii.Error, struct.error):
        raise InvalidConsistencyToken("the token is none that this server gave out") from None
    if check != _check(tenant_id, body) or pos < 0:
        raise InvalidConsistencyToken("the token is none that this server gave out")
    return Token(UUID(bytes=event_id), UUID(bytes=correlation_id), pos)


def _check(tenant_id: UUID, body: bytes) -> bytes:
    # Against accidents, not against forgers: who makes a token up waits a second for it at most, and learns nothing.
    return hashlib.blake2b(tenant_id.bytes + body, digest_size=_CHECK_BYTES, key=b"rustok consistency").digest()


# What is neither staged nor in the log is older than the log, or was never there. What is parked will not be seen.
_STANDING = """
SELECT CASE
    WHEN EXISTS (SELECT FROM event_failures f JOIN event_log l ON l.seq = f.seq
                 WHERE f.consumer = $1 AND f.tenant_id = w.tenant_id AND f.state <> 'trying'
                    AND l.correlation_id = w.correlation_id) THEN false
    WHEN EXISTS (SELECT FROM event_staging s
                 WHERE s.pos = w.pos AND s.id = w.id AND s.tenant_id = w.tenant_id) THEN NULL
    WHEN EXISTS (SELECT FROM event_log l WHERE l.id = w.id AND l.tenant_id = w.tenant_id
                    AND l.seq > coalesce((SELECT c.seq FROM event_cursors c WHERE c.consumer = $1), 0)) THEN NULL
    ELSE true END
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[]) WITH ORDINALITY
    AS w (tenant_id, id, correlation_id, pos, place)
ORDER BY w.place"""


class Waiting:
    """Those in this process who wait for one consumer."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._waiting: dict[asyncio.Future[bool], tuple[UUID, Token]] = {}
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def wait(self, tenant_id: UUID, token: Token, *, seconds: float = SECONDS) -> bool:
        """Whether the consumer has passed the token's events; waits for it, but not longer than that."""
        if token.is_met:
            return True
        settled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[settled] = tenant_id, token
        self._arrived.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="consistency")
        try:
            async with asyncio.timeout(seconds):
                return await settled
        except TimeoutError:
            return False
        finally:
            self._waiting.pop(settled, None)

    async def close(self) -> None:
        """Nobody is told anything any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        pause = _SHORTEST
        while self._waiting:
            self._arrived.clear()
            asked = list(self._waiting.items())
            try:
                answers = await self._ask([who for _, who in asked])
            except Exception as error:
                logger.warning("consistency.failed", error=repr(error))
                await asyncio.sleep(_LONGEST)
                continue
            for (settled, _), answer in zip(asked, answers, strict=True):
                if answer is not None and not settled.done():
                    settled.set_result(answer)
                    self._waiting.pop(settled, None)
            try:
                async with asyncio.timeout(pause):
                    await self._arrived.wait()
                pause = _SHORTEST
            except TimeoutError:
                pause = min(pause * 2, _LONGEST)

    async def _ask(self, who: Sequence[tuple[UUID, Token]]) -> list[bool | None]:
        """For each: true, passed; false, it will not come; None, not yet."""
        async with self._database.keep("consistency") as connection:
            rows = await (await driver(connection)).fetch(
                _STANDING,
                self._consumer,
                [tenant_id for tenant_id, _ in who],
                [token.event_id for _, token in who],
                [token.correlation_id for _, token in who],
                [token.pos for _, token in who],
            )
            return [row[0] for row in rows]
