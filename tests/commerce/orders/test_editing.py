"""Orders that are changed before anything has left: totals, taxes, stock and what is outstanding follow."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from tests.commerce.orders import ordering

from rustok.commerce.addresses.service import BadAddress
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.inventory import reserving
from rustok.commerce.orders import balance, cancelling, editing, fulfilling, service, settling, timeline
from rustok.commerce.orders.editing import Added, Edit, NoPrice, NotEditable
from rustok.commerce.orders.models import OrderTerm
from rustok.events.commerce import OrderEdited
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def test_lines_come_go_and_grow(context: Context) -> None:
    await ordering.german_tax(context)
    shirt, hat, sock = await ordering.priced(context, 1000, 500, 300)
    placed = await ordering.paid(context, [(shirt, 4, 900), (hat, 1, 500)], discount_minor=411, shipping_minor=500)
    first, second = await service.lines(context, placed.id)
    assert (first.discount_minor, second.discount_minor) == (361, 50)
    before = placed.due_minor

    order = await editing.edit(
        context,
        placed.id,
        Edit(
            quantities={first.id: 3, second.id: 0},
            added=[Added(variant_id=sock, quantity=2), Added(variant_id=hat, quantity=5, unit_minor=100)],
        ),
        version=placed.version,
    )

    lines = await service.lines(context, order.id)
    assert [(one.quantity, one.unit_minor, one.discount_minor) for one in lines] == [
        (3, 900, 271),  # three quarters of its discount, rounded
        (2, 300, 0),
        (5, 100, 0),
    ]
    assert order.subtotal_minor == 3 * 900 + 2 * 300 + 500
    assert order.tax_minor == round((order.subtotal_minor - 271 + 500) * 0.19)
    assert order.outstanding_minor == order.due_minor - before
    assert (order.status, order.payment_status) == (
        "confirmed",
        "paid" if order.due_minor <= before else "partially_paid",
    )
    assert [await ordering.stock(context, one) for one in (shirt, hat, sock)] == [(100, 3), (100, 5), (100, 2)]
    assert await balance.broken(context) == []
    assert context.recorded[-1] == OrderEdited(order_id=order.id)
    entry = (await timeline.of(context, [order.id]))[order.id][-1]
    assert entry.kind == "edited"
    assert entry.details["new_total"] == order.total_minor
    assert entry.details["pieces"] == {str(shirt): -1, str(hat): 4, str(sock): 2}


async def test_less_to_pay_is_shown_as_paid_too_much(context: Context) -> None:
    await ordering.german_tax(context)
    (shirt,) = await ordering.priced(context, 1000)
    placed = await ordering.paid(context, [(shirt, 2, 1000)], shipping_minor=0)
    (line,) = await service.lines(context, placed.id)

    await editing.edit(context, placed.id, Edit(quantities={line.id: 1}))
    assert (placed.payment_status, placed.outstanding_minor) == ("paid", -1190)
    await editing.edit(context, placed.id, Edit(quantities={line.id: 3}))
    assert (placed.payment_status, placed.outstanding_minor) == ("partially_paid", 1190)
    await editing.edit(context, placed.id, Edit(shipping_price_minor=0, shipping_name="Van"))
    assert (placed.shipping or {})["name"] == "Van"


async def test_a_pending_order_that_costs_nothing_any_more_is_confirmed(context: Context) -> None:
    shirt, gift = await ordering.priced(context, 1000, 0)
    placed = await ordering.order(context, [(shirt, 1, 1000)], shipping_minor=0)
    (line,) = await service.lines(context, placed.id)

    await editing.edit(context, placed.id, Edit(quantities={line.id: 0}, added=[Added(variant_id=gift, quantity=1)]))

    assert (placed.status, placed.payment_status, placed.due_minor) == ("confirmed", "paid", 0)


async def test_another_address_has_other_taxes(context: Context) -> None:
    await ordering.german_tax(context)
    (shirt,) = await ordering.priced(context, 1000)
    placed = await ordering.order(context, [(shirt, 1, 1000)], shipping_minor=0)
    assert placed.tax_minor == 190
    paris = replace(ordering.HOME, name="Zoé Martin", city="Paris", country="fr")

    order = await editing.edit(context, placed.id, Edit(shipping_address=paris, email="Zoe@Example.com"))

    assert (order.tax_minor, order.total_minor, order.name, order.email) == (0, 1000, "Zoé Martin", "zoe@example.com")
    assert order.shipping_address is not None
    assert order.shipping_address.country == "FR"
    terms = set(await context.session.scalars(select(OrderTerm.term).where(OrderTerm.order_id == order.id)))
    assert terms == {"zoe@example.com", "zoé", "martin", "ann", "smith"}
    assert await balance.broken(context) == []


async def test_gift_cards_get_back_what_they_paid_too_much(context: Context) -> None:
    (shirt,) = await ordering.priced(context, 1000)
    card = await giftcards.issue(context, amount_minor=5000, currency="EUR")
    parts = await giftcards.spendable(context, [card.code], currency="EUR", due_minor=2380)
    placed = await ordering.order(context, [(shirt, 2, 1000)], shipping_minor=0, gift_cards=parts)
    await giftcards.spend(context, parts, order_id=placed.id)
    assert (placed.due_minor, placed.status) == (0, "confirmed")
    (line,) = await service.lines(context, placed.id)

    await editing.edit(context, placed.id, Edit(quantities={line.id: 1}))

    assert placed.gift_card_minor == placed.total_minor
    assert placed.due_minor == 0
    assert sum((await giftcards.spent_on(context, placed.id)).values()) == placed.total_minor


async def _unchanged(context: Context, order_id: Any) -> tuple[Any, ...]:
    order = await service.get(context, order_id)
    return (
        order.version,
        order.total_minor,
        order.email,
        order.shipping_stored,
        [(one.id, one.quantity) for one in await service.lines(context, order_id)],
        len((await timeline.of(context, [order_id]))[order_id]),
    )


async def test_refused_changes_change_nothing(context: Context) -> None:
    (shirt,) = await ordering.priced(context, 1000)
    (unpriced,) = await ordering.goods(context, 5)
    placed_id = (await ordering.paid(context, [(shirt, 2, 1000)])).id
    (line,) = await service.lines(context, placed_id)
    line_id, before, held = line.id, await _unchanged(context, placed_id), await ordering.stock(context, shirt)

    for wanted, refusal in (
        (Edit(quantities={line_id: 0}), errors.Invalid),
        (Edit(quantities={line_id: -1}), errors.Invalid),
        (Edit(quantities={line_id: 2**31}), errors.Invalid),
        (Edit(quantities={line_id: 101}), reserving.OutOfStock),
        (Edit(quantities={generate_id(): 1}), errors.NotFound),
        (Edit(added=[Added(variant_id=generate_id(), quantity=1)]), errors.NotFound),
        (Edit(added=[Added(variant_id=unpriced, quantity=1)]), NoPrice),
        (Edit(added=[Added(variant_id=shirt, quantity=1, unit_minor=-1)]), errors.Invalid),
        (Edit(added=[Added(variant_id=shirt, quantity=1)] * 500), errors.Invalid),
        (Edit(shipping_price_minor=-1), errors.Invalid),
        (Edit(shipping_address=replace(ordering.HOME, country="XX"), email="new@example.com"), BadAddress),
        (Edit(email="nobody"), errors.Invalid),
    ):
        with pytest.raises(refusal):
            async with context.session.begin_nested():
                await editing.edit(context, placed_id, wanted)
    with pytest.raises(errors.Stale):
        await editing.edit(context, placed_id, Edit(shipping_price_minor=1), version=1)
    with pytest.raises(errors.Invalid):
        await editing.edit(context, placed_id, Edit(shipping_price_minor=1), currency="USD")

    context.session.expunge_all()
    assert await _unchanged(context, placed_id) == before
    assert await ordering.stock(context, shirt) == held


async def test_what_has_left_or_is_cancelled_is_not_changed(context: Context) -> None:
    (shirt,) = await ordering.priced(context, 1000)
    gone = await ordering.paid(context, [(shirt, 2, 1000)])
    (line,) = await service.lines(context, gone.id)
    parcel = await fulfilling.fulfil(context, gone.id, {line.id: 1})
    cancelled = await ordering.order(context, [(shirt, 1, 1000)])
    await cancelling.cancel(context, cancelled.id)

    for one in (gone, cancelled):
        with pytest.raises(NotEditable):
            await editing.edit(context, one.id, Edit(shipping_price_minor=1))

    await fulfilling.call_back(context, parcel.id)
    await editing.edit(context, gone.id, Edit(quantities={line.id: 1}))
    assert await ordering.stock(context, shirt) == (100, 1)
    assert await balance.broken(context) == []


async def test_parallel_changes_lose_nothing(open_context: OpenContext) -> None:
    async with open_context() as context:
        shirt, hat = await ordering.priced(context, 1000, 500)
        placed = await ordering.order(context, [(shirt, 1, 1000)])

    async def grow(variant: Any) -> None:
        async with open_context() as context:
            await editing.edit(context, placed.id, Edit(added=[Added(variant_id=variant, quantity=1)]))

    async def pay() -> None:
        async with open_context() as context:
            await settling.settle(context, placed.id, authorized_minor=10**6, captured_minor=0, refunded_minor=0)

    answers = await asyncio.gather(
        *(grow((shirt, hat)[number % 2]) for number in range(10)), pay(), return_exceptions=True
    )

    assert answers == [None] * 11
    async with open_context() as context:
        order = await service.get(context, placed.id)
        assert order.subtotal_minor == 1000 + 5 * 1000 + 5 * 500
        assert order.status == "confirmed"
        assert await ordering.stock(context, shirt) == (100, 6)
        assert await ordering.stock(context, hat) == (100, 5)
        assert await balance.broken(context) == []
