"""Totals: prices, shipping, promotions, tax and gift cards in every kind of currency: the parts sum to the whole."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.commerce.carts.stocking import furnish, sold
from tests.conftest import MakeTenant, OpenContext

from rustok.commerce.baskets.shapes import (
    Basket,
    BasketLine,
    Buyer,
    Destination,
    Discount,
    Discounts,
    ShippingChoice,
    Taxes,
    TaxPart,
    Totals,
)
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.places.service import Place
from rustok.commerce.promotions import service as promotions
from rustok.commerce.promotions.shapes import Reward
from rustok.commerce.tax import classes, zones
from rustok.commerce.tax.zones import RateGiven
from rustok.commerce.totals import calculating
from rustok.commerce.totals.calculating import PartsDiffer, Reason, Request, Wanted
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

AT = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = Destination(country="DE", postcode="10969")


def wanted(ids: Sequence[UUID], *quantities: int) -> list[Wanted]:
    """Lines of these variants; one piece each where nothing else is said."""
    return [
        Wanted(id=generate_id(), variant_id=id_, quantity=quantities[place] if quantities else 1)
        for place, id_ in enumerate(ids)
    ]


def request(context: Context, lines: list[Wanted], **given_: Any) -> Request:
    """A guest in Berlin who pays in euros."""
    facts = {"currency": "EUR", "buyer": Buyer(), "at": context.now, "destination": BERLIN, **given_}
    return Request(lines=lines, **facts)


async def test_everything_together_is_the_sum_of_its_parts(context: Context) -> None:
    post = await furnish(context)
    ids = await sold(context, 1999, 333)
    card = await giftcards.issue(context, amount_minor=1000, currency="EUR")
    lines = wanted(ids, 2, 3)

    totals = await calculating.calculate(
        context, request(context, lines, shipping_method_id=post, codes=("ten",), gift_codes=(card.code,))
    )

    assert [one.subtotal_minor for one in totals.lines] == [3998, 999]
    assert (totals.subtotal_minor, totals.discount_minor, totals.shipping_minor) == (4997, 500, 490)
    assert totals.total_minor == 4997 - 500 + 490
    assert totals.tax_included
    assert totals.tax_minor == round((4997 - 500 + 490) * Decimal("0.19") / Decimal("1.19"))
    assert totals.gift_cards == ((card.card.id, 1000),)
    assert totals.due_minor == totals.total_minor - 1000
    assert [(one.code, one.accepted) for one in totals.codes] == [("ten", True)]
    assert totals.lines[0].price_reason["price_minor"] == 1999


async def test_taxes_come_on_top_where_prices_do_not_hold_them(context: Context) -> None:
    await classes.create(context, name="Standard")
    await zones.create(
        context,
        name="Ohio",
        places=[Place(country="US", region="Ohio")],
        rates=[RateGiven(name="State", rate=Decimal("0.0575"))],
        prices_include_tax=False,
    )
    ids = await sold(context, 1999, 1)
    there = Destination(country="US", region="Ohio")

    totals = await calculating.calculate(context, request(context, wanted(ids, 1, 1), destination=there))

    assert not totals.tax_included
    assert totals.tax_minor == 115
    assert totals.total_minor == 2000 + 115
    assert sum(one.total_minor for one in totals.lines) == totals.total_minor


@pytest.mark.parametrize(("currency", "minor"), [("EUR", 1999), ("JPY", 1999), ("KWD", 19999), ("EUR", 0)])
async def test_currencies_with_nought_two_and_three_decimals_and_a_price_of_zero(
    open_context: OpenContext, make_tenant: MakeTenant, currency: str, minor: int
) -> None:
    shop = await make_tenant(currencies=("EUR", "JPY", "KWD"))
    async with open_context(shop) as context:
        post = await furnish(context)
        ids = await sold(context, minor, currency=currency)
        lines = wanted(ids, 3)
        totals = await calculating.calculate(
            context, request(context, lines, currency=currency, shipping_method_id=post, codes=("TEN",))
        )
    assert totals.subtotal_minor == 3 * minor
    assert totals.total_minor == 3 * minor - totals.discount_minor + 490
    assert totals.discount_minor == round(Decimal(3 * minor) / 10)


async def test_what_cannot_be_priced_or_shipped_is_left_out_and_the_rest_is_not(context: Context) -> None:
    post = await furnish(context)
    euro = await sold(context, 500)
    dollar = await sold(context, 700, currency="USD", title="Dollars")
    lines = wanted([*euro, *dollar, generate_id()])

    totals = await calculating.calculate(context, request(context, lines, shipping_method_id=post))
    assert [one.line.variant_id for one in totals.lines] == euro
    assert totals.total_minor == 990
    elsewhere = request(context, lines, shipping_method_id=post, destination=Destination(country="FR"))
    totals = await calculating.calculate(context, elsewhere)
    assert (totals.shipping, totals.total_minor) == (None, 500)
    totals = await calculating.calculate(context, request(context, []))
    assert (totals.lines, totals.total_minor) == ((), 0)


async def test_nothing_is_shipped_where_nothing_needs_it(context: Context) -> None:
    post = await furnish(context)
    ids = await sold(context, 500, requires_shipping=False)

    totals = await calculating.calculate(context, request(context, wanted(ids), shipping_method_id=post))

    assert (totals.shipping, totals.total_minor) == (None, 500)


async def test_a_price_that_staff_agreed_to_stands(context: Context) -> None:
    ids = await sold(context, 500)
    line = replace(wanted(ids, 2)[0], unit_minor=100)

    totals = await calculating.calculate(context, request(context, [line]))

    assert totals.total_minor == 200
    assert totals.lines[0].price_reason["agreed"] is True


async def test_free_shipping_and_a_card_that_pays_it_all_leave_nothing_due(context: Context) -> None:
    post = await furnish(context)
    await promotions.create(context, name="Free", kind="shipping", reward=Reward(percent=Decimal(100)))
    ids = await sold(context, 500)
    card = await giftcards.issue(context, amount_minor=9999, currency="EUR")

    totals = await calculating.calculate(
        context, request(context, wanted(ids), shipping_method_id=post, gift_codes=(card.code,))
    )

    assert totals.shipping is not None
    assert (totals.shipping.price_minor, totals.shipping_minor) == (490, 0)
    assert sum(one.amount_minor for one in totals.shipping_discounts) == 490
    assert (totals.total_minor, totals.due_minor) == (500, 0)


async def test_five_hundred_lines_take_as_many_statements_as_one(context: Context, statements: list[str]) -> None:
    post = await furnish(context)
    ids = [id_ for part in range(5) for id_ in await sold(context, *range(1, 101), title=f"Many {part}")]
    asked = request(context, wanted(ids), shipping_method_id=post, codes=("TEN",))
    statements.clear()
    totals = await calculating.calculate(context, asked)
    many = len(statements)
    statements.clear()
    await calculating.calculate(context, replace(asked, lines=asked.lines[:1]))

    assert len(totals.lines) == 500
    assert totals.subtotal_minor == 5 * 5050
    assert totals.total_minor == 5 * 5050 - 2525 + 490
    assert many == len(statements) <= 8


_minor = st.integers(0, 10**7)


@st.composite
def _found(draw: st.DrawFn) -> tuple[Basket, Discounts, Taxes, dict[UUID, Reason]]:
    """A basket and what promotions and taxes could say of it."""
    lines = [
        BasketLine(
            id=generate_id(),
            variant_id=generate_id(),
            product_id=generate_id(),
            quantity=draw(st.integers(1, 99)),
            unit_minor=draw(_minor),
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    shipping = ShippingChoice(method_id=generate_id(), code="post", name="Post", price_minor=draw(_minor))
    off, on = [], []
    for key, most in [*((one.id, one.subtotal_minor) for one in lines), (None, shipping.price_minor)]:
        left = most
        for _ in range(draw(st.integers(0, 2))):
            part = draw(st.integers(0, left))
            left -= part
            off.append(Discount(promotion_id=generate_id(), code=None, title="Off", amount_minor=part, line_id=key))
        on.append(TaxPart(id=key, name="VAT", rate=Decimal("0.19"), amount_minor=draw(st.integers(0, left))))
    basket = Basket(currency="EUR", lines=tuple(lines), buyer=Buyer(), at=AT, shipping=shipping)
    taxes = Taxes(included=draw(st.booleans()), parts=tuple(on))
    return basket, Discounts(discounts=tuple(off)), taxes, {one.id: Reason(None, {}) for one in lines}


@settings(max_examples=150, deadline=None)
@given(_found(), st.data())
def test_parts_always_sum_to_the_whole_and_a_wrong_one_is_noticed(
    found: tuple[Basket, Discounts, Taxes, dict[UUID, Reason]], data: st.DataObject
) -> None:
    made = calculating.put_together(*found)
    calculating.check(made)

    name = data.draw(st.sampled_from([n for n in Totals.__dataclass_fields__ if n.endswith("_minor")]))
    with pytest.raises(PartsDiffer):
        calculating.check(replace(made, **{name: getattr(made, name) + data.draw(st.sampled_from([-1, 1]))}))
    line = made.lines[0]
    name = data.draw(st.sampled_from(["subtotal_minor", "discount_minor", "tax_minor", "total_minor"]))
    broken = replace(line, **{name: getattr(line, name) + 1})
    with pytest.raises(PartsDiffer):
        calculating.check(replace(made, lines=(broken, *made.lines[1:])))
