"""Deliveries as a table that staff take away: neither secrets, nor addresses that may hold some, nor bodies."""

from collections.abc import AsyncIterator, Mapping

from rustok.core import permissions
from rustok.core.webhooks import deliveries
from rustok.core.webhooks.models import Delivery, State
from rustok.kernel import filtering, paging
from rustok.kernel.context import Context
from rustok.kernel.module import Export


async def rows(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each delivery, the oldest first."""
    statement = deliveries.every(
        endpoint_id=filtering.id_of(filters, "endpoint_id"),
        state=filtering.choice(filters, "state", State),
        event_type=filters.get("event_type"),
    )
    keys: list[paging.Key] = [(Delivery.created_at, paging.ASC), (Delivery.id, paging.ASC)]
    async for page in paging.pages(context, statement, keys=keys):
        for one in page:
            yield [
                *(one.id, one.created_at, one.endpoint_id, one.event_id, one.event_type, one.state, one.attempts),
                *(one.next_attempt_at, one.delivered_at, one.response_status, one.duration_ms, one.last_error),
            ]


DELIVERIES = Export(
    name="webhook_deliveries",
    permission=permissions.WEBHOOKS_READ,
    columns=(
        *("id", "created_at", "endpoint_id", "event_id", "event_type", "state", "attempts"),
        *("next_attempt_at", "delivered_at", "response_status", "duration_ms", "last_error"),
    ),
    rows=rows,
    filters=("endpoint_id", "state", "event_type"),
)
