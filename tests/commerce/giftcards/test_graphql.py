"""Gift cards through both schemas: staff issue and correct them, buyers see what is on theirs."""

from typing import Any

import pytest
from sqlalchemy import text
from tests.commerce.promotions.asking import Ask, asking

from rustok.commerce.giftcards import exporting, guessing, service
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id

READER = Actor(kind="user", permissions=frozenset({"gift_cards:read"}))
WRITER = Actor(kind="user", permissions=frozenset({"gift_cards:write"}))
ISSUE = """mutation($i: GiftCardIssueInput!) { giftCardsIssue(input: $i) {
    issued { code giftCard { id lastFour version balance { amount currencyCode } } } userErrors { code field } } }"""
CHECK = """mutation($c: String!) { giftCardCheck(code: $c) {
    giftCard { lastFour spendable balance { amount } } userErrors { code } } }"""


@pytest.fixture
def staff(database: Database, tenant: TenantInfo) -> Ask:
    """The admin's schema."""
    return asking(database, tenant, staff=True)


@pytest.fixture
def shop(database: Database, tenant: TenantInfo) -> Ask:
    """The storefront's schema."""
    return asking(database, tenant, staff=False)


async def issued(staff: Ask, **given: Any) -> list[dict[str, Any]]:
    """A card of 25 €."""
    answer = await staff(ISSUE, i={"amount": {"amount": "25", "currencyCode": "EUR"}, **given}, actor=WRITER)
    assert answer["userErrors"] == []
    cards: list[dict[str, Any]] = answer["issued"]
    return cards


async def test_a_card_is_issued_checked_and_found(staff: Ask, shop: Ask) -> None:
    one, two = await issued(staff, count=2, note="For the fair")

    assert one["code"] != two["code"]
    shown = await shop(CHECK, c=one["code"].lower())
    assert shown["giftCard"] == {
        "lastFour": one["giftCard"]["lastFour"],
        "spendable": True,
        "balance": {"amount": "25.00"},
    }
    find = "query($q: String, $w: GiftCardWhere) { giftCards(query: $q, where: $w) { nodes { id } totalCount } }"
    for query in (one["code"], one["giftCard"]["lastFour"]):
        found = await staff(find, q=query, actor=READER)
        assert one["giftCard"]["id"] in [node["id"] for node in found["nodes"]]
    assert (await staff(find, q="fair", w={"hasBalance": True, "currency": "EUR", "isActive": True}))["totalCount"] == 2
    assert (await staff(find, w={"hasBalance": False}))["totalCount"] == 0
    assert (await staff(find, w={"expiresBefore": "2999-01-01T00:00:00Z"}))["totalCount"] == 0
    assert await staff(ISSUE, i={"amount": {"amount": "25", "currencyCode": "EUR"}}, actor=READER) == ["forbidden"]


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": {"amount": "0", "currencyCode": "EUR"}},
        {"amount": {"amount": "1.001", "currencyCode": "EUR"}},
        {"count": 0},
        {"count": 1001},
        {"count": 2, "code": "WELCOME-CARD-1"},
        {"count": 2, "sendTo": "anna@example.com"},
        {"sendTo": "nobody"},
        {"code": "short"},
        {"expiresAt": "2020-01-01T00:00:00Z"},
    ],
)
async def test_a_bad_card_is_refused(staff: Ask, bad: dict[str, Any]) -> None:
    answer = await staff(ISSUE, i={"amount": {"amount": "25", "currencyCode": "EUR"}, **bad})

    assert answer["issued"] is None
    assert len(answer["userErrors"]) == 1
    assert (await staff("{ giftCards { totalCount } }"))["totalCount"] == 0


async def test_a_card_is_sent_to_whom_it_is_for(staff: Ask, database: Database, tenant: TenantInfo) -> None:
    (card,) = await issued(staff, sendTo="Anna@example.com", sendIn="ru", message="Much joy!")

    async with database.read(tenant) as context:
        (letter,) = await context.session.execute(text("SELECT template, recipient, locale, facts FROM mails"))
    assert letter[:3] == ("gift_card", "anna@example.com", "ru")
    assert letter.facts == {
        "code": card["code"],
        "amount_minor": 2500,
        "currency": "EUR",
        "expires_at": None,
        "message": "Much joy!",
    }


async def test_a_balance_is_corrected_with_a_reason_and_the_ledger_shows_it(
    staff: Ask, database: Database, tenant: TenantInfo
) -> None:
    (card,) = await issued(staff)
    id_ = card["giftCard"]["id"]
    adjust = """mutation($i: ID!, $a: MoneyInput!, $v: Int!, $r: String!) { giftCardAdjust(id: $i, amount: $a,
        version: $v, reason: $r) { giftCard { version balance { amount } } userErrors { code } } }"""
    less = {"amount": "-5", "currencyCode": "EUR"}

    assert await staff(adjust, i=id_, a=less, v=1, r="Damaged", actor=WRITER) == ["forbidden"]
    assert (await staff(adjust, i=id_, a=less, v=1, r="Damaged"))["giftCard"]["balance"]["amount"] == "20.00"
    for bad in (
        {"a": less, "v": 1, "r": "Again"},
        {"a": {"amount": "-21", "currencyCode": "EUR"}, "v": 2, "r": "Too much"},
        {"a": {"amount": "1", "currencyCode": "USD"}, "v": 2, "r": "Other money"},
        {"a": less, "v": 2, "r": ""},
    ):
        assert len((await staff(adjust, i=id_, **bad))["userErrors"]) == 1

    entries = await staff(
        "query($i: ID!) { giftCardEntries(giftCardId: $i) { totalCount"
        " nodes { kind reason amount { amount } balance { amount } } } }",
        i=id_,
    )
    assert entries["totalCount"] == 2
    assert entries["nodes"][0] == {
        "kind": "ADJUSTED",
        "reason": "Damaged",
        "amount": {"amount": "-5.00"},
        "balance": {"amount": "20.00"},
    }
    assert await staff("query($i: ID!) { giftCardEntries(giftCardId: $i) { totalCount } }", i=str(generate_id())) == [
        "not_found"
    ]
    async with database.read(tenant) as context:
        cards = [list(row) async for row in exporting.ALL[0].rows(context, {"currency": "EUR"})]
        ledger = [list(row) async for row in exporting.ALL[1].rows(context, {"gift_card_id": id_})]
    assert [row[3:6] for row in cards] == [["25.00", "20.00", "true"]]
    assert [row[3:7] for row in ledger] == [["issued", "EUR", "25.00", "25.00"], ["adjusted", "EUR", "-5.00", "20.00"]]


async def test_cards_are_switched_and_their_expiry_put_off(staff: Ask, shop: Ask) -> None:
    (card,) = await issued(staff)
    id_ = card["giftCard"]["id"]
    update = """mutation($i: ID!, $u: GiftCardUpdateInput!) { giftCardUpdate(id: $i, input: $u) {
        giftCard { note expiresAt version } userErrors { code } } }"""

    changed = await staff(update, i=id_, u={"version": 1, "note": "Hello", "expiresAt": "2999-01-01T00:00:00Z"})
    assert (changed["giftCard"]["note"], changed["giftCard"]["version"]) == ("Hello", 2)
    assert [one["code"].lower() for one in (await staff(update, i=id_, u={"version": 1}))["userErrors"]] == [
        "stale_version"
    ]
    bulk = "mutation($i: [ID!]!) {{ giftCardsBulk{0}(ids: $i) {{ count }} }}"
    assert (await staff(bulk.format("Disable"), i=[id_]))["count"] == 1
    assert (await shop(CHECK, c=card["code"]))["giftCard"]["spendable"] is False
    assert (await staff(bulk.format("Enable"), i=[id_]))["count"] == 1


async def test_whoever_tries_codes_has_to_wait(staff: Ask, shop: Ask, database: Database, tenant: TenantInfo) -> None:
    (card,) = await issued(staff)
    for _ in range(guessing.ADDRESS.free):
        assert [one["code"].lower() for one in (await shop(CHECK, c="nothing"))["userErrors"]] == ["not_found"]

    locked = await shop(CHECK, c=card["code"])
    assert [one["code"].lower() for one in locked["userErrors"]] == ["too_many_attempts"]
    assert (await shop(CHECK, c=card["code"], address="198.51.100.7"))["giftCard"]["spendable"]
    async with database.read(tenant) as context:
        assert await service.find(context, card["code"]) is not None
