"""Orders through both schemas: what staff find, what a buyer sees, and what nobody else does."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.commerce.asking import Ask, admin, buyer
from tests.commerce.orders import ordering
from tests.conftest import MakeTenant

from rustok.commerce.orders import service
from rustok.kernel.context import ANONYMOUS, Actor, Context, TenantInfo
from rustok.kernel.db import Database

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
ORDER = """id number status paymentStatus fulfilmentStatus email total { amount currencyCode } due { amount }
  tax { amount } shipping { amount } shippingMethod { name code } shippingAddress { name formatted }
  lines { title sku quantity unitPrice { amount } total { amount } options { name value } }
  discounts { title amount { amount } } taxes { name rate amount { amount } } fulfilments { id }"""


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """The admin schema."""
    return admin(database, tenant)


async def test_a_buyer_reads_the_order_with_its_token_only(
    open_context: OpenContext, database: Database, tenant: TenantInfo, make_tenant: MakeTenant
) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 5)
        placed = await ordering.order(context, [(shirt, 2, 1000)], discount_minor=100)
    query = "query($t: String!) { order(token: $t) { " + ORDER + " messages { body } } }"

    answer = (await buyer(database, tenant)(query, t=placed.token))["order"]

    assert answer["number"] == "1001"
    assert (answer["status"], answer["paymentStatus"]) == ("PENDING", "UNPAID")
    assert answer["total"] == {"amount": "28.56", "currencyCode": "EUR"}
    assert answer["lines"][0]["unitPrice"] == {"amount": "10.00"}
    assert answer["taxes"][0]["rate"] == "0.19"
    assert answer["shippingAddress"]["formatted"][0] == "Ann Smith"
    assert await buyer(database, tenant)(query, t="x" * 32) == {"order": None}
    assert await buyer(database, await make_tenant())(query, t=placed.token) == {"order": None}


async def test_staff_find_orders_by_what_they_know(open_context: OpenContext, ask: Ask) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 50)
        bo = replace(ordering.HOME, name="Bo Ågren-Lund", company="Boats & Co")
        ann = await ordering.order(context, [(shirt, 1, 1000)])
        other = await ordering.order(context, [(shirt, 1, 1000)], email="bo@boats.example", shipping_address=bo)
        assert (ann.number, other.number) == (1001, 1002)

    async def found(said: str) -> list[str]:
        answer = await ask("query($q: String) { orders(query: $q) { nodes { number } } }", q=said)
        return [one["number"] for one in answer["orders"]["nodes"]]

    assert await found("1001") == await found("#1001") == ["1001"]
    assert await found("bo@boats.example") == await found("bo@boats") == ["1002"]
    assert await found("ågren") == await found("LUND") == await found("lun bo") == await found("boats") == ["1002"]
    assert await found("SKU-0") == ["1002", "1001"]
    assert await found("smith") == ["1002", "1001"]  # the billing address is Ann's
    assert await found("bo nobody") == await found("9" * 30) == await found("'; DROP TABLE") == []
    assert await found("  ") == ["1002", "1001"]


async def test_filters_hold_together(open_context: OpenContext, ask: Ask) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 50)
        context.now = datetime(2026, 11, 1, tzinfo=UTC)
        await ordering.order(context, [(shirt, 1, 1000)], shipping_minor=0)  # 11.90
        context.now += timedelta(days=1)
        await ordering.order(context, [(shirt, 2, 1000)], shipping_minor=0, email="bo@example.com")  # 23.80
        context.now += timedelta(days=60)  # another quarter
        await ordering.order(context, [(shirt, 1, 0)], shipping_minor=0, channel="phone")
        await ordering.order(context, [(shirt, 1, 1000)], shipping_minor=0, currency="USD")

    async def found(**where: Any) -> list[int]:
        answer = await ask("query($w: OrderWhere) { orders(where: $w) { nodes { number } } }", w=where)
        return [int(one["number"]) for one in answer["orders"]["nodes"]]

    assert await found() == [1004, 1003, 1002, 1001]
    assert await found(status=["CONFIRMED"]) == await found(paymentStatus=["PAID"]) == [1003]
    assert await found(status=["PENDING", "CONFIRMED"], channel="phone") == [1003]
    assert await found(createdFrom="2026-11-02T00:00:00Z", createdUntil="2026-12-01T00:00:00Z") == [1002]
    assert await found(totalFrom={"amount": "11.90", "currencyCode": "EUR"}) == [1002, 1001]
    assert await found(totalTo={"amount": "11.90", "currencyCode": "EUR"}) == [1003, 1001]
    assert await found(email="BO@example.com") == [1002]
    assert await found(fulfilmentStatus=["FULFILLED"]) == await found(tag="x") == await found(archived=True) == []
    assert len(await found(archived=False)) == 4


async def test_pages_cross_quarters_and_skip_nothing(open_context: OpenContext, ask: Ask) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 50)
        context.now = datetime(2026, 12, 30, tzinfo=UTC)
        for number in range(9):
            await ordering.order(context, [(shirt, 1, 100 * (number % 4))])
            context.now += timedelta(hours=number % 2 * 12)

    for sort in ("CREATED_DESC", "CREATED_ASC", "TOTAL_DESC", "TOTAL_ASC"):
        whole = await ask("query($s: OrderSort!) { orders(sort: $s) { nodes { number } totalCount } }", s=sort)
        assert whole["orders"]["totalCount"] == 9
        walked: list[Any] = []
        after = None
        while True:
            page = await ask(
                """query($s: OrderSort!, $a: String) { orders(sort: $s, first: 2, after: $a) {
                  nodes { number } pageInfo { endCursor hasNextPage } } }""",
                s=sort,
                a=after,
            )
            walked += page["orders"]["nodes"]
            after = page["orders"]["pageInfo"]["endCursor"]
            if not page["orders"]["pageInfo"]["hasNextPage"]:
                break
        assert walked == whole["orders"]["nodes"], sort
        back = await ask(
            "query($s: OrderSort!, $b: String) { orders(sort: $s, last: 3, before: $b) { nodes { number } } }",
            s=sort,
            b=after,
        )
        assert back["orders"]["nodes"] == whole["orders"]["nodes"][-4:-1], sort


async def test_only_who_may_read_orders_reads_them(open_context: OpenContext, ask: Ask) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.goods(context, 5)
        placed = await ordering.order(context, [(shirt, 1, 100)])
    reader = Actor(kind="user", permissions=frozenset({"orders:read"}))
    stranger = Actor(kind="user", permissions=frozenset({"products:manage"}))
    query = "{ orders { nodes { " + ORDER + " timeline { kind actorKind } notes { body } version } } }"

    seen = (await ask(query, actor=reader))["orders"]["nodes"][0]
    assert seen["timeline"] == [{"kind": "placed", "actorKind": "system"}]
    assert await ask(query, actor=stranger) == {"errors": ["forbidden"]}
    assert await ask(query, actor=ANONYMOUS) == {"errors": ["unauthenticated"]}
    confirm = "mutation($i: ID!) { orderConfirm(id: $i, version: 1) { order { status } userErrors { code } } }"
    assert await ask(confirm, actor=reader, i=str(placed.id)) == {"errors": ["forbidden"]}

    async with open_context() as context:
        assert (await service.get(context, placed.id)).status == "pending"
    by_number = await ask('{ order(number: "#1001") { id } none: order(number: "x") { id } }')
    assert by_number == {"order": {"id": str(placed.id)}, "none": None}
