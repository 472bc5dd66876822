"""Paying in another way when the first one came to nothing."""

from uuid import UUID

from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.states import OrderStatus
from rustok.commerce.payments import booking, service, voiding
from rustok.commerce.payments.methods import Offer
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.processing import NotPayable
from rustok.commerce.payments.shapes import PaymentStatus
from rustok.kernel import errors
from rustok.kernel.context import Context

MOST_PAYMENTS = 20  # of one order


async def options(context: Context, order: Order) -> list[Offer]:
    """The ways to pay what is still due of the order; none where nothing is, or the order is cancelled."""
    if order.status == OrderStatus.CANCELLED or order.outstanding_minor <= 0:
        return []
    address = order.billing_address or order.shipping_address
    return await service.methods(
        context, currency=order.currency, country=address.country if address else "", total=order.outstanding_minor
    )


async def start(context: Context, order_id: UUID, *, method_code: str) -> Payment:
    """A new payment over what is still due. What waits for its buyer is given up; what a provider is at is not.

    Raises `NotPayable` for an order that is paid, cancelled, or being paid just now, and what `service.open` raises.
    """
    order = await orders.lock(context, order_id)
    if order.status == OrderStatus.CANCELLED:
        raise NotPayable("the order is cancelled", field="orderToken")
    known = await service.of_order(context, order_id)
    if len(known) >= MOST_PAYMENTS:
        raise errors.TooMany("this order was tried to be paid too often", field="orderToken")
    secured = 0
    for one in known:
        payment = await booking.lock(context, one.id)
        if payment.status == PaymentStatus.PROCESSING:
            raise NotPayable("a payment is under way: wait for its outcome", field="orderToken")
        if not payment.authorized_minor:
            await voiding.give_up(context, payment, reason="the buyer pays in another way")
        secured += payment.authorized_minor - payment.voided_minor  # what went back is not owed again
    due = order.due_minor - secured
    if due <= 0:
        raise NotPayable("there is nothing to pay", field="orderToken")
    return await service.open(context, order, method_code=method_code, amount_minor=due)
