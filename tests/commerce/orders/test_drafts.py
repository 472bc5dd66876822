"""Orders that staff prepare: priced, discounted, placed once, and refused for what they lack."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.commerce.asking import Ask, admin, everything
from tests.commerce.orders import ordering
from tests.conftest import MakeTenant

from rustok.commerce.customers import groups
from rustok.commerce.customers import service as customers
from rustok.commerce.inventory import reserving
from rustok.commerce.inventory import service as inventory
from rustok.commerce.orders import balance, drafts, service, settling
from rustok.commerce.orders.drafts import DraftDiscount, DraftShipping
from rustok.commerce.orders.editing import Added, NoPrice
from rustok.commerce.orders.placing import AlreadyPlaced
from rustok.commerce.pricing import lists
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.kernel import errors
from rustok.kernel.context import Actor, Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def test_a_draft_becomes_an_order(context: Context) -> None:
    await ordering.german_tax(context)
    shirt, hat = await ordering.priced(context, 1000, 500)
    customer = await customers.create(context, email="ann@example.com")
    draft = await drafts.create(
        context,
        currency="EUR",
        customer_id=customer.id,
        lines=[Added(variant_id=shirt, quantity=2), Added(variant_id=hat, quantity=1, unit_minor=333)],
        discount=DraftDiscount(title="Friend", percent=Decimal(10)),
        shipping=DraftShipping(name="Van", price_minor=700),
        shipping_address=ordering.HOME,
        note="By phone",
    )
    assert await ordering.stock(context, shirt) == (100, 0)

    order = await drafts.place(context, draft.id, version=1)

    assert (order.number, order.source, order.status, order.email) == (1001, "draft", "pending", "ann@example.com")
    assert order.customer_id == customer.id
    assert (order.subtotal_minor, order.discount_minor, order.shipping_minor) == (2333, 233, 700)
    assert order.tax_minor == round((2333 - 233 + 700) * 0.19)
    assert await ordering.stock(context, shirt) == (100, 2)
    assert await balance.broken(context) == []
    one, two = await service.lines(context, order.id)
    assert (one.title, one.sku, two.price_reason["agreed"]) == ("Good 0", "SKU-0", True)
    discounts = (await service.adjustments_of(context, [order.id]))[order.id]
    assert {(row.title, row.promotion_id) for row in discounts} == {("Friend", None)}
    assert (order.shipping or {})["method_id"] is None
    assert (await drafts.get(context, draft.id)).order_id == order.id
    found = (await service.of_customers(context, [customer.id]))[customer.id]
    assert [row.id for row in found.rows] == [order.id]
    assert (await settling.confirm(context, order.id)).status == "confirmed"
    for again in (
        drafts.place(context, draft.id),
        drafts.change(context, draft.id, note="x"),
        drafts.remove(context, draft.id),
    ):
        with pytest.raises(AlreadyPlaced):
            await again


async def test_a_draft_lacks_nothing_when_it_is_placed(context: Context) -> None:
    (shirt,) = await ordering.priced(context, 1000)
    (unpriced,) = await ordering.goods(context, 5)
    for wrong, refusal in (
        ({"lines": [Added(variant_id=generate_id(), quantity=1)]}, errors.NotFound),
        ({"lines": [Added(variant_id=unpriced, quantity=1)]}, NoPrice),
        ({"lines": [Added(variant_id=shirt, quantity=0)]}, errors.Invalid),
        ({"lines": [Added(variant_id=shirt, quantity=1)] * 501}, errors.Invalid),
        ({"customer_id": generate_id()}, errors.NotFound),
        ({"currency": "euro"}, errors.RustokError),
        ({"email": "x"}, errors.Invalid),
        ({"discount": DraftDiscount()}, errors.Invalid),
        ({"discount": DraftDiscount(percent=Decimal(101))}, errors.Invalid),
        ({"discount": DraftDiscount(percent=Decimal("NaN"))}, errors.Invalid),
        ({"discount": DraftDiscount(amount_minor=-1)}, errors.Invalid),
        ({"shipping": DraftShipping(name="", price_minor=1)}, errors.Invalid),
    ):
        with pytest.raises(refusal):
            await drafts.create(context, **wrong)  # type: ignore[arg-type]  # keywords of a test

    nobodys = await drafts.create(context, lines=[Added(variant_id=shirt, quantity=1)])
    with pytest.raises(errors.Invalid):
        await drafts.place(context, nobodys.id)
    empty = await drafts.create(context, email="a@example.com")
    with pytest.raises(errors.Invalid):
        await drafts.place(context, empty.id)
    many = await drafts.create(context, email="a@example.com", lines=[Added(variant_id=shirt, quantity=101)])
    with pytest.raises(reserving.OutOfStock):
        await drafts.place(context, many.id)
    with pytest.raises(errors.Stale):
        await drafts.change(context, many.id, version=2, note="x")

    assert await ordering.stock(context, shirt) == (100, 0)
    await drafts.change(context, many.id, lines=[Added(variant_id=shirt, quantity=100)], version=1)
    assert (await drafts.place(context, many.id)).number == 1001


async def test_a_discount_never_takes_more_than_there_is(context: Context) -> None:
    shirt, hat = await ordering.priced(context, 1000, 1)
    lines = [Added(variant_id=shirt, quantity=1), Added(variant_id=hat, quantity=1)]
    draft = await drafts.create(
        context, email="a@example.com", lines=lines, discount=DraftDiscount(amount_minor=999_999)
    )

    order = await drafts.place(context, draft.id)

    assert (order.total_minor, order.status, order.payment_status) == (0, "confirmed", "paid")


async def test_a_draft_is_placed_once_however_often_it_is_asked(open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await ordering.priced(context, 1000)
        lines = [Added(variant_id=shirt, quantity=1)]
        draft = await drafts.create(context, email="a@example.com", lines=lines)

    async def place() -> None:
        async with open_context() as context:
            await drafts.place(context, draft.id)

    answers = await asyncio.gather(*(place() for _ in range(8)), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyPlaced"] * 7 + ["NoneType"]
    async with open_context() as context:
        assert await ordering.stock(context, shirt) == (100, 1)


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """The admin schema."""
    return admin(database, tenant)


async def test_the_totals_of_many_drafts_are_those_of_each_alone(
    open_context: OpenContext, ask: Ask, database: Database, make_tenant: MakeTenant, statements: list[str]
) -> None:
    at_home, abroad = ordering.HOME, replace(ordering.HOME, country="FR", city="Paris")
    async with open_context() as context:
        await ordering.german_tax(context)
        shirt, hat = await ordering.priced(context, 1000, 500)
        friends = await groups.create(context, name="Friends")
        cheap = await lists.create(context, name="Cheap", groups=[friends.id])
        prices = [PriceRow(currency="EUR", amount_minor=1000), PriceRow(currency="USD", amount_minor=1200)]
        await pricing.set_prices(
            context, shirt, [*prices, PriceRow(currency="EUR", amount_minor=700, price_list_id=cheap.id)]
        )
        ann = await customers.create(context, email="ann@example.com")
        bob = await customers.create(context, email="bob@example.com")
        await groups.add_members(context, friends.id, [bob.id])
        one, two = Added(variant_id=shirt, quantity=1), Added(variant_id=shirt, quantity=2)
        await drafts.create(context, lines=[one], customer_id=ann.id, shipping_address=at_home)
        await drafts.create(context, lines=[one], customer_id=bob.id, shipping_address=at_home)
        await drafts.create(context, lines=[two], email="eve@example.com", billing_address=abroad)
        await drafts.create(context, lines=[two], currency="USD", email="eve@example.com", shipping_address=at_home)
        await drafts.create(context, lines=[])
        gone = await drafts.create(context, lines=[one])
        gone.lines = [{"variant_id": str(generate_id()), "quantity": 1, "unit_minor": None}]
    async with open_context() as context:
        await drafts.create(
            context,
            lines=[Added(variant_id=hat, quantity=3), Added(variant_id=shirt, quantity=1, unit_minor=900)],
            customer_id=bob.id,
            shipping_address=at_home,
            discount=DraftDiscount(title="Friend", percent=Decimal(10)),
            shipping=DraftShipping(name="Van", price_minor=700),
        )
    listed = "query($n: Int) { draftOrders(first: $n) { nodes " + everything("DraftOrder") + " } }"
    alone = "query($id: ID!) { draftOrder(id: $id) " + everything("DraftOrder") + " }"

    sent = []
    for first in (1, 7):
        statements.clear()
        found = (await ask(listed, n=first))["draftOrders"]["nodes"]
        sent.append(len(statements))

    assert found == [(await ask(alone, id=draft["id"]))["draftOrder"] for draft in found]
    totals = {draft["totals"]["total"]["amount"] if draft["totals"] else None for draft in found}
    assert totals == {"34.03", None, "0.00", "28.56", "20.00", "8.33", "11.90"}
    assert sent[0] == sent[1] <= 10
    assert await ask(listed, n=7, actor=Actor(kind="user")) == {"errors": ["forbidden"]}
    elsewhere = admin(database, await make_tenant())
    assert await elsewhere(listed, n=7) == {"draftOrders": {"nodes": []}}
    assert await elsewhere(alone, id=found[0]["id"]) == {"draftOrder": None}


async def test_staff_draft_place_edit_and_send_through_the_api(open_context: OpenContext, ask: Ask) -> None:
    async with open_context() as context:
        shirt, hat = await ordering.priced(context, 1000, 500)

    async def must(operation: str, **variables: Any) -> dict[str, Any]:
        ((_, answer),) = (await ask(operation, **variables)).items()
        assert answer.get("userErrors") == [], answer
        found: dict[str, Any] = answer
        return found

    draft = (
        await must(
            """mutation($s: ID!) { draftOrderCreate(input: {currencyCode: "EUR", email: "a@example.com",
              lines: [{variantId: $s, quantity: 2}], discount: {percent: "50"},
              shipping: {name: "Van", price: {amount: "7.00", currencyCode: "EUR"}},
              shippingAddress: {name: "A", line1: "B", city: "C", country: "DE"}})
              { draftOrder { id version totals { total { amount } lines { title unitPrice { amount } } } }
                userErrors { code message field } } }""",
            s=str(shirt),
        )
    )["draftOrder"]
    assert draft["totals"]["total"] == {"amount": "17.00"}
    wrong = await ask(
        """mutation($i: ID!, $s: ID!) { draftOrderUpdate(id: $i, input: {version: 1, lines: [{variantId: $s,
          quantity: 1, unitPrice: {amount: "1", currencyCode: "USD"}}]}) { userErrors { code field } } }""",
        i=draft["id"],
        s=str(shirt),
    )
    assert wrong["draftOrderUpdate"]["userErrors"] == [{"code": "INVALID", "field": ["unitPrice"]}]
    order = (
        await must(
            """mutation($i: ID!) { draftOrderPlace(id: $i, version: 1) { order { id number version currencyCode
              lines { id } } userErrors { code message } } }""",
            i=draft["id"],
        )
    )["order"]
    edited = (
        await must(
            """mutation($i: ID!, $l: ID!, $h: ID!, $v: Int!) { orderEdit(id: $i, input: {version: $v,
              currencyCode: "EUR", quantities: [{lineId: $l, quantity: 1}], added: [{variantId: $h, quantity: 1}]})
              { order { version total { amount } lines { quantity } } userErrors { code message } } }""",
            i=order["id"],
            l=order["lines"][0]["id"],
            h=str(hat),
            v=order["version"],
        )
    )["order"]
    assert edited["total"] == {"amount": "17.00"}  # 5 + 5 + 7
    confirmed = (
        await must(
            """mutation($i: ID!, $v: Int!) { orderConfirm(id: $i, version: $v)
              { order { version } userErrors { code } } }""",
            i=order["id"],
            v=edited["version"],
        )
    )["order"]
    stale = await ask(
        "mutation($i: ID!) { orderCancel(id: $i, version: 1) { order { id } userErrors { code field } } }",
        i=order["id"],
    )
    assert stale["orderCancel"] == {"order": None, "userErrors": [{"code": "STALE_VERSION", "field": ["version"]}]}
    sent = await must(
        """mutation($i: ID!, $v: Int!) { orderFulfil(id: $i, version: $v, tracking: {carrier: "DHL", number: "1",
          url: "https://example.com/1"}) { fulfilment { id version lines { quantity } } order { status }
          userErrors { code message } } }""",
        i=order["id"],
        v=confirmed["version"],
    )
    assert sent["order"] == {"status": "SHIPPED"}
    arrived = await must(
        """mutation($i: ID!) { fulfilmentDeliver(id: $i, version: 1) { fulfilment { status deliveredAt }
          order { status } userErrors { code } } }""",
        i=sent["fulfilment"]["id"],
    )
    assert arrived["order"] == {"status": "DELIVERED"}
    await must(
        """mutation($i: ID!) { orderNoteAdd(id: $i, body: "Thanks", toCustomer: true)
          { note { body } userErrors { code } } }""",
        i=order["id"],
    )
    tagged = await must(
        'mutation($i: [ID!]!) { ordersBulkAddTags(ids: $i, tags: ["vip"]) { count userErrors { code } } }',
        i=[order["id"]],
    )
    assert tagged["count"] == 1
    listed = await ask('{ orders(where: {tag: "vip"}) { nodes { number tags } } draftOrders { nodes { orderId } } }')
    assert listed["orders"]["nodes"] == [{"number": "1001", "tags": ["vip"]}]
    assert listed["draftOrders"]["nodes"] == [{"orderId": order["id"]}]
    async with open_context() as context:
        assert (await inventory.available(context, [shirt]))[shirt].on_hand == 99
