"""Consumers: durable names with a cursor over the log; the cursor and what was done commit together."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.kernel import bus, events, log
from rustok.kernel.context import SYSTEM, Context, TenantInfo
from rustok.kernel.db import Database, driver, set_tenant
from rustok.kernel.events import Envelope
from rustok.kernel.module import Listener

ATTEMPTS = 5  # that raised
DEATHS = 20  # a process that is killed says nothing about the event it was at, unless it happens again and again
# Looks a tenant up and lets the transaction see its rows, in one journey where it can (`kernel.db.set_tenant`).
FindTenant = Callable[[AsyncSession, UUID], Awaitable[TenantInfo | None]]
logger = structlog.get_logger("rustok.events")


@dataclass
class Batch:
    """Some events in order, and the transaction in which their effects and the cursor are committed."""

    envelopes: Sequence[Envelope]
    session: AsyncSession
    find_tenant: FindTenant
    recorded: int = 0
    _tenants: dict[UUID, TenantInfo | None] = field(default_factory=dict)

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID, *, cause: Envelope | None = None) -> AsyncIterator[Context | None]:
        """A context that sees one tenant; None when the tenant is gone. What it records is written at its end."""
        if tenant_id in self._tenants:
            await set_tenant(self.session, tenant_id)
        else:
            self._tenants[tenant_id] = await self.find_tenant(self.session, tenant_id)
        info = self._tenants[tenant_id]
        if info is None:
            yield None
            return
        context = Context(self.session, info, SYSTEM)
        if cause is not None:
            context.correlation_id, context.causation_id = cause.correlation_id, cause.id
        yield context
        self.recorded += await bus.flush(context)
        await self.session.flush()


@dataclass
class Pace:
    """How many events a consumer takes at once in this process: fewer after a failure, more after a success."""

    size: int = 0  # 0: as many as the consumer wants
    failed: bool = False
    behind: bool = False  # there was more to handle when this process looked last


@dataclass(frozen=True)
class Consumer:
    """Someone who follows the log. `handle` may see an event twice and must then change nothing."""

    name: str
    types: frozenset[str] | None  # None: all
    handle: Callable[[Batch], Awaitable[None]]
    most: int = 500
    replayable: bool = True
    prompt: bool = False  # readers wait for it: it goes first, and the others when it is done
    warm_up: Callable[[Context], Awaitable[None]] | None = None  # done once before it follows; is rolled back
    pace: Pace = field(default_factory=Pace, compare=False)


def of_listener(module: str, listener: Listener, *, optional: bool) -> Consumer:
    """The consumer that calls a module's listener once for each event of its types."""

    async def handle(batch: Batch) -> None:
        for envelope in batch.envelopes:
            async with batch.tenant(envelope.tenant_id, cause=envelope) as context:
                if context is None or (optional and module in context.tenant.disabled_modules):
                    continue
                await listener.handle(events.decode(envelope), context)

    types = frozenset(kind.__name__ for kind in listener.events)
    return Consumer(listener.name, types, handle, most=100, replayable=listener.replayable)


async def advance(
    database: Database, consumer: Consumer, find_tenant: FindTenant, *, connection: str | None = None
) -> int:
    """Handle the next batch; returns how many events it held. 0 also when another process is at it.

    It works on the kept connection of that name, which is the consumer's own where none is said.

    A batch that raises is tried again in smaller pieces, down to one event; a batch during which the process died is
    tried again event by event. The fifth failure of one event (or the twentieth death at it) parks its aggregate for
    this consumer and lets everything else go on.
    """
    pace = consumer.pace
    async with database.keep(connection or consumer.name) as kept, database.session_on(kept) as session:
        batch = await _take(session, consumer, most=min(pace.size or consumer.most, consumer.most))
        pace.behind = batch is not None
        if batch is None:
            return 0
        # The attempt is written down before it runs, so that an event that kills the process is found out as well.
        if batch.events and await _note_attempt(database, consumer) > 1 and not pace.failed:
            batch.cut(1)  # another process was at this and did not come back
        try:
            recorded = await _run(database, session, consumer, find_tenant, batch)
            await session.commit()
        except Rewound:
            return 0
        except Exception as error:
            await session.rollback()
            pace.failed = True
            if batch.size == 1:
                raise
            logger.warning("consumer.batch_failed", consumer=consumer.name, size=batch.size, error=repr(error)[:500])
            pace.size = max(1, batch.size // 8)
            return 1
        pace.failed = False
        pace.size = min(consumer.most, batch.size * 4)
        pace.behind = batch.done_to < batch.upto
    if recorded:
        database.announce()
    return len(batch.events)


async def warm_up(database: Database, consumer: Consumer, tenant: TenantInfo) -> None:
    """Let a consumer do beforehand what the first event would have to wait for."""
    if consumer.warm_up is None:
        return
    async with database.keep(consumer.name) as connection, database.session_on(connection) as session:
        await set_tenant(session, tenant.id)
        await consumer.warm_up(Context(session, tenant, SYSTEM))
        await session.rollback()


_CONSUMER_LOCK = 7_240_004
_TAKE = f"SELECT after, upto, is_parked, {log.FIELDS} FROM event_take($1, $2, $3, $4)"
_NEW_CURSOR = text("INSERT INTO event_cursors (consumer) VALUES (:name) ON CONFLICT DO NOTHING")
_NOTE_ATTEMPT = """
    UPDATE event_cursors SET attempts = attempts + 1 FROM (SELECT set_config('synchronous_commit', 'off', true)) quickly
    WHERE consumer = $1 RETURNING attempts"""
# Passing what is not meant for it can wait for the disk: who forgets it passes it again.
_MOVE_ON = """
    UPDATE event_cursors SET seq = $1, attempts = 0, updated_at = now()
    FROM (SELECT CASE WHEN $4 THEN set_config('synchronous_commit', 'off', true) END) quickly
    WHERE consumer = $2 AND seq = $3"""


@dataclass
class _Taken:
    """The next events of a consumer, `after < seq <= done_to`; those behind a parked one are `waiting`."""

    after: int
    upto: int
    size: int  # at most so many were wanted
    events: list[Envelope]
    parked: frozenset[int]

    @property
    def done_to(self) -> int:
        """Where the cursor stands once these are handled."""
        return self.events[-1].seq if len(self.events) >= self.size else self.upto

    def cut(self, size: int) -> None:
        """Leave all but the first few for later."""
        self.size = size
        del self.events[size:]


async def _take(session: AsyncSession, consumer: Consumer, *, most: int) -> _Taken | None:
    """What is next; None where nothing is, or another process is at it from the note of its attempt to its commit."""
    connection = await session.connection()
    types = None if consumer.types is None else sorted(consumer.types)
    rows: Sequence[Any] = (await connection.exec_driver_sql(_TAKE, (consumer.name, _CONSUMER_LOCK, types, most))).all()
    if not rows:
        return None
    after, upto = rows[0].after, rows[0].upto
    if after is None:
        await session.execute(_NEW_CURSOR, {"name": consumer.name})
        await session.commit()
        return await _take(session, consumer, most=most)
    if after >= upto:
        return None
    found = [row for row in rows if row.seq is not None]
    events = [log.envelope_of(row[3:]) for row in found]
    return _Taken(after, upto, most, events, frozenset(row.seq for row in found if row.is_parked))


async def _note_attempt(database: Database, consumer: Consumer) -> int:
    async with database.keep("attempts") as connection:
        return int(await (await driver(connection)).fetchval(_NOTE_ATTEMPT, consumer.name))


async def _run(
    database: Database, session: AsyncSession, consumer: Consumer, find_tenant: FindTenant, taken: _Taken
) -> int:
    """Handle them or set them aside, and move the cursor; returns how many events were recorded on the way."""
    runnable = [envelope for envelope in taken.events if envelope.seq not in taken.parked]
    for envelope in taken.events:
        if envelope.seq in taken.parked:
            await _note(session, consumer, envelope, state="waiting", error=None)
    recorded = 0
    if runnable and taken.size == 1:
        await _attempt(database, session, consumer, find_tenant, runnable[0])
    elif runnable:
        batch = Batch(runnable, session, find_tenant)
        await consumer.handle(batch)
        recorded = batch.recorded
    plain = await driver(await session.connection())
    if await plain.execute(_MOVE_ON, taken.done_to, consumer.name, taken.after, not taken.events) != "UPDATE 1":
        raise Rewound(f"{consumer.name} was set to another place meanwhile")
    return recorded


class Rewound(Exception):
    """Somebody moved the cursor while a batch was handled; what it did is undone."""


async def _attempt(
    database: Database, session: AsyncSession, consumer: Consumer, find_tenant: FindTenant, envelope: Envelope
) -> None:
    """Run one event under a savepoint of the cursor's transaction; park its aggregate when it has failed enough."""
    async with database.session(worker=True) as notes:  # its own transaction: it must outlive what comes
        attempts = await _note(notes, consumer, envelope, state="trying", error=None)
        await notes.commit()
    failed: str | None = None
    if attempts <= DEATHS:
        try:
            async with session.begin_nested():
                await consumer.handle(Batch([envelope], session, find_tenant))
        except Exception as error:
            failed = f"{type(error).__name__}: {error}"[:2000]
            logger.warning("consumer.event_failed", consumer=consumer.name, seq=envelope.seq, attempt=attempts)
            async with database.session(worker=True) as notes:
                raised: int = await notes.scalar(
                    text("""UPDATE event_failures SET error = :error, raised = raised + 1
                            WHERE consumer = :name AND seq = :seq RETURNING raised"""),
                    {"error": failed, "name": consumer.name, "seq": envelope.seq},
                )
                await notes.commit()
            if raised < ATTEMPTS:
                raise
        else:
            await session.execute(
                text("DELETE FROM event_failures WHERE consumer = :name AND seq = :seq"),
                {"name": consumer.name, "seq": envelope.seq},
            )
            return
    logger.error("consumer.parked", consumer=consumer.name, seq=envelope.seq, aggregate=str(envelope.aggregate_id))
    await session.execute(
        text("""UPDATE event_failures SET state = 'parked', error = coalesce(:error, error, 'the process died')
                WHERE consumer = :name AND seq = :seq"""),
        {"error": failed, "name": consumer.name, "seq": envelope.seq},
    )


async def _note(session: AsyncSession, consumer: Consumer, envelope: Envelope, *, state: str, error: str | None) -> int:
    attempts: int = await session.scalar(
        text("""INSERT INTO event_failures
                  (consumer, seq, tenant_id, aggregate, aggregate_id, type, state, attempts, error)
                VALUES (:consumer, :seq, :tenant, :aggregate, :aggregate_id, :type, :state, 1, :error)
                ON CONFLICT (consumer, seq) DO UPDATE SET attempts = event_failures.attempts + 1, last_at = now()
                RETURNING attempts"""),
        {
            "consumer": consumer.name,
            "seq": envelope.seq,
            "tenant": envelope.tenant_id,
            "aggregate": envelope.aggregate,
            "aggregate_id": envelope.aggregate_id,
            "type": envelope.type,
            "state": state,
            "error": error,
        },
    )
    return attempts


@dataclass(frozen=True)
class Failure:
    """An event that a consumer could not handle, or that waits behind such a one."""

    consumer: str
    seq: int
    tenant_id: UUID
    aggregate: str
    aggregate_id: UUID
    type: str
    state: str
    attempts: int
    error: str | None


async def failures(database: Database, *, tenant_id: UUID | None = None) -> list[Failure]:
    """Everything that is parked, waiting or being tried, oldest first; of one tenant, if given."""
    async with database.session(worker=True) as session:
        rows = await session.execute(
            text("""SELECT consumer, seq, tenant_id, aggregate, aggregate_id, type, state, attempts, error
                    FROM event_failures WHERE CAST(:tenant AS uuid) IS NULL OR tenant_id = :tenant
                    ORDER BY consumer, seq"""),
            {"tenant": tenant_id},
        )
        return [Failure(*row) for row in rows]


async def replay_parked(
    database: Database, consumer: Consumer, find_tenant: FindTenant, *, aggregate_id: UUID
) -> tuple[int, str | None]:
    """Handle what is parked of one aggregate again, in order: how many went through, and what stopped it."""
    done = 0
    while True:
        async with database.session(worker=True) as session:
            seq = await session.scalar(
                text("""SELECT seq FROM event_failures WHERE consumer = :name AND aggregate_id = :id
                        ORDER BY seq LIMIT 1 FOR UPDATE"""),
                {"name": consumer.name, "id": aggregate_id},
            )
            if seq is None:
                return done, None
            found = await log.read(session, after=seq - 1, upto=seq)
            try:
                async with session.begin_nested():
                    await consumer.handle(Batch(found, session, find_tenant))
            except Exception as error:
                return done, f"{type(error).__name__}: {error}"
            await session.execute(
                text("DELETE FROM event_failures WHERE consumer = :name AND seq = :seq"),
                {"name": consumer.name, "seq": seq},
            )
            # What waited behind it must go on waiting until its own turn comes.
            await session.execute(
                text("""UPDATE event_failures SET state = 'parked' WHERE consumer = :name AND seq = (
                          SELECT min(seq) FROM event_failures WHERE consumer = :name AND aggregate_id = :id)"""),
                {"name": consumer.name, "id": aggregate_id},
            )
            await session.commit()
            done += 1
        database.announce()


async def drop_parked(database: Database, consumer_name: str, *, aggregate_id: UUID) -> int:
    """Give up on what is parked of one aggregate; returns how many events are dropped for this consumer."""
    async with database.session(worker=True) as session:
        result: Any = await session.execute(
            text("DELETE FROM event_failures WHERE consumer = :name AND aggregate_id = :id"),
            {"name": consumer_name, "id": aggregate_id},
        )
        await session.commit()
        return int(result.rowcount)


async def rewind(database: Database, consumer: Consumer, *, to: int = 0) -> None:
    """Set a consumer back so that it sees everything after `to` again; refused for those with outside effects."""
    if not consumer.replayable:
        raise NotReplayable(f"{consumer.name} has effects outside the database and is not replayed")
    async with database.session(worker=True) as session:
        await session.execute(
            text("""INSERT INTO event_cursors (consumer, seq) VALUES (:name, :to)
                    ON CONFLICT (consumer) DO UPDATE SET seq = :to, attempts = 0"""),
            {"name": consumer.name, "to": to},
        )
        await session.commit()


class NotReplayable(Exception):
    """The consumer has effects outside the database."""


async def lag(database: Database) -> dict[str, int]:
    """For each consumer, how many events of the log it has not passed yet."""
    async with database.session(worker=True) as session:
        newest = await log.head(session)
        rows = await session.execute(text("SELECT consumer, seq FROM event_cursors ORDER BY consumer"))
        return {row.consumer: newest - row.seq for row in rows}
