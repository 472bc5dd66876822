"""Another tenant's orders are not there: neither for the API nor for plain SQL, nor by a partition's own name."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.commerce.asking import admin
from tests.commerce.orders import ordering
from tests.conftest import MakeTenant

from rustok.commerce.orders import drafts, fulfilling, models, noting, service
from rustok.commerce.orders.editing import Added
from rustok.kernel.context import Context
from rustok.kernel.db import Database

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
TABLES = [
    one.__tablename__
    for one in vars(models).values()
    if isinstance(one, type) and getattr(one, "__module__", "") == models.__name__ and hasattr(one, "__tablename__")
]


async def furnished(context: Context) -> dict[str, str]:
    """An order with everything that can belong to one, and a draft."""
    (shirt,) = await ordering.priced(context, 1000)
    placed = await ordering.paid(context, [(shirt, 2, 1000)], discount_minor=10)
    (line,) = await service.lines(context, placed.id)
    parcel = await fulfilling.fulfil(context, placed.id, {line.id: 1})
    await noting.add_note(context, placed.id, "Call first")
    draft = await drafts.create(
        context, email="a@example.com", currency="EUR", lines=[Added(variant_id=shirt, quantity=1)]
    )
    return {
        "order": str(placed.id),
        "line": str(line.id),
        "parcel": str(parcel.id),
        "draft": str(draft.id),
        "variant": str(shirt),
    }


async def _counts(context: Context) -> dict[str, int]:
    return {table: await context.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES}


@pytest.mark.parametrize("worker", [False, True])
async def test_plain_sql_sees_one_tenants_orders(
    open_context: OpenContext, make_tenant: MakeTenant, worker: bool
) -> None:
    async with open_context() as context:
        await furnished(context)
        tenant_id = context.tenant_id
    async with open_context(worker=worker) as context:
        assert min((await _counts(context)).values()) > 0

    async with open_context(await make_tenant(), worker=worker) as context:
        assert set((await _counts(context)).values()) == {0}
        for table in TABLES:
            with pytest.raises(DBAPIError, match="row-level security"):
                async with context.session.begin_nested():
                    columns = "tenant_id, last_number" if table == "commerce_order_counters" else "tenant_id, id"
                    columns = "tenant_id, term, order_id" if table == "commerce_order_terms" else columns
                    values = ", ".join(["'x'", "gen_random_uuid()"] if "term" in columns else ["gen_random_uuid()"])
                    values = "1" if "last_number" in columns else values
                    extra = (", created_at", ", now()") if table == "commerce_orders" else ("", "")
                    await context.session.execute(
                        text(f"INSERT INTO {table} ({columns}{extra[0]}) VALUES (:tenant, {values}{extra[1]})"),
                        {"tenant": tenant_id},
                    )


@pytest.mark.parametrize("worker", [False, True])
async def test_a_quarter_is_not_reached_by_its_own_name(open_context: OpenContext, worker: bool) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 5)
        placed = await ordering.order(context, [(shirt, 1, 1000)])
        table = await context.session.scalar(
            text("SELECT tableoid::regclass::text FROM commerce_orders WHERE id = :id"), {"id": placed.id}
        )
    for attempt in (f"SELECT * FROM {table}", f"UPDATE {table} SET email = ''", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with open_context(worker=worker) as context:
                await context.session.execute(text(attempt))


async def test_history_is_not_rewritten(open_context: OpenContext) -> None:
    for attempt in ("UPDATE commerce_order_timeline SET kind = 'x'", "DELETE FROM commerce_order_timeline"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with open_context() as context:
                await context.session.execute(text(attempt))


async def test_the_api_does_not_reach_another_tenants_order(
    open_context: OpenContext, make_tenant: MakeTenant, database: Database
) -> None:
    async with open_context() as context:
        ids = await furnished(context)
        before: Any = await _counts(context)
    ask = admin(database, await make_tenant())

    for operation, answer in (
        ("query($order: ID!) { order(id: $order) { id } }", None),
        ("query($draft: ID!) { draftOrder(id: $draft) { id } }", None),
        ("query($order: ID!) { orders(where: {ids: [$order]}) { nodes { id } } }", {"nodes": []}),
        ("mutation($order: ID!) { orderCancel(id: $order, version: 1) { userErrors { code } } }", "not_found"),
        ("mutation($order: ID!) { orderConfirm(id: $order, version: 1) { userErrors { code } } }", "not_found"),
        ("mutation($order: ID!) { orderFulfil(id: $order, version: 1) { userErrors { code } } }", "not_found"),
        ("mutation($order: ID!) { orderConfirmationResend(orderId: $order) { userErrors { code } } }", "not_found"),
        ('mutation($order: ID!) { orderNoteAdd(id: $order, body: "x") { userErrors { code } } }', "not_found"),
        (
            'mutation($order: ID!) { orderEdit(id: $order, input: {version: 1, currencyCode: "EUR"})'
            " { userErrors { code } } }",
            "not_found",
        ),
        ("mutation($parcel: ID!) { fulfilmentDeliver(id: $parcel, version: 1) { userErrors { code } } }", "not_found"),
        ("mutation($parcel: ID!) { fulfilmentCallBack(id: $parcel, version: 1) { userErrors { code } } }", "not_found"),
        (
            'mutation($parcel: ID!) { fulfilmentTrack(id: $parcel, version: 1, tracking: {number: "1"})'
            " { userErrors { code } } }",
            "not_found",
        ),
        ("mutation($draft: ID!) { draftOrderPlace(id: $draft, version: 1) { userErrors { code } } }", "not_found"),
        ("mutation($draft: ID!) { draftOrderDelete(id: $draft) { userErrors { code } } }", "not_found"),
        (
            'mutation($variant: ID!) { draftOrderCreate(input: {currencyCode: "EUR", lines: [{variantId: $variant,'
            " quantity: 1}]}) { userErrors { code } } }",
            "not_found",
        ),
        ("mutation($order: ID!) { ordersBulkFulfil(ids: [$order]) { userErrors { code } } }", "not_found"),
        ("mutation($order: ID!) { ordersBulkCancel(ids: [$order]) { userErrors { code } } }", "not_found"),
        ("mutation($order: ID!) { ordersBulkArchive(ids: [$order]) { count userErrors { code } } }", 0),
        ('mutation($order: ID!) { ordersBulkAddTags(ids: [$order], tags: ["x"]) { count userErrors { code } } }', 0),
    ):
        ((name, found),) = (await ask(operation, **ids)).items()
        if answer == "not_found":
            assert found["userErrors"] == [{"code": "NOT_FOUND"}], name
        elif answer == 0:
            assert found == {"count": 0, "userErrors": []}, name
        else:
            assert found == answer, name

    async with open_context() as context:
        assert await _counts(context) == before
