"""What staff write about an order and stick to it: notes, tags, the archive."""

from collections.abc import Callable, Sequence
from uuid import UUID

from rustok.commerce.catalogue import checks
from rustok.commerce.orders import moving, service, timeline
from rustok.commerce.orders.models import Order, OrderNote
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

LONGEST = 5_000
MOST_TAGS = 50


async def add_note(context: Context, order_id: UUID, body: str, *, to_customer: bool = False) -> OrderNote:
    """Write a note, for staff alone or for the buyer to read; raises `NotFound`, `Invalid`."""
    body = checks.text(body, "body", most=LONGEST)
    order = await service.lock(context, order_id)
    made = OrderNote(
        tenant_id=context.tenant_id,
        id=generate_id(),
        order_id=order.id,
        body=body,
        to_customer=to_customer,
        author_id=context.actor.user_id,
        created_at=context.now,
    )
    context.session.add(made)
    await timeline.note(context, order.id, "note_added", note_id=str(made.id), to_customer=to_customer)
    await context.session.flush()
    return made


async def archive(context: Context, order_ids: Sequence[UUID], *, archived: bool = True) -> int:
    """Put orders out of sight, or back; returns how many changed. Ids that there are not are passed over."""
    return await _each(context, order_ids, lambda order: _archive(context, order, archived=archived))


def _archive(context: Context, order: Order, *, archived: bool) -> str | None:
    if (order.archived_at is not None) == archived:
        return None
    order.archived_at = context.now if archived else None
    return "archived" if archived else "unarchived"


async def add_tags(context: Context, order_ids: Sequence[UUID], tags: Sequence[str]) -> int:
    """Give orders tags besides their own; returns how many changed."""
    given = _checked(tags)
    return await _each(context, order_ids, lambda order: _tag(order, sorted({*order.tags, *given})))


async def remove_tags(context: Context, order_ids: Sequence[UUID], tags: Sequence[str]) -> int:
    """Take tags from orders; returns how many changed."""
    given = _checked(tags)
    return await _each(context, order_ids, lambda order: _tag(order, sorted({*order.tags} - {*given})))


def _checked(tags: Sequence[str]) -> list[str]:
    if len(tags) > MOST_TAGS:
        raise errors.Invalid(f"at most {MOST_TAGS} tags", field="tags")
    return [checks.text(tag, "tags", most=64) for tag in tags]


def _tag(order: Order, tags: list[str]) -> str | None:
    if tags == sorted(order.tags):
        return None
    if len(tags) > MOST_TAGS:
        raise errors.Invalid(f"an order has at most {MOST_TAGS} tags", field="tags")
    order.tags = tags
    return "tagged"


async def _each(context: Context, order_ids: Sequence[UUID], change: Callable[[Order], str | None]) -> int:
    """Change orders one after the other, in one order for everybody, and note those that really changed."""
    wanted = sorted(await service.many(context, checks.ids(order_ids, most=500)))
    changed = 0
    for order_id in wanted:
        order = await service.lock(context, order_id)
        kind = change(order)
        if kind is not None:
            moving.touch(context, order)
            await timeline.note(context, order.id, kind, **({"tags": order.tags} if kind == "tagged" else {}))
            changed += 1
    await context.session.flush()
    return changed
