"""Paying: the buyer's side asks for it, as often as it likes, and one authorisation comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from rustok.commerce.catalogue import checks
from rustok.commerce.orders import service as orders
from rustok.commerce.payments import asking, booking, gateways, planning, returning, service, standing, surplus
from rustok.commerce.payments.models import Payment, PaymentAttempt
from rustok.commerce.payments.shapes import Kind, NextAction, PaymentStatus, Seen, State, Units
from rustok.kernel import errors, steps
from rustok.kernel.context import Context

MOST_ATTEMPTS = 20  # at one payment: a stolen card's number is not tried out here
_OVER = (PaymentStatus.VOIDED, PaymentStatus.AWAITING)


class NotPayable(errors.Conflict):
    """The payment or its order is over."""

    code = "payment_not_payable"


@dataclass(frozen=True)
class Processed:
    """Where the payment stands, and what its buyer has to do now."""

    payment: Payment
    next_action: NextAction | None


async def process(
    units: Units,
    payment_id: UUID,
    *,
    return_url: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Processed:
    """Ask the provider to authorise a payment, or how that goes on. Saying it twice, even at once, does nothing twice.

    `details` are for the provider: a card's token, a scenario. After a decline it begins anew. Where the provider does
    not answer the payment stays `processing`, and the reconciler finds out. Raises `NotFound`, `NotPayable`, `Invalid`.
    """
    async with units() as context:
        attempt_id = await _intend(context, payment_id, return_url, details)
    steps.passed("payments.intent_written")
    seen = await asking.ask(units, attempt_id) if attempt_id is not None else None
    await asking.go_on(units, payment_id)
    async with units() as context:
        payment = await service.get(context, payment_id)
    return Processed(payment, _action(payment, seen))


def _action(payment: Payment, seen: Seen | None) -> NextAction | None:
    if payment.status != PaymentStatus.REQUIRES_ACTION:
        return None
    if seen is not None and seen.state is State.REQUIRES_ACTION:
        return seen.next_action
    return stored_action(payment)


def stored_action(payment: Payment) -> NextAction | None:
    """What the buyer has to do, as far as that is kept."""
    if not payment.next_action:
        return None
    return NextAction(kind=payment.next_action["kind"], url=payment.next_action.get("url", ""))


async def _intend(
    context: Context, payment_id: UUID, return_url: str | None, details: Mapping[str, Any] | None
) -> UUID | None:
    """The phase to ask for; None where there is nothing to ask."""
    told = {**checks.metadata(details), "return_url": returning.checked(context, return_url)}
    payment = await booking.lock(context, payment_id)
    if payment.authorized_minor or not gateways.of(context).get(payment.provider).capabilities.asks:
        return None
    begun = await planning.unfinished(context, payment, Kind.AUTHORIZE)
    if begun:
        return begun[0].id
    if payment.cancelled_at is not None or payment.status in _OVER:
        raise NotPayable("this payment is over", field="paymentId")
    order = await orders.get(context, payment.order_id)
    if order.due_minor <= await surplus.secured_by_others(context, payment):
        raise NotPayable("there is nothing left to pay", field="paymentId")
    number = await context.session.scalar(
        select(func.count()).where(
            PaymentAttempt.tenant_id == context.tenant_id,
            PaymentAttempt.payment_id == payment.id,
            PaymentAttempt.kind == Kind.AUTHORIZE,
        )
    )
    if (number or 0) >= MOST_ATTEMPTS:
        raise errors.TooMany("this payment was tried too often", field="paymentId")
    key = f"pay_{payment.id.hex}_{number}"
    made = await planning.plan(context, payment, Kind.AUTHORIZE, payment.amount_minor, key=key, details=told)
    payment.error_code = payment.error = ""
    standing.move(context, payment, PaymentStatus.PROCESSING)
    await standing.tell_order(context, payment.order_id)
    return made.id
