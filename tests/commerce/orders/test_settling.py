"""What money makes of an order: settled, confirmed, refused; and which moves are legal at all."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from tests.commerce.orders import ordering

from rustok.commerce.orders import moving, service, settling, states, timeline
from rustok.commerce.orders.states import IllegalTransition, OrderStatus
from rustok.events.commerce import OrderStatusChanged
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def test_money_settles_an_order(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.order(context, [(shirt, 1, 1000)], shipping_minor=0)
    due = placed.due_minor
    context.recorded.clear()

    steps = [
        ((0, 0, 0, True), ("pending", "pending")),
        ((due - 1, 0, 0, False), ("pending", "unpaid")),
        ((due, 0, 0, False), ("confirmed", "authorized")),
        ((due, 400, 0, False), ("confirmed", "partially_paid")),
        ((due, due, 0, False), ("confirmed", "paid")),
        ((due, due, 100, False), ("confirmed", "partially_refunded")),
        ((due, due, due, False), ("confirmed", "refunded")),
    ]
    for (authorized, captured, refunded, waiting), told in steps:
        order = await settling.settle(
            context,
            placed.id,
            authorized_minor=authorized,
            captured_minor=captured,
            refunded_minor=refunded,
            waiting=waiting,
        )
        assert (order.status, order.payment_status) == told

    assert context.recorded == [OrderStatusChanged(order_id=placed.id, old_status="pending", new_status="confirmed")]
    context.session.expunge_all()
    read = await service.get(context, placed.id)
    assert (read.captured_minor, read.refunded_minor, read.outstanding_minor) == (due, due, 0)
    kinds = [one.kind for one in (await timeline.of(context, [read.id]))[read.id]]
    assert kinds.count("payment") == 7
    assert kinds.count("status_changed") == 1


async def test_the_same_sums_twice_change_nothing(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.order(context, [(shirt, 1, 1000)])
    for _ in range(3):
        order = await settling.settle(
            context, placed.id, authorized_minor=placed.due_minor, captured_minor=0, refunded_minor=0
        )

    assert order.version == 3  # the sums, and the move to confirmed
    assert len((await timeline.of(context, [order.id]))[order.id]) == 3


@pytest.mark.parametrize("sums", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 5, 6)])
async def test_sums_that_cannot_be_are_refused(context: Context, sums: tuple[int, int, int]) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.order(context, [(shirt, 1, 1000)])

    with pytest.raises(errors.Invalid):
        await settling.settle(
            context, placed.id, authorized_minor=sums[0], captured_minor=sums[1], refunded_minor=sums[2]
        )
    with pytest.raises(errors.NotFound):
        await settling.settle(context, generate_id(), authorized_minor=0, captured_minor=0, refunded_minor=0)

    assert (await service.get(context, placed.id)).version == 1


@pytest.mark.parametrize("old", list(OrderStatus))
@pytest.mark.parametrize("new", list(OrderStatus))
async def test_only_legal_moves_are_made(context: Context, old: OrderStatus, new: OrderStatus) -> None:
    if new in states.TRANSITIONS[old]:
        states.check(old, new)
        return
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.order(context, [(shirt, 1, 1000)])
    placed.status = old
    placed.cancelled_at = context.now if old is OrderStatus.CANCELLED else None
    await context.session.flush()
    before = len(context.recorded)

    with pytest.raises(IllegalTransition):
        await moving.move(context, placed, new)

    assert (placed.status, placed.version, len(context.recorded)) == (old, 1, before)
    assert len((await timeline.of(context, [placed.id]))[placed.id]) == 1


async def test_staff_confirm_an_order_once(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.order(context, [(shirt, 1, 1000)])

    with pytest.raises(errors.Stale):
        await settling.confirm(context, placed.id, version=7)
    assert (await settling.confirm(context, placed.id, version=1)).status == "confirmed"
    with pytest.raises(IllegalTransition):
        await settling.confirm(context, placed.id)


async def test_parallel_settlements_wait_for_each_other(open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 5)
        placed = await ordering.order(context, [(shirt, 1, 1000)])

    async def settle() -> None:
        async with open_context() as context:
            await settling.settle(
                context, placed.id, authorized_minor=placed.due_minor, captured_minor=0, refunded_minor=0
            )

    await asyncio.gather(*(settle() for _ in range(10)))

    async with open_context() as context:
        entries = (await timeline.of(context, [placed.id]))[placed.id]
        assert [one.kind for one in entries] == ["placed", "payment", "status_changed"]
        assert (await service.get(context, placed.id)).version == 3
