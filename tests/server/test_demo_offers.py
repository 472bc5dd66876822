"""The demo's offers take something off, and say so in both languages."""

from uuid import UUID

import pytest
from tests.conftest import MakeTenant, OpenContext

from rustok.commerce.baskets.shapes import Basket, BasketLine, Buyer, Destination, ShippingChoice
from rustok.commerce.categories import service as categories
from rustok.commerce.giftcards import service as gift_cards
from rustok.commerce.promotions import applying
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.server.demo import furnishing_offers, reading


@pytest.fixture
async def opened(make_tenant: MakeTenant, open_context: OpenContext) -> OpenContext:
    """A tenant like the demo's, with its shelves and its offers only."""
    demo = reading.load()
    tenant = await make_tenant(currencies=list(demo.currencies), locales=list(demo.locales))
    async with open_context(tenant) as context:
        for one in demo.categories:
            await categories.create(context, name=one.name["en"], handle=one.handle)
        await furnishing_offers.furnish(context, demo.offers)
    return lambda: open_context(tenant)


def basket(context: Context, shelf: UUID, quantity: int, *codes: str) -> Basket:
    """Some pieces of one thing for 22 €, sent within Germany."""
    line = BasketLine(
        id=generate_id(),
        variant_id=generate_id(),
        product_id=generate_id(),
        quantity=quantity,
        unit_minor=2200,
        categories=frozenset({shelf}),
    )
    parcel = ShippingChoice(method_id=generate_id(), code="eu-parcel", name="Parcel", price_minor=690)
    return Basket(
        currency="EUR",
        lines=(line,),
        buyer=Buyer(),
        at=context.now,
        destination=Destination(country="DE"),
        codes=codes,
        shipping=parcel,
    )


async def test_the_offers_stand_beside_each_other(opened: OpenContext) -> None:
    async with opened() as context:
        shelf = (await categories.ids_by_handle(context, ["stationery"]))["stationery"]

        few = await applying.apply(context, basket(context, shelf, 2))
        many = await applying.apply(context, basket(context, shelf, 3, "welcome10"))
        context.locale = "ru"
        spoken = await applying.apply(context, basket(context, shelf, 3))

        assert few.discounts == ()
        assert [(one.title, one.amount_minor) for one in many.discounts] == [
            ("Three for two: stationery", 2200),
            ("Welcome aboard", 440),
            ("Free parcels within Germany", 690),
        ]
        assert many.codes[0].accepted
        assert [(one.title, one.reason) for one in spoken.discounts] == [
            ("Три по цене двух: бумага и перо", "самый дешёвый товар бесплатно: акция 2 + 1"),
            ("Бесплатные посылки по Германии", "бесплатная доставка"),
        ]


async def test_the_gift_card_pays(opened: OpenContext) -> None:
    async with opened() as context:
        (card,) = reading.load().offers.gift_cards
        ((_, minor),) = await gift_cards.spendable(context, [card.code], currency="EUR", due_minor=9000)
        assert minor == 5000
