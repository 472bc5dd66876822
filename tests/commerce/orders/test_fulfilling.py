"""Goods that leave in parts, arrive, and are called back; and the stock that is promised meanwhile."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from tests.commerce.orders import ordering

from rustok.commerce.inventory import locations, reserving
from rustok.commerce.inventory import service as inventory
from rustok.commerce.orders import balance, fulfilling, service, settling, timeline
from rustok.commerce.orders.fulfilling import NothingToFulfil, Tracking
from rustok.commerce.orders.states import IllegalTransition
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.events.commerce import OrderCompleted, OrderFulfilled
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def test_an_order_leaves_in_parts_and_arrives(context: Context) -> None:
    shirt, hat = await ordering.goods(context, 10, 10)
    placed = await ordering.paid(context, [(shirt, 3, 1000), (hat, 2, 500)])
    first, second = await service.lines(context, placed.id)
    assert await ordering.stock(context, shirt) == (10, 3)

    one = await fulfilling.fulfil(
        context,
        placed.id,
        {first.id: 2},
        tracking=Tracking(carrier="DHL", number="JD01", url="https://example.com/JD01"),
        version=placed.version,
    )
    order = await service.get(context, placed.id)
    assert (order.status, order.fulfilment_status) == ("processing", "partial")
    assert await ordering.stock(context, shirt) == (8, 1)
    assert await ordering.stock(context, hat) == (10, 2)
    assert context.recorded[-2:][0] == OrderFulfilled(order_id=placed.id, fulfilment_id=one.id)

    await fulfilling.deliver(context, one.id)
    assert order.status == "processing"
    two = await fulfilling.fulfil(context, placed.id)
    assert (order.status, order.fulfilment_status) == ("shipped", "fulfilled")
    contents = (await service.contents_of(context, [two.id]))[two.id]
    assert {row.line_id: row.quantity for row in contents} == {first.id: 1, second.id: 2}
    assert await ordering.stock(context, shirt) == (7, 0)
    assert await ordering.stock(context, hat) == (8, 0)

    await fulfilling.deliver(context, two.id, version=two.version)
    assert order.status == "completed"
    assert context.recorded[-1] == OrderCompleted(order_id=placed.id)
    assert await balance.broken(context) == []
    kinds = [entry.kind for entry in (await timeline.of(context, [placed.id]))[placed.id]]
    assert [kind for kind in kinds if kind != "status_changed"] == [
        "placed",
        "payment",
        "fulfilled",
        "delivered",
        "fulfilled",
        "delivered",
    ]


async def test_what_is_delivered_but_not_paid_waits_for_its_money(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 10)
    placed = await ordering.order(context, [(shirt, 1, 1000)])
    await settling.confirm(context, placed.id)
    parcel = await fulfilling.fulfil(context, placed.id)

    await fulfilling.deliver(context, parcel.id)
    assert placed.status == "delivered"
    due = placed.due_minor
    await settling.settle(context, placed.id, authorized_minor=due, captured_minor=due, refunded_minor=0)
    assert placed.status == "completed"


async def test_refused_parcels_change_nothing(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 10)
    pending = await ordering.order(context, [(shirt, 1, 1000)])
    placed = await ordering.paid(context, [(shirt, 2, 1000)])
    (line,) = await service.lines(context, placed.id)
    before = (placed.version, await ordering.stock(context, shirt))

    for wrong, pieces, refusal in (
        (pending.id, None, IllegalTransition),
        (placed.id, {line.id: 3}, NothingToFulfil),
        (placed.id, {line.id: 0}, errors.Invalid),
        (placed.id, {line.id: -1}, errors.Invalid),
        (placed.id, {}, NothingToFulfil),
        (placed.id, {generate_id(): 1}, errors.NotFound),
        (generate_id(), None, errors.NotFound),
    ):
        with pytest.raises(refusal):
            await fulfilling.fulfil(context, wrong, pieces)
    with pytest.raises(errors.Stale):
        await fulfilling.fulfil(context, placed.id, version=placed.version - 1)
    for url in ("javascript:alert(1)", "file:///etc/passwd", "//x", "https://", "data:text/html,x"):
        with pytest.raises(errors.Invalid):
            await fulfilling.fulfil(context, placed.id, tracking=Tracking(url=url))

    assert (placed.version, await ordering.stock(context, shirt)) == before
    assert await service.fulfilments_of(context, [placed.id, pending.id]) == {}


async def test_a_parcel_that_is_called_back_is_promised_again(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.paid(context, [(shirt, 4, 1000)])
    (line,) = await service.lines(context, placed.id)
    first = await fulfilling.fulfil(context, placed.id, {line.id: 1})
    second = await fulfilling.fulfil(context, placed.id)
    assert (placed.status, await ordering.stock(context, shirt)) == ("shipped", (1, 0))

    await fulfilling.call_back(context, second.id)
    assert (placed.status, await ordering.stock(context, shirt)) == ("processing", (4, 3))
    await fulfilling.call_back(context, first.id)
    assert (placed.status, placed.fulfilment_status) == ("confirmed", "unfulfilled")
    assert await ordering.stock(context, shirt) == (5, 4)
    with pytest.raises(IllegalTransition):
        await fulfilling.call_back(context, first.id)
    with pytest.raises(IllegalTransition):
        await fulfilling.deliver(context, first.id)
    with pytest.raises(IllegalTransition):
        await fulfilling.track(context, first.id, Tracking(number="1"))

    third = await fulfilling.fulfil(context, placed.id)
    await fulfilling.deliver(context, third.id)
    assert placed.status == "completed"
    assert await ordering.stock(context, shirt) == (1, 0)
    assert await balance.broken(context) == []


async def test_pieces_of_several_locations_leave_where_they_lie(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 2)
    shop = await locations.create(context, name="Shop")
    await inventory.set_on_hand(context, shirt, 3, location_id=shop.id)
    placed = await ordering.paid(context, [(shirt, 4, 1000)])
    (line,) = await service.lines(context, placed.id)

    parcels = [await fulfilling.fulfil(context, placed.id, {line.id: 1}) for _ in range(4)]
    assert await ordering.stock(context, shirt) == (1, 0)
    for parcel in parcels:
        await fulfilling.call_back(context, parcel.id)

    assert await ordering.stock(context, shirt) == (5, 4)
    levels = (await inventory.levels_of(context, [shirt]))[shirt]
    assert all(one.on_hand >= one.reserved for one in levels)
    assert {one.on_hand for one in levels} == {2, 3}


async def test_goods_that_nobody_counts_are_sent_without_a_promise(context: Context) -> None:
    song = await variants.add(context, (await products.create(context, title="Song")).id, manage_inventory=False)
    placed = await ordering.paid(context, [(song.id, 5, 100)])
    await fulfilling.fulfil(context, placed.id)
    assert placed.status == "shipped"

    song_id, later = song.id, (await ordering.paid(context, [(song.id, 2, 100)])).id
    await variants.change(context, song_id, manage_inventory=True)
    with pytest.raises(reserving.OutOfStock):
        async with context.session.begin_nested():
            await fulfilling.fulfil(context, later)
    context.session.expunge_all()
    await inventory.set_on_hand(context, song_id, 3)
    await fulfilling.fulfil(context, later)
    assert await ordering.stock(context, song_id) == (1, 0)


async def test_parallel_parcels_never_send_a_piece_twice(open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 5)
        placed = await ordering.paid(context, [(shirt, 5, 1000)])
        (line,) = await service.lines(context, placed.id)

    async def send() -> None:
        async with open_context() as context:
            await fulfilling.fulfil(context, placed.id, {line.id: 1})

    answers = await asyncio.gather(*(send() for _ in range(12)), return_exceptions=True)

    assert sum(answer is None for answer in answers) == 5
    assert {type(answer) for answer in answers if answer is not None} <= {NothingToFulfil, IllegalTransition}
    async with open_context() as context:
        assert (await service.get(context, placed.id)).status == "shipped"
        assert await ordering.stock(context, shirt) == (0, 0)
        assert await balance.broken(context) == []
