"""Writing down what providers say: the ledger, the phases that it finishes, and where the payment stands then.

A provider tells what it did by movements that have names of their own. Each is entered once, whether it comes with an
answer, a webhook or a look, and in whatever order these arrive: that is why nothing can be counted twice.
"""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from rustok.commerce.orders import service as orders
from rustok.commerce.orders import settling
from rustok.commerce.payments import gateways
from rustok.commerce.payments.models import Payment, PaymentAttempt, PaymentTransaction
from rustok.commerce.payments.shapes import Kind, Movement, PaymentStatus, Result, Seen, State
from rustok.events.commerce import PaymentRefunded, PaymentStatusChanged
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OPEN, WAITING, SUCCEEDED, FAILED = "open", "waiting", "succeeded", "failed"
_ORDER = (Kind.AUTHORIZE, Kind.CAPTURE, Kind.VOID, Kind.REFUND)


class Mismatch(errors.Conflict):
    """The provider speaks of another amount or currency than the payment has."""

    code = "payment_mismatch"


class TooMuch(errors.Conflict):
    """More than is authorised cannot be captured, and more than was captured cannot be given back."""

    code = "payment_too_much"


async def lock(context: Context, payment_id: UUID) -> Payment:
    """The payment and, before it, its order, which nobody else changes until the transaction ends."""
    order_id = await context.session.scalar(
        select(Payment.order_id).where(Payment.tenant_id == context.tenant_id, Payment.id == payment_id)
    )
    if order_id is None:
        raise errors.NotFound("no such payment", field="paymentId")
    await orders.lock(context, order_id)
    return await _fresh(context, payment_id, lock=True)


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
    if kind is Kind.CAPTURE:
        left = payment.authorized_minor - payment.captured_minor - payment.voided_minor - payment.capturing_minor
        if not 0 < amount_minor <= left:
            raise TooMuch(f"{left} minor units can be captured, not {amount_minor}", field="amount")
        payment.capturing_minor += amount_minor
    elif kind is Kind.REFUND:
        left = payment.captured_minor - payment.refunded_minor - payment.refunding_minor
        if not 0 < amount_minor <= left:
            raise TooMuch(f"{left} minor units can be refunded, not {amount_minor}", field="amount")
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


async def enter(context: Context, payment: Payment, seen: Seen, *, fresh: bool) -> None:
    """Enter what the provider says of a locked payment: new movements, finished phases, the status that follows.

    `fresh` says that this is an answer to a question of ours, and no picture that travelled by itself and may be old.
    Raises `Mismatch`.
    """
    asks = gateways.of(context).get(payment.provider).capabilities.asks
    if asks and (seen.currency, seen.amount_minor) != (payment.currency, payment.amount_minor):
        told = f"{seen.amount_minor} {seen.currency}, not {payment.amount_minor} {payment.currency}"
        raise Mismatch(f"the provider speaks of {told} minor units")
    captured = 0
    for movement in sorted(seen.movements, key=lambda one: _ORDER.index(one.kind)):
        if await _enter_movement(context, payment, movement, seen) and movement.kind is Kind.CAPTURE:
            captured += movement.amount_minor
    old = not fresh and await _is_old(context, payment, seen)
    holds = any(one.kind is Kind.AUTHORIZE and one.result is Result.SUCCEEDED for one in seen.movements)
    if seen.reference and (holds or not old):
        payment.reference = seen.reference[:255]
    if payment.authorized_minor:
        for attempt in await unfinished(context, payment, Kind.AUTHORIZE):
            await _finish(context, payment, attempt, SUCCEEDED)
    if payment.authorized_minor and payment.authorized_minor == payment.captured_minor + payment.voided_minor:
        for attempt in await unfinished(context, payment, Kind.VOID):
            await _finish(context, payment, attempt, FAILED, code="superseded", message="Nothing is left to void.")
    if not old:
        await _follow_state(context, payment, seen)
    await _afterwards(context, payment, captured)
    await restate(context, payment)


async def fail(context: Context, payment: Payment, attempt: PaymentAttempt, *, code: str, message: str) -> None:
    """The provider did nothing and never will: give back what was set aside, and say so in the books."""
    await _finish(context, payment, attempt, FAILED, code=code, message=message)
    await _write(
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
            move(context, payment, PaymentStatus.DECLINED)
            await tell_order(context, payment.order_id)
    await context.session.flush()


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


def backoff(tries: int) -> timedelta:
    """How long to wait before something is asked again: seconds at first, an hour at most."""
    return timedelta(seconds=min(5 * 2 ** min(tries, 10), 3600))


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


async def _is_old(context: Context, payment: Payment, seen: Seen) -> bool:
    """Whether the picture is of an attempt that is over, or of another than the present one."""
    if payment.reference and seen.reference != payment.reference:
        return True
    over = select(PaymentAttempt.id).where(
        PaymentAttempt.tenant_id == context.tenant_id,
        PaymentAttempt.payment_id == payment.id,
        PaymentAttempt.reference == seen.reference,
        PaymentAttempt.kind == Kind.AUTHORIZE,
        PaymentAttempt.state == FAILED,
    )
    return await context.session.scalar(over.limit(1)) is not None


async def _enter_movement(context: Context, payment: Payment, movement: Movement, seen: Seen) -> bool:
    """Whether the ledger has one more entry that counts."""
    attempt = await _attempt_of(context, payment, movement)
    if movement.result is Result.PENDING:
        if attempt is not None and attempt.finished_at is None:
            attempt.state, attempt.reference = WAITING, movement.reference
            attempt.next_try_at = context.now + backoff(attempt.tries)
        return False
    status = SUCCEEDED if movement.result is Result.SUCCEEDED else FAILED
    if attempt is not None:
        attempt.reference = movement.reference
        if attempt.finished_at is None:
            await _finish(context, payment, attempt, status, code=movement.error_code, message=movement.error)
    if await is_entered(context, payment, movement.kind, movement.reference, status):
        return False
    if status == SUCCEEDED:
        await _make_room(context, payment, movement)
    elif movement.kind is Kind.REFUND and await is_entered(context, payment, movement.kind, movement.reference):
        # It had succeeded: the money came back, and the entry that was counted is taken back by another.
        back = replace(
            movement,
            reference=f"{movement.reference}:back",
            amount_minor=-movement.amount_minor,
            result=Result.SUCCEEDED,
        )
        await _write(context, payment, back, attempt, dict(seen.facts))
    made = await _write(context, payment, movement, attempt, dict(seen.facts))
    if movement.kind is Kind.REFUND and status == SUCCEEDED:
        bus.record(
            context,
            PaymentRefunded(
                payment_id=payment.id,
                order_id=payment.order_id,
                transaction_id=made.id,
                amount=movement.amount_minor,
                currency=payment.currency,
            ),
        )
    return status == SUCCEEDED


async def _attempt_of(context: Context, payment: Payment, movement: Movement) -> PaymentAttempt | None:
    """The phase that asked for a movement; a capture that comes with its authorisation was asked for by that.

    A movement without our key is taken for what is wanted just now. What was set aside for others and is not there any
    more cannot be done any more.
    """
    if movement.key:
        asked = await context.session.scalar(
            select(PaymentAttempt)
            .where(
                PaymentAttempt.tenant_id == context.tenant_id,
                PaymentAttempt.payment_id == payment.id,
                PaymentAttempt.key == movement.key,
                PaymentAttempt.kind.in_((movement.kind, Kind.AUTHORIZE)),
            )
            .execution_options(populate_existing=True)
        )
        if asked is not None:
            return asked
    if movement.result is not Result.SUCCEEDED or await is_entered(context, payment, movement.kind, movement.reference):
        return None
    wanted = await unfinished(context, payment, movement.kind)
    return next((one for one in wanted if one.amount_minor == movement.amount_minor and not movement.key), None)


async def _make_room(context: Context, payment: Payment, movement: Movement) -> None:
    """Somebody else took what was set aside here, at the provider itself: what wanted it has failed."""
    for one in reversed(await unfinished(context, payment, movement.kind)):
        if movement.kind is Kind.CAPTURE:
            left = payment.authorized_minor - payment.captured_minor - payment.voided_minor - payment.capturing_minor
        elif movement.kind is Kind.REFUND:
            left = payment.captured_minor - payment.refunded_minor - payment.refunding_minor
        else:
            return
        if movement.amount_minor <= left:
            return
        await _finish(context, payment, one, FAILED, code="superseded", message="It was done at the provider.")


async def _write(
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


async def _finish(
    context: Context, payment: Payment, attempt: PaymentAttempt, state: str, *, code: str = "", message: str = ""
) -> None:
    attempt.state, attempt.finished_at, attempt.leased_until = state, context.now, None
    attempt.error_code, attempt.error = code[:64], message[:1000]
    if attempt.kind == Kind.CAPTURE:
        payment.capturing_minor -= attempt.amount_minor
    elif attempt.kind == Kind.REFUND:
        payment.refunding_minor -= attempt.amount_minor
    await context.session.flush()


async def _follow_state(context: Context, payment: Payment, seen: Seen) -> None:
    """What the provider says beside its movements, where nothing is authorised yet."""
    if seen.state is State.VOIDED:
        for attempt in await unfinished(context, payment):
            if attempt.kind in (Kind.VOID, Kind.AUTHORIZE):
                await _finish(context, payment, attempt, SUCCEEDED if attempt.kind == Kind.VOID else FAILED)
        if not payment.authorized_minor:
            payment.next_action = None
            move(context, payment, PaymentStatus.VOIDED)
        return
    if payment.authorized_minor:
        return
    if seen.state is State.AWAITING:
        move(context, payment, PaymentStatus.AWAITING)
        return
    asked = await unfinished(context, payment, Kind.AUTHORIZE)
    if not asked:
        return
    if seen.state is State.DECLINED:
        for attempt in asked:
            attempt.reference = seen.reference
            await fail(context, payment, attempt, code=seen.error_code or "declined", message=seen.error)
    elif seen.state in (State.REQUIRES_ACTION, State.PENDING):
        for attempt in asked:
            attempt.state, attempt.reference = WAITING, seen.reference
            attempt.next_try_at = context.now + backoff(max(attempt.tries, 2))
        acts = seen.state is State.REQUIRES_ACTION
        action = seen.next_action if acts else None
        # A client secret is for the buyer's browser: it is fetched again when it is wanted, and not kept.
        payment.next_action = {"kind": action.kind, "url": action.url} if action else None
        move(context, payment, PaymentStatus.REQUIRES_ACTION if acts else PaymentStatus.PROCESSING)


async def _afterwards(context: Context, payment: Payment, captured_minor: int) -> None:
    """The order was cancelled meanwhile: what came in afterwards goes back."""
    if payment.cancelled_at is None:
        return
    if captured_minor:
        left = payment.captured_minor - payment.refunded_minor - payment.refunding_minor
        amount = min(captured_minor, left)
        if amount > 0:
            key = f"late_{payment.id.hex}_{payment.captured_minor}"
            await plan(context, payment, Kind.REFUND, amount, key=key, reason="the order was cancelled")
    await plan_void(context, payment, reason="the order was cancelled")


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
