"""Orders as tables: every order once, amounts as they are written, and filters that are understood or refused."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from tests.commerce.orders import ordering

from rustok.commerce.orders import drafts, exporting, service
from rustok.commerce.orders.drafts import DraftDiscount, DraftShipping
from rustok.commerce.orders.editing import Added
from rustok.kernel import errors, paging
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.kernel.module import Export


async def table(context: Context, export: Export, filters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The rows by the names of their columns."""
    rows: AsyncIterator[Any] = export.rows(context, filters or {})
    return [dict(zip(export.columns, row, strict=True)) async for row in rows]


async def test_orders_and_lines_are_told_whole(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "AT_ONCE", 2)  # so that a few orders are several pages
    shirt, hat = await ordering.goods(context, 50, 50)
    for _ in range(4):
        await ordering.order(context, [(shirt, 1, 1999)], shipping_minor=0)
    await ordering.paid(context, [(shirt, 2, 1234), (hat, 1, 0)], currency="KWD", shipping_minor=500)

    orders = await table(context, exporting.ORDERS)
    lines = await table(context, exporting.LINES)

    assert [one["number"] for one in orders] == [1001, 1002, 1003, 1004, 1005]
    assert orders[0]["total"] == "23.79"
    assert (orders[4]["subtotal"], orders[4]["shipping"], orders[4]["payment_status"]) == ("2.468", "0.500", "paid")
    assert orders[0]["country"] == "DE"
    assert [(one["number"], one["quantity"]) for one in lines] == [
        *((number, 1) for number in range(1001, 1005)),
        (1005, 2),
        (1005, 1),
    ]
    assert [one["number"] for one in await table(context, exporting.ORDERS, {"payment_status": "paid,refunded"})] == [
        1005
    ]
    assert await table(context, exporting.ORDERS, {"until": "2020-01-01"}) == []
    assert len(await table(context, exporting.ORDERS, {"from": "2020-01-01", "query": "smith"})) == 5
    for wrong in ({"status": "lost"}, {"from": "yesterday"}):
        with pytest.raises(errors.Invalid):
            await table(context, exporting.ORDERS, wrong)


async def test_drafts_are_told_with_their_price_until_they_are_orders(context: Context) -> None:
    shirt, hat = await ordering.priced(context, 1000, 500)
    facts = {"email": "ann@example.com", "shipping_address": ordering.HOME}
    placed = await drafts.create(context, lines=[Added(variant_id=hat, quantity=1)], **facts)  # type: ignore[arg-type]  # keywords of a test
    await drafts.place(context, placed.id)
    await drafts.create(
        context,
        lines=[Added(variant_id=shirt, quantity=2), Added(variant_id=hat, quantity=1)],
        discount=DraftDiscount(title="Friend", amount_minor=300),
        shipping=DraftShipping(name="Van", price_minor=700),
        **facts,  # type: ignore[arg-type]  # keywords of a test
    )
    lost = await drafts.create(context, lines=[Added(variant_id=hat, quantity=1)])
    lost.lines = [{"variant_id": str(generate_id()), "quantity": 1, "unit_minor": None}]
    await context.session.flush()

    first, second, third = await table(context, exporting.DRAFTS)

    assert (first["order"], first["total"]) == (1001, None)
    assert (second["order"], second["lines"], second["quantity"]) == (None, 2, 3)
    assert (second["subtotal"], second["discount"], second["shipping"]) == ("25.00", "3.00", "7.00")
    assert (second["discount_title"], second["shipping_method"]) == ("Friend", "Van")
    assert "Bremen" in second["shipping_address"]
    assert third["total"] is None  # what lies in it is gone
    assert [one["order"] for one in await table(context, exporting.DRAFTS, {"placed": "true"})] == [1001]
    assert len(await table(context, exporting.DRAFTS, {"placed": "false"})) == 2
    with pytest.raises(errors.Invalid):
        await table(context, exporting.DRAFTS, {"placed": "maybe"})


async def test_a_guests_orders_are_claimed_once_and_by_their_address_only(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 50)
    mine = [await ordering.order(context, [(shirt, 1, 100)]) for _ in range(2)]
    other = await ordering.order(context, [(shirt, 1, 100)], email="bo@example.com")
    customer, stranger = generate_id(), generate_id()

    assert await service.claim(context, "Ann@Example.com", customer) == 2
    assert await service.claim(context, "ann@example.com", stranger) == 0
    assert await service.claim(context, "nobody", stranger) == 0

    assert {one.customer_id for one in mine} == {customer}
    assert other.customer_id is None
    page = (await service.of_customers(context, [customer], first=1))[customer]
    assert [one.number for one in page.rows] == [1002]
    assert page.has_next
