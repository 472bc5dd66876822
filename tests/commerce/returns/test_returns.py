"""Goods come back: who may ask for what, what staff decide, and what becomes of stock, order and books."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.commerce.orders import ordering
from tests.commerce.payments.paying import units_of
from tests.commerce.returns import returning

from rustok.commerce.inventory import locations
from rustok.commerce.inventory.models import StockMovement
from rustok.commerce.orders import balance, fulfilling, timeline
from rustok.commerce.orders import service as orders
from rustok.commerce.payments.shapes import Units
from rustok.commerce.returns import deciding, receiving, requesting, service
from rustok.commerce.returns.receiving import Received
from rustok.commerce.returns.requesting import NothingToReturn, Piece
from rustok.commerce.returns.states import (
    TRANSITIONS,
    Condition,
    IllegalReturnTransition,
    Reason,
    ReturnStatus,
    check,
)
from rustok.events.commerce import ReturnRequested, ReturnStatusChanged
from rustok.kernel import errors
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id


@pytest.fixture
def units(database: Database, tenant: TenantInfo) -> Units:
    """Opens units of work."""
    return units_of(database, tenant)


async def may_return(context: Context, order_id: UUID) -> list[int]:
    """Pieces of each line that may be sent back."""
    return [one.quantity for one in await service.returnable(context, await orders.get(context, order_id))]


async def test_goods_come_back_from_the_wish_to_the_shelf(units: Units) -> None:
    made = await returning.sold(units, [(3, 1000), (2, 500)])
    async with units() as context:
        shop = await locations.create(context, name="Shop")
        wish = await requesting.request(
            context,
            made.order_id,
            [
                Piece(line_id=made.lines[0], quantity=2, reason=Reason.DOES_NOT_FIT, note="Too large"),
                Piece(line_id=made.lines[1], quantity=1),
            ],
            note="Both in one box",
        )
        assert (wish.number, wish.status, wish.requested_by) == (1, "requested", "buyer")
        assert await may_return(context, made.order_id) == [1, 1]
        assert [type(event) for event in context.recorded] == [ReturnRequested]
        await deciding.approve(context, wish.id, answer="Use the label", version=1)

    async with units() as context:
        first, second = (await service.lines_of(context, [wish.id]))[wish.id]
        received = {
            first.id: Received(quantity=2, restock=1, location_id=shop.id),
            second.id: Received(quantity=1, condition=Condition.DAMAGED),
        }
        back = await receiving.receive(context, wish.id, received, version=2)
        assert (back.status, back.answer, back.version) == ("received", "Use the label", 3)
        assert back.received_at is not None
        told = [event for event in context.recorded if isinstance(event, ReturnStatusChanged)]
        assert [(event.old_status, event.new_status) for event in told] == [("approved", "received")]

    async with units() as context:
        order = await orders.get(context, made.order_id)
        assert (order.status, order.fulfilment_status) == ("completed", "partially_returned")
        assert [one.returned_quantity for one in await orders.lines(context, made.order_id)] == [2, 1]
        first, second = (await service.lines_of(context, [wish.id]))[wish.id]
        # 30.00 and 10.00 with 19 % on top: 35.70 for three pieces, 11.90 for two.
        assert (first.amount_minor, second.amount_minor) == (2380, 595)
        assert (first.restocked_quantity, first.location_id, first.condition) == (1, shop.id, "new")
        assert (second.restocked_quantity, second.location_id, second.condition) == (0, None, "damaged")
        assert await ordering.stock(context, made.variants[0]) == (6, 0)
        assert await ordering.stock(context, made.variants[1]) == (5, 0)
        moved = await context.session.scalar(select(StockMovement).where(StockMovement.reason == "returned"))
        assert moved is not None
        assert (moved.variant_id, moved.location_id, moved.delta) == (made.variants[0], shop.id, 1)
        assert moved.reference == f"return:{wish.id}"
        assert await may_return(context, made.order_id) == [1, 1]
        assert await balance.broken(context) == []
        kinds = [one.kind for one in (await timeline.of(context, [made.order_id]))[made.order_id]]
        assert [kind for kind in kinds if kind.startswith("return")] == ["return_requested"] + [
            "return_status_changed"
        ] * 2


async def test_only_what_arrived_and_is_not_spoken_for_can_be_sent_back(units: Units) -> None:
    made = await returning.sold(units, [(4, 1000)], delivered=False)
    (line,) = made.lines
    async with units() as context:
        assert await may_return(context, made.order_id) == [0]
        with pytest.raises(NothingToReturn):
            await requesting.request(context, made.order_id, [Piece(line_id=line, quantity=1)])
    await returning.deliver(units, made.order_id, {line: 3})

    async with units() as context:
        assert await may_return(context, made.order_id) == [3]
        first = await requesting.request(context, made.order_id, [Piece(line_id=line, quantity=2)])
        with pytest.raises(NothingToReturn, match="2 pieces named, 1 can be sent back"):
            await requesting.request(context, made.order_id, [Piece(line_id=line, quantity=2)])
        await deciding.decline(context, first.id, answer="It was cut to length")
        assert await may_return(context, made.order_id) == [3]
    async with units() as context:
        await returning.came_back(context, made.order_id, {line: 3})
        assert await may_return(context, made.order_id) == [0]
        assert (await orders.get(context, made.order_id)).fulfilment_status == "partially_returned"


async def test_staff_write_returns_down_even_of_what_did_not_arrive(units: Units) -> None:
    made = await returning.sold(units, [(2, 1000)], delivered=False)
    async with units() as context:
        await fulfilling.fulfil(context, made.order_id)
        refused = [Piece(line_id=made.lines[0], quantity=2)]
        wish = await requesting.request(context, made.order_id, refused, by_staff=True)
        assert (wish.status, wish.requested_by) == ("approved", "staff")
        (line,) = (await service.lines_of(context, [wish.id]))[wish.id]
        await receiving.receive(context, wish.id, {line.id: Received(quantity=2, restock=2)})
        assert (await orders.get(context, made.order_id)).fulfilment_status == "returned"
        assert await ordering.stock(context, made.variants[0]) == (7, 0)


async def test_what_cannot_be_is_refused_and_changes_nothing(units: Units) -> None:
    made = await returning.sold(units, [(2, 1000)])
    other = await returning.sold(units, [(1, 1000)])
    one = Piece(line_id=made.lines[0], quantity=1)
    async with units() as context:
        for pieces, refusal in (
            ([], errors.Invalid),
            ([one, one], errors.Invalid),
            ([Piece(line_id=made.lines[0], quantity=0)], errors.Invalid),
            ([Piece(line_id=other.lines[0], quantity=1)], errors.NotFound),
            ([Piece(line_id=made.lines[0], quantity=3)], NothingToReturn),
        ):
            with pytest.raises(refusal):
                await requesting.request(context, made.order_id, pieces)
        with pytest.raises(errors.NotFound):
            await requesting.request(context, generate_id(), [one])
        assert await service.of_orders(context, [made.order_id]) == {}


async def test_a_refused_receipt_leaves_everything_as_it_was(units: Units) -> None:
    made = await returning.sold(units, [(2, 1000)])
    async with units() as context:
        wish = await requesting.request(context, made.order_id, [Piece(line_id=made.lines[0], quantity=1)])
        (line,) = (await service.lines_of(context, [wish.id]))[wish.id]
    with pytest.raises(IllegalReturnTransition):
        async with units() as context:
            await receiving.receive(context, wish.id, {line.id: Received(quantity=1)})
    async with units() as context:
        await deciding.approve(context, wish.id)
    tries: list[tuple[dict[UUID, Received], type[errors.RustokError]]] = [
        ({generate_id(): Received(quantity=1)}, errors.NotFound),
        ({line.id: Received(quantity=2)}, errors.Invalid),
        ({line.id: Received(quantity=1, restock=2)}, errors.Invalid),
        ({line.id: Received(quantity=1, restock=1, location_id=generate_id())}, errors.NotFound),
    ]
    for received, refusal in tries:
        with pytest.raises(refusal):
            async with units() as context:
                await receiving.receive(context, wish.id, received)
    with pytest.raises(errors.Stale):
        async with units() as context:
            await deciding.approve(context, wish.id, version=7)

    async with units() as context:
        assert (await service.get(context, wish.id)).status == "approved"
        (line,) = (await service.lines_of(context, [wish.id]))[wish.id]
        assert (line.received_quantity, line.amount_minor) == (0, 0)
        assert [one.returned_quantity for one in await orders.lines(context, made.order_id)] == [0]
        assert await ordering.stock(context, made.variants[0]) == (5, 0)


async def test_goods_are_received_once(units: Units) -> None:
    made = await returning.sold(units, [(2, 1000)])
    async with units() as context:
        wish = await requesting.request(context, made.order_id, [Piece(line_id=made.lines[0], quantity=2)])
        await deciding.approve(context, wish.id)
        (line,) = (await service.lines_of(context, [wish.id]))[wish.id]
    all_of_it = {line.id: Received(quantity=2, restock=1)}
    async with units() as context:
        await receiving.receive(context, wish.id, all_of_it)
        stock = await ordering.stock(context, made.variants[0])

    with pytest.raises(IllegalReturnTransition):
        async with units() as context:
            await receiving.receive(context, wish.id, all_of_it)

    async with units() as context:
        assert [one.returned_quantity for one in await orders.lines(context, made.order_id)] == [2]
        assert await ordering.stock(context, made.variants[0]) == stock


async def test_portions_of_a_line_are_worth_what_was_paid_for_it(units: Units) -> None:
    made = await returning.sold(units, [(7, 333)], discount_minor=100, tax_included=True)
    (line,) = made.lines
    worth = []
    for pieces in (1, 3, 2, 1):
        async with units() as context:
            back = await returning.came_back(context, made.order_id, {line: pieces})
            worth += [one.amount_minor for one in (await service.lines_of(context, [back.id]))[back.id]]

    async with units() as context:
        (sold,) = await orders.lines(context, made.order_id)
        assert sum(worth) == sold.total_minor == 2231
        assert (await orders.get(context, made.order_id)).fulfilment_status == "returned"


async def test_two_wishes_at_once_never_speak_for_a_piece_twice(units: Units) -> None:
    made = await returning.sold(units, [(3, 1000)])

    async def ask() -> bool:
        try:
            async with units() as context:
                await requesting.request(context, made.order_id, [Piece(line_id=made.lines[0], quantity=1)])
        except NothingToReturn:
            return False
        return True

    found = await asyncio.gather(*(ask() for _ in range(6)))

    assert sorted(found) == [False, False, False, True, True, True]
    async with units() as context:
        wishes = (await service.of_orders(context, [made.order_id]))[made.order_id]
        assert [one.number for one in wishes] == [1, 2, 3]


async def test_many_are_answered_at_once_or_none(units: Units) -> None:
    made = await returning.sold(units, [(3, 1000)])
    async with units() as context:
        wishes = [
            (await requesting.request(context, made.order_id, [Piece(line_id=made.lines[0], quantity=1)])).id
            for _ in range(3)
        ]
        await deciding.cancel(context, wishes[2])
    with pytest.raises(IllegalReturnTransition):
        async with units() as context:
            await deciding.decide_many(context, wishes, ReturnStatus.APPROVED)
    async with units() as context:
        assert [(await service.get(context, id_)).status for id_ in wishes] == ["requested", "requested", "cancelled"]
        assert await deciding.decide_many(context, wishes[:2], ReturnStatus.APPROVED) == 2


@pytest.mark.parametrize("old", list(ReturnStatus))
def test_only_legal_transitions(old: ReturnStatus) -> None:
    for new in ReturnStatus:
        if new in TRANSITIONS[old]:
            check(old, new)
        else:
            with pytest.raises(IllegalReturnTransition):
                check(old, new)
