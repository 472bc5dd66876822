"""Everything in the demo shop can be sent somewhere, and bears the taxes that are due there."""

from datetime import datetime
from decimal import Decimal

import pytest
from tests.conftest import MakeTenant, OpenContext

from rustok.commerce.baskets.shapes import Basket, BasketLine, Buyer, Destination, Taxable
from rustok.commerce.inventory import locations
from rustok.commerce.shipping import quoting, zones
from rustok.commerce.tax import calculating
from rustok.kernel.ids import generate_id
from rustok.server.demo import furnishing_duties, reading


@pytest.fixture
async def opened(make_tenant: MakeTenant, open_context: OpenContext) -> OpenContext:
    """A tenant like the demo's, with its duties only."""
    demo = reading.load()
    tenant = await make_tenant(currencies=list(demo.currencies), locales=list(demo.locales))
    async with open_context(tenant) as context:
        places = {
            one.code: (await locations.create(context, name=one.name["en"], code=one.code)).id for one in demo.locations
        }
        await furnishing_duties.furnish(context, demo.duties, places)
    return lambda: open_context(tenant)


async def test_everything_can_be_sent_anywhere_in_every_currency(opened: OpenContext) -> None:
    weights = sorted({v.weight_grams for p in reading.load().products for v in p.variants})
    async with opened() as context:
        countries = [code for code, _ in await zones.countries(context)]
        assert len(countries) > 200
        for currency in context.tenant.currencies:
            for country, postcode in (("DE", "18999"), ("DE", "10115"), ("PT", "9050"), ("US", "97035"), ("RU", "1")):
                for weight in (weights[0], weights[-1], 45_000):
                    line = BasketLine(
                        id=generate_id(),
                        variant_id=generate_id(),
                        product_id=generate_id(),
                        quantity=1,
                        unit_minor=2400,
                        weight=weight,
                    )
                    there = Destination(country=country, postcode=postcode)
                    basket = Basket(currency=currency, lines=(line,), buyer=Buyer(), at=context.now, destination=there)
                    found = await quoting.quotes(context, basket)
                    assert found, (currency, country, weight)
                    assert all(choice.pickup or choice.price_minor > 0 for choice in found)
        context.locale = "ru"
        assert "На велосипеде" in [c.name for c in await quoting.quotes(context, _parcel(context.now, "DE", "18999"))]


def _parcel(now: datetime, country: str, postcode: str) -> Basket:
    line = BasketLine(
        id=generate_id(), variant_id=generate_id(), product_id=generate_id(), quantity=1, unit_minor=100, weight=1
    )
    there = Destination(country=country, postcode=postcode)
    return Basket(currency="EUR", lines=(line,), buyer=Buyer(), at=now, destination=there)


RATES = (
    ("DE", "", "10115", True, "0.19"),
    ("DE", "", "27498", True, "0"),
    ("FI", "", "00100", True, "0.255"),
    ("FI", "", "22100", True, "0"),
    ("PT", "", "9050-001", True, "0.22"),
    ("PT", "", "9500-150", True, "0.16"),
    ("ES", "", "35001", True, "0"),
    ("GR", "", "104 31", True, "0.24"),
    ("US", "California", "94105", False, "0.0725"),
    ("US", "OR", "97201", False, None),
    ("JP", "", "100-0001", True, None),
    ("", "", "", True, "0.19"),
)


async def test_taxes_are_those_of_the_place(opened: OpenContext) -> None:
    parcel = Taxable(id=None, amount_minor=10_000)
    async with opened() as context:
        for country, region, postcode, included, rate in RATES:
            there = Destination(country=country, region=region, postcode=postcode)
            found = await calculating.calculate(context, there, [parcel], currency="EUR")
            assert found.included is included, there
            assert [part.rate for part in found.parts] == ([] if rate is None else [Decimal(rate)]), there
