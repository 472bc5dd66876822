"""Orders that will not be fulfilled: their stock is free again, and the refused ones stay as they are."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from tests.commerce.orders import ordering

from rustok.commerce.orders import balance, bulk, cancelling, fulfilling, noting, service, settling, timeline
from rustok.commerce.orders.states import IllegalTransition
from rustok.events.commerce import OrderCancelled, OrderStatusChanged
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def test_a_cancelled_order_gives_its_stock_back(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.order(context, [(shirt, 2, 1000)])
    context.recorded.clear()

    order = await cancelling.cancel(context, placed.id, reason="fraud", version=1)

    assert (order.status, order.payment_status, order.cancel_reason) == ("cancelled", "voided", "fraud")
    assert await ordering.stock(context, shirt) == (5, 0)
    assert context.recorded[-2:] == [
        OrderStatusChanged(order_id=order.id, old_status="pending", new_status="cancelled"),
        OrderCancelled(order_id=order.id, reason="fraud"),
    ]
    for again in (cancelling.cancel(context, placed.id), fulfilling.fulfil(context, placed.id)):
        with pytest.raises(IllegalTransition):
            await again
    assert await ordering.stock(context, shirt) == (5, 0)
    # The bank transfer comes all the same: the books show it, and the order stays cancelled.
    due = order.due_minor
    await settling.settle(context, order.id, authorized_minor=due, captured_minor=due, refunded_minor=0)
    assert (order.status, order.payment_status) == ("cancelled", "paid")
    await settling.settle(context, order.id, authorized_minor=due, captured_minor=due, refunded_minor=due)
    assert (order.status, order.payment_status) == ("cancelled", "refunded")


@pytest.mark.parametrize(("restock", "left"), [(True, (5, 0)), (False, (2, 0))])
async def test_what_is_on_its_way_is_called_back(context: Context, restock: bool, left: tuple[int, int]) -> None:
    (shirt,) = await ordering.goods(context, 5)
    placed = await ordering.paid(context, [(shirt, 3, 1000)])
    (line,) = await service.lines(context, placed.id)
    parcel = await fulfilling.fulfil(context, placed.id, {line.id: 1})

    order = await cancelling.cancel(context, placed.id, restock=restock)

    assert (order.status, order.fulfilment_status, order.payment_status) == ("cancelled", "unfulfilled", "paid")
    assert parcel.status == "cancelled"
    assert await ordering.stock(context, shirt) == left
    assert await balance.broken(context) == []


async def test_what_has_left_or_arrived_is_not_cancelled(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 9)
    gone = await ordering.paid(context, [(shirt, 1, 1000)])
    await fulfilling.fulfil(context, gone.id)
    half = await ordering.paid(context, [(shirt, 2, 1000)])
    (line,) = await service.lines(context, half.id)
    await fulfilling.deliver(context, (await fulfilling.fulfil(context, half.id, {line.id: 1})).id)
    before = await ordering.stock(context, shirt)

    for one in (gone, half):
        version = one.version
        with pytest.raises(IllegalTransition):
            await cancelling.cancel(context, one.id)
        assert one.version == version
    with pytest.raises(errors.Stale):
        await cancelling.cancel(context, half.id, version=1)
    with pytest.raises(errors.NotFound):
        await cancelling.cancel(context, generate_id())

    assert await ordering.stock(context, shirt) == before


async def test_unpaid_orders_are_cancelled_when_their_time_is_over(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 9)
    late = await ordering.order(context, [(shirt, 1, 1000)], payment_due=context.now - timedelta(seconds=1))
    early = await ordering.order(context, [(shirt, 1, 1000)], payment_due=context.now + timedelta(hours=1))
    never = await ordering.order(context, [(shirt, 1, 1000)])
    confirmed = await ordering.order(context, [(shirt, 1, 1000)], payment_due=context.now - timedelta(seconds=1))
    await settling.confirm(context, confirmed.id)

    assert await cancelling.cancel_unpaid(context) == 1
    assert await cancelling.cancel_unpaid(context) == 0

    assert (late.status, late.cancel_reason) == ("cancelled", cancelling.NOT_PAID)
    assert [one.status for one in (early, never, confirmed)] == ["pending", "pending", "confirmed"]
    assert await ordering.stock(context, shirt) == (9, 3)


async def test_a_payment_and_the_clock_cannot_both_win(open_context: OpenContext) -> None:
    for _ in range(5):
        async with open_context() as context:
            (shirt,) = await ordering.goods(context, 1)
            placed = await ordering.order(context, [(shirt, 1, 1000)], payment_due=context.now - timedelta(seconds=1))

        async def pay(order_id: object = placed.id, due: int = placed.due_minor) -> None:
            async with open_context() as context:
                await settling.settle(context, order_id, authorized_minor=due, captured_minor=0, refunded_minor=0)  # type: ignore[arg-type]  # bound early

        async def clock() -> None:
            async with open_context() as context:
                await cancelling.cancel_unpaid(context)

        await asyncio.gather(pay(), clock())
        async with open_context() as context:
            order = await service.get(context, placed.id)
            told = (order.status, await ordering.stock(context, shirt))
        assert told in [("confirmed", (1, 1)), ("cancelled", (1, 0))]


async def test_parallel_cancellations_give_stock_back_once(open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 9)
        placed = await ordering.paid(context, [(shirt, 4, 1000)])
        (line,) = await service.lines(context, placed.id)

    async def cancel() -> str:
        async with open_context() as context:
            await cancelling.cancel(context, placed.id)
        return "cancelled"

    async def send() -> str:
        async with open_context() as context:
            await fulfilling.fulfil(context, placed.id, {line.id: 1})
        return "sent"

    answers = await asyncio.gather(*(cancel() for _ in range(4)), *(send() for _ in range(4)), return_exceptions=True)

    assert {answer for answer in answers if isinstance(answer, str)} <= {"cancelled", "sent"}
    assert all(isinstance(answer, str | IllegalTransition) for answer in answers), answers
    async with open_context() as context:
        order = await service.get(context, placed.id)
        if order.status == "cancelled":
            assert await ordering.stock(context, shirt) == (9, 0)
        else:
            assert (order.status, await ordering.stock(context, shirt)) == ("shipped", (5, 0))
        assert await balance.broken(context) == []


async def test_many_are_sent_or_cancelled_all_or_none(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 9)
    ready = [(await ordering.paid(context, [(shirt, 1, 1000)])).id for _ in range(3)]
    pending = (await ordering.order(context, [(shirt, 1, 1000)])).id

    with pytest.raises(IllegalTransition, match="order 1004"):
        async with context.session.begin_nested():
            await bulk.fulfil(context, [*ready, pending])
    assert await ordering.stock(context, shirt) == (9, 4)
    assert await bulk.fulfil(context, ready) == 3
    assert await ordering.stock(context, shirt) == (6, 1)

    with pytest.raises(IllegalTransition, match="order 1001"):
        async with context.session.begin_nested():
            await bulk.cancel(context, [pending, ready[0]], reason=None)
    assert await bulk.cancel(context, [pending], reason="closed") == 1
    assert await ordering.stock(context, shirt) == (6, 0)
    with pytest.raises(errors.Invalid):
        await bulk.cancel(context, [generate_id() for _ in range(101)], reason=None)


async def test_tags_notes_and_the_archive(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 9)
    one, two = [await ordering.order(context, [(shirt, 1, 1000)]) for _ in range(2)]
    ids = [one.id, two.id, generate_id()]

    assert await noting.add_tags(context, ids, ["vip", "gift"]) == 2
    assert await noting.add_tags(context, ids, ["gift"]) == 0
    assert await noting.remove_tags(context, [one.id], ["vip", "none"]) == 1
    assert (one.tags, two.tags) == (["gift"], ["gift", "vip"])
    assert await noting.archive(context, ids) == 2
    assert await noting.archive(context, ids) == 0
    assert await noting.archive(context, [two.id], archived=False) == 1
    assert one.archived_at is not None
    assert two.archived_at is None
    await noting.add_note(context, one.id, " Call first ")
    await noting.add_note(context, one.id, "It is on its way", to_customer=True)
    for wrong in (" ", "x" * 5001):
        with pytest.raises(errors.Invalid):
            await noting.add_note(context, one.id, wrong)
    with pytest.raises(errors.Invalid):
        await noting.add_tags(context, ids, [f"t{number}" for number in range(51)])
    with pytest.raises(errors.NotFound):
        await noting.add_note(context, generate_id(), "x")

    notes = (await service.notes_of(context, [one.id]))[one.id]
    assert [(note.body, note.to_customer) for note in notes] == [("Call first", False), ("It is on its way", True)]
    told = (await service.notes_of(context, [one.id], to_customer=True))[one.id]
    assert [note.body for note in told] == ["It is on its way"]
    kinds = [entry.kind for entry in (await timeline.of(context, [one.id]))[one.id]]
    assert kinds == ["placed", "tagged", "tagged", "archived", "note_added", "note_added"]
