"""Giving up what was not taken: when staff say so, and when an order is cancelled."""

from uuid import UUID

from rustok.commerce.payments import asking, booking, gateways, planning, service, standing
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.shapes import Kind, PaymentStatus, Units
from rustok.events.commerce import OrderCancelled
from rustok.kernel import errors, steps
from rustok.kernel.context import Context
from rustok.kernel.module import Listener

_GONE = (PaymentStatus.DECLINED, PaymentStatus.VOIDED)


class NothingToVoid(errors.Conflict):
    """All of it was captured, or it is void already."""

    code = "payment_nothing_to_void"


async def void(units: Units, payment_id: UUID, *, reason: str = "") -> Payment:
    """Give up what is authorised and not captured, or a payment that its buyer did not finish.

    Raises `NotFound` and `NothingToVoid`; where the provider does not answer, it is done later.
    """
    async with units() as context:
        payment = await booking.lock(context, payment_id)
        if payment.capturing_minor:
            raise errors.Conflict("some of it is being captured just now", field="paymentId")
        if not await give_up(context, payment, reason=reason) and not await planning.unfinished(
            context, payment, Kind.VOID
        ):
            raise NothingToVoid("there is nothing to void", field="paymentId")
    steps.passed("payments.void_written")
    await asking.go_on(units, payment_id)
    async with units() as context:
        return await service.get(context, payment_id)


async def give_up(context: Context, payment: Payment, *, reason: str) -> bool:
    """Void a locked payment: at once where nobody is to be asked, else by a phase of its own. False: nothing to do."""
    asks = gateways.of(context).get(payment.provider).capabilities.asks
    never_asked = not payment.reference and not await planning.unfinished(context, payment, Kind.AUTHORIZE)
    if not payment.authorized_minor and (not asks or never_asked):
        if payment.status in _GONE:
            return False
        payment.next_action = None
        standing.move(context, payment, PaymentStatus.VOIDED)
        await standing.tell_order(context, payment.order_id)
        return True
    return await planning.plan_void(context, payment, reason=reason) is not None


async def when_an_order_is_cancelled_give_its_payments_up(event: OrderCancelled, context: Context) -> None:
    """Nobody is asked here: the phases that are written down are asked for by the reconciler, until they succeed.

    What was captured before is staff's to refund; what comes in from now on goes back by itself.
    """
    for one in await service.of_order(context, event.order_id):
        payment = await booking.lock(context, one.id)
        payment.cancelled_at = payment.cancelled_at or context.now
        await context.session.flush()
        await give_up(context, payment, reason="the order was cancelled")


LISTENERS = (
    Listener(
        "payments.void_cancelled", (OrderCancelled,), when_an_order_is_cancelled_give_its_payments_up, replayable=False
    ),
)
