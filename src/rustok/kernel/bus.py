"""Events are recorded with the change that caused them; the in-process bus then tells who is here."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Uuid, bindparam, text

from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.ids import generate_ids

T = TypeVar("T")

# Versions are bumped in sorted order so that two writers never wait for each other in a circle. A row gets its
# position after its aggregate's lock is held, and the lock lasts until the commit: positions of one aggregate
# therefore stand in the order of its versions. All events travel as one JSON text: an import writes thousands at once,
# and as arrays of parameters they cost ten times the time in Python.
_FLUSH = text("""
WITH incoming AS (
  SELECT * FROM json_to_recordset(CAST(:events AS json))
    AS i(id uuid, type text, schema_version int, aggregate text, aggregate_id uuid, payload jsonb, ord int)
), bumped AS (
  INSERT INTO event_aggregates AS a (tenant_id, aggregate, aggregate_id, version)
  SELECT :tenant, aggregate, aggregate_id, count(*) FROM incoming GROUP BY aggregate, aggregate_id
  ORDER BY aggregate, aggregate_id
  ON CONFLICT (tenant_id, aggregate, aggregate_id) DO UPDATE SET version = a.version + excluded.version
  RETURNING aggregate, aggregate_id, version
), staged AS (
INSERT INTO event_staging (id, tenant_id, type, schema_version, aggregate, aggregate_id, version,
                           correlation_id, causation_id, actor_id, payload)
SELECT i.id, :tenant, i.type, i.schema_version, i.aggregate, i.aggregate_id,
       b.version + 1 - row_number() OVER (PARTITION BY i.aggregate, i.aggregate_id ORDER BY i.ord DESC),
       :correlation, :causation, :actor, i.payload
FROM incoming i JOIN bumped b USING (aggregate, aggregate_id)
ORDER BY i.ord RETURNING pos
)
SELECT max(pos) FROM staged
""").bindparams(
    bindparam("tenant", type_=Uuid),
    bindparam("correlation", type_=Uuid),
    bindparam("causation", type_=Uuid),
    bindparam("actor", type_=Uuid),
)


def record(context: Context, event: Event) -> None:
    """Note that something happened; it is written with the change itself, or not at all."""
    context.recorded.append(event)


def record_many(context: Context, facts: Iterable[Event]) -> None:
    """The same for several, in this order."""
    context.recorded.extend(facts)


async def flush(context: Context) -> int:
    """Write what was recorded since the last time to staging, in one statement; the edge calls it before it commits."""
    waiting = context.recorded[context.flushed :]
    if not waiting:
        return 0
    await context.session.flush()
    ids = generate_ids(len(waiting))
    last_pos: int = await context.session.scalar(
        _FLUSH,
        {
            "tenant": context.tenant_id,
            "correlation": context.correlation_id,
            "causation": context.causation_id,
            "actor": context.actor.user_id,
            "events": msgspec.json.encode(
                [
                    {
                        "id": id_,
                        "type": type(event).__name__,
                        "schema_version": event.schema_version,
                        "aggregate": event.aggregate,
                        "aggregate_id": event.aggregate_id,
                        "payload": event,
                        "ord": position,
                    }
                    for position, (id_, event) in enumerate(zip(ids, waiting, strict=True))
                ]
            ).decode(),
        },
    )
    context.last_staged = last_pos, UUID(ids[-1])
    context.flushed = len(context.recorded)
    return len(waiting)


class Lagged(Exception):
    """The receiver was too slow: `missed` messages were dropped for it. Where they came from still has them."""

    def __init__(self, missed: int) -> None:
        super().__init__(f"{missed} messages were missed")
        self.missed = missed


class Closed(Exception):
    """The bus is closed and everything in it has been received."""


class Receiver(Generic[T]):
    """One subscriber's bounded view of the bus."""

    def __init__(self, bus: "Bus[T]") -> None:
        self._bus = bus
        self._waiting: deque[T] = deque()
        self._missed = 0
        self._arrived = asyncio.Event()

    def _offer(self, message: T) -> None:
        if len(self._waiting) >= self._bus.capacity:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(message)
        self._arrived.set()

    async def recv(self) -> T:
        """The next message; raises `Lagged` once after a loss, and `Closed` at the end."""
        while True:
            if self._missed:
                missed, self._missed = self._missed, 0
                raise Lagged(missed)
            if self._waiting:
                return self._waiting.popleft()
            if self._bus.closed:
                raise Closed
            self._arrived.clear()
            await self._arrived.wait()

    def close(self) -> None:
        """Stop receiving."""
        self._bus._receivers.discard(self)


class Bus(Generic[T]):
    """tokio's broadcast in asyncio: every receiver gets every message sent after it subscribed, within bounds."""

    def __init__(self, capacity: int = 1024) -> None:
        self.capacity = capacity
        self.closed = False
        self._receivers: set[Receiver[T]] = set()

    @property
    def receiver_count(self) -> int:
        """How many listen."""
        return len(self._receivers)

    def publish(self, message: T) -> int:
        """Send to all who listen, never waiting for anyone; returns their number."""
        for receiver in self._receivers:
            receiver._offer(message)
        return len(self._receivers)

    def subscribe(self) -> Receiver[T]:
        """A receiver of everything that is published from now on."""
        receiver = Receiver(self)
        self._receivers.add(receiver)
        return receiver

    def close(self) -> None:
        """Let every receiver come to its end."""
        self.closed = True
        for receiver in self._receivers:
            receiver._arrived.set()
