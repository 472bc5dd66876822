"""Giving money back: set aside before the provider is asked, so that refunds never exceed what was taken."""

from uuid import UUID

from sqlalchemy import select

from rustok.commerce.payments import asking, booking, gateways, planning
from rustok.commerce.payments.capturing import NotSupported
from rustok.commerce.payments.models import PaymentAttempt
from rustok.commerce.payments.shapes import Kind, Units
from rustok.kernel import errors, steps
from rustok.kernel.context import Context


async def refund(units: Units, payment_id: UUID, amount_minor: int, *, reason: str, key: str) -> PaymentAttempt:
    """Give so much back. The same `key` twice is one refund; another amount under it is a conflict.

    The attempt that is returned says how it went: `succeeded`, `failed`, or `open` and `waiting`, which the reconciler
    takes up. Raises `NotFound`, `TooMuch`, `NotSupported`.
    """
    async with units() as context:
        attempt_id = (await intend(context, payment_id, amount_minor, reason=reason, key=key)).id
    steps.passed("payments.refund_written")
    await asking.ask(units, attempt_id)
    async with units() as context:
        return await _attempt(context, attempt_id)


async def intend(context: Context, payment_id: UUID, amount_minor: int, *, reason: str, key: str) -> PaymentAttempt:
    """Write the refund down in the caller's transaction, without asking anybody: the reconciler does within seconds."""
    if not key:
        raise errors.Invalid("a refund needs a key", field="key")
    payment = await booking.lock(context, payment_id)
    named = planning.named_key("refund", payment, key)
    known = await planning.by_key(context, payment, Kind.REFUND, named, amount_minor)
    if known is not None:
        return known
    left = payment.captured_minor - payment.refunded_minor - payment.refunding_minor
    if amount_minor < left and not gateways.of(context).get(payment.provider).capabilities.partial_refund:
        raise NotSupported("this provider gives the whole amount back or nothing", field="amount")
    return await planning.plan(context, payment, Kind.REFUND, amount_minor, key=named, reason=reason)


async def _attempt(context: Context, attempt_id: UUID) -> PaymentAttempt:
    found = await context.session.scalar(
        select(PaymentAttempt)
        .where(PaymentAttempt.tenant_id == context.tenant_id, PaymentAttempt.id == attempt_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise errors.NotFound("no such refund")
    return found
