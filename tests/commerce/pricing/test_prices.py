"""Prices: several currencies, lists and tiers; what holds now is what is resolved."""

from datetime import timedelta
from uuid import UUID

import pytest

from rustok.commerce.pricing import lists, service
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.events.commerce import PriceChanged
from rustok.kernel import errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def variant(context: Context) -> UUID:
    """Something to sell."""
    product = await products.create(context, title="Shirt")
    made = await variants.add(context, product.id)
    context.recorded.clear()
    return made.id


async def test_prices_are_replaced_as_a_whole_and_only_changes_are_told(context: Context) -> None:
    id_ = await variant(context)
    prices = [
        PriceRow(currency="EUR", amount_minor=1999, compare_at_minor=2999),
        PriceRow(currency="JPY", amount_minor=3000),
    ]

    await service.set_prices(context, id_, prices)
    assert [type(event) for event in context.recorded] == [PriceChanged]
    await service.set_prices(context, id_, list(reversed(prices)))
    assert len(context.recorded) == 1

    (only,) = await service.set_prices(context, id_, prices[:1])
    assert (only.currency, only.amount_minor, only.compare_at_minor) == ("EUR", 1999, 2999)
    assert len(context.recorded) == 2


@pytest.mark.parametrize(
    "row",
    [
        PriceRow(currency="EUR", amount_minor=-1),
        PriceRow(currency="EUR", amount_minor=10**15 + 1),
        PriceRow(currency="euro", amount_minor=1),
        PriceRow(currency="EUR", amount_minor=1, compare_at_minor=-1),
        PriceRow(currency="EUR", amount_minor=1, min_quantity=0),
        PriceRow(currency="EUR", amount_minor=1, price_list_id=generate_id()),
    ],
)
async def test_a_price_that_cannot_be_is_refused(context: Context, row: PriceRow) -> None:
    id_ = await variant(context)

    with pytest.raises(errors.RustokError):
        await service.set_prices(context, id_, [row])

    assert await service.prices_of(context, [id_]) == {}
    assert context.recorded == []


async def test_two_prices_in_one_place_are_refused(context: Context) -> None:
    id_ = await variant(context)

    with pytest.raises(errors.Invalid):
        await service.set_prices(
            context, id_, [PriceRow(currency="EUR", amount_minor=1), PriceRow(currency="EUR", amount_minor=2)]
        )
    with pytest.raises(errors.NotFound):
        await service.set_prices(context, generate_id(), [])


async def test_the_highest_tier_that_the_quantity_reaches_wins(context: Context) -> None:
    id_ = await variant(context)
    await service.set_prices(
        context,
        id_,
        [
            PriceRow(currency="EUR", amount_minor=1000),
            PriceRow(currency="EUR", amount_minor=900, min_quantity=10),
            PriceRow(currency="EUR", amount_minor=800, min_quantity=100),
        ],
    )

    found = [await service.resolve(context, id_, quantity=quantity) for quantity in (1, 9, 10, 100)]

    assert [one.price.minor for one in found if one] == [1000, 1000, 900, 800]
    assert await service.resolve(context, id_, currency="USD") is None
    with pytest.raises(money.InvalidMoney):
        await service.resolve(context, id_, currency="nonsense")


async def test_a_price_list_wins_while_it_holds(context: Context) -> None:
    id_ = await variant(context)
    sale = await lists.create(
        context, name="Summer", currency="EUR", starts_at=context.now, ends_at=context.now + timedelta(days=1)
    )
    await service.set_prices(
        context,
        id_,
        [
            PriceRow(currency="EUR", amount_minor=1000),
            PriceRow(currency="EUR", amount_minor=700, price_list_id=sale.id),
        ],
    )

    during = await service.resolve(context, id_, price_list="summer")
    after = await service.resolve(context, id_, price_list="summer", at=context.now + timedelta(days=1))
    without = await service.resolve(context, id_)

    assert during is not None
    assert after is not None
    assert without is not None
    assert (during.price.minor, during.price_list_id) == (700, sale.id)
    assert (after.price.minor, without.price.minor) == (1000, 1000)
    await lists.change(context, sale.id, is_active=False)
    inactive = await service.resolve(context, id_, price_list="summer")
    assert inactive is not None
    assert inactive.price.minor == 1000


async def test_price_lists_keep_their_rules(context: Context) -> None:
    id_ = await variant(context)
    sale = await lists.create(context, name="Sale", code="sale", currency="EUR")

    with pytest.raises(lists.CodeTaken):
        async with context.session.begin_nested():
            await lists.create(context, name="Another", code="sale")
    with pytest.raises(errors.Invalid):
        await lists.create(context, name="Backwards", starts_at=context.now, ends_at=context.now - timedelta(days=1))
    with pytest.raises(errors.Invalid):
        await service.set_prices(context, id_, [PriceRow(currency="USD", amount_minor=1, price_list_id=sale.id)])
    await service.set_prices(context, id_, [PriceRow(currency="EUR", amount_minor=1, price_list_id=sale.id)])
    with pytest.raises(errors.Conflict):
        await lists.change(context, sale.id, currency="USD")
    with pytest.raises(errors.Stale):
        await lists.change(context, sale.id, version=7, name="Other")

    context.recorded.clear()
    await lists.remove(context, sale.id)
    assert [type(event) for event in context.recorded] == [PriceChanged]
    assert await service.prices_of(context, [id_]) == {}
