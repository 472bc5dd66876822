"""Where a payment stands after what its ledger says, and what its order hears of that."""

from uuid import UUID

from sqlalchemy import func, select

from rustok.commerce.orders import settling
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.shapes import PaymentStatus
from rustok.events.commerce import PaymentStatusChanged
from rustok.kernel import bus
from rustok.kernel.context import Context


def move(context: Context, payment: Payment, status: PaymentStatus) -> None:
    """Note where the payment stands, and say so where that is new."""
    if payment.status != status:
        old, payment.status = payment.status, status
        payment.updated_at = context.now
        bus.record(
            context,
            PaymentStatusChanged(
                payment_id=payment.id, order_id=payment.order_id, old_status=str(old), new_status=str(status)
            ),
        )


async def restate(context: Context, payment: Payment) -> None:
    """The status that the ledger's sums mean, and the order's own sums."""
    await context.session.flush()
    await context.session.refresh(payment)
    status = _status(payment)
    if status is not None:
        move(context, payment, status)
        payment.next_action = None
    await tell_order(context, payment.order_id)
    await context.session.flush()


async def tell_order(context: Context, order_id: UUID) -> None:
    """Hand the sums of all payments of an order over to it."""
    await context.session.flush()
    wanted = select(
        func.coalesce(func.sum(Payment.authorized_minor - Payment.voided_minor), 0),
        func.coalesce(func.sum(Payment.captured_minor), 0),
        func.coalesce(func.sum(Payment.refunded_minor), 0),
        func.coalesce(func.bool_or(Payment.status.in_(("awaiting", "processing", "requires_action"))), False),
    ).where(Payment.tenant_id == context.tenant_id, Payment.order_id == order_id)
    authorized, captured, refunded, waiting = (await context.session.execute(wanted)).one()
    await settling.settle(
        context,
        order_id,
        authorized_minor=int(authorized),
        captured_minor=int(captured),
        refunded_minor=int(refunded),
        waiting=waiting,
    )


def _status(payment: Payment) -> PaymentStatus | None:
    """What the sums say; None where there are none yet."""
    if payment.refunded_minor:
        whole = payment.refunded_minor >= payment.captured_minor
        return PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
    if payment.captured_minor:
        rest = payment.authorized_minor - payment.voided_minor - payment.captured_minor
        short = payment.provider == "manual" and payment.captured_minor < payment.amount_minor
        return PaymentStatus.PARTIALLY_CAPTURED if rest or short else PaymentStatus.CAPTURED
    if payment.authorized_minor:
        gone = payment.voided_minor >= payment.authorized_minor
        return PaymentStatus.VOIDED if gone else PaymentStatus.AUTHORIZED
    return None
