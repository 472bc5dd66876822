"""Somebody wants to send goods back: the buyer asks, or staff write it down for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.orders import service as orders
from rustok.commerce.orders import timeline
from rustok.commerce.orders.models import Order
from rustok.commerce.returns import service
from rustok.commerce.returns.models import OrderReturn, ReturnLine
from rustok.commerce.returns.states import Reason, ReturnStatus
from rustok.events.commerce import ReturnRequested, ReturnStatusChanged
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_LINES = 500
LONGEST_NOTE = 2000


class NothingToReturn(errors.Conflict):
    """More pieces of a line were named than may still be sent back."""

    code = "nothing_to_return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some pieces of a line, and why they come back."""

    line_id: UUID
    quantity: int
    reason: Reason = Reason.OTHER
    note: str | None = None


async def request(
    context: Context, order_id: UUID, pieces: Sequence[Piece], *, note: str | None = None, by_staff: bool = False
) -> OrderReturn:
    """Write the wish down; staff's own is approved at once and may name goods that did not arrive.

    Raises `NotFound` for an order or a line that there is not, `NothingToReturn`, `Invalid`.
    """
    note = checks.optional_text(note, "note", most=LONGEST_NOTE)
    order = await orders.lock(context, order_id)
    rows = await _rows(context, order, pieces, by_staff=by_staff)
    last = await context.session.scalar(
        select(func.max(OrderReturn.number)).where(
            OrderReturn.tenant_id == context.tenant_id, OrderReturn.order_id == order_id
        )
    )
    made = OrderReturn(
        tenant_id=context.tenant_id,
        id=generate_id(),
        order_id=order_id,
        number=(last or 0) + 1,
        status=ReturnStatus.APPROVED if by_staff else ReturnStatus.REQUESTED,
        requested_by="staff" if by_staff else "buyer",
        note=note,
        decided_at=context.now if by_staff else None,
        version=1,
        created_at=context.now,
        updated_at=context.now,
    )
    context.session.add(made)
    await context.session.flush()
    await batches.insert(context, ReturnLine, [{"return_id": made.id, **row} for row in rows])
    await timeline.note(
        context,
        order_id,
        "return_requested",
        return_id=str(made.id),
        number=made.number,
        pieces=sum(one.quantity for one in pieces),
    )
    bus.record(context, ReturnRequested(order_id=order_id, return_id=made.id))
    if by_staff:
        approved = ReturnStatusChanged(
            order_id=order_id,
            return_id=made.id,
            old_status=ReturnStatus.REQUESTED.value,
            new_status=ReturnStatus.APPROVED.value,
        )
        bus.record(context, approved)
    return made


async def _rows(context: Context, order: Order, pieces: Sequence[Piece], *, by_staff: bool) -> list[dict[str, object]]:
    if not pieces:
        raise errors.Invalid("name the goods that come back", field="lines")
    if len(pieces) > MOST_LINES or len({one.line_id for one in pieces}) < len(pieces):
        raise errors.Invalid(f"each line once, and at most {MOST_LINES} of them", field="lines")
    known = {one.line.id: one for one in await service.returnable(context, order, undelivered=by_staff)}
    rows: list[dict[str, object]] = []
    for one in pieces:
        checks.whole(one.quantity, "quantity", least=1)
        if one.line_id not in known:
            raise errors.NotFound("no such line in this order", field="lines")
        found = known[one.line_id]
        if one.quantity > found.quantity:
            raise NothingToReturn(
                f"{found.line.title}: {one.quantity} pieces named, {found.quantity} can be sent back", field="lines"
            )
        rows.append(
            {
                "line_id": one.line_id,
                "quantity": one.quantity,
                "reason": Reason(one.reason).value,
                "note": checks.optional_text(one.note, "note", most=LONGEST_NOTE),
            }
        )
    return rows
