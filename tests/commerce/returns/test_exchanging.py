"""Something else is sent instead: what came back pays, the difference is due or goes back, and the books agree."""

import asyncio
from uuid import UUID

import pytest
from tests.commerce.orders import ordering
from tests.commerce.payments.paying import units_of
from tests.commerce.returns import returning

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.orders import balance
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.editing import Added
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.shapes import Units
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.returns import exchanging, refunding, service
from rustok.commerce.returns.refunding import RefundTooMuch, Wanted
from rustok.commerce.returns.states import IllegalReturnTransition
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database


@pytest.fixture
def units(database: Database, tenant: TenantInfo) -> Units:
    """Opens units of work."""
    return units_of(database, tenant)


async def back(units: Units) -> tuple[returning.Sold, UUID]:
    """An order of 20.00, all of which came back."""
    made = await returning.sold(units, [(2, 1000)], shipping_minor=0, tax_included=True)
    async with units() as context:
        return made, (await returning.came_back(context, made.order_id, {made.lines[0]: 2})).id


async def another(units: Units, minor: int) -> UUID:
    """Something else, of which there are three."""
    async with units() as context:
        (variant,) = await ordering.goods(context, 3)
        await pricing.set_prices(context, variant, [PriceRow(currency="EUR", amount_minor=minor)])
        await products.publish(context, (await catalogue.get_variant(context, variant)).product_id)
    return variant


async def test_what_costs_more_is_due_for_the_difference(units: Units) -> None:
    made, return_id = await back(units)
    variant = await another(units, 3500)

    done = await exchanging.exchange(
        units, return_id, [Added(variant_id=variant, quantity=1)], payment_method="transfer"
    )

    assert (done.order.total_minor, done.order.gift_card_minor, done.order.due_minor) == (3500, 2000, 1500)
    assert (done.refund.amount_minor, done.refund.exchange_minor, done.refund.payments_minor) == (2000, 2000, 0)
    async with units() as context:
        found = await service.get(context, return_id)
        assert (found.status, found.exchange_order_id) == ("completed", done.order.id)
        order = await orders.get(context, done.order.id)
        assert (order.source, order.status, order.email) == ("exchange", "pending", "ann@example.com")
        (payment,) = await payments.of_order(context, done.order.id)
        assert payment.amount_minor == 1500
        assert await ordering.stock(context, variant) == (3, 1)
        assert (await orders.get(context, made.order_id)).refunded_minor == 0
        assert (await refunding.what_is_left(context, await orders.lock(context, made.order_id))).minor == 0
        assert sum((await giftcards.spent_on(context, done.order.id)).values()) == 2000
        assert await balance.broken(context) == []
    with pytest.raises(RefundTooMuch):
        await refunding.refund(units, made.order_id, Wanted(other_minor=1), reason="", key="more")


async def test_of_what_costs_less_the_rest_goes_back(units: Units) -> None:
    made, return_id = await back(units)
    variant = await another(units, 1200)

    done = await exchanging.exchange(units, return_id, [Added(variant_id=variant, quantity=1)])

    assert (done.order.due_minor, done.order.status) == (0, "confirmed")
    assert (done.refund.exchange_minor, done.refund.payments_minor) == (1200, 800)
    async with units() as context:
        assert (await orders.get(context, made.order_id)).refunded_minor == 800
        assert await balance.broken(context) == []


async def test_a_refused_exchange_changes_nothing(units: Units) -> None:
    made, return_id = await back(units)
    variant = await another(units, 1200)
    for lines, version, refusal in (
        ([], None, errors.Invalid),
        ([Added(variant_id=variant, quantity=4)], None, errors.Conflict),
        ([Added(variant_id=variant, quantity=1)], 99, errors.Stale),
    ):
        with pytest.raises(refusal):
            await exchanging.exchange(units, return_id, lines, version=version)
    async with units() as context:
        assert (await service.get(context, return_id)).status == "received"
        assert await service.refunds_of(context, [made.order_id]) == {}
        assert await ordering.stock(context, variant) == (3, 0)


async def test_a_return_is_exchanged_once(units: Units) -> None:
    _, return_id = await back(units)
    variant = await another(units, 1200)

    async def send() -> bool:
        try:
            await exchanging.exchange(units, return_id, [Added(variant_id=variant, quantity=1)])
        except IllegalReturnTransition:
            return False
        return True

    assert sorted(await asyncio.gather(send(), send(), send())) == [False, False, True]
    async with units() as context:
        assert await ordering.stock(context, variant) == (3, 1)
