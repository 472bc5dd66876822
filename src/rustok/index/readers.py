"""Connections that read and remember their tenant: isolation by PostgreSQL's policies, without a transaction's price.

A unit of work tells PostgreSQL its tenant and begins and ends a transaction: four round trips around one statement.
Here a connection is told its tenant when that changes, and only then; each statement is a transaction of its own, which
PostgreSQL refuses to let write. The role owns nothing and the policies decide, as everywhere.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import exceptions
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import TextClause
from sqlalchemy.engine import IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData

from rustok.kernel import errors
from rustok.kernel.db import plain_url
from rustok.kernel.recent import Recent

_LOST = (
    exceptions.PostgresConnectionError,
    exceptions.AdminShutdownError,
    exceptions.CrashShutdownError,
    exceptions.CannotConnectNowError,
    exceptions.InternalClientError,  # the farewell of a server comes when asyncpg expects something else
    OSError,
)
PREPARED = 100  # statements of a connection
PREPARED_SQL = 400_000  # characters of them: PostgreSQL keeps a plan that is many times as large
_TELL = "SELECT set_config('app.tenant', $1, false)"
_SETTINGS = {
    "application_name": "rustok-reader",
    "default_transaction_read_only": "on",
    # A statement is compiled for its shape and values are bound: planning it again each time would cost more than
    # running it.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "timezone": "UTC",
    "statement_timeout": "10000",
}


@dataclass
class _Connection:
    link: Any
    tenant: UUID | None = None
    names: "count[int]" = field(default_factory=count)
    prepared: Recent[str, PreparedStatement] = field(default_factory=lambda: Recent(most=PREPARED, weight=PREPARED_SQL))

    async def rows(self, tenant: UUID, sql: str, values: Sequence[Any]) -> list[Any]:
        if self.tenant != tenant:
            self.tenant = None
            await self.link.fetchval(_TELL, str(tenant))
            self.tenant = tenant
        statement = self.prepared.get(sql)
        if statement is None:
            # Without a name asyncpg would send the text again each time, and PostgreSQL plan it again.
            statement = await self.link.prepare(sql, name=f"reader_{next(self.names)}")
            # asyncpg closes one on the server when the last reference to it is gone.
            self.prepared.put(sql, statement, weight=len(sql))
        try:
            found: list[Any] = await statement.fetch(*values)
        except exceptions.PostgresError:
            self.prepared.drop(sql)  # a table may have been replaced by one of another shape
            raise
        return found


class Readers:
    """At most `most` connections, opened when they are needed; whoever comes when all are busy waits in line."""

    def __init__(self, url: str, *, most: int = 8) -> None:
        self.url, self.most = plain_url(url), most
        self._idle: list[_Connection] = []
        self._open = 0
        self._waiting: deque[asyncio.Future[_Connection | None]] = deque()

    async def row(self, tenant: UUID, sql: str, values: Sequence[Any] = ()) -> Any:
        """The one row of a statement as this tenant sees it; raises as `rows` does."""
        return (await self.rows(tenant, sql, values))[0]

    async def rows(self, tenant: UUID, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of a statement as this tenant sees them. Raises asyncpg's errors for what PostgreSQL refuses, and
        `Unavailable` where there is no PostgreSQL."""
        try:
            return await self._rows(tenant, sql, values)
        except TimeoutError as error:
            raise errors.Unavailable("the database took too long") from error
        except _LOST:
            # It was restarted: what is idle is as dead as this one was. Nothing is lost by asking once more.
            self._drop_idle()
        try:
            return await self._rows(tenant, sql, values)
        except _LOST as error:
            raise errors.Unavailable("the database does not answer") from error

    async def _rows(self, tenant: UUID, sql: str, values: Sequence[Any]) -> list[Any]:
        connection = await self._take(tenant)
        try:
            rows = await connection.rows(tenant, sql, values)
        except BaseException as error:
            # asyncpg has one error for a link that is gone and for a statement that is called wrongly.
            is_gone = isinstance(error, exceptions.InterfaceError) and connection.link.is_closed()
            if isinstance(error, exceptions.PostgresError) and not isinstance(error, _LOST):
                self._give(connection)
            else:
                # Cancelled or cut off half-way: nobody knows what the connection is at.
                connection.link.terminate()
                self._lose()
            if is_gone:
                raise ConnectionError("the connection is closed") from error
            raise
        self._give(connection)
        return rows

    async def close(self) -> None:
        """Close what is idle; what is busy ends with the process."""
        for connection in self._idle:
            await connection.link.close(timeout=2)
            self._open -= 1
        self._idle.clear()

    async def _take(self, tenant: UUID) -> _Connection:
        if self._idle:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place].tenant == tenant:
                    return self._idle.pop(place)
            if self._open >= self.most:
                return self._idle.pop(0)
        if self._open < self.most:
            self._open += 1
            return await self._connect()
        waiter: asyncio.Future[_Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            given = await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                late = waiter.result()
                if late is None:
                    self._lose()
                else:
                    self._give(late)
            raise
        return given or await self._connect()

    async def _connect(self) -> _Connection:
        try:
            link = await asyncpg.connect(
                self.url, server_settings=_SETTINGS, statement_cache_size=0, timeout=10, command_timeout=15
            )
        except BaseException as error:
            self._lose()
            if isinstance(error, exceptions.PostgresError) and not isinstance(error, _LOST):
                raise errors.Unavailable("the database takes no connection") from error
            raise
        return _Connection(link)

    def _drop_idle(self) -> None:
        dead, self._idle = self._idle, []
        for connection in dead:
            connection.link.terminate()
            self._lose()

    def _give(self, connection: _Connection) -> None:
        if connection.link.is_closed():
            self._lose()
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def _lose(self) -> None:
        """One connection less: who waits longest opens another in its place."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._open -= 1


_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")  # as SQLAlchemy's text() finds them


@lru_cache(256)
def _numbered(text: str, known: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A text with numbered parameters instead of named ones, and the names in their order."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}" if match[1] in known else match[0]

    return _PARAMETER.sub(number, text), tuple(names)


class ReaderSession:
    """Stands in a context for the session where only the read model is read: `execute` and `scalar` of texts."""

    def __init__(self, readers: Readers, tenant: UUID, info: dict[Any, Any]) -> None:
        self.readers, self.tenant, self.info = readers, tenant, info

    async def execute(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> Result[Any]:
        """The rows of one statement; raises `errors.Invalid` for values that PostgreSQL refuses."""
        bound = dict(values or {})
        sql, names = _numbered(statement.text, tuple(bound))
        try:
            rows = await self.readers.rows(self.tenant, sql, [bound[name] for name in names])
        except exceptions.DataError as error:
            raise errors.Invalid("a value does not fit its field") from error
        except exceptions.QueryCanceledError as error:
            raise errors.Unavailable("the database took too long") from error
        return IteratorResult(SimpleResultMetaData(list(rows[0].keys()) if rows else []), iter(map(tuple, rows)))

    async def scalar(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return (await self.execute(statement, values)).scalar()
