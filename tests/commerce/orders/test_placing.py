"""Placing orders: what is written, numbers without gaps, one order for a cart, totals that add up."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from tests.commerce.orders import ordering
from tests.conftest import MakeTenant

from rustok.commerce.orders import balance, placing, service, timeline
from rustok.commerce.orders.models import Order, OrderClaim, OrderTerm
from rustok.events.commerce import OrderPlaced, OrderStatusChanged
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def test_an_order_is_written_whole_and_read_back(context: Context) -> None:
    shirt, hat = await ordering.goods(context, 5, 5)

    placed = await ordering.order(
        context, [(shirt, 2, 1999), (hat, 1, 500)], discount_minor=333, shipping_discount_minor=100, note="Ring twice"
    )

    assert (placed.number, placed.status, placed.payment_status) == (1001, "pending", "unpaid")
    assert context.recorded[-1] == OrderPlaced(
        order_id=placed.id, customer_id=None, total=placed.total_minor, currency="EUR"
    )
    context.session.expunge_all()
    read = await service.get(context, placed.id)
    assert read is not placed
    assert {name: getattr(read, name) for name in placing._columns_of(Order).values()} == {
        name: getattr(placed, name) for name in placing._columns_of(Order).values()
    }
    assert read.shipping_address == ordering.HOME
    assert [(one.quantity, one.unit_minor, one.position) for one in await service.lines(context, read.id)] == [
        (2, 1999, 0),
        (1, 500, 1),
    ]
    assert sum(one.amount_minor for one in (await service.adjustments_of(context, [read.id]))[read.id]) == 433
    assert sum(one.amount_minor for one in (await service.taxes_of(context, [read.id]))[read.id]) == read.tax_minor
    assert [one.kind for one in (await timeline.of(context, [read.id]))[read.id]] == ["placed"]
    found = await context.session.scalars(select(OrderTerm.term).where(OrderTerm.order_id == read.id))
    assert set(found) == {"ann@example.com", "ann", "smith"}
    assert await balance.broken(context) == []


@pytest.mark.parametrize(("currency", "unit"), [("JPY", 1200), ("EUR", 1999), ("KWD", 12345), ("EUR", 0)])
@pytest.mark.parametrize("tax_included", [True, False])
async def test_totals_are_the_sums_of_their_parts(
    context: Context, currency: str, unit: int, tax_included: bool
) -> None:
    (shirt,) = await ordering.goods(context, 10)

    placed = await ordering.order(
        context, [(shirt, 3, unit)], currency=currency, tax_included=tax_included, discount_minor=unit // 7
    )

    assert placed.total_minor == (
        placed.subtotal_minor - placed.discount_minor + placed.shipping_minor + (not tax_included) * placed.tax_minor
    )
    assert await balance.broken(context) == []


async def test_what_costs_nothing_is_confirmed_at_once(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 1)

    placed = await ordering.order(context, [(shirt, 1, 0)], shipping_minor=0, payment_due=context.now)

    assert (placed.status, placed.payment_status, placed.payment_due) == ("confirmed", "paid", None)
    assert context.recorded[-1] == OrderStatusChanged(order_id=placed.id, old_status="pending", new_status="confirmed")


async def test_totals_that_do_not_add_up_are_refused(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 1)
    right = ordering.totals([(shirt, 1, 1000)])

    for wrong in (
        replace(right, total_minor=right.total_minor + 1),
        replace(right, tax_minor=right.tax_minor - 1, total_minor=right.total_minor - 1, due_minor=right.due_minor - 1),
        replace(right, lines=(replace(right.lines[0], discount_minor=1),)),
        replace(right, due_minor=0),
    ):
        with pytest.raises(balance.Unbalanced):
            await placing.place(context, ordering.placement(wrong))
    with pytest.raises(errors.Invalid):
        await placing.place(
            context,
            ordering.placement(ordering.totals([], shipping_minor=0)),
        )

    assert list(await context.session.scalars(select(OrderClaim.id))) == []


async def test_five_hundred_lines_are_one_order(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 500)

    placed = await placing.place(context, ordering.placement(ordering.totals([(shirt, 1, 7)] * 500)))

    assert len(await service.lines(context, placed.id)) == 500
    assert await balance.broken(context) == []


async def test_numbers_have_no_gaps_whatever_is_rolled_back(open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 0)

    async def attempt(number: int) -> None:
        async with open_context() as context:
            await placing.place(context, ordering.placement(ordering.totals([(shirt, 1, 100)])))
            await asyncio.sleep(0.001 * (number % 3))
            if number % 3 == 0:
                raise errors.Conflict("the payment was refused")

    answers = await asyncio.gather(*(attempt(number) for number in range(30)), return_exceptions=True)

    assert sum(answer is None for answer in answers) == 20
    async with open_context() as context:
        numbers = list(await context.session.scalars(select(Order.number).order_by(Order.number)))
    assert numbers == list(range(1001, 1021))


async def test_each_tenant_counts_for_itself(
    context: Context, make_tenant: MakeTenant, open_context: OpenContext
) -> None:
    (shirt,) = await ordering.goods(context, 5)
    await ordering.order(context, [(shirt, 1, 100)])

    async with open_context(await make_tenant()) as other:
        (hat,) = await ordering.goods(other, 5)
        assert (await ordering.order(other, [(hat, 1, 100)])).number == 1001


async def test_one_cart_gives_one_order(open_context: OpenContext) -> None:
    cart = generate_id()
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 0)

    async def attempt() -> None:
        async with open_context() as context:
            await placing.place(context, ordering.placement(ordering.totals([(shirt, 1, 100)]), cart_id=cart))

    answers = await asyncio.gather(*(attempt() for _ in range(12)), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyPlaced"] * 11 + ["NoneType"]
    async with open_context() as context:
        assert await context.session.scalar(select(func.count()).select_from(Order)) == 1
        found = await service.by_cart(context, cart)
        assert found is not None
        assert found.number == 1001


async def test_a_token_opens_its_order_and_nothing_else_does(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.order(context, [(shirt, 1, 100)])
    await ordering.order(context, [(shirt, 1, 100)])

    found = await service.by_token(context, placed.token)
    assert found is not None
    assert found.id == placed.id
    for wrong in ("", "x", placed.token[:-1], placed.token.upper(), "é" * 32, "x" * 10_000, "\x00" * 32):
        assert await service.by_token(context, wrong) is None
    with pytest.raises(errors.NotFound):
        await service.get(context, generate_id())
