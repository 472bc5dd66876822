"""Whatever staff and money do to an order: moves are legal, sums add up, and stock is where it should be."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.commerce.orders import ordering

from rustok.commerce.inventory import reserving
from rustok.commerce.orders import balance, cancelling, editing, fulfilling, service, settling, timeline
from rustok.commerce.orders.editing import Added, Edit, NotEditable
from rustok.commerce.orders.states import TRANSITIONS, IllegalTransition, OrderStatus
from rustok.events.commerce import OrderCancelled, OrderCompleted, OrderStatusChanged
from rustok.kernel import errors
from rustok.kernel.context import Context

REFUSALS = (IllegalTransition, NotEditable, fulfilling.NothingToFulfil, reserving.OutOfStock, errors.Invalid)


@pytest.mark.parametrize("seed", range(12))
async def test_an_order_lives_a_legal_life(context: Context, seed: int) -> None:
    chance = random.Random(seed)
    shirt, hat = await ordering.priced(context, 1000, 333)
    order_id = (await ordering.order(context, [(shirt, 3, 1000), (hat, 2, 333)], discount_minor=177)).id
    context.recorded.clear()

    async def pay() -> None:
        order = await service.get(context, order_id)
        captured = chance.choice([order.captured_minor, order.due_minor])
        refunded = chance.choice([order.refunded_minor, captured // 2])
        await settling.settle(
            context,
            order_id,
            authorized_minor=max(captured, chance.choice([0, order.due_minor])),
            captured_minor=captured,
            refunded_minor=min(refunded, captured),
            waiting=chance.random() < 0.3,
        )

    async def send() -> None:
        lines = await service.lines(context, order_id)
        pieces = {one.id: chance.randint(1, 2) for one in chance.sample(lines, chance.randint(1, len(lines)))}
        await fulfilling.fulfil(context, order_id, chance.choice([pieces, pieces, None]))

    async def parcel(act: Callable[..., Awaitable[Any]]) -> None:
        parcels = (await service.fulfilments_of(context, [order_id])).get(order_id, [])
        if parcels:
            await act(context, chance.choice(parcels).id)

    async def edit() -> None:
        lines = await service.lines(context, order_id)
        wanted = Edit(quantities={chance.choice(lines).id: chance.randint(0, 4)})
        if chance.random() < 0.4:
            wanted = Edit(added=[Added(variant_id=chance.choice([shirt, hat]), quantity=chance.randint(1, 60))])
        await editing.edit(context, order_id, wanted)

    async def cancel() -> None:
        if chance.random() < 0.25:
            await cancelling.cancel(context, order_id)

    acts: list[Callable[[], Awaitable[None]]] = [
        pay,
        send,
        edit,
        edit,
        lambda: settling.confirm(context, order_id),  # type: ignore[list-item,return-value]  # what it answers is of no use
        lambda: parcel(fulfilling.deliver),
        lambda: parcel(fulfilling.call_back),
        cancel,
    ]
    for _ in range(30):
        before = (await service.get(context, order_id)).version
        told = len(context.recorded)
        try:
            async with context.session.begin_nested():
                await chance.choice(acts)()
        except REFUSALS:
            context.session.expunge_all()
            del context.recorded[told:]
            assert (await service.get(context, order_id)).version == before
        await _whole(context, order_id, shirt, hat)

    moves = [one for one in context.recorded if isinstance(one, OrderStatusChanged)]
    status = "pending"
    for move in moves:
        assert move.old_status == status
        assert OrderStatus(move.new_status) in TRANSITIONS[OrderStatus(move.old_status)]
        status = move.new_status
    order = await service.get(context, order_id)
    assert order.status == status
    assert sum(isinstance(one, OrderCompleted) for one in context.recorded) == (status == "completed")
    assert sum(isinstance(one, OrderCancelled) for one in context.recorded) == (status == "cancelled")
    entries = (await timeline.of(context, [order_id]))[order_id]
    assert sum(one.kind == "status_changed" for one in entries) == len(moves)


async def _whole(context: Context, order_id: Any, *variants: Any) -> None:
    """Sums of money and goods: what has left and what is promised is what the order says."""
    await context.session.flush()
    assert await balance.broken(context) == []
    order, lines = await service.get(context, order_id), await service.lines(context, order_id)
    for variant in variants:
        on_hand, reserved = await ordering.stock(context, variant)
        mine = [one for one in lines if one.variant_id == variant]
        left = sum(one.fulfilled_quantity for one in mine)
        waiting = sum(one.quantity for one in mine) - left
        assert (on_hand, reserved) == (100 - left, 0 if order.status == "cancelled" else waiting)
