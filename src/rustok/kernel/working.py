"""What runs beside the requests: the sequencer, every consumer and every timer, as tasks of one event loop."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import text

from rustok.kernel import consuming, log
from rustok.kernel.bus import Bus
from rustok.kernel.consuming import Consumer, FindTenant
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.module import Timer

POLL_SECONDS = 0.1
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
    bus: Bus | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _wakes: list[asyncio.Event] = field(default_factory=list)
    _published: int = -1

    def start(self) -> None:
        """Begin; must be called inside the running loop."""
        self.database.after_commit.append(self.wake)
        self._tasks.append(asyncio.create_task(self._be_present(), name="presence"))
        self._spawn("sequencer", self._sequence)
        for consumer in self.consumers:
            self._spawn(consumer.name, partial(self._consume, consumer))
        for timer in self.timers:
            self._tasks.append(asyncio.create_task(self._time(timer), name=timer.name))

    def wake(self) -> None:
        """There may be work: do not wait for the next poll."""
        for wake in self._wakes:
            wake.set()

    async def stop(self) -> None:
        """Let every task come to an end; work in a transaction is rolled back and comes again."""
        if self.wake in self.database.after_commit:
            self.database.after_commit.remove(self.wake)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def catch_up(self) -> int:
        """Run until every event that is staged or logged now has passed every consumer; returns the log's head."""
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
                await self._step(partial(consuming.advance, self.database, consumer, self.find_tenant))
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
        """Hold a lock that says: somebody follows the log. It ends with the connection, however that ends."""
        while True:
            try:
                async with self.database.worker.connect() as connection:
                    plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await plain.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": _PRESENCE_LOCK})
                    while True:
                        await asyncio.sleep(30)
                        await plain.execute(text("SELECT 1"))
            except Exception as error:
                logger.warning("worker.presence_lost", error=repr(error))
                await asyncio.sleep(1)

    async def _step(self, work: Callable[[], Awaitable[int]]) -> int:
        try:
            return await work()
        except Exception as error:
            logger.warning("worker.step_failed", error=repr(error))
            return 0

    def _spawn(self, name: str, step: Callable[[], Awaitable[int]]) -> None:
        wake = asyncio.Event()
        self._wakes.append(wake)
        self._tasks.append(asyncio.create_task(self._loop(name, step, wake), name=name))

    async def _loop(self, name: str, step: Callable[[], Awaitable[int]], wake: asyncio.Event) -> None:
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
                async with asyncio.timeout(POLL_SECONDS):
                    await wake.wait()
            except TimeoutError:
                pass

    async def _sequence(self) -> int:
        moved = await log.sequence(self.database)
        if moved:
            self.wake()
        if self.bus is not None and self.bus.receiver_count:
            await self._publish(self.bus)
        return moved

    async def _publish(self, bus: Bus) -> None:
        """Send what is new in the log, whoever numbered it, to the receivers of this process."""
        async with self.database.session(worker=True) as session:
            upto = await log.head(session)
            if self._published < 0:
                self._published = upto
            while page := await log.read(session, after=self._published, upto=upto):
                for envelope in page:
                    bus.publish(envelope)
                self._published = page[-1].seq

    async def _consume(self, consumer: Consumer) -> int:
        done = await consuming.advance(self.database, consumer, self.find_tenant)
        if done:
            self.wake()
        return done

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


async def is_followed(database: Database) -> bool:
    """Whether some process follows the log now."""
    async with database.session(worker=True) as session:
        held = text(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return bool(await session.scalar(held, {"key": _PRESENCE_LOCK}))
