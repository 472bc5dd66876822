"""What sending a basket costs: zones, bands, conditions, pick-up, languages and providers that fail."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from tests.conftest import MakeTenant, OpenContext

from rustok.commerce.baskets.shapes import Basket, BasketLine, Buyer, Destination
from rustok.commerce.inventory import locations
from rustok.commerce.places.service import Place
from rustok.commerce.shipping import methods, quoting, zones
from rustok.commerce.shipping.methods import PriceGiven, TermsGiven
from rustok.commerce.shipping.providers import Parcel, Rate, ShippingProvider
from rustok.core.translations import service as translations
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


def line(minor: int = 1000, *, weight: int = 500, quantity: int = 1, shipped: bool = True) -> BasketLine:
    """Some goods."""
    return BasketLine(
        id=generate_id(),
        variant_id=generate_id(),
        product_id=generate_id(),
        quantity=quantity,
        unit_minor=minor,
        weight=weight,
        requires_shipping=shipped,
    )


def basket(context: Context, *lines: BasketLine, to: str = "DE", postcode: str = "", currency: str = "EUR") -> Basket:
    """A basket that goes somewhere."""
    there = Destination(country=to, postcode=postcode)
    return Basket(currency=currency, lines=lines, buyer=Buyer(), at=context.now, destination=there)


async def shown(context: Context, given: Basket) -> dict[str, int]:
    """Prices by code, in order."""
    return {choice.code: choice.price_minor for choice in await quoting.quotes(context, given)}


async def furnish(context: Context) -> dict[str, UUID]:
    """Germany with three methods and a pick-up, an island with one, and a rest of the world by weight."""
    shop = await locations.create(context, name="Shop on Tram Street", address={"city": "Berlin"})
    germany = await zones.create(context, name="Germany", places=[Place(country="DE")])
    island = await zones.create(context, name="Island", places=[Place(country="DE", postcodes="27490 .. 27499")])
    world = await zones.create(context, name="World", places=[Place()])
    await zones.create(context, name="Closed", places=[Place(country="KP")])
    euro = [PriceGiven(currency="EUR", price_minor=490), PriceGiven(currency="JPY", price_minor=700)]
    made = [
        await methods.create(
            context,
            germany.id,
            name="Post",
            code="post",
            prices=euro,
            terms=[TermsGiven(currency="EUR", free_from_minor=5000)],
            estimate="Two to three days",
            max_weight=10_000,
            position=1,
        ),
        await methods.create(
            context,
            germany.id,
            name="Freight",
            code="freight",
            provider="by_weight",
            min_weight=10_001,
            position=2,
            prices=[
                PriceGiven(currency="EUR", price_minor=2000),
                PriceGiven(currency="EUR", price_minor=5000, from_value=30_000),
            ],
        ),
        await methods.create(
            context,
            germany.id,
            name="Courier",
            code="courier",
            provider="by_price",
            position=3,
            prices=[
                PriceGiven(currency="EUR", price_minor=1500, from_value=2000),
                PriceGiven(currency="EUR", price_minor=500, from_value=20_000),
            ],
            terms=[TermsGiven(currency="EUR", max_subtotal_minor=50_000)],
        ),
        await methods.create(
            context, germany.id, name="Pick-up", code="pickup", provider="pickup", location_id=shop.id, position=4
        ),
        await methods.create(context, island.id, name="Boat", code="boat", prices=euro),
        await methods.create(
            context,
            world.id,
            name="Parcel",
            code="parcel",
            provider="by_weight",
            prices=[PriceGiven(currency="EUR", price_minor=990, from_value=100)],
        ),
    ]
    return {method.code: method.id for method in made}


async def test_the_narrowest_zone_decides_which_ways_there_are(context: Context) -> None:
    await furnish(context)

    assert await shown(context, basket(context, line())) == {"post": 490, "pickup": 0}
    assert await shown(context, basket(context, line(), to="de", postcode="27498")) == {"boat": 490}
    assert await shown(context, basket(context, line(), to="JP")) == {"parcel": 990}
    assert await shown(context, basket(context, line(), to="KP")) == {}
    assert await shown(context, basket(context, line(), to="")) == {}


async def test_weight_and_amount_decide_about_price_and_possibility(context: Context) -> None:
    await furnish(context)

    assert await shown(context, basket(context, line(2500, quantity=2))) == {"post": 0, "courier": 1500, "pickup": 0}
    heavy = line(30_000, weight=15_000)
    assert await shown(context, basket(context, heavy)) == {"freight": 2000, "courier": 500, "pickup": 0}
    heavier = line(30_000, weight=15_000, quantity=2)
    assert await shown(context, basket(context, heavier)) == {"freight": 5000, "pickup": 0}
    assert await shown(context, basket(context, line(weight=50), to="JP")) == {}
    assert await shown(context, basket(context, line(), currency="JPY")) == {"post": 700, "pickup": 0}
    assert await shown(context, basket(context, line(), currency="USD")) == {"pickup": 0}


async def test_only_goods_that_need_shipping_are_weighed(context: Context) -> None:
    await furnish(context)
    book = line(9000, weight=99_000, shipped=False)

    assert await shown(context, basket(context, book)) == {}
    assert await shown(context, basket(context, book, line(10))) == {"post": 0, "courier": 1500, "pickup": 0}


async def test_a_choice_that_is_not_possible_any_more_says_why(context: Context) -> None:
    known = await furnish(context)
    light, heavy = basket(context, line()), basket(context, line(weight=20_000))

    chosen = await quoting.quote(context, light, known["post"])
    assert (chosen.price_minor, chosen.name, chosen.description) == (490, "Post", "Two to three days")
    for given, code, said in (
        (heavy, "post", "at most 10000 g"),
        (light, "freight", "at least 10001 g"),
        (light, "boat", "does not go there"),
        (basket(context, line(60_000)), "courier", "up to 500.00 EUR"),
        (basket(context, line(), currency="USD"), "post", "cannot take these goods"),
        (basket(context, line(shipped=False)), "post", "needs shipping"),
    ):
        with pytest.raises(quoting.ShippingNotPossible, match=said):
            await quoting.quote(context, given, known[code])
    await methods.set_active(context, [known["post"]], active=False)
    with pytest.raises(quoting.ShippingNotPossible):
        await quoting.quote(context, light, known["post"])


async def test_a_pickup_names_its_place_and_ends_when_that_closes(context: Context) -> None:
    known = await furnish(context)
    other = await locations.create(context, name="Harbour store", address={"city": "Kiel"})
    await methods.change(context, known["pickup"], location_id=other.id)

    found = await quoting.quote(context, basket(context, line()), known["pickup"])
    assert found.pickup
    assert found.facts["location"] == {"id": str(other.id), "name": "Harbour store", "address": {"city": "Kiel"}}

    await locations.change(context, other.id, is_active=False)
    with pytest.raises(quoting.ShippingNotPossible, match="closed"):
        await quoting.quote(context, basket(context, line()), known["pickup"])


async def test_buyers_read_their_own_language(context: Context) -> None:
    known = await furnish(context)
    fields = {"name": "Почта", "estimate": "Два-три дня"}
    await translations.set_fields(context, quoting.TARGET, known["post"], locale="ru", fields=fields)

    context.locale = "ru"
    post, pickup = await quoting.quotes(context, basket(context, line()))
    assert (post.name, post.description, pickup.name) == ("Почта", "Два-три дня", "Pick-up")
    assert (await quoting.quote(context, basket(context, line()), known["post"])).name == "Почта"

    await methods.remove_many(context, [known["post"]])
    assert await translations.get(context, quoting.TARGET, known["post"]) == {}


async def test_a_provider_that_fails_hides_its_method_only(context: Context) -> None:
    answers: list[Callable[[], Rate | None]] = []

    async def rates(_: Context, parcel: Parcel) -> Rate | None:
        assert (parcel.weight, parcel.settings) == (500, {"service": "express"})
        return answers[0]()

    provider = ShippingProvider(code="carrier", name="Carrier", rates=rates)
    context.installation = replace(context.installation, offers=(provider,))
    known = await furnish(context)
    chosen = await methods.change(context, known["courier"], provider="carrier", settings={"service": "express"})
    given = basket(context, line())

    answers[:] = [lambda: Rate(price_minor=777, estimate="Tomorrow", facts={"offer": "x"})]
    found = await quoting.quote(context, given, chosen.id)
    assert (found.price_minor, found.description, found.facts["offer"]) == (777, "Tomorrow", "x")

    answers[:] = [lambda: None]
    with pytest.raises(quoting.ShippingNotPossible):
        await quoting.quote(context, given, chosen.id)

    def broken() -> Rate:
        raise ConnectionError("no route")

    for answer in (broken, lambda: Rate(price_minor=-1)):
        answers[:] = [answer]
        assert await shown(context, given) == {"post": 490, "pickup": 0}
        with pytest.raises(quoting.ShippingUnavailable):
            await quoting.quote(context, given, chosen.id)


async def test_countries_of_the_checkout_form_are_those_that_are_shipped_to(
    context: Context, make_tenant: MakeTenant, open_context: OpenContext
) -> None:
    known = await furnish(context)

    everywhere = dict(await zones.countries(context))
    assert everywhere["DE"] == "Germany"
    assert "KP" not in everywhere
    assert len(everywhere) > 200
    context.locale = "ru"
    assert dict(await zones.countries(context))["DE"] == "Германия"
    await methods.set_active(context, [known["parcel"]], active=False)
    assert [code for code, _ in await zones.countries(context)] == ["DE"]
    async with open_context(await make_tenant()) as elsewhere:
        assert await zones.countries(elsewhere) == []
        assert await shown(elsewhere, basket(elsewhere, line())) == {}
