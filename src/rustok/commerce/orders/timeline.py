"""Who did what to an order: entries are only ever added."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.catalogue import batches
from rustok.commerce.orders.models import TimelineEntry
from rustok.core.rows import is_one_of
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


def entry(context: Context, order_id: UUID, kind: str, **details: Any) -> dict[str, Any]:
    """An entry's row. Details hold ids, amounts and texts of staff, nothing personal of the buyer."""
    return {
        "id": generate_id(),
        "order_id": order_id,
        "kind": kind,
        "actor_kind": context.actor.kind,
        "actor_id": context.actor.user_id,
        "details": details,
        "created_at": context.now,
    }


async def note(context: Context, order_id: UUID, kind: str, **details: Any) -> None:
    """Add an entry."""
    await batches.insert(context, TimelineEntry, [entry(context, order_id, kind, **details)])


async def of(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[TimelineEntry]]:
    """Every entry of the orders, the oldest first."""
    found: dict[UUID, list[TimelineEntry]] = {}
    statement = (
        select(TimelineEntry)
        .where(TimelineEntry.tenant_id == context.tenant_id, is_one_of(TimelineEntry.order_id, order_ids))
        .order_by(TimelineEntry.id)
    )
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.order_id, []).append(one)
    return found
