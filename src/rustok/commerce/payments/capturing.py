"""Taking what was authorised, in one piece or in several, and marking as paid what came by itself."""

from uuid import UUID

from rustok.commerce.payments import asking, booking, entering, gateways, planning, service
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.shapes import Kind, Movement, Seen, State, Units
from rustok.kernel import errors, steps
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.kernel.money import Money


class NotSupported(errors.Conflict):
    """The provider of this payment cannot do that."""

    code = "payment_not_supported"


async def capture(
    units: Units, payment_id: UUID, amount_minor: int | None = None, *, key: str | None = None
) -> Payment:
    """Take so much, or all that is left. The same `key` twice is one capture.

    Raises `NotFound`, `TooMuch`, `NotSupported`; where the provider does not answer, it is taken later.
    """
    async with units() as context:
        attempt_id = await intend(context, payment_id, amount_minor, key=key)
    steps.passed("payments.capture_written")
    await asking.ask(units, attempt_id)
    await asking.go_on(units, payment_id)
    async with units() as context:
        return await service.get(context, payment_id)


async def intend(context: Context, payment_id: UUID, amount_minor: int | None, *, key: str | None = None) -> UUID:
    """Write the capture down; returns the phase, whose outcome comes later."""
    payment = await booking.lock(context, payment_id)
    named = planning.named_key("capture", payment, key or str(generate_id()))
    known = await planning.by_key(context, payment, Kind.CAPTURE, named, amount_minor)
    if known is not None:
        return known.id
    able = gateways.of(context).get(payment.provider).capabilities
    if not able.asks:
        raise NotSupported("this payment is marked as paid instead", field="paymentId")
    left = payment.authorized_minor - payment.captured_minor - payment.voided_minor - payment.capturing_minor
    amount = left if amount_minor is None else amount_minor
    if amount != left and not able.partial_capture:
        raise NotSupported("this provider captures the whole amount or nothing", field="amount")
    if payment.cancelled_at is not None:
        raise errors.Conflict("the order is cancelled", field="paymentId")
    return (await planning.plan(context, payment, Kind.CAPTURE, amount, key=named)).id


async def mark_paid(
    context: Context,
    payment_id: UUID,
    amount_minor: int | None = None,
    *,
    reference: str = "",
    key: str | None = None,
) -> Payment:
    """Staff have seen so much money, or all that was missing. The same `key` twice is one entry.

    Raises `NotFound`, `TooMuch`, and `NotSupported` for a payment whose provider says itself what was paid.
    """
    payment = await booking.lock(context, payment_id)
    if gateways.of(context).get(payment.provider).capabilities.asks:
        raise NotSupported("the provider of this payment says itself what was paid", field="paymentId")
    named = planning.named_key("paid", payment, key or str(generate_id()))
    if await booking.is_entered(context, payment, Kind.CAPTURE, named):
        return payment
    left = payment.amount_minor - payment.authorized_minor
    amount = left if amount_minor is None else amount_minor
    if not 0 < amount <= left:
        raise planning.TooMuch(
            f"{Money(left, payment.currency)} is missing, not {Money(amount, payment.currency)}", field="amount"
        )
    movements = [
        Movement(kind=kind, reference=named, amount_minor=amount, key=named) for kind in (Kind.AUTHORIZE, Kind.CAPTURE)
    ]
    facts = {"reference": reference[:255]} if reference else {}
    seen = Seen(
        reference="", state=State.DONE, currency=payment.currency, amount_minor=0, movements=movements, facts=facts
    )
    await entering.enter(context, payment, seen, fresh=True)
    return payment
