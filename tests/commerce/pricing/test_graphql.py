"""Prices through both schemas: staff say whom a list is for and try it out, shoppers see why, and no more."""

from uuid import UUID

import pytest
from tests.commerce.promotions.asking import Ask, asking

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.customers import groups
from rustok.commerce.pricing.exporting import PRICES
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id

READER = Actor(kind="user", permissions=frozenset({"prices:read"}))
WHY = "price { amount } compareAt { amount } priceList minQuantity candidates { priceList verdict price { amount } }"


@pytest.fixture
def staff(database: Database, tenant: TenantInfo) -> Ask:
    """The admin's schema."""
    return asking(database, tenant, staff=True)


@pytest.fixture
def shop(database: Database, tenant: TenantInfo) -> Ask:
    """The storefront's schema."""
    return asking(database, tenant, staff=False)


async def stocked(database: Database, tenant: TenantInfo, staff: Ask) -> tuple[str, str, str]:
    """A variant for 10 €, 7 € for a group and 8 € on sale; with the group and the sale."""
    async with database.open(tenant) as context:
        product = await products.create(context, title="Shirt")
        variant = str((await variants.add(context, product.id)).id)
        await products.publish(context, product.id)
        group = str((await groups.create(context, name="Dealers")).id)
    create = """mutation($i: PriceListCreateInput!) { priceListCreate(input: $i) {
        priceList { id code groupIds priority isSale countries } userErrors { code field } } }"""
    dealers = await staff(create, i={"name": "Dealers", "groupIds": [group], "priority": 5})
    sale = await staff(create, i={"name": "Sale", "isSale": True, "countries": ["de"]})
    assert dealers["priceList"]["groupIds"] == [group]
    assert (sale["priceList"]["isSale"], sale["priceList"]["countries"]) == (True, ["DE"])

    def price(amount: str, list_id: str | None = None) -> dict[str, object]:
        return {"price": {"amount": amount, "currencyCode": "EUR"}, "priceListId": list_id}

    await staff(
        "mutation($v: ID!, $p: [PriceInput!]!) { variantPricesSet(variantId: $v, prices: $p) { userErrors { code } } }",
        v=variant,
        p=[price("10"), price("7", dealers["priceList"]["id"]), price("8", sale["priceList"]["id"])],
    )
    return variant, group, sale["priceList"]["id"]


async def test_staff_try_out_what_somebody_would_pay(database: Database, tenant: TenantInfo, staff: Ask) -> None:
    variant, group, _ = await stocked(database, tenant, staff)
    ask = (
        "query($v: ID!, $g: [ID!], $c: String) { priceSimulate(variants: [{variantId: $v}], groupIds: $g, country: $c)"
    )
    ask += f" {{ {WHY} }} }}"

    (base,) = await staff(ask, v=variant, actor=READER)
    (dealer,) = await staff(ask, v=variant, g=[group], c="de")
    (german,) = await staff(ask, v=variant, c="DE")

    assert base["price"]["amount"] == "10.00"
    assert {one["priceList"]: one["verdict"] for one in base["candidates"]} == {
        None: "chosen",
        "dealers": "other_group",
        "sale": "other_country",
    }
    assert dealer["price"]["amount"] == "7.00"
    assert (german["price"]["amount"], german["compareAt"]["amount"]) == ("8.00", "10.00")
    assert await staff(ask, v=variant, actor=Actor(kind="user")) == ["forbidden"]


async def test_shoppers_see_why_but_not_what_others_pay(
    database: Database, tenant: TenantInfo, staff: Ask, shop: Ask
) -> None:
    variant, _, _ = await stocked(database, tenant, staff)
    ask = "query($v: ID!, $q: Int!, $c: String) { priceExplained(variantId: $v, quantity: $q, country: $c)"
    ask += f" {{ {WHY} }} }}"

    anywhere, germany = [await shop(ask, v=variant, q=1, c=country) for country in (None, "DE")]

    assert [(one["priceList"], one["verdict"]) for one in anywhere["candidates"]] == [(None, "chosen")]
    assert [(one["priceList"], one["verdict"]) for one in germany["candidates"]] == [("sale", "chosen"), (None, "base")]
    assert await shop(ask, v=variant, q=0) == ["invalid"]
    assert await shop(ask, v=str(generate_id()), q=1) is None
    async with database.open(tenant) as context:
        stored = await catalogue.get_variant(context, UUID(variant))
        await products.unpublish(context, stored.product_id)
    assert await shop(ask, v=variant, q=1) is None


async def test_price_lists_are_found_switched_and_removed(database: Database, tenant: TenantInfo, staff: Ask) -> None:
    _, group, sale = await stocked(database, tenant, staff)
    find = "query($w: PriceListWhere, $q: String) { priceLists(where: $w, query: $q) { nodes { code } totalCount } }"

    async def found(**given: object) -> list[str]:
        return [one["code"].lower() for one in (await staff(find, **given))["nodes"]]

    assert await found() == ["dealers", "sale"]
    assert await found(w={"groupId": group}) == ["dealers"]
    assert await found(w={"country": "DE", "isActive": True, "isAutomatic": True}) == ["sale"]
    assert await found(q="DEAL") == ["dealers"]
    assert await found(w={"channel": "web"}) == await found(w={"currency": "EUR"}) == []
    for verb, count in (("Disable", 1), ("Disable", 0), ("Enable", 1), ("Delete", 1)):
        answer = await staff(f"mutation($i: [ID!]!) {{ priceListsBulk{verb}(ids: $i) {{ count }} }}", i=[sale])
        assert answer["count"] == count, verb
    assert await found() == ["dealers"]
    refused = await staff("mutation($i: ID!) { priceListsBulkDelete(ids: [$i]) { count userErrors { code } } }", i=sale)
    assert [one["code"].lower() for one in refused["userErrors"]] == ["not_found"]


async def test_prices_are_taken_away_as_a_table(database: Database, tenant: TenantInfo, staff: Ask) -> None:
    variant, _, _ = await stocked(database, tenant, staff)

    async with database.read(tenant) as context:
        every = [list(row) async for row in PRICES.rows(context, {"currency": "EUR"})]
        base = [list(row) async for row in PRICES.rows(context, {"price_list": "base"})]
        sale = [list(row) async for row in PRICES.rows(context, {"price_list": "sale"})]

    assert sorted(str(row[7]) for row in every) == ["10.00", "7.00", "8.00"]
    assert [[str(row[0]), *row[4:]] for row in base] == [[variant, None, "EUR", 1, "10.00", None]]
    assert [row[4] for row in sale] == ["sale"]
