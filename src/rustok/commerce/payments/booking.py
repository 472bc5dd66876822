"""The ledger of payments: locked with its order, and only ever added to."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import planning, standing
from rustok.commerce.payments.models import Payment, PaymentAttempt, PaymentTransaction
from rustok.commerce.payments.planning import FAILED, SUCCEEDED
from rustok.commerce.payments.shapes import Kind, Movement, PaymentStatus, Result
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def lock(context: Context, payment_id: UUID) -> Payment:
    """The payment and, before it, its order, which nobody else changes until the transaction ends.

    A cancellation counts from its own transaction on, and not only when payments have heard of it.
    """
    order_id = await context.session.scalar(
        select(Payment.order_id).where(Payment.tenant_id == context.tenant_id, Payment.id == payment_id)
    )
    if order_id is None:
        raise errors.NotFound("no such payment", field="paymentId")
    order = await orders.lock(context, order_id)
    payment = await _fresh(context, payment_id, lock=True)
    payment.cancelled_at = payment.cancelled_at or order.cancelled_at
    return payment


async def is_entered(context: Context, payment: Payment, kind: Kind, reference: str, status: str = SUCCEEDED) -> bool:
    """Whether the ledger has that movement."""
    known = select(PaymentTransaction.id).where(
        PaymentTransaction.tenant_id == context.tenant_id,
        PaymentTransaction.payment_id == payment.id,
        PaymentTransaction.kind == kind,
        PaymentTransaction.reference == reference,
        PaymentTransaction.status == status,
    )
    return await context.session.scalar(known) is not None


async def fail(context: Context, payment: Payment, attempt: PaymentAttempt, *, code: str, message: str) -> None:
    """The provider did nothing and never will: give back what was set aside, and say so in the books."""
    await planning.finish(context, payment, attempt, FAILED, code=code, message=message)
    await write(
        context,
        payment,
        Movement(
            kind=Kind(attempt.kind),
            reference=attempt.key,
            amount_minor=attempt.amount_minor,
            result=Result.FAILED,
            key=attempt.key,
            error_code=code,
            error=message,
        ),
        attempt,
        {},
    )
    if attempt.kind == Kind.AUTHORIZE:
        payment.error_code, payment.error, payment.next_action = code[:64], message[:1000], None
        if not payment.authorized_minor:
            standing.move(context, payment, PaymentStatus.DECLINED)
            await standing.tell_order(context, payment.order_id)
    await context.session.flush()


async def write(
    context: Context, payment: Payment, movement: Movement, attempt: PaymentAttempt | None, facts: dict[str, Any]
) -> PaymentTransaction:
    made = PaymentTransaction(
        tenant_id=context.tenant_id,
        id=generate_id(),
        payment_id=payment.id,
        order_id=payment.order_id,
        attempt_id=attempt.id if attempt else None,
        kind=movement.kind,
        status=FAILED if movement.result is Result.FAILED else SUCCEEDED,
        amount_minor=movement.amount_minor,
        currency=payment.currency,
        provider=payment.provider,
        reference=movement.reference[:255],
        key=movement.key[:128],
        reason=attempt.reason if attempt else "",
        error_code=movement.error_code[:64],
        error=movement.error[:1000],
        facts=facts,
        actor_id=attempt.actor_id if attempt else context.actor.user_id,
        created_at=context.now,
    )
    await context.session.flush()  # what was set aside is given back before the entry is counted
    context.session.add(made)
    await context.session.flush()
    await context.session.refresh(payment)
    return made


async def _fresh(context: Context, payment_id: UUID, *, lock: bool = False) -> Payment:
    wanted = (
        select(Payment)
        .where(Payment.tenant_id == context.tenant_id, Payment.id == payment_id)
        .execution_options(populate_existing=True)
    )
    found = await context.session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise errors.NotFound("no such payment", field="paymentId")
    return found
