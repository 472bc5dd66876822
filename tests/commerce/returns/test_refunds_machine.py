"""Whatever comes back in whatever portions: refunds equal their parts and never exceed what was paid."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.commerce.payments.paying import units_of
from tests.commerce.returns import returning
from tests.conftest import Addresses, MakeTenant

from rustok.commerce.orders import balance
from rustok.commerce.orders import service as orders
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.shapes import Units
from rustok.commerce.returns import refunding, service
from rustok.commerce.returns.refunding import RefundTooMuch, Wanted
from rustok.commerce.returns.requesting import NothingToReturn
from rustok.kernel.db import Database

ITEMS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2000)), min_size=1, max_size=3)
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 400), st.integers(0, 600), st.booleans()),
    max_size=6,
)


async def _story(units: Units, items: list[tuple[int, int]], steps: list[Any], taxed: bool, off: int) -> None:
    whole = sum(quantity * unit for quantity, unit in items)
    made = await returning.sold(
        units, items, tax_included=taxed, discount_minor=min(off, whole), card_minor=min(whole - min(off, whole), 300)
    )
    for number, (which, pieces, other, shipping, default) in enumerate(steps):
        return_id = None
        line = made.lines[which % len(made.lines)]
        with suppress(NothingToReturn):
            async with units() as context:
                return_id = (await returning.came_back(context, made.order_id, {line: pieces})).id
        wanted = Wanted(goods_minor=None if default else 0, shipping_minor=shipping, other_minor=other)
        with suppress(RefundTooMuch):
            await refunding.refund(units, made.order_id, wanted, reason="", key=str(number), return_id=return_id)
        await _check(units, made)
    await _everything_back(units, made)


async def _check(units: Units, made: returning.Sold) -> int:
    async with units() as context:
        order = await orders.get(context, made.order_id)
        refunds = (await service.refunds_of(context, [made.order_id])).get(made.order_id, [])
        given_back = sum(one.amount_minor for one in refunds)
        assert 0 <= given_back <= made.total_minor
        assert order.refunded_minor == sum(one.payments_minor for one in refunds) <= order.captured_minor
        paid = await payments.of_order(context, made.order_id)
        assert sum(one.refunded_minor for one in paid) == order.refunded_minor
        for one in refunds:
            assert one.amount_minor == one.payments_minor + one.gift_cards_minor + one.exchange_minor
            assert one.amount_minor == one.goods_minor + one.shipping_minor + one.other_minor
        returned = [
            line
            for held in (await service.lines_of(context, [one.id for one in await _returns(context, made)])).values()
            for line in held
        ]
        for line in await orders.lines(context, made.order_id):
            worth = sum(one.amount_minor for one in returned if one.line_id == line.id)
            assert worth <= line.total_minor
            assert line.returned_quantity < line.quantity or worth == line.total_minor
        assert await balance.broken(context) == []
        return given_back


async def _returns(context: Any, made: returning.Sold) -> list[Any]:
    return (await service.of_orders(context, [made.order_id])).get(made.order_id, [])


async def _everything_back(units: Units, made: returning.Sold) -> None:
    """In the end all that was paid can go back, and not a cent more."""
    async with units() as context:
        left = await refunding.what_is_left(context, await orders.lock(context, made.order_id))
    if left.minor:
        await refunding.refund(units, made.order_id, Wanted(other_minor=left.minor), reason="", key="rest")
    assert await _check(units, made) == made.total_minor


async def test_refunds_equal_their_parts_and_what_was_paid(addresses: Addresses, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant()

    def stories() -> None:
        with asyncio.Runner() as runner:
            database = Database(addresses.app, addresses.worker, pool_size=2)
            run: Callable[[Coroutine[Any, Any, None]], None] = runner.run
            units = units_of(database, tenant)

            @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
            @given(ITEMS, STEPS, st.booleans(), st.integers(0, 700))
            def story(items: list[tuple[int, int]], steps: list[Any], taxed: bool, off: int) -> None:
                run(_story(units, items, steps, taxed, off))

            story()
            run(database.close())

    # Hypothesis is not asynchronous: the stories have a loop of their own in a thread beside this one.
    await asyncio.to_thread(stories)
