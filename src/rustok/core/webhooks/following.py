"""From the event log to deliveries: one consumer, once for every event."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from rustok.core.webhooks import messages
from rustok.core.webhooks.models import Delivery, Endpoint, State
from rustok.core.webhooks.service import EVERYTHING
from rustok.kernel.consuming import Batch, Consumer
from rustok.kernel.events import Envelope
from rustok.kernel.ids import generate_id

NAME = "core.webhooks"


async def follow(batch: Batch) -> None:
    """Note for every endpoint what it is to be told. The same event is noted once, however often it comes by."""
    by_tenant: dict[UUID, list[Envelope]] = defaultdict(list)
    for envelope in batch.envelopes:
        by_tenant[envelope.tenant_id].append(envelope)
    for tenant_id, envelopes in by_tenant.items():
        async with batch.tenant(tenant_id) as context:
            if context is None:
                continue
            listening = (
                await context.session.scalars(
                    select(Endpoint).where(Endpoint.tenant_id == context.tenant_id, Endpoint.enabled)
                )
            ).all()
            deliveries = [
                {
                    "tenant_id": tenant_id,
                    "id": generate_id(),
                    "endpoint_id": endpoint.id,
                    "event_id": envelope.id,
                    "event_type": envelope.type,
                    "body": messages.body(envelope),
                    "state": State.WAITING,
                    "next_attempt_at": context.now,
                    "created_at": context.now,
                }
                for envelope in envelopes
                for endpoint in listening
                # What happened before it was asked for is not told.
                if envelope.timestamp >= endpoint.created_at
                and (endpoint.event_types == [EVERYTHING] or envelope.type in endpoint.event_types)
            ]
            for start in range(0, len(deliveries), 1000):
                await context.session.execute(
                    insert(Delivery).on_conflict_do_nothing(index_elements=["tenant_id", "endpoint_id", "event_id"]),
                    deliveries[start : start + 1000],
                )


def consumer() -> Consumer:
    """It has effects outside, and is not replayed."""
    return Consumer(NAME, None, follow, replayable=False)
