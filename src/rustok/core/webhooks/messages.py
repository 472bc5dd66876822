"""What an endpoint is told: the event's envelope, with ids and without anybody's personal data."""

from typing import Any
from uuid import UUID

import msgspec

from rustok.kernel import events
from rustok.kernel.context import Context
from rustok.kernel.events import Envelope


def body(envelope: Envelope) -> str:
    """The envelope as JSON. What was personal in its payload is left out."""
    kind = events.kinds().get(envelope.type)
    private = kind.private if kind is not None else frozenset()
    payload = {name: value for name, value in envelope.payload.items() if name not in private}
    return _written({**msgspec.structs.asdict(envelope), "payload": payload})


def ping(context: Context, event_id: UUID) -> str:
    """A message of the same form that means nothing."""
    return _written(
        {
            "id": event_id,
            "tenant_id": context.tenant_id,
            "timestamp": context.now,
            "seq": 0,
            "type": "Ping",
            "schema_version": 1,
            "aggregate": "ping",
            "aggregate_id": event_id,
            "version": 1,
            "correlation_id": context.correlation_id,
            "causation_id": None,
            "actor_id": context.actor.user_id,
            "payload": {},
        }
    )


def _written(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
