"""Returns and refunds through both schemas: what buyers may ask, what staff do, and what strangers do not see."""

from typing import Any

import pytest
from tests.commerce import asking
from tests.commerce.asking import Ask
from tests.commerce.payments.paying import units_of
from tests.commerce.returns import returning

from rustok.commerce.returns import exporting, personal
from rustok.kernel.context import ANONYMOUS, Actor, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id
from rustok.kernel.personal import Subject

REQUEST = """mutation($i: OrderReturnRequestInput!) { orderReturnRequest(input: $i) {
  orderReturn { id number status orderNumber note lines { id lineId title quantity reason } }
  userErrors { code field } } }"""
RECEIVE = """mutation($i: ID!, $v: Int!, $l: [ReturnReceivedInput!]!) { returnReceive(id: $i, version: $v, lines: $l) {
  orderReturn { status version lines { receivedQuantity condition amount { amount } } } userErrors { code } } }"""
REFUND = """mutation($i: RefundCreateInput!) { refundCreate(input: $i) {
  refund { id state amount { amount } goods { amount } shipping { amount } payments { amount } }
  userErrors { code field } } }"""


def codes(answer: dict[str, Any]) -> list[str]:
    """Why it was refused. The names are an enum's where the whole program's schema was built before."""
    return [one["code"].lower() for one in answer["userErrors"]]


@pytest.fixture
def staff(database: Database, tenant: TenantInfo) -> Ask:
    """Somebody who may do everything."""
    return asking.admin(database, tenant)


@pytest.fixture
def buyer(database: Database, tenant: TenantInfo) -> Ask:
    """Somebody who is not logged in."""
    return asking.buyer(database, tenant)


async def test_a_guest_asks_and_staff_take_back_and_pay(
    database: Database, tenant: TenantInfo, staff: Ask, buyer: Ask
) -> None:
    made = await returning.sold(units_of(database, tenant), [(2, 1000)])
    line = str(made.lines[0])
    lines = await buyer("query($t: String) { orderReturnable(orderToken: $t) { lineId quantity } }", t=made.token)
    assert lines["orderReturnable"] == [{"lineId": line, "quantity": 2}]
    wanted = {"lineId": line, "quantity": 1, "reason": "DAMAGED", "note": "A crack"}
    asked = await buyer(REQUEST, i={"orderToken": made.token, "lines": [wanted], "note": "Sorry"})
    wish = asked["orderReturnRequest"]["orderReturn"]
    assert (wish["number"], wish["status"], wish["lines"][0]["reason"]) == (1, "REQUESTED", "DAMAGED")

    listed = await staff(
        '{ orderReturns(query: "SKU-0", where: {status: [REQUESTED], reason: DAMAGED})'
        " { nodes { id version requestedBy note } totalCount } }"
    )
    assert listed["orderReturns"] == {
        "nodes": [{"id": wish["id"], "version": 1, "requestedBy": "buyer", "note": "Sorry"}],
        "totalCount": 1,
    }
    found = await staff("query($q: String!) { orderReturns(query: $q) { nodes { id } } }", q=f"#{wish['orderNumber']}")
    assert found["orderReturns"]["nodes"] == [{"id": wish["id"]}]
    approved = await staff(
        'mutation($i: ID!) { returnApprove(id: $i, version: 1, answer: "Use the label") { orderReturn { version }'
        " userErrors { code } } }",
        i=wish["id"],
    )
    assert approved["returnApprove"]["orderReturn"]["version"] == 2
    got = [{"id": wish["lines"][0]["id"], "quantity": 1, "condition": "DAMAGED"}]
    back = (await staff(RECEIVE, i=wish["id"], v=2, l=got))["returnReceive"]["orderReturn"]
    assert (back["status"], back["lines"][0]["amount"]["amount"]) == ("RECEIVED", "11.90")
    shipping = {"amount": "5.95", "currencyCode": "EUR"}
    refund = {"orderId": str(made.order_id), "returnId": wish["id"], "key": "a", "shipping": shipping}
    for _ in range(2):
        paid = (await staff(REFUND, i=refund))["refundCreate"]
        assert paid["userErrors"] == []
        assert (paid["refund"]["state"], paid["refund"]["amount"]["amount"]) == ("SUCCEEDED", "17.85")
    left = await staff("query($o: ID!) { refundable(orderId: $o) { total { amount } } refunds(orderId: $o)"
                       " { totalCount } }", o=str(made.order_id))  # fmt: skip
    assert left == {"refundable": {"total": {"amount": "11.90"}}, "refunds": {"totalCount": 1}}

    seen = await buyer("query($t: String) { orderReturns(orderToken: $t) { status answer } }", t=made.token)
    assert seen["orderReturns"] == [{"status": "COMPLETED", "answer": "Use the label"}]


async def test_strangers_see_and_change_nothing(database: Database, tenant: TenantInfo, staff: Ask, buyer: Ask) -> None:
    made = await returning.sold(units_of(database, tenant), [(1, 1000)])
    wanted = [{"lineId": str(made.lines[0]), "quantity": 1}]
    someone = Actor(kind="user", user_id=generate_id())

    for actor in (ANONYMOUS, someone):
        for named in ({"orderId": str(made.order_id)}, {"orderToken": "x" * 24}, {}):
            answer = (await buyer(REQUEST, actor=actor, i={"lines": wanted, **named}))["orderReturnRequest"]
            assert (answer["orderReturn"], codes(answer)) == (None, ["not_found"])
        hidden = await buyer("query($o: ID) { orderReturns(orderId: $o) { id } }", actor=actor, o=str(made.order_id))
        assert hidden == {"errors": ["not_found"]}
    asked = await buyer(REQUEST, i={"orderToken": made.token, "lines": wanted})
    id_ = asked["orderReturnRequest"]["orderReturn"]["id"]
    cancel = "mutation($i: ID!, $t: String) { orderReturnCancel(id: $i, orderToken: $t) { orderReturn { status }"
    cancel += " userErrors { code } } }"
    other = await returning.sold(units_of(database, tenant), [(1, 1000)])
    for token in (None, other.token):
        refused = (await buyer(cancel, i=id_, t=token))["orderReturnCancel"]
        assert codes(refused) == ["not_found"]
    cancelled = (await buyer(cancel, i=id_, t=made.token))["orderReturnCancel"]
    assert cancelled["orderReturn"] == {"status": "CANCELLED"}
    reader = Actor(kind="user", permissions=frozenset({"returns:manage", "payments:read"}))
    given = {"orderId": str(made.order_id), "key": "x", "other": {"amount": "1.00", "currencyCode": "EUR"}}
    assert await staff(REFUND, actor=reader, i=given) == {"errors": ["forbidden"]}
    assert await staff("{ orderReturns { totalCount } }", actor=ANONYMOUS) == {"errors": ["unauthenticated"]}


async def test_refusals_are_user_errors(database: Database, tenant: TenantInfo, staff: Ask) -> None:
    made = await returning.sold(units_of(database, tenant), [(1, 1000)])
    order = str(made.order_id)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"other": {"amount": "17.86", "currencyCode": "EUR"}}, "refund_too_much"),
        ({"other": {"amount": "1.00", "currencyCode": "USD"}}, "invalid_money"),
        ({"other": {"amount": "-1.00", "currencyCode": "EUR"}}, "invalid"),
        ({"shipping": {"amount": "5.96", "currencyCode": "EUR"}}, "refund_too_much"),
        ({"goods": {"amount": "1.00", "currencyCode": "EUR"}}, "invalid"),
        ({"returnId": str(generate_id())}, "not_found"),
        ({}, "refund_too_much"),
    ]
    for given, code in refused:
        answer = (await staff(REFUND, i={"orderId": order, "key": "k", **given}))["refundCreate"]
        assert (answer["refund"], codes(answer)) == (None, [code]), given
    assert (await staff("{ refunds { totalCount } }"))["refunds"]["totalCount"] == 0

    lines = [{"lineId": str(made.lines[0]), "quantity": 1}]
    create = "mutation($o: ID!, $l: [OrderReturnLineInput!]!) { returnCreate(orderId: $o, lines: $l)"
    create += " { orderReturn { id status requestedBy } userErrors { code } } }"
    made_by_staff = (await staff(create, o=order, l=lines))["returnCreate"]["orderReturn"]
    assert (made_by_staff["status"], made_by_staff["requestedBy"]) == ("APPROVED", "staff")
    again = (await staff(create, o=order, l=lines))["returnCreate"]
    assert codes(again) == ["nothing_to_return"]
    decline = 'mutation($i: [ID!]!) { returnsBulkDecline(ids: $i, answer: "No") { count userErrors { code } } }'
    bulk = (await staff(decline, i=[made_by_staff["id"]]))["returnsBulkDecline"]
    assert (bulk["count"], codes(bulk)) == (0, ["illegal_return_transition"])


async def test_tables_and_personal_data(database: Database, tenant: TenantInfo, staff: Ask, buyer: Ask) -> None:
    made = await returning.sold(units_of(database, tenant), [(1, 1000)])
    piece = {"lineId": str(made.lines[0]), "quantity": 1, "note": "Call me: Ann"}
    await buyer(REQUEST, i={"orderToken": made.token, "lines": [piece], "note": "Ann Smith"})
    other = {"amount": "1.00", "currencyCode": "EUR"}
    await staff(REFUND, i={"orderId": str(made.order_id), "key": "a", "other": other, "reason": "A scratch"})
    subject = Subject(None, frozenset({"ann@example.com"}), "gone@invalid")

    async with database.open(tenant) as context:
        rows = [row async for row in exporting.returns(context, {"status": "requested"})]
        assert [row[3:9] for row in rows] == [["requested", "buyer", "SKU-0", "Good", 1, "other"]]
        assert [row async for row in exporting.returns(context, {"status": "completed"})] == []
        (refund,) = [row async for row in exporting.refunds(context, {})]
        assert refund[2:6] == ["succeeded", "EUR", "1.00", "0.00"]
        assert len(exporting.EXPORTS[0].columns) == len(rows[0])
        assert len(exporting.EXPORTS[1].columns) == len(refund)
    async with database.open(tenant) as context:
        told = await personal.export(context, subject)
        assert told[0]["returns"][0]["lines"][0]["note"] == "Call me: Ann"
        assert len(await personal.keeps(context, subject)) == 1
        await personal.erase(context, subject)
    async with database.open(tenant) as context:
        told = await personal.export(context, subject)
        assert (told[0]["returns"][0]["note"], told[0]["returns"][0]["lines"][0]["note"]) == (None, None)
        assert told[0]["refunds"][0]["amount"] == "1.00"
