"""What an event is: a frozen fact in the past tense that survives a JSON round trip."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all events. The class name is the event's type; `aggregate` names the kind of thing it is about."""

    aggregate: ClassVar[str]
    aggregate_field: ClassVar[str]
    schema_version: ClassVar[int] = 1
    unchanged: ClassVar[frozenset[str]] = frozenset()
    """Fields that name something which is as it was: a tag does not look different because one more thing has it."""

    private: ClassVar[frozenset[str]] = frozenset()
    """Fields with somebody's personal data: they do not leave the installation."""

    @property
    def aggregate_id(self) -> UUID:
        """The id of the thing that changed: events of one aggregate are delivered in order."""
        value: UUID = getattr(self, self.aggregate_field)
        return value


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the log."""

    id: UUID
    tenant_id: UUID
    timestamp: datetime
    seq: int
    type: str
    schema_version: int
    aggregate: str
    aggregate_id: UUID
    version: int
    correlation_id: UUID
    causation_id: UUID | None
    actor_id: UUID | None
    payload: dict[str, Any]


def kinds() -> dict[str, type[Event]]:
    """Every event class known to this process, by type name."""
    found: dict[str, type[Event]] = {}
    waiting = list(Event.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__name__.startswith("_"):  # a common base
            continue
        if found.setdefault(kind.__name__, kind) is not kind:
            raise ValueError(f"two event classes are named {kind.__name__}")
    return found


_known: dict[str, type[Event]] = {}


def encode(event: Event) -> dict[str, Any]:
    """The event's fields as JSON-ready values."""
    payload: dict[str, Any] = msgspec.to_builtins(event)
    return payload


def decode(envelope: Envelope) -> Event:
    """The event inside an envelope; raises `KeyError` for an unknown type, `msgspec.ValidationError` for a bad one."""
    if envelope.type not in _known:
        _known.update(kinds())
    return msgspec.convert(envelope.payload, _known[envelope.type])
