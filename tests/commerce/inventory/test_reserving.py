"""Promises of stock, alone and under parallel buyers: no piece is promised twice."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from rustok.commerce.inventory import locations, reserving, service
from rustok.commerce.inventory.models import Reservation, StockLevel
from rustok.commerce.inventory.reserving import Line
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.events.commerce import InventoryUpdated, StockReserved
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def stocked(context: Context, *quantities: int, backorder: bool = False) -> list[UUID]:
    """Variants with so many pieces each at the default location."""
    product = await products.create(context, title="Shirt")
    values = [str(number) for number in range(len(quantities))]
    await variants.set_options(context, product.id, [variants.Option("No", values)])
    ids = []
    for number, quantity in enumerate(quantities):
        made = await variants.add(context, product.id, options={"No": str(number)}, allow_backorder=backorder)
        await service.set_on_hand(context, made.id, quantity)
        ids.append(made.id)
    context.recorded.clear()
    return ids


async def level(context: Context, variant_id: UUID) -> tuple[int, int]:
    """On hand and reserved, over all locations."""
    found = (await service.available(context, [variant_id]))[variant_id]
    return found.on_hand, found.reserved


async def test_a_promise_is_kept_until_it_is_released_or_committed(context: Context) -> None:
    (id_,) = await stocked(context, 5)
    place = await locations.default(context)

    await reserving.reserve(context, "cart-1", [Line(id_, 2), Line(id_, 1)])
    assert await level(context, id_) == (5, 3)
    assert context.recorded == [StockReserved(variant_id=id_, location_id=place, reserved=3)]

    assert await reserving.release(context, "cart-1") == 1
    assert await reserving.release(context, "cart-1") == 0
    assert await level(context, id_) == (5, 0)

    await reserving.reserve(context, "order-1", [Line(id_, 4)])
    context.recorded.clear()
    assert await reserving.commit_reservation(context, "order-1") == 1
    assert await level(context, id_) == (1, 0)
    assert context.recorded == [
        InventoryUpdated(variant_id=id_, location_id=place, old_quantity=5, new_quantity=1),
        StockReserved(variant_id=id_, location_id=place, reserved=0),
    ]
    assert await reserving.commit_reservation(context, "order-1") == 0


async def test_all_lines_are_promised_or_none_and_every_shortage_is_named(context: Context) -> None:
    plenty, scarce, none = await stocked(context, 9, 1, 0)

    with pytest.raises(reserving.OutOfStock) as refused:
        await reserving.reserve(context, "cart", [Line(plenty, 1), Line(scarce, 2), Line(none, 1)])

    assert {(one.variant_id, one.wanted, one.left) for one in refused.value.shortages} == {
        (scarce, 2, 1),
        (none, 1, 0),
    }
    assert [await level(context, id_) for id_ in (plenty, scarce, none)] == [(9, 0), (1, 0), (0, 0)]
    assert context.recorded == []
    assert list(await context.session.scalars(select(Reservation.id))) == []


@pytest.mark.parametrize("quantity", [0, -1, 2**31])
async def test_a_quantity_that_cannot_be_is_refused(context: Context, quantity: int) -> None:
    (id_,) = await stocked(context, 1)

    with pytest.raises(errors.Invalid):
        await reserving.reserve(context, "cart", [Line(id_, quantity)])
    with pytest.raises(errors.NotFound):
        await reserving.reserve(context, "cart", [Line(generate_id(), 1)])

    assert await level(context, id_) == (1, 0)


async def test_stock_of_several_locations_serves_one_promise(context: Context) -> None:
    (id_,) = await stocked(context, 2)
    shop = await locations.create(context, name="Shop")
    closed = await locations.create(context, name="Closed", is_active=False)
    await service.set_on_hand(context, id_, 3, location_id=shop.id)
    await service.set_on_hand(context, id_, 9, location_id=closed.id)

    made = await reserving.reserve(context, "big", [Line(id_, 4)])

    assert sorted(one.quantity for one in made) == [2, 2]
    with pytest.raises(reserving.OutOfStock):
        await reserving.reserve(context, "more", [Line(id_, 2)])
    with pytest.raises(reserving.OutOfStock):
        await reserving.reserve(context, "closed", [Line(id_, 1, closed.id)])
    assert await level(context, id_) == (5, 4)


async def test_backorders_and_uncounted_goods_are_always_there(context: Context) -> None:
    (id_,) = await stocked(context, 1, backorder=True)
    product = await products.create(context, title="Song")
    song = await variants.add(context, product.id, manage_inventory=False)
    never_counted = await variants.add(context, (await products.create(context, title="New")).id, allow_backorder=True)

    made = await reserving.reserve(context, "cart", [Line(id_, 5), Line(song.id, 99), Line(never_counted.id, 2)])

    assert {one.variant_id for one in made} == {id_, never_counted.id}
    assert await level(context, id_) == (1, 5)
    await reserving.commit_reservation(context, "cart")
    assert await level(context, id_) == (-4, 0)


async def test_promises_expire(context: Context) -> None:
    (id_,) = await stocked(context, 5)
    await reserving.reserve(context, "old", [Line(id_, 2)], expires_at=context.now - timedelta(seconds=1))
    await reserving.reserve(context, "young", [Line(id_, 1)], expires_at=context.now + timedelta(hours=1))
    await reserving.reserve(context, "forever", [Line(id_, 1)])

    await reserving.expire_reservations(context)
    await reserving.expire_reservations(context)

    assert await level(context, id_) == (5, 2)
    states = await context.session.execute(select(Reservation.reference, Reservation.state))
    assert dict(states.all()) == {"old": "expired", "young": "open", "forever": "open"}


async def test_parallel_buyers_never_oversell(open_context: OpenContext) -> None:
    async with open_context() as context:
        ids = await stocked(context, 10, 10, 10)
        shop = await locations.create(context, name="Shop")
        await service.set_on_hand(context, ids[0], 5, location_id=shop.id)
    total = {ids[0]: 15, ids[1]: 10, ids[2]: 10}
    sold: dict[UUID, int] = dict.fromkeys(ids, 0)

    async def buyer(number: int) -> None:
        chance = random.Random(number)
        for attempt in range(4):
            wanted = [Line(id_, chance.randint(1, 2)) for id_ in chance.sample(ids, chance.randint(1, 3))]
            reference = f"cart-{number}-{attempt}"
            try:
                async with open_context() as context:
                    await reserving.reserve(context, reference, wanted)
            except reserving.OutOfStock:
                continue
            async with open_context() as context:
                if chance.random() < 0.3:
                    await reserving.release(context, reference)
                    continue
                await reserving.commit_reservation(context, reference)
            for line in wanted:
                sold[line.variant_id] += line.quantity

    await asyncio.gather(*(buyer(number) for number in range(12)))

    async with open_context() as context:
        for id_ in ids:
            on_hand, reserved = await level(context, id_)
            assert (on_hand, reserved) == (total[id_] - sold[id_], 0)
            assert on_hand >= 0
        for stored in await context.session.scalars(select(StockLevel)):
            assert stored.on_hand >= stored.reserved >= 0


async def test_the_last_piece_is_sold_once(open_context: OpenContext) -> None:
    async with open_context() as context:
        (id_,) = await stocked(context, 1)
    outcomes: list[str] = []

    async def buyer(number: int) -> None:
        try:
            async with open_context() as context:
                await reserving.reserve(context, f"cart-{number}", [Line(id_, 1)])
                await asyncio.sleep(0.01)
            outcomes.append("got it")
        except reserving.OutOfStock:
            outcomes.append("too late")

    await asyncio.gather(*(buyer(number) for number in range(8)))

    assert sorted(outcomes) == ["got it", *["too late"] * 7]
