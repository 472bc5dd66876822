"""Money that nobody may keep: it came in after the order was cancelled, or after it was paid in another way."""

from collections.abc import Mapping

from sqlalchemy import func, select

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import planning
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.shapes import Kind
from rustok.kernel.context import Context

CANCELLED, PAID_TWICE = "the order was cancelled", "the order was paid in another way"


async def give_back(context: Context, payment: Payment, gained: Mapping[Kind, int]) -> None:
    """Write down that a locked payment gives back what it has just `gained` and may not keep."""
    if payment.cancelled_at is not None:
        await _refund(context, payment, gained[Kind.CAPTURE], reason=CANCELLED)
        await planning.plan_void(context, payment, reason=CANCELLED)
    elif gained[Kind.AUTHORIZE] or gained[Kind.CAPTURE]:
        others = await secured_by_others(context, payment)
        order = await orders.get(context, payment.order_id)
        too_much = min(others + _secured(payment) - order.due_minor, _secured(payment))
        if others <= 0 or too_much <= 0:
            return
        held = payment.authorized_minor - payment.captured_minor - payment.voided_minor
        if 0 < held <= too_much and await planning.plan_void(context, payment, reason=PAID_TWICE):
            too_much -= held
        await _refund(context, payment, too_much, reason=PAID_TWICE)


async def secured_by_others(context: Context, payment: Payment) -> int:
    """What the order's other payments hold or have taken, and do not give back."""
    wanted = select(
        func.coalesce(
            func.sum(
                Payment.authorized_minor - Payment.voided_minor - Payment.refunded_minor - Payment.refunding_minor
            ),
            0,
        )
    ).where(Payment.tenant_id == context.tenant_id, Payment.order_id == payment.order_id, Payment.id != payment.id)
    return int(await context.session.scalar(wanted) or 0)


def _secured(payment: Payment) -> int:
    return payment.authorized_minor - payment.voided_minor - payment.refunded_minor - payment.refunding_minor


async def _refund(context: Context, payment: Payment, wanted_minor: int, *, reason: str) -> None:
    amount = min(wanted_minor, payment.captured_minor - payment.refunded_minor - payment.refunding_minor)
    if amount > 0:
        key = f"late_{payment.id.hex}_{payment.captured_minor}"
        await planning.plan(context, payment, Kind.REFUND, amount, key=key, reason=reason)
