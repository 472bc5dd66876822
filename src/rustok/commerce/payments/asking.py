"""Asking a provider to do what is written down: no transaction is open meanwhile, and the key is the phase's own.

A process may die between any two lines. Before the call nothing was done; after it, the same key is asked again and
gives the same answer; after the answer is entered, nothing is left to do.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import Select, or_, select

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import booking, entering, gateways, notices, planning
from rustok.commerce.payments import methods as ways
from rustok.commerce.payments.gateways import Provider
from rustok.commerce.payments.models import Payment, PaymentAttempt
from rustok.commerce.payments.shapes import Account, Asked, Capture, Kind, Refused, Seen, Units, Unreachable
from rustok.kernel import steps
from rustok.kernel.context import Context

LEASE = timedelta(seconds=90)  # nobody else asks meanwhile
PATIENCE = 60.0  # seconds for one call
logger = structlog.get_logger("rustok.payments")


@dataclass(frozen=True)
class _Call:
    provider: Provider
    account: Account
    kind: Kind
    waiting: bool
    amount_minor: int
    currency: str
    reference: str
    asked: Asked

    def run(self) -> Awaitable[Seen]:
        """What the phase asks for; where the provider has it already, how it goes."""
        one, account, key = self.provider, self.account, self.asked.key
        if self.waiting:
            return one.look(account, self.reference, currency=self.currency)
        if self.kind is Kind.AUTHORIZE:
            return one.authorize(account, self.asked)
        if self.kind is Kind.CAPTURE:
            return one.capture(account, self.reference, self.amount_minor, currency=self.currency, key=key)
        if self.kind is Kind.REFUND:
            return one.refund(account, self.reference, self.amount_minor, currency=self.currency, key=key)
        return one.void(account, self.reference, currency=self.currency, key=key)


async def ask(units: Units, attempt_id: UUID) -> Seen | None:
    """Take one phase further; None where it is finished, somebody else is at it, or the provider does not answer."""
    async with units() as context:
        call = await _begin(context, units, attempt_id)
    if call is None:
        return None
    steps.passed("payments.asking")
    try:
        async with asyncio.timeout(PATIENCE):
            seen = await call.run()
    except Refused as error:
        async with units() as context:
            await _refuse(context, attempt_id, error)
        return None
    except Exception as error:
        # Nobody knows what was done: the reconciler asks again.
        if not isinstance(error, Unreachable | TimeoutError):
            logger.error("payments.provider_failed", provider=call.provider.name, exc_info=error)
        async with units() as context:
            await postpone(context, attempt_id, error)
        return None
    steps.passed("payments.answered")
    async with units() as context:
        await _enter(context, attempt_id, seen)
    steps.passed("payments.entered")
    return seen


async def go_on(units: Units, payment_id: UUID) -> None:
    """Ask for everything that is written down and due for a payment: what follows from an answer among it."""
    for _ in range(5):
        async with units() as context:
            due = await context.session.scalar(
                due_now(context).where(PaymentAttempt.payment_id == payment_id, PaymentAttempt.state == planning.OPEN)
            )
        if due is None:
            return
        await ask(units, due.id)


def due_now(context: Context) -> Select[PaymentAttempt]:
    """Phases that somebody should take further now, the longest waiting first."""
    return (
        select(PaymentAttempt)
        .where(
            PaymentAttempt.tenant_id == context.tenant_id,
            PaymentAttempt.finished_at.is_(None),
            PaymentAttempt.next_try_at <= context.now,
            or_(PaymentAttempt.leased_until.is_(None), PaymentAttempt.leased_until <= context.now),
        )
        .order_by(PaymentAttempt.next_try_at, PaymentAttempt.id)
        .limit(1)
    )


async def _begin(context: Context, units: Units, attempt_id: UUID) -> _Call | None:
    found = await _locked(context, attempt_id)
    if found is None:
        return None
    payment, attempt = found
    if attempt.finished_at is not None or (attempt.leased_until and attempt.leased_until > context.now):
        return None
    if attempt.kind == Kind.AUTHORIZE and payment.cancelled_at is not None and not attempt.tries:
        await booking.fail(context, payment, attempt, code="cancelled", message="The order was cancelled.")
        return None
    method = await ways.by_code(context, payment.method_code)
    access = await notices.account(context, method, units)
    attempt.leased_until, attempt.tries = context.now + LEASE, attempt.tries + 1
    attempt.next_try_at = context.now + planning.backoff(attempt.tries)
    await context.session.flush()
    details = dict(attempt.details)
    order = await orders.get(context, payment.order_id) if attempt.kind == Kind.AUTHORIZE else None
    return _Call(
        provider=gateways.of(context).get(payment.provider),
        account=access,
        kind=Kind(attempt.kind),
        waiting=attempt.state == planning.WAITING,
        amount_minor=attempt.amount_minor,
        currency=payment.currency,
        reference=payment.reference,
        asked=Asked(
            payment_id=payment.id,
            order_id=payment.order_id,
            key=attempt.key,
            amount_minor=attempt.amount_minor,
            currency=payment.currency,
            capture=payment.capture == Capture.AUTOMATIC,
            return_url=str(details.pop("return_url", "")),
            reference=payment.reference,
            details=details,
            description=f"#{order.number}" if order else "",
            email=order.email if order else "",
        ),
    )


async def _enter(context: Context, attempt_id: UUID, seen: Seen) -> None:
    found = await _locked(context, attempt_id)
    if found is None:
        return
    payment, attempt = found
    attempt.leased_until = None
    try:
        async with context.session.begin_nested():
            await entering.enter(context, payment, seen, fresh=True)
    except entering.Mismatch as error:
        logger.error("payments.mismatch", payment=str(payment.id), error=str(error))
        attempt.error_code, attempt.error = error.code, str(error)
    await context.session.flush()


async def _refuse(context: Context, attempt_id: UUID, error: Refused) -> None:
    found = await _locked(context, attempt_id)
    if found is None or found[1].finished_at is not None:
        return
    payment, attempt = found
    await booking.fail(context, payment, attempt, code=error.code, message=str(error))


async def postpone(context: Context, attempt_id: UUID, error: Exception) -> None:
    """Nobody answered: note why, and let somebody ask again later."""
    found = await _locked(context, attempt_id)
    if found is None or found[1].finished_at is not None:
        return
    _, attempt = found
    attempt.leased_until = None
    attempt.next_try_at = max(attempt.next_try_at, context.now + planning.backoff(attempt.tries))
    attempt.error_code = getattr(error, "code", "") or "payment_provider_failed"
    attempt.error = str(error)[:1000] if isinstance(error, Unreachable) else type(error).__name__
    if attempt.tries >= planning.MANY_TRIES:
        told = {"attempt": str(attempt_id), "kind": attempt.kind, "tries": attempt.tries, "error": attempt.error_code}
        logger.error("payments.stuck", payment=str(attempt.payment_id), **told)
    await context.session.flush()


async def _locked(context: Context, attempt_id: UUID) -> tuple[Payment, PaymentAttempt] | None:
    wanted = (
        select(PaymentAttempt)
        .where(PaymentAttempt.tenant_id == context.tenant_id, PaymentAttempt.id == attempt_id)
        .execution_options(populate_existing=True)
    )
    payment_id = await context.session.scalar(
        select(PaymentAttempt.payment_id).where(
            PaymentAttempt.tenant_id == context.tenant_id, PaymentAttempt.id == attempt_id
        )
    )
    if payment_id is None:
        return None
    payment = await booking.lock(context, payment_id)
    attempt = await context.session.scalar(wanted)
    return None if attempt is None else (payment, attempt)
