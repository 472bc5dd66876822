"""Entering what providers say: new movements, the phases that they finish, and the status that follows.

A provider tells what it did by movements that have names of their own. Each is entered once, whether it comes with an
answer, a webhook or a look, and in whatever order these arrive: that is why nothing can be counted twice.
"""

from dataclasses import replace

from sqlalchemy import select

from rustok.commerce.payments import booking, gateways, planning, standing, surplus
from rustok.commerce.payments.models import Payment, PaymentAttempt
from rustok.commerce.payments.planning import FAILED, SUCCEEDED, WAITING
from rustok.commerce.payments.shapes import Kind, Movement, PaymentStatus, Result, Seen, State
from rustok.events.commerce import PaymentRefunded
from rustok.kernel import bus, errors
from rustok.kernel.context import Context

_ORDER = (Kind.AUTHORIZE, Kind.CAPTURE, Kind.VOID, Kind.REFUND)


class Mismatch(errors.Conflict):
    """The provider speaks of another amount or currency than the payment has."""

    code = "payment_mismatch"


async def enter(context: Context, payment: Payment, seen: Seen, *, fresh: bool) -> None:
    """Enter what the provider says of a locked payment: new movements, finished phases, the status that follows.

    `fresh` says that this is an answer to a question of ours, and no picture that travelled by itself and may be old.
    Raises `Mismatch`.
    """
    asks = gateways.of(context).get(payment.provider).capabilities.asks
    if asks and (seen.currency, seen.amount_minor) != (payment.currency, payment.amount_minor):
        told = f"{seen.amount_minor} {seen.currency}, not {payment.amount_minor} {payment.currency}"
        raise Mismatch(f"the provider speaks of {told} minor units")
    gained = dict.fromkeys(Kind, 0)
    for movement in sorted(seen.movements, key=lambda one: _ORDER.index(one.kind)):
        if await _enter_movement(context, payment, movement, seen):
            gained[movement.kind] += movement.amount_minor
    old = not fresh and await _is_old(context, payment, seen)
    holds = any(one.kind is Kind.AUTHORIZE and one.result is Result.SUCCEEDED for one in seen.movements)
    if seen.reference and (holds or not old):
        payment.reference = seen.reference[:255]
    if payment.authorized_minor:
        for attempt in await planning.unfinished(context, payment, Kind.AUTHORIZE):
            await planning.finish(context, payment, attempt, SUCCEEDED)
    if payment.authorized_minor and payment.authorized_minor == payment.captured_minor + payment.voided_minor:
        for attempt in await planning.unfinished(context, payment, Kind.VOID):
            await planning.finish(
                context, payment, attempt, FAILED, code="superseded", message="Nothing is left to void."
            )
    if not old:
        await _follow_state(context, payment, seen)
    if asks:
        await surplus.give_back(context, payment, gained)
    await standing.restate(context, payment)


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
            attempt.next_try_at = context.now + planning.backoff(attempt.tries)
        return False
    status = SUCCEEDED if movement.result is Result.SUCCEEDED else FAILED
    if attempt is not None:
        attempt.reference = movement.reference
        if attempt.finished_at is None:
            await planning.finish(context, payment, attempt, status, code=movement.error_code, message=movement.error)
    if await booking.is_entered(context, payment, movement.kind, movement.reference, status):
        return False
    if status == SUCCEEDED:
        await _make_room(context, payment, movement)
    elif movement.kind is Kind.REFUND and await booking.is_entered(context, payment, movement.kind, movement.reference):
        # It had succeeded: the money came back, and the entry that was counted is taken back by another.
        back = replace(
            movement,
            reference=f"{movement.reference}:back",
            amount_minor=-movement.amount_minor,
            result=Result.SUCCEEDED,
        )
        await booking.write(context, payment, back, attempt, dict(seen.facts))
    made = await booking.write(context, payment, movement, attempt, dict(seen.facts))
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
    if movement.result is not Result.SUCCEEDED or await booking.is_entered(
        context, payment, movement.kind, movement.reference
    ):
        return None
    wanted = await planning.unfinished(context, payment, movement.kind)
    return next((one for one in wanted if one.amount_minor == movement.amount_minor and not movement.key), None)


async def _make_room(context: Context, payment: Payment, movement: Movement) -> None:
    """Somebody else took what was set aside here, at the provider itself: what wanted it has failed."""
    for one in reversed(await planning.unfinished(context, payment, movement.kind)):
        if movement.kind is Kind.CAPTURE:
            left = payment.authorized_minor - payment.captured_minor - payment.voided_minor - payment.capturing_minor
        elif movement.kind is Kind.REFUND:
            left = payment.captured_minor - payment.refunded_minor - payment.refunding_minor
        else:
            return
        if movement.amount_minor <= left:
            return
        await planning.finish(context, payment, one, FAILED, code="superseded", message="It was done at the provider.")


async def _follow_state(context: Context, payment: Payment, seen: Seen) -> None:
    """What the provider says beside its movements, where nothing is authorised yet."""
    if seen.state is State.VOIDED:
        for attempt in await planning.unfinished(context, payment):
            if attempt.kind in (Kind.VOID, Kind.AUTHORIZE):
                await planning.finish(context, payment, attempt, SUCCEEDED if attempt.kind == Kind.VOID else FAILED)
        if not payment.authorized_minor:
            payment.next_action = None
            standing.move(context, payment, PaymentStatus.VOIDED)
        return
    if payment.authorized_minor:
        return
    if seen.state is State.AWAITING:
        standing.move(context, payment, PaymentStatus.AWAITING)
        return
    asked = await planning.unfinished(context, payment, Kind.AUTHORIZE)
    if not asked:
        return
    if seen.state is State.DECLINED:
        for attempt in asked:
            attempt.reference = seen.reference
            await booking.fail(context, payment, attempt, code=seen.error_code or "declined", message=seen.error)
    elif seen.state in (State.REQUIRES_ACTION, State.PENDING):
        for attempt in asked:
            attempt.state, attempt.reference = WAITING, seen.reference
            attempt.next_try_at = context.now + planning.backoff(max(attempt.tries, 2))
        acts = seen.state is State.REQUIRES_ACTION
        action = seen.next_action if acts else None
        # A client secret is for the buyer's browser: it is fetched again when it is wanted, and not kept.
        payment.next_action = {"kind": action.kind, "url": action.url} if action else None
        standing.move(context, payment, PaymentStatus.REQUIRES_ACTION if acts else PaymentStatus.PROCESSING)
