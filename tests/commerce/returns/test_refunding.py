"""Money goes back: by default what was paid for the goods, never more than was paid, over the ways it came."""

import asyncio

import pytest
from tests.commerce.payments.paying import units_of
from tests.commerce.returns import returning

from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.orders import service as orders
from rustok.commerce.payments import booking, retrying
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.models import PaymentAttempt
from rustok.commerce.payments.processing import NotPayable
from rustok.commerce.payments.shapes import Units
from rustok.commerce.returns import refunding, service
from rustok.commerce.returns.models import Refund
from rustok.commerce.returns.refunding import RefundTooMuch, Wanted
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database


@pytest.fixture
def units(database: Database, tenant: TenantInfo) -> Units:
    """Opens units of work."""
    return units_of(database, tenant)


def ways(refund: Refund) -> tuple[int, int, int]:
    """Payments, gift cards, exchange."""
    return refund.payments_minor, refund.gift_cards_minor, refund.exchange_minor


async def test_a_return_is_refunded_with_what_was_paid_for_it(units: Units) -> None:
    made = await returning.sold(units, [(3, 1000), (1, 500)])  # 35.00 + 6.65 tax + 5.00 shipping + 0.95 tax
    async with units() as context:
        back = await returning.came_back(context, made.order_id, {made.lines[0]: 2}, restock=True)

    refund = await refunding.refund(units, made.order_id, Wanted(), reason="Did not fit", key="once", return_id=back.id)

    assert (refund.amount_minor, refund.goods_minor, ways(refund)) == (2380, 2380, (2380, 0, 0))
    async with units() as context:
        order = await orders.get(context, made.order_id)
        assert (order.refunded_minor, order.payment_status, order.fulfilment_status) == (
            2380,
            "partially_refunded",
            "partially_returned",
        )
        assert (await service.get(context, back.id)).status == "completed"
        assert await refunding.states_of(context, [refund]) == {refund.id: "succeeded"}
        # Nobody is asked to pay again what was given back.
        assert order.outstanding_minor == 0
        assert await retrying.options(context, order) == []
        with pytest.raises(NotPayable):
            await retrying.start(context, order.id, method_code="cash_on_delivery")

    again = await refunding.refund(units, made.order_id, Wanted(), reason="", key="once", return_id=back.id)
    assert again.id == refund.id
    with pytest.raises(errors.Conflict):
        await refunding.refund(units, made.order_id, Wanted(other_minor=1), reason="", key="once", return_id=back.id)
    with pytest.raises(RefundTooMuch):
        await refunding.refund(units, made.order_id, Wanted(), reason="", key="twice", return_id=back.id)
    async with units() as context:
        assert (await orders.get(context, made.order_id)).refunded_minor == 2380


async def test_shipping_and_something_for_the_trouble_go_back_within_what_was_paid(units: Units) -> None:
    made = await returning.sold(units, [(1, 1000)])  # 11.90 + 5.95
    shipping = await refunding.refund(
        units, made.order_id, Wanted(shipping_minor=595), reason="Came late", key="shipping"
    )
    assert (shipping.shipping_minor, shipping.payments_minor) == (595, 595)
    for wanted, key in (
        (Wanted(shipping_minor=1), "more shipping"),
        (Wanted(other_minor=1191), "too much"),
        (Wanted(goods_minor=5), "goods without a return"),
        (Wanted(), "nothing"),
        (Wanted(other_minor=-5), "less than nothing"),
    ):
        with pytest.raises(errors.RustokError):
            await refunding.refund(units, made.order_id, wanted, reason="", key=key)
    await refunding.refund(units, made.order_id, Wanted(other_minor=190), reason="A scratch", key="trouble")

    async with units() as context:
        back = await returning.came_back(context, made.order_id, {made.lines[0]: 1})
    rest = await refunding.refund(units, made.order_id, Wanted(), reason="", key="goods", return_id=back.id)

    # The goods are worth 11.90, and 1.90 of what was paid went back before.
    assert rest.goods_minor == 1000
    async with units() as context:
        order = await orders.get(context, made.order_id)
        assert (order.refunded_minor, order.captured_minor, order.payment_status) == (1785, 1785, "refunded")
        assert sum(one.amount_minor for one in (await service.refunds_of(context, [order.id]))[order.id]) == 1785


async def test_what_gift_cards_paid_goes_back_to_them_after_the_money(units: Units) -> None:
    made = await returning.sold(units, [(2, 1000)], shipping_minor=0, tax_included=True, card_minor=1500)
    async with units() as context:
        back = await returning.came_back(context, made.order_id, {made.lines[0]: 2})
    refund = await refunding.refund(units, made.order_id, Wanted(), reason="", key="x", return_id=back.id)

    assert (refund.amount_minor, ways(refund)) == (2000, (500, 1500, 0))
    async with units() as context:
        assert await giftcards.spent_on(context, made.order_id) == {}
        order = await orders.get(context, made.order_id)
        assert (order.refunded_minor, order.payment_status) == (500, "refunded")


async def test_an_order_whose_money_went_back_but_not_its_gift_card_is_refunded_in_part(units: Units) -> None:
    made = await returning.sold(units, [(2, 1000)], shipping_minor=0, tax_included=True, card_minor=1500)

    await refunding.refund(units, made.order_id, Wanted(other_minor=500), reason="", key="money")

    async with units() as context:
        order = await orders.get(context, made.order_id)
        assert (order.refunded_minor, order.payment_status) == (500, "partially_refunded")


async def test_an_order_paid_by_gift_cards_alone_is_refunded_to_them(units: Units) -> None:
    made = await returning.sold(units, [(1, 1000)], shipping_minor=0, tax_included=True, card_minor=1000)

    refund = await refunding.refund(units, made.order_id, Wanted(other_minor=400), reason="", key="x")

    assert ways(refund) == (0, 400, 0)
    async with units() as context:
        order = await orders.get(context, made.order_id)
        assert (order.payment_status, order.captured_minor, order.refunded_minor) == ("partially_refunded", 0, 0)
    with pytest.raises(RefundTooMuch):
        await refunding.refund(units, made.order_id, Wanted(other_minor=601), reason="", key="y")


async def test_what_a_provider_refuses_has_not_gone_back(units: Units) -> None:
    made = await returning.sold(units, [(2, 1000)], shipping_minor=0, tax_included=True)
    async with units() as context:
        back = await returning.came_back(context, made.order_id, {made.lines[0]: 1})
        refund = await refunding.write(context, made.order_id, Wanted(), reason="", key="first", return_id=back.id)
        assert await refunding.states_of(context, [refund]) == {refund.id: "pending"}
        with pytest.raises(RefundTooMuch):
            await refunding.write(context, made.order_id, Wanted(other_minor=1001), reason="", key="beside")
    async with units() as context:
        (part,) = (await service.parts_of(context, [refund.id]))[refund.id]
        attempt = await context.session.get(PaymentAttempt, (context.tenant_id, part.attempt_id))
        assert attempt is not None
        payment = await booking.lock(context, attempt.payment_id)
        await booking.fail(context, payment, attempt, code="closed", message="The account is closed.")
        assert await refunding.states_of(context, [refund]) == {refund.id: "failed"}
        assert (await orders.get(context, made.order_id)).refunded_minor == 0

    second = await refunding.refund(units, made.order_id, Wanted(), reason="", key="second", return_id=back.id)
    assert (second.goods_minor, second.payments_minor) == (1000, 1000)
    async with units() as context:
        assert (await orders.get(context, made.order_id)).refunded_minor == 1000


async def test_goods_that_are_not_back_are_not_refunded(units: Units) -> None:
    made = await returning.sold(units, [(1, 1000)])
    other = await returning.sold(units, [(1, 1000)])
    async with units() as context:
        back = await returning.came_back(context, made.order_id, {made.lines[0]: 1})
        wish = await returning.requesting.request(
            context, other.order_id, [returning.Piece(line_id=other.lines[0], quantity=1)]
        )
    for order_id, return_id, refusal in (
        (other.order_id, wish.id, errors.Conflict),
        (other.order_id, back.id, errors.NotFound),
    ):
        with pytest.raises(refusal):
            await refunding.refund(units, order_id, Wanted(), reason="", key="x", return_id=return_id)
    async with units() as context:
        assert await service.refunds_of(context, [made.order_id, other.order_id]) == {}
        closed = await refunding.close(context, back.id)
        assert closed.status == "completed"


async def test_refunds_at_once_never_give_more_than_was_paid(units: Units) -> None:
    made = await returning.sold(units, [(1, 1000)], shipping_minor=0, tax_included=True, card_minor=300)

    async def give(number: int) -> bool:
        try:
            wanted = Wanted(other_minor=300)
            await refunding.refund(units, made.order_id, wanted, reason="", key=str(number % 5))
        except RefundTooMuch:
            return False
        return True

    found = await asyncio.gather(*(give(number) for number in range(10)))

    assert any(found)
    async with units() as context:
        refunds = (await service.refunds_of(context, [made.order_id]))[made.order_id]
        assert sum(one.amount_minor for one in refunds) == 900
        (payment,) = await payments.of_order(context, made.order_id)
        assert payment.refunded_minor + sum(one.gift_cards_minor for one in refunds) == 900
