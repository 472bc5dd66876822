"""Whose price it is: lists for groups, channels, countries and dates, and the reasons that are given."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, insert

from rustok.commerce.baskets.shapes import Buyer, Destination
from rustok.commerce.customers import groups
from rustok.commerce.pricing import lists, resolving, service
from rustok.commerce.pricing.models import Price
from rustok.commerce.pricing.resolving import Explained
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.kernel import errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def variant(context: Context) -> UUID:
    """Something to sell."""
    product = await products.create(context, title="Shirt")
    return (await variants.add(context, product.id)).id


async def group(context: Context) -> UUID:
    """Customers who deal."""
    return (await groups.create(context, name="Dealers")).id


async def explained(
    context: Context,
    variant_id: UUID,
    *,
    quantity: int = 1,
    currency: str = "EUR",
    groups: Collection[UUID] = (),
    country: str = "",
    channel: str | None = None,
    after: timedelta = timedelta(),
    price_list: str | None = None,
) -> Explained | None:
    found = await resolving.explain_many(
        context,
        {variant_id: quantity},
        currency=currency,
        buyer=Buyer(groups=frozenset(groups)),
        destination=Destination(country=country),
        channel=channel,
        at=context.now + after,
        price_list=price_list,
    )
    return found.get(variant_id)


async def minor(context: Context, variant_id: UUID, **who: Any) -> int | None:
    found = await explained(context, variant_id, **who)
    return found.price_minor if found else None


async def listed(context: Context, variant_id: UUID, prices: dict[str, int], **facts: Any) -> None:
    """A base price of 1000, and lists by name with one price each."""
    rows = [PriceRow(currency="EUR", amount_minor=1000)]
    for name, amount in prices.items():
        made = await lists.create(context, name=name, **facts.get(name, {}))
        rows.append(PriceRow(currency="EUR", amount_minor=amount, price_list_id=made.id))
    await service.set_prices(context, variant_id, rows)


async def test_a_list_holds_for_those_it_is_for(context: Context) -> None:
    id_, dealers = await variant(context), await group(context)
    await listed(
        context,
        id_,
        {"dealers": 700, "swiss": 1200, "app": 900, "soon": 100},
        dealers={"groups": [dealers], "priority": 3},
        swiss={"countries": ["ch"], "priority": 2},
        app={"channels": ["app"], "priority": 1},
        soon={"starts_at": context.now + timedelta(hours=1), "ends_at": context.now + timedelta(hours=2)},
    )

    assert await minor(context, id_) == 1000
    assert await minor(context, id_, groups=[generate_id(), dealers]) == 700
    assert await minor(context, id_, country="CH") == 1200  # a list may be dearer: it is the price there
    assert await minor(context, id_, channel="app") == 900
    assert await minor(context, id_, channel="app", country="CH", groups=[dealers]) == 700
    assert await minor(context, id_, after=timedelta(hours=1)) == 100
    assert await minor(context, id_, after=timedelta(hours=2)) == 1000
    assert await minor(context, id_, currency="USD") is None


async def test_every_candidate_says_what_it_lost_by(context: Context) -> None:
    id_, dealers = await variant(context), await group(context)
    await listed(
        context,
        id_,
        {"dealers": 700, "swiss": 1, "web": 800, "cheap": 600, "apart": 1, "off": 1, "old": 1, "soon": 1, "dear": 900},
        dealers={"groups": [dealers]},
        swiss={"countries": ["CH"]},
        web={"channels": ["web"]},
        cheap={"priority": -1},
        apart={"is_automatic": False},
        off={"is_active": False},
        old={"ends_at": context.now},
        soon={"starts_at": context.now + timedelta(days=1)},
        dear={},
    )

    found = await explained(context, id_)

    assert found is not None
    assert (found.price_minor, found.price_list, found.min_quantity) == (900, "dear", 1)
    assert {one.price_list: one.verdict for one in found.candidates} == {
        "dear": "chosen",
        None: "base",
        "cheap": "lower_priority",
        "dealers": "other_group",
        "swiss": "other_country",
        "web": "other_channel",
        "apart": "not_named",
        "off": "inactive",
        "old": "ended",
        "soon": "not_started",
    }
    assert found.candidates[0].verdict == resolving.CHOSEN
    assert found.told()["candidates"][0] == {
        "price_list": "dear", "min_quantity": 1, "price_minor": 900, "verdict": "chosen"
    }  # fmt: skip
    assert [one["price_list"] for one in found.told()["candidates"]] == ["dear", None, "cheap"]  # not what others pay


async def test_of_equal_lists_the_cheapest_counts_and_then_the_first_code(context: Context) -> None:
    id_ = await variant(context)
    await listed(context, id_, {"b": 800, "a": 800, "c": 900})

    found = await explained(context, id_)

    assert found is not None
    verdicts = {one.price_list: one.verdict for one in found.candidates}
    assert verdicts == {"a": "chosen", "b": "later_code", "c": "dearer", None: "base"}


async def test_a_named_list_counts_for_whoever_names_it(context: Context) -> None:
    id_, dealers = await variant(context), await group(context)
    await listed(
        context,
        id_,
        {"apart": 1100, "other": 1},
        apart={"is_automatic": False, "groups": [dealers]},
        other={"priority": 9},
    )

    assert await minor(context, id_) == 1
    assert await minor(context, id_, price_list="apart") == 1100
    assert await minor(context, id_, price_list="nothing") == 1


async def test_tiers_count_within_a_list_and_the_base_price_shows_a_sale(context: Context) -> None:
    id_ = await variant(context)
    sale = await lists.create(context, name="Sale", is_sale=True)
    await service.set_prices(
        context,
        id_,
        [
            PriceRow(currency="EUR", amount_minor=1000, compare_at_minor=1500),
            PriceRow(currency="EUR", amount_minor=500, min_quantity=10),
            PriceRow(currency="EUR", amount_minor=800, price_list_id=sale.id),
            PriceRow(currency="EUR", amount_minor=700, min_quantity=5, price_list_id=sale.id),
        ],
    )

    one, five, ten = [await explained(context, id_, quantity=quantity) for quantity in (1, 5, 10)]

    assert one is not None
    assert five is not None
    assert ten is not None
    assert (one.price_minor, one.compare_at_minor) == (800, 1000)
    assert [(c.price_minor, c.verdict) for c in one.candidates if c.min_quantity > 1] == [
        (700, "quantity"),
        (500, "quantity"),
    ]
    assert (five.price_minor, five.min_quantity, five.compare_at_minor) == (700, 5, 1000)
    assert (800, "lower_tier") in [(c.price_minor, c.verdict) for c in five.candidates]
    assert ten.price_minor == 700  # the sale's own tier, though the base tier is lower: a list decides as a whole
    assert ten.compare_at_minor is None  # and what is cheaper is not crossed out


async def test_five_hundred_variants_take_one_statement(context: Context) -> None:
    ids = [await variant(context)]
    await service.set_prices(context, ids[0], [PriceRow(currency="EUR", amount_minor=7)])
    product = await products.create(context, title="Many")
    await variants.set_options(context, product.id, [variants.Option("No", [str(n) for n in range(100)])])
    ids += [(await variants.add(context, product.id, options={"No": str(n)})).id for n in range(100)]
    rows = [
        {"tenant_id": context.tenant_id, "variant_id": id_, "currency": "EUR", "amount_minor": 5, "min_quantity": n + 1}
        for id_ in ids[1:]
        for n in range(5)
    ]
    await context.session.execute(insert(Price), rows)
    said: list[str] = []
    engine = (await context.session.connection()).engine.sync_engine
    listen = lambda *heard: said.append(heard[2])  # noqa: E731 - it must be taken away again
    event.listen(engine, "before_cursor_execute", listen)
    try:
        found = await resolving.explain_many(
            context,
            {**dict.fromkeys(ids, 3), generate_id(): 1},
            currency="EUR",
            buyer=Buyer(),
            destination=Destination(),
            channel=None,
            at=context.now,
        )
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert len(said) == 1
    assert set(found) == set(ids)


async def test_an_audience_that_cannot_be_is_refused(context: Context) -> None:
    for facts in ({"countries": ["XX"]}, {"channels": ["a b"]}, {"priority": 1001}):
        with pytest.raises(errors.Invalid):
            await lists.create(context, name="List", **facts)  # type: ignore[arg-type]  # each has one of the keywords
    with pytest.raises(errors.NotFound):
        await lists.create(context, name="List", groups=[generate_id()])
    with pytest.raises(money.InvalidMoney):
        await explained(context, generate_id(), currency="euro")
    assert await lists.ids_by_code(context) == {}


async def test_lists_are_switched_together(context: Context) -> None:
    made = [(await lists.create(context, name=name)).id for name in ("a", "b")]

    assert await lists.switch(context, [*made, generate_id()], active=False) == 2
    assert await lists.switch(context, made, active=False) == 0
    context.session.expire_all()
    assert (await lists.get(context, made[0])).version == 2
