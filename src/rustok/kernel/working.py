"""What runs beside the requests: the sequencer, every consumer and every timer, as tasks of one event loop."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import text

from rustok.kernel import consuming, log
from rustok.kernel.bus import Bus
from rustok.kernel.consuming import Consumer, FindTenant
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database, driver
from rustok.kernel.events import Envelope
from rustok.kernel.module import Errand, Timer
from rustok.kernel.units import Units

POLL_SECONDS = 0.1  # for what nobody told: a lost connection, another process's end
POLLS_OF_OTHERS = 10  # those for whom nobody waits look so many times less often
SHARED = 4  # connections of all consumers for whom nobody waits
LATER_SECONDS = 0.02  # after those that readers wait for
_TIMER_LOCK = 7_240_003
_PRESENCE_LOCK = 7_240_005
logger = structlog.get_logger("rustok.workers")


@dataclass
class Workers:
    """Everything that follows the log in this process. Any number of processes may run the same: locks decide."""

    database: Database
    consumers: Sequence[Consumer]
    find_tenant: FindTenant
    list_tenants: Callable[[], Awaitable[Sequence[TenantInfo]]]
    timers: Sequence[Timer] = ()
    errands: Sequence[Errand] = ()
    bus: Bus[Envelope] | None = None
    poll_seconds: float = POLL_SECONDS
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _staged: asyncio.Event = field(default_factory=asyncio.Event)
    _first: list[asyncio.Event] = field(default_factory=list)  # of who is told first that the log has grown
    _later: list[asyncio.Event] = field(default_factory=list)
    _telling: asyncio.TimerHandle | None = None
    _shared: asyncio.LifoQueue[str] = field(default_factory=asyncio.LifoQueue)  # connections that are free
    _head: int = 0  # the newest number that was heard of
    _published: int = -1

    def start(self) -> None:
        """Begin; must be called inside the running loop."""
        self.database.after_commit.append(self.wake)
        self._shared = asyncio.LifoQueue()
        for number in range(SHARED):
            self._shared.put_nowait(f"shared {number}")
        self._tasks.append(asyncio.create_task(self._be_present(), name="presence"))
        self._spawn("sequencer", self._sequence, self._staged)
        for consumer in self.consumers:
            wake = asyncio.Event()
            (self._first if consumer.prompt else self._later).append(wake)
            self._tasks.append(asyncio.create_task(self._follow(consumer, wake), name=consumer.name))
        if self.bus is not None:
            self._later.append(wake := asyncio.Event())
            self._spawn("bus", partial(self._publish, self.bus), wake)
        for timer in self.timers:
            self._tasks.append(asyncio.create_task(self._time(timer), name=timer.name))
        for errand in self.errands:
            self._tasks.append(asyncio.create_task(self._run(errand), name=errand.name))

    def wake(self) -> None:
        """Something was committed: do not wait for the next poll."""
        self._staged.set()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        said = str(payload)
        self._heard(int(said) if said.isdecimal() else 0)

    def _heard(self, head: int) -> None:
        """The log has grown: tell those first whom readers wait for, and leave them the machine for a moment."""
        if head in (0, self._head):
            return
        self._head = head
        for wake in self._first:
            wake.set()
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(LATER_SECONDS, self._tell_the_others)

    def _tell_the_others(self) -> None:
        self._telling = None
        for wake in self._later:
            wake.set()

    async def stop(self) -> None:
        """Let every task come to an end; work in a transaction is rolled back and comes again."""
        if self.wake in self.database.after_commit:
            self.database.after_commit.remove(self.wake)
        if self._telling is not None:
            self._telling.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def catch_up(self) -> int:
        """Run until every event that is there has passed every consumer; returns the log's head.

        Events that consumers record on the way pass as well, unless others go on writing: it goes round a few times.
        """
        head = -1
        for _ in range(5):
            before, head = head, await self._pass_what_is_there()
            if head == before:
                break
        return head

    async def _pass_what_is_there(self) -> int:
        while await log.sequence(self.database):
            pass
        while True:
            async with self.database.session(worker=True) as session:
                if await log.staged(session):
                    await log.sequence(self.database)
                    continue
                target = await log.head(session)
            break
        names = [consumer.name for consumer in self.consumers]
        while True:
            for consumer in self.consumers:
                name = consumer.name if consumer.prompt else "shared 0"
                await self._step(partial(consuming.advance, self.database, consumer, self.find_tenant, connection=name))
            async with self.database.session(worker=True) as session:
                behind = await session.scalar(
                    text("SELECT count(*) FROM event_cursors WHERE consumer = ANY(:names) AND seq < :target"),
                    {"names": names, "target": target},
                )
                known = await session.scalar(
                    text("SELECT count(*) FROM event_cursors WHERE consumer = ANY(:names)"), {"names": names}
                )
            if not behind and known == len(names):
                return target
            await asyncio.sleep(0.02)

    async def _be_present(self) -> None:
        """Hold a lock that says: somebody follows the log; and hear on the same connection when it has grown."""
        while True:
            try:
                async with self.database.keep("presence") as connection:
                    plain = await driver(connection)
                    lost = asyncio.Event()
                    plain.add_termination_listener(lambda _, lost=lost: lost.set())
                    await plain.execute(f"SELECT pg_advisory_lock_shared({_PRESENCE_LOCK})")
                    await plain.add_listener(log.CHANNEL, self._hear)
                    for wake in (self._staged, *self._first, *self._later):
                        wake.set()  # nobody knows what was said before
                    while True:
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(30):
                                await lost.wait()
                        await plain.execute("SELECT 1")
            except Exception as error:
                logger.warning("worker.presence_lost", error=repr(error))
                await asyncio.sleep(1)

    async def _step(self, work: Callable[[], Awaitable[int]]) -> int:
        try:
            return await work()
        except Exception as error:
            logger.warning("worker.step_failed", error=repr(error))
            return 0

    def _spawn(self, name: str, step: Callable[[], Awaitable[int]], wake: asyncio.Event) -> None:
        self._tasks.append(asyncio.create_task(self._loop(name, step, wake, self.poll_seconds), name=name))

    async def _loop(
        self, name: str, step: Callable[[], Awaitable[int]], wake: asyncio.Event, poll_seconds: float
    ) -> None:
        pause = 0.05
        while True:
            wake.clear()
            try:
                while await step():
                    pass
                pause = 0.05
            except asyncio.CancelledError:
                raise
            except Exception as error:
                logger.warning("worker.failed", worker=name, error=repr(error), retry_in=pause)
                await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter
                pause = min(pause * 2, 5.0)
                continue
            try:
                async with asyncio.timeout(poll_seconds):
                    await wake.wait()
            except TimeoutError:
                pass

    async def _sequence(self) -> int:
        moved, head = await log.number(self.database)
        self._heard(head)
        return moved

    async def _publish(self, bus: Bus[Envelope]) -> int:
        """Send what is new in the log, whoever numbered it, to the receivers of this process."""
        if not bus.receiver_count:
            return 0
        async with self.database.session(worker=True) as session:
            upto = await log.head(session)
            if self._published < 0:
                self._published = upto
            while page := await log.read(session, after=self._published, upto=upto):
                for envelope in page:
                    bus.publish(envelope)
                self._published = page[-1].seq
        return 0

    async def _follow(self, consumer: Consumer, wake: asyncio.Event) -> None:
        try:
            if consumer.warm_up is not None and (tenants := await self.list_tenants()):
                await consuming.warm_up(self.database, consumer, tenants[0])
        except Exception as error:
            logger.warning("worker.not_warm", worker=consumer.name, error=repr(error))
        patience = 1 if consumer.prompt else POLLS_OF_OTHERS
        await self._loop(consumer.name, partial(self._consume, consumer), wake, self.poll_seconds * patience)

    async def _consume(self, consumer: Consumer) -> int:
        if consumer.prompt:
            done = await consuming.advance(self.database, consumer, self.find_tenant)
        else:
            shared = await self._shared.get()
            try:
                done = await consuming.advance(self.database, consumer, self.find_tenant, connection=shared)
            finally:
                self._shared.put_nowait(shared)
        return done if consumer.pace.behind else 0

    async def _time(self, timer: Timer) -> None:
        while True:
            await asyncio.sleep(timer.every_seconds * (0.9 + 0.2 * random.random()))  # noqa: S311 - jitter
            try:
                async with self.database.session(worker=True) as leader:
                    locked = await leader.scalar(
                        text("SELECT pg_try_advisory_xact_lock(:key, hashtext(:name))"),
                        {"key": _TIMER_LOCK, "name": timer.name},
                    )
                    if not locked:
                        continue
                    for tenant in await self.list_tenants():
                        async with self.database.open(tenant, worker=True) as context:
                            await timer.run(context)
            except Exception as error:
                logger.warning("timer.failed", timer=timer.name, error=repr(error))

    async def _run(self, errand: Errand) -> None:
        pause = 1.0
        while True:
            begun = time.monotonic()
            try:
                await errand.run(Units(self.database, self.find_tenant))
            except Exception as error:
                pause = 1.0 if time.monotonic() - begun > 60 else min(pause * 2, 60.0)
                logger.warning("errand.failed", errand=errand.name, error=repr(error)[:500], retry_in=pause)
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter


async def is_followed(database: Database) -> bool:
    """Whether some process follows the log now."""
    async with database.session(worker=True) as session:
        held = text(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return bool(await session.scalar(held, {"key": _PRESENCE_LOCK}))
