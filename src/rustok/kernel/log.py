"""The event log: a sequencer numbers what was staged, without gaps; readers follow by number."""

from collections.abc import AsyncIterator, Collection
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.kernel.db import Database, driver
from rustok.kernel.events import Envelope

CHANNEL = "rustok_log"  # told the newest number whenever the log has grown
_SEQUENCER_LOCK = 7_240_002
# One sequencer at a time, whichever process it runs in: the lock ends with the transaction, so a killed holder
# leaves nothing behind. A staged row is visible only once it is committed, and gets its number here.
_SEQUENCE = "SELECT moved, head FROM event_sequence($1, $2, $3)"
FIELDS = ", ".join(f'"{name}"' for name in Envelope.__struct_fields__)
_READ = text(f"SELECT {FIELDS} FROM event_log WHERE seq > :after AND seq <= :upto ORDER BY seq LIMIT :most")
_READ_TYPES = text(
    f"SELECT {FIELDS} FROM event_log "
    "WHERE seq > :after AND seq <= :upto AND type = ANY(:types) ORDER BY seq LIMIT :most"
)


async def sequence(database: Database, *, most: int = 20_000) -> int:
    """Move up to `most` staged events into the log, after whoever is at it now; returns how many."""
    return (await number(database, most=most))[0]


async def number(database: Database, *, most: int = 20_000) -> tuple[int, int]:
    """The same; returns the newest number as well, 0 where nothing was staged."""
    async with database.keep("sequencer") as connection:
        plain = await driver(connection)
        moved, newest = await plain.fetchrow(_SEQUENCE, most, _SEQUENCER_LOCK, CHANNEL)
        return moved, newest


async def head(session: AsyncSession) -> int:
    """The number of the newest event, 0 for an empty log."""
    return await session.scalar(text("SELECT coalesce(max(seq), 0) FROM event_log")) or 0


async def staged(session: AsyncSession) -> int:
    """How many events wait for a number (counted to 100,000)."""
    return await session.scalar(text("SELECT count(*) FROM (SELECT FROM event_staging LIMIT 100000) s")) or 0


async def read(
    session: AsyncSession, *, after: int, upto: int, types: Collection[str] | None = None, most: int = 500
) -> list[Envelope]:
    """Events with `after < seq <= upto`, in order; of these types only, if given."""
    bound: dict[str, Any] = {"after": after, "upto": upto, "most": most}
    if types is None:
        rows = await session.execute(_READ, bound)
    else:
        rows = await session.execute(_READ_TYPES, bound | {"types": sorted(types)})
    return [envelope_of(row) for row in rows]


async def tail(database: Database, *, after: int | None = None, most: int = 100) -> list[Envelope]:
    """The newest events, or those after a number: what `rustok events tail` shows."""
    async with database.session(worker=True) as session:
        newest = await head(session)
        start = max(newest - most, 0) if after is None else after
        return await read(session, after=start, upto=newest, most=most)


async def follow(database: Database, *, after: int, types: Collection[str] | None = None) -> AsyncIterator[Envelope]:
    """Every event from a number to the present end, in pages."""
    async with database.session(worker=True) as session:
        upto = await head(session)
        while page := await read(session, after=after, upto=upto, types=types):
            for envelope in page:
                yield envelope
            after = page[-1].seq


def envelope_of(row: Row[Any]) -> Envelope:
    """The envelope in a row of the log."""
    return Envelope(**dict(zip(Envelope.__struct_fields__, row, strict=True)))
