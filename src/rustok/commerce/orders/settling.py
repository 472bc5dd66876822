"""What an order makes of the money that came in: called with the ledger's sums, in the ledger's transaction."""

from uuid import UUID

from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.orders import moving, service, states, timeline
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.states import OrderStatus, PaymentStatus
from rustok.kernel import errors
from rustok.kernel.context import Context


async def settle(
    context: Context,
    order_id: UUID,
    *,
    authorized_minor: int,
    captured_minor: int,
    refunded_minor: int,
    waiting: bool = False,
) -> Order:
    """Take the sums over; confirm a pending order whose due amount is authorised. Saying it twice changes nothing.

    `authorized_minor` counts everything authorised and not voided, what was captured of it as well; `waiting` says that
    a payment is under way. Raises `NotFound`, and `Invalid` for sums that cannot be.
    """
    if min(authorized_minor, captured_minor, refunded_minor) < 0 or refunded_minor > captured_minor:
        raise errors.Invalid("the sums of a ledger are not negative, and no more is refunded than was captured")
    order = await service.lock(context, order_id)
    await _take_over(context, order, authorized_minor, captured_minor, refunded_minor, waiting)
    return order


async def _take_over(
    context: Context, order: Order, authorized: int, captured: int, refunded: int, waiting: bool
) -> None:
    cancelled = order.status == OrderStatus.CANCELLED
    by_cards = 0 if cancelled else order.gift_card_minor  # a cancelled order keeps nothing of theirs
    on_cards = sum((await giftcards.spent_on(context, order.id)).values()) if by_cards else 0
    status = states.payment_status(
        due=order.due_minor,
        authorized=max(authorized, captured),
        captured=captured,
        refunded=refunded,
        waiting=waiting,
        cancelled=cancelled,
        by_cards=by_cards,
        back_on_cards=max(by_cards - on_cards, 0),
    )
    told = (order.authorized_minor, order.captured_minor, order.refunded_minor, order.payment_status)
    if told != (authorized, captured, refunded, status):
        order.authorized_minor, order.captured_minor, order.refunded_minor = authorized, captured, refunded
        order.payment_status = status
        moving.touch(context, order)
        await timeline.note(
            context,
            order.id,
            "payment",
            status=status.value,
            authorized=authorized,
            captured=captured,
            refunded=refunded,
            currency=order.currency,
        )
    if order.status == OrderStatus.PENDING and max(authorized, captured) >= order.due_minor:
        await moving.move(context, order, OrderStatus.CONFIRMED)
    await moving.complete_if_done(context, order)
    await context.session.flush()


async def look_again(context: Context, order: Order) -> None:
    """Work out what the sums mean for a locked order whose due amount, or whose part on gift cards, has changed."""
    await _take_over(
        context,
        order,
        order.authorized_minor,
        order.captured_minor,
        order.refunded_minor,
        order.payment_status == PaymentStatus.PENDING,
    )


async def confirm(context: Context, order_id: UUID, *, version: int | None = None) -> Order:
    """Accept an order whose money will come later: staff's own decision. Raises `IllegalTransition`."""
    order = await service.lock(context, order_id, version=version)
    await moving.move(context, order, OrderStatus.CONFIRMED, by_hand=True)
    await context.session.flush()
    return order
