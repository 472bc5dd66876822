"""Promotions through the admin's GraphQL: make, change, find, switch, delete and count them."""

from typing import Any

import pytest
from tests.commerce.promotions.asking import Ask, asking
from tests.commerce.promotions.buying import ANNA, basket

from rustok.commerce.promotions import applying, claiming
from rustok.commerce.promotions.exporting import CODES, PROMOTIONS
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id

READER = Actor(kind="user", permissions=frozenset({"promotions:read"}))
CREATE = """mutation($i: PromotionCreateInput!) { promotionCreate(input: $i) {
    promotion { id title kind promotionClass needsCode version combinesWith usageLimit
        reward { percent amounts { amount currencyCode } each buy get }
        conditions { of { categoryIds } minSubtotal { amount } countries firstOrder } }
    userErrors { code field message } } }"""
BULK = "mutation($i: [ID!]!) {{ {0}(ids: $i) {{ count userErrors {{ code }} }} }}"


@pytest.fixture
def staff(database: Database, tenant: TenantInfo) -> Ask:
    """The admin's schema."""
    return asking(database, tenant, staff=True)


async def made(staff: Ask, **given: Any) -> dict[str, Any]:
    """Ten percent off, for a code."""
    facts = {"name": "Ten", "kind": "PERCENTAGE", "reward": {"percent": "10"}, "needsCode": True, **given}
    answer = await staff(CREATE, i=facts)
    assert answer["userErrors"] == []
    promotion: dict[str, Any] = answer["promotion"]
    return promotion


async def test_a_promotion_is_made_and_read_back(staff: Ask) -> None:
    promotion = await made(
        staff,
        name="Spring",
        title="Spring sale",
        kind="FIXED_AMOUNT",
        reward={"amounts": [{"amount": "5", "currencyCode": "EUR"}, {"amount": "800", "currencyCode": "JPY"}]},
        conditions={"minSubtotal": [{"amount": "50", "currencyCode": "EUR"}], "countries": ["de"], "firstOrder": True},
        usageLimit=7,
    )

    assert (promotion["title"], promotion["promotionClass"], promotion["version"]) == ("Spring sale", "ORDER", 1)
    assert promotion["combinesWith"] == ["ITEM", "SHIPPING"]
    assert [one["amount"] for one in promotion["reward"]["amounts"]] == ["5.00", "800"]
    conditions = promotion["conditions"]
    assert (conditions["minSubtotal"][0]["amount"], conditions["countries"]) == ("50.00", ["DE"])
    read = await staff("query($i: ID!) { promotion(id: $i) { title usageLimit } }", i=promotion["id"], actor=READER)
    assert read == {"title": "Spring sale", "usageLimit": 7}
    assert await staff("query($i: ID!) { promotion(id: $i) { title } }", i=str(generate_id())) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"reward": {"percent": "much"}},
        {"reward": {"percent": "101"}},
        {"reward": {"percent": "5", "buy": 1}},
        {"kind": "SHIPPING", "reward": {}},
        {"conditions": {"countries": ["XX"]}},
        {"conditions": {"minSubtotal": [{"amount": "1", "currencyCode": "EUR"}] * 2}},
        {"target": {"productIds": ["01HZZZZZZZZZZZZZZZZZZZZZZZ"]}},
        {"usageLimit": 0},
        {"priority": None},
        {"name": ""},
    ],
)
async def test_a_bad_input_is_told_and_changes_nothing(staff: Ask, bad: dict[str, Any]) -> None:
    answer = await staff(CREATE, i={"name": "Ten", "kind": "PERCENTAGE", "reward": {"percent": "10"}, **bad})

    assert answer["promotion"] is None
    assert len(answer["userErrors"]) == 1
    assert (await staff("{ promotions { totalCount } }"))["totalCount"] == 0


async def test_a_lost_update_is_refused(staff: Ask) -> None:
    promotion = await made(staff)
    change = """mutation($i: ID!, $u: PromotionUpdateInput!) { promotionUpdate(id: $i, input: $u) {
        promotion { version name usageLimit combinesWith } userErrors { code } } }"""

    first = await staff(change, i=promotion["id"], u={"version": 1, "name": "New", "usageLimit": 3, "combinesWith": []})
    second = await staff(change, i=promotion["id"], u={"version": 1, "name": "Newer"})
    third = await staff(change, i=promotion["id"], u={"version": 2, "usageLimit": None})

    assert first["promotion"] == {"version": 2, "name": "New", "usageLimit": 3, "combinesWith": []}
    assert [one["code"].lower() for one in second["userErrors"]] == ["stale_version"]
    assert third["promotion"] == {"version": 3, "name": "New", "usageLimit": None, "combinesWith": []}
    refused = await staff(change, i=promotion["id"], u={"version": 3, "name": "X"}, actor=READER)
    assert refused == ["forbidden"]


async def test_promotions_are_found_and_paged(staff: Ask) -> None:
    for number in range(3):
        await made(staff, name=f"Promotion {number}", priority=number)
    shipping = await made(staff, name="Post", kind="SHIPPING", reward={"percent": "100"}, needsCode=False)
    code = 'mutation($p: ID!) { promotionCodeAdd(promotionId: $p, code: "Word") { userErrors { code } } }'
    some = (await staff('{ promotions(query: "promotion", sort: NAME_ASC) { nodes { id } } }'))["nodes"]
    assert (await staff(code, p=some[1]["id"]))["userErrors"] == []
    assert [one["code"].lower() for one in (await staff(code, p=shipping["id"]))["userErrors"]] == ["conflict"]
    find = """query($w: PromotionWhere, $q: String, $a: String, $s: PromotionSort! = CREATED_ASC) {
        promotions(first: 2, where: $w, query: $q, after: $a, sort: $s) {
        nodes { name } pageInfo { endCursor hasNextPage } } }"""

    async def found(**given: Any) -> list[str]:
        return [one["name"] for one in (await staff(find, **given))["nodes"]]

    page = await staff(find)
    assert page["pageInfo"]["hasNextPage"]
    assert await found(a=page["pageInfo"]["endCursor"]) == ["Promotion 2", "Post"]
    assert await found(s="PRIORITY_DESC") == ["Promotion 2", "Promotion 1"]
    assert await found(w={"kind": "SHIPPING", "needsCode": False, "isActive": True}) == ["Post"]
    assert await found(w={"promotionClass": "SHIPPING", "runningAt": "2026-01-01T00:00:00Z"}) == ["Post"]
    assert await found(q="word") == ["Promotion 1"]


async def test_promotions_are_switched_deleted_and_counted(staff: Ask, database: Database, tenant: TenantInfo) -> None:
    used, fresh = await made(staff), await made(staff)
    generate = """mutation($p: ID!, $n: Int!) { promotionCodesGenerate(promotionId: $p, count: $n, prefix: "A-") {
        codes userErrors { code } } }"""
    codes = (await staff(generate, p=used["id"], n=3))["codes"]
    refused = await staff(generate, p=used["id"], n=0)
    assert (refused["codes"], len(refused["userErrors"])) == (None, 1)
    async with database.open(tenant) as context:
        found = await applying.apply(context, basket(context, codes[0]))
        await claiming.claim(context, found, order_id=generate_id(), buyer=ANNA, currency="EUR")

    both = [used["id"], fresh["id"]]
    assert (await staff(BULK.format("promotionsBulkDisable"), i=both))["count"] == 2
    refused = await staff(BULK.format("promotionsBulkDelete"), i=both)
    assert [one["code"].lower() for one in refused["userErrors"]] == ["promotion_used"]
    assert (await staff(BULK.format("promotionsBulkDelete"), i=[fresh["id"]]))["count"] == 1
    usage = await staff("{ promotionUsage { promotionId uses amount { amount currencyCode } } }")
    assert usage == [{"promotionId": used["id"], "uses": 1, "amount": {"amount": "2.00", "currencyCode": "EUR"}}]
    assert await staff('{ promotionUsage(until: "2020-01-01T00:00:00Z") { uses } }') == []

    listed = "query($w: PromotionCodeWhere) { promotionCodes(where: $w) { nodes { id code uses } totalCount } }"
    shown = await staff(listed, w={"promotionId": used["id"], "startsWith": "a-"})
    assert shown["totalCount"] == 3
    assert {one["code"]: one["uses"] for one in shown["nodes"]} == {codes[0]: 1, codes[1]: 0, codes[2]: 0}
    by_code = {one["code"]: one["id"] for one in shown["nodes"]}
    assert (await staff(BULK.format("promotionCodesBulkDisable"), i=list(by_code.values())))["count"] == 3
    refused = await staff(BULK.format("promotionCodesBulkDelete"), i=list(by_code.values()))
    assert [one["code"].lower() for one in refused["userErrors"]] == ["promotion_used"]
    assert (await staff(BULK.format("promotionCodesBulkDelete"), i=[by_code[codes[1]]]))["count"] == 1
    async with database.read(tenant) as context:
        (told,) = [list(row) async for row in PROMOTIONS.rows(context, {})]
        assert len(told) == len(PROMOTIONS.columns)
        assert told[-3:] == [1, "EUR", "2.00"]
        rows = [list(row) async for row in CODES.rows(context, {"promotion_id": used["id"]})]
    assert sorted(row[:5] for row in rows) == sorted(
        [[codes[0], "Ten", "false", 1, 1], [codes[2], "Ten", "false", 1, 0]]
    )


async def test_titles_are_translated(staff: Ask) -> None:
    promotion = await made(staff)
    say = """mutation($i: ID!, $l: String!, $t: String) { promotionTitleSet(id: $i, locale: $l, title: $t) {
        titles { locale title } userErrors { code } } }"""

    assert (await staff(say, i=promotion["id"], l="ru", t="Десять"))["titles"] == [{"locale": "ru", "title": "Десять"}]
    assert len((await staff(say, i=promotion["id"], l="en", t="Ten"))["userErrors"]) == 1
    assert [one["code"].lower() for one in (await staff(say, i=promotion["id"], l="fr", t="Dix"))["userErrors"]] == [
        "unknown_locale"
    ]
    shown = await staff("query($i: ID!) { promotionTitles(id: $i) { title } }", i=promotion["id"])
    assert shown == [{"title": "Десять"}]
    assert (await staff(say, i=promotion["id"], l="ru", t=None))["titles"] == []
