"""Captures, voids and refunds: in parts, at once, too much, and twice; and what a cancelled order means for them."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.commerce.payments import paying

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import capturing, planning, processing, reconciling, refunding, service, voiding
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.shapes import Units
from rustok.events.commerce import OrderCancelled
from rustok.kernel import errors

AUTHORIZED = [("authorize", "succeeded", 10_000)]


async def authorized(units: Units, **wanted: object) -> Payment:
    """A payment whose money waits for staff."""
    payment = await paying.opened(units, capture="manual", **wanted)  # type: ignore[arg-type]  # facts of a method
    return (await processing.process(units, payment.id)).payment


async def now(units: Units, payment_id: UUID) -> Payment:
    """The payment as it is stored."""
    async with units() as context:
        return await service.get(context, payment_id)


async def cancel(units: Units, payment: Payment) -> None:
    """What payments do when their order is cancelled."""
    event = OrderCancelled(order_id=payment.order_id)
    async with units() as context:
        await voiding.when_an_order_is_cancelled_give_its_payments_up(event, context)


async def test_money_is_captured_in_parts_and_never_more_than_was_authorised(units: Units) -> None:
    payment = await authorized(units)
    assert (payment.status, payment.authorized_minor, payment.captured_minor) == ("authorized", 10_000, 0)
    async with units() as context:
        assert (await orders.get(context, payment.order_id)).status == "confirmed"

    assert (await capturing.capture(units, payment.id, 4_000, key="first")).status == "partially_captured"
    assert (await capturing.capture(units, payment.id, 4_000, key="first")).captured_minor == 4_000
    with pytest.raises(planning.TooMuch):
        await capturing.capture(units, payment.id, 6_001)
    with pytest.raises(errors.Conflict):
        await capturing.capture(units, payment.id, 3_000, key="first")
    assert (await capturing.capture(units, payment.id)).status == "captured"
    with pytest.raises(planning.TooMuch):
        await capturing.capture(units, payment.id)

    captures = [("capture", "succeeded", 4_000), ("capture", "succeeded", 6_000)]
    assert await paying.ledger(units, payment.id) == AUTHORIZED + captures


async def test_two_captures_at_once_take_the_money_once(units: Units) -> None:
    payment = await authorized(units)

    outcomes = await asyncio.gather(
        *(capturing.capture(units, payment.id, 10_000) for _ in range(6)), return_exceptions=True
    )

    assert sum(1 for one in outcomes if isinstance(one, Payment)) == 1
    assert all(isinstance(one, Payment | planning.TooMuch) for one in outcomes)
    assert await paying.ledger(units, payment.id) == [*AUTHORIZED, ("capture", "succeeded", 10_000)]
    assert await paying.provider_did(units, payment.id) == [("authorize", 10_000), ("capture", 10_000)]


async def test_refunds_at_once_never_exceed_what_was_captured(units: Units) -> None:
    payment = await paying.opened(units)
    await processing.process(units, payment.id)

    outcomes = await asyncio.gather(
        *(refunding.refund(units, payment.id, 3_000, reason="late", key=f"r{n}") for n in range(6)),
        return_exceptions=True,
    )

    assert sum(1 for one in outcomes if not isinstance(one, BaseException)) == 3
    assert all(isinstance(one, planning.TooMuch) for one in outcomes if isinstance(one, BaseException))
    after = await now(units, payment.id)
    assert (after.status, after.refunded_minor, after.refunding_minor) == ("partially_refunded", 9_000, 0)
    await refunding.refund(units, payment.id, 1_000, reason="", key="rest")
    assert (await now(units, payment.id)).status == "refunded"
    async with units() as context:
        order = await orders.get(context, payment.order_id)
        assert (order.payment_status, order.refunded_minor) == ("refunded", 10_000)


async def test_one_refund_asked_for_many_times_is_one(units: Units) -> None:
    payment = await paying.opened(units)
    await processing.process(units, payment.id)

    found = await asyncio.gather(*(refunding.refund(units, payment.id, 2_500, reason="", key="same") for _ in range(6)))

    assert len({one.id for one in found}) == 1
    assert (await now(units, payment.id)).refunded_minor == 2_500
    with pytest.raises(errors.Conflict):
        await refunding.refund(units, payment.id, 2_501, reason="", key="same")
    assert [one for one in await paying.provider_did(units, payment.id) if one[0] == "refund"] == [("refund", 2_500)]


async def test_what_is_not_captured_is_given_up_once(units: Units) -> None:
    payment = await authorized(units)

    assert (await voiding.void(units, payment.id, reason="fraud")).status == "voided"
    with pytest.raises(voiding.NothingToVoid):
        await voiding.void(units, payment.id)
    with pytest.raises(planning.TooMuch):
        await capturing.capture(units, payment.id)

    assert await paying.ledger(units, payment.id) == [*AUTHORIZED, ("void", "succeeded", 10_000)]


async def test_a_cancelled_order_gives_its_authorisation_up(units: Units) -> None:
    payment = await authorized(units)

    await cancel(units, payment)
    await cancel(units, payment)
    with pytest.raises(errors.Conflict):
        await capturing.capture(units, payment.id)
    assert await reconciling.reconcile(units) == 1

    assert (await now(units, payment.id)).status == "voided"
    assert await paying.ledger(units, payment.id) == [*AUTHORIZED, ("void", "succeeded", 10_000)]


async def test_a_payment_that_nobody_began_ends_with_its_order(units: Units) -> None:
    payment = await paying.opened(units)

    await cancel(units, payment)

    assert (await now(units, payment.id)).status == "voided"
    with pytest.raises(processing.NotPayable):
        await processing.process(units, payment.id)
    assert await paying.provider_did(units, payment.id) == []


async def test_money_that_comes_after_the_cancellation_goes_back(units: Units) -> None:
    payment = await paying.opened(units, settings={"scenario": "late_webhook"})
    await processing.process(units, payment.id)

    await cancel(units, payment)
    await paying.let_time_pass(units)
    await reconciling.send_test_notices(units)
    await reconciling.reconcile(units)

    assert (await now(units, payment.id)).status == "refunded"
    took, gave = await paying.provider_did(units, payment.id), ("refund", 10_000)
    assert took == [("authorize", 10_000), ("capture", 10_000), gave]


async def test_a_transfer_is_marked_as_paid_by_staff(units: Units) -> None:
    payment = await paying.opened(units, method="bank_transfer")
    assert payment.status == "awaiting"

    async with units() as context:
        await capturing.mark_paid(context, payment.id, 4_000, reference="statement 7", key="a")
    async with units() as context:
        await capturing.mark_paid(context, payment.id, 4_000, key="a")
        assert (await service.get(context, payment.id)).status == "partially_captured"
        assert (await orders.get(context, payment.order_id)).status == "pending"
        with pytest.raises(planning.TooMuch):
            await capturing.mark_paid(context, payment.id, 6_001)
        await capturing.mark_paid(context, payment.id)
        order = await orders.get(context, payment.order_id)
        assert (order.status, order.payment_status) == ("confirmed", "paid")
    await refunding.refund(units, payment.id, 500, reason="scratched", key="b")

    assert (await now(units, payment.id)).refunded_minor == 500
    with pytest.raises(capturing.NotSupported):
        await capturing.capture(units, payment.id)


async def test_cash_on_delivery_confirms_its_order_at_once(units: Units) -> None:
    payment = await paying.opened(units, method="cash_on_delivery")

    async with units() as context:
        order = await orders.get(context, payment.order_id)
    assert (payment.status, order.status, order.payment_status) == ("awaiting", "confirmed", "pending")


async def test_staff_do_not_mark_as_paid_what_a_provider_knows(units: Units) -> None:
    payment = await paying.opened(units)

    async with units() as context:
        with pytest.raises(capturing.NotSupported):
            await capturing.mark_paid(context, payment.id)
    assert await paying.ledger(units, payment.id) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE commerce_payments SET captured_minor = 1 WHERE id = :id",
        "UPDATE commerce_payments SET capturing_minor = amount_minor + 1 WHERE id = :id",
        "UPDATE commerce_payment_transactions SET amount_minor = 1 WHERE payment_id = :id",
        "DELETE FROM commerce_payment_transactions WHERE payment_id = :id",
        """INSERT INTO commerce_payment_transactions (tenant_id, id, payment_id, order_id, kind, status, amount_minor,
             currency, provider, reference)
           SELECT tenant_id, gen_random_uuid(), id, order_id, 'refund', 'succeeded', 10001, currency, provider, 'x'
           FROM commerce_payments WHERE id = :id""",
        """INSERT INTO commerce_payment_transactions (tenant_id, id, payment_id, order_id, kind, status, amount_minor,
             currency, provider, reference)
           SELECT tenant_id, gen_random_uuid(), id, order_id, 'capture', 'succeeded', 1, currency, provider, 'x'
           FROM commerce_payments WHERE id = :id""",
    ],
)
async def test_the_database_itself_keeps_the_ledger(units: Units, statement: str) -> None:
    payment = await paying.opened(units)
    await processing.process(units, payment.id)

    with pytest.raises(DBAPIError):
        async with units() as context:
            await context.session.execute(text(statement), {"id": payment.id})

    assert (await now(units, payment.id)).captured_minor == 10_000
    assert datetime.now(UTC) > payment.created_at
