"""Phases: what a provider is to do is written down before it is asked, and finished when its answer is known."""

import hashlib
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select

from rustok.commerce.payments.models import Payment, PaymentAttempt
from rustok.commerce.payments.shapes import Kind, PaymentStatus
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.kernel.money import Money

OPEN, WAITING, SUCCEEDED, FAILED = "open", "waiting", "succeeded", "failed"
MANY_TRIES = 6  # minutes after the first: who is silent for so long is somebody's business


class TooMuch(errors.Conflict):
    """More than is authorised cannot be captured, and more than was captured cannot be given back."""

    code = "payment_too_much"


async def unfinished(context: Context, payment: Payment, kind: Kind | None = None) -> list[PaymentAttempt]:
    """What the provider is to do, or has not finished, the oldest first."""
    wanted = select(PaymentAttempt).where(
        PaymentAttempt.tenant_id == context.tenant_id,
        PaymentAttempt.payment_id == payment.id,
        PaymentAttempt.finished_at.is_(None),
    )
    if kind is not None:
        wanted = wanted.where(PaymentAttempt.kind == kind)
    wanted = wanted.order_by(PaymentAttempt.created_at, PaymentAttempt.id).execution_options(populate_existing=True)
    return list(await context.session.scalars(wanted))


def named_key(kind: str, payment: Payment, key: str) -> str:
    """A key of the caller's as the provider sees it: of this payment, and of a length that everybody takes."""
    told = hashlib.sha256(f"{payment.id.hex}/{key}".encode()).hexdigest()[:40]
    return f"{kind}_{told}"


async def by_key(
    context: Context, payment: Payment, kind: Kind, key: str, amount_minor: int | None
) -> PaymentAttempt | None:
    """What was asked for under this key before; raises `Conflict` where that was another amount."""
    found = await context.session.scalar(
        select(PaymentAttempt)
        .where(
            PaymentAttempt.tenant_id == context.tenant_id,
            PaymentAttempt.payment_id == payment.id,
            PaymentAttempt.kind == kind,
            PaymentAttempt.key == key,
        )
        .execution_options(populate_existing=True)
    )
    if found is not None and amount_minor is not None and found.amount_minor != amount_minor:
        raise errors.Conflict("the key was used for another amount", field="key")
    return found


async def plan(
    context: Context,
    payment: Payment,
    kind: Kind,
    amount_minor: int,
    *,
    key: str,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> PaymentAttempt:
    """Write down what a provider is to do, before it is asked. The amount of a capture or refund is set aside."""
    told = partial(Money, currency=payment.currency)
    if kind is Kind.CAPTURE:
        left = payment.authorized_minor - payment.captured_minor - payment.voided_minor - payment.capturing_minor
        if not 0 < amount_minor <= left:
            raise TooMuch(f"{told(left)} can be captured, not {told(amount_minor)}", field="amount")
        payment.capturing_minor += amount_minor
    elif kind is Kind.REFUND:
        left = payment.captured_minor - payment.refunded_minor - payment.refunding_minor
        if not 0 < amount_minor <= left:
            raise TooMuch(f"{told(left)} can be refunded, not {told(amount_minor)}", field="amount")
        payment.refunding_minor += amount_minor
    made = PaymentAttempt(
        tenant_id=context.tenant_id,
        id=generate_id(),
        payment_id=payment.id,
        kind=kind,
        state=OPEN,
        amount_minor=amount_minor,
        key=key,
        reason=reason[:255],
        details=details or {},
        tries=0,
        next_try_at=context.now,
        reference="",
        error_code="",
        error="",
        actor_id=context.actor.user_id,
        created_at=context.now,
    )
    context.session.add(made)
    await context.session.flush()
    return made


async def plan_void(context: Context, payment: Payment, *, reason: str) -> PaymentAttempt | None:
    """Give up what is not captured, or a payment that never came to it; None where there is nothing to give up.

    What is being captured just now is waited for: its own outcome comes here again, if the order was cancelled.
    """
    if payment.capturing_minor or await unfinished(context, payment, Kind.VOID):
        return None
    rest = payment.authorized_minor - payment.captured_minor - payment.voided_minor
    if payment.authorized_minor and rest <= 0:
        return None
    if not payment.authorized_minor and (
        not payment.reference or payment.status in (PaymentStatus.DECLINED, PaymentStatus.VOIDED)
    ):
        return None
    count = await context.session.scalar(
        select(func.count()).where(
            PaymentAttempt.tenant_id == context.tenant_id, PaymentAttempt.payment_id == payment.id
        )
    )
    key = f"void_{payment.id.hex}_{count}"
    return await plan(context, payment, Kind.VOID, rest or payment.amount_minor, key=key, reason=reason)


async def finish(
    context: Context, payment: Payment, attempt: PaymentAttempt, state: str, *, code: str = "", message: str = ""
) -> None:
    """Say how a phase ended, and give back what was set aside for it."""
    attempt.state, attempt.finished_at, attempt.leased_until = state, context.now, None
    attempt.error_code, attempt.error = code[:64], message[:1000]
    if attempt.kind == Kind.CAPTURE:
        payment.capturing_minor -= attempt.amount_minor
    elif attempt.kind == Kind.REFUND:
        payment.refunding_minor -= attempt.amount_minor
    await context.session.flush()


def backoff(tries: int) -> timedelta:
    """How long to wait before something is asked again: seconds at first, an hour at most."""
    return timedelta(seconds=min(5 * 2 ** min(tries, 10), 3600))
