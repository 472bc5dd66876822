"""What providers tell us on their own: checked, taken once, and entered like any other answer."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from rustok.commerce.payments import booking, entering, gateways
from rustok.commerce.payments import methods as ways
from rustok.commerce.payments.models import Payment, PaymentMethod, PaymentNotice
from rustok.commerce.payments.shapes import Account, Notice, Seen, Units
from rustok.kernel import errors, steps
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

RECEIVED, APPLIED, IGNORED, UNKNOWN, MISMATCH = "received", "applied", "ignored", "unknown_payment", "mismatch"


async def account(context: Context, method: PaymentMethod, units: Units) -> Account:
    """The access to a method's provider, with a line on which that can call back."""
    return await ways.account(context, method, units=units, notify=partial(receive, units, method.code))


async def receive(units: Units, method_code: str, headers: Mapping[str, str], body: bytes) -> str:
    """Take a webhook; returns what became of it. One that was taken before changes nothing.

    Raises `NotFound` for a method, `BadSignature`, and `Unreachable` where the provider must be asked and does not
    answer: it will tell us again.
    """
    async with units() as context:
        method = await ways.by_code(context, method_code)
        provider = gateways.of(context).get(method.provider)
        access = await account(context, method, units)
        notice = provider.notice(access, headers, body)
        known = await _take(context, method_code, notice)
        if known != RECEIVED:
            return known
        payment = await _payment_of(context, method, notice)
        currency = payment.currency if payment else ""
        if payment is None or not notice.relevant:
            return await _close(context, method_code, notice, IGNORED if not notice.relevant else UNKNOWN, None)
        payment_id = payment.id
    steps.passed("payments.notice_taken")
    seen, fresh = notice.seen, False
    if seen is None:
        seen, fresh = await provider.look(access, notice.reference, currency=currency), True
    async with units() as context:
        payment = await booking.lock(context, payment_id)
        outcome = await _apply(context, payment, seen, fresh=fresh)
        return await _close(context, method_code, notice, outcome, payment)


async def _apply(context: Context, payment: Payment, seen: Seen, *, fresh: bool) -> str:
    try:
        async with context.session.begin_nested():
            await entering.enter(context, payment, seen, fresh=fresh)
    except entering.Mismatch:
        return MISMATCH
    return APPLIED


async def _take(context: Context, method_code: str, notice: Notice) -> str:
    """What became of this notice before; a new one is written down."""
    await context.session.execute(
        insert(PaymentNotice)
        .values(
            tenant_id=context.tenant_id,
            id=generate_id(),
            method_code=method_code,
            event_id=notice.event_id[:255],
            kind=notice.kind[:255],
            reference=notice.reference[:255],
            outcome=RECEIVED,
            received_at=context.now,
        )
        .on_conflict_do_nothing(constraint="uq_commerce_payment_notices_event")
    )
    return (await _stored(context, method_code, notice)).outcome


async def _stored(context: Context, method_code: str, notice: Notice) -> PaymentNotice:
    found = await context.session.scalar(
        select(PaymentNotice)
        .where(
            PaymentNotice.tenant_id == context.tenant_id,
            PaymentNotice.method_code == method_code,
            PaymentNotice.event_id == notice.event_id[:255],
        )
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise errors.Unavailable("the notice was not stored")
    return found


async def _payment_of(context: Context, method: PaymentMethod, notice: Notice) -> Payment | None:
    """The payment that is meant, if it is of this method: a notice of one shop or method says nothing of another's."""
    wanted = select(Payment).where(Payment.tenant_id == context.tenant_id, Payment.method_code == method.code)
    if notice.payment_id is not None:
        return await context.session.scalar(wanted.where(Payment.id == notice.payment_id))
    if notice.reference:
        return await context.session.scalar(wanted.where(Payment.reference == notice.reference).limit(1))
    return None


async def _close(context: Context, method_code: str, notice: Notice, outcome: str, payment: Payment | None) -> str:
    stored = await _stored(context, method_code, notice)
    stored.outcome, stored.handled_at = outcome, context.now
    stored.payment_id = payment.id if payment else None
    await context.session.flush()
    return outcome
