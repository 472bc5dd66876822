"""Several reads as one SQL statement: what a page needs costs one round trip, whatever it is glued from.

    product, version = await together.read(
        context, lambda c: reads.one(c, products, handle="mug"), lambda c: reads.version(c)
    )

Each read is written as if it were alone. Its statement is held back until every read has come to its own; then all of
them are sent as the columns of one SELECT. What the rows hold must survive JSON (texts, numbers, Booleans, NULL).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast, overload

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.engine import IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.kernel.context import Context

_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")  # as SQLAlchemy's text() finds them

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
Read = Callable[[Context], Awaitable[A]]


@overload
async def read(context: Context, a: Read[A], b: Read[B], /) -> tuple[A, B]: ...
@overload
async def read(context: Context, a: Read[A], b: Read[B], c: Read[C], /) -> tuple[A, B, C]: ...
@overload
async def read(context: Context, a: Read[A], b: Read[B], c: Read[C], d: Read[D], /) -> tuple[A, B, C, D]: ...
@overload
async def read(
    context: Context, a: Read[A], b: Read[B], c: Read[C], d: Read[D], e: Read[E], /
) -> tuple[A, B, C, D, E]: ...
async def read(context: Context, /, *reads: Read[Any]) -> tuple[Any, ...]:
    """The answers of all reads in their order; the first error of any of them is raised."""
    return tuple(await read_all(context, reads))


async def read_all(context: Context, reads: Sequence[Read[Any]]) -> list[Any]:
    """The same for as many reads as there are."""
    gathering = _Gathering(context.session, len(reads))
    apart = replace(context, session=cast(AsyncSession, gathering))

    async def run(one: Read[Any]) -> Any:
        try:
            return await one(apart)
        finally:
            await gathering.done()

    answers = await asyncio.gather(*(run(one) for one in reads), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return list(answers)


@dataclass(frozen=True)
class _Held:
    sql: str
    values: Mapping[str, Any]
    answer: asyncio.Future[Result[Any]]


class _Gathering:
    """Stands in a read's context for the session, and holds its statement back until nobody else is on the way."""

    def __init__(self, session: AsyncSession, running: int) -> None:
        self.session, self.running = session, running
        self.info = session.info
        self.held: list[_Held] = []

    async def execute(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> Result[Any]:
        """The rows of one statement, sent together with those of its neighbours."""
        held = _Held(statement.text, values or {}, asyncio.get_running_loop().create_future())
        self.held.append(held)
        await self._send_if_complete()
        return await held.answer

    async def scalar(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return (await self.execute(statement, values)).scalar()

    async def done(self) -> None:
        """One read less is running."""
        self.running -= 1
        await self._send_if_complete()

    async def _send_if_complete(self) -> None:
        if not self.held or len(self.held) < self.running:
            return
        batch, self.held = self.held, []
        values: dict[str, Any] = {}
        columns = []
        for number, one in enumerate(batch):
            columns.append(f"(SELECT json_agg(r)::text FROM ({_renamed(one, number, values)}) r)")
        try:
            row = (await self.session.execute(text(f"SELECT {', '.join(columns)}"), values)).one()
        except BaseException as error:
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        for one, found in zip(batch, row, strict=True):
            one.answer.set_result(_result(found))


def _renamed(one: _Held, number: int, values: dict[str, Any]) -> str:
    """The statement with parameters of its own names; equal values that all share keep theirs."""
    names = []
    for name, value in one.values.items():
        is_taken = name in values and values[name] is not value and values[name] != value
        new = f"{name}_{number}" if is_taken else name
        values[new] = value
        names.append((name, new))
    return _replaced(one.sql, tuple(names))


@lru_cache(256)
def _replaced(sql: str, names: tuple[tuple[str, str], ...]) -> str:
    known = dict(names)
    return _PARAMETER.sub(lambda match: f":{known[match[1]]}" if match[1] in known else match[0], sql)


def _result(found: str | None) -> Result[Any]:
    rows: list[dict[str, Any]] = msgspec.json.decode(found) if found else []
    keys = list(rows[0]) if rows else []
    return IteratorResult(SimpleResultMetaData(keys), iter([tuple(row.values()) for row in rows]))
