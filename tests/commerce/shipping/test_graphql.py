"""Shipping through GraphQL: what staff do, and what shoppers see of it."""

from typing import Any

import pytest
from tests.commerce.asking import STOREFRONT, Ask, admin

from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id

ZONE = """mutation($input: ShippingZoneCreateInput!) { shippingZoneCreate(input: $input) {
  shippingZone { id code places { country region postcodes } } userErrors { code } } }"""
METHOD = """mutation($input: ShippingMethodCreateInput!) { shippingMethodCreate(input: $input) {
  shippingMethod { id code version provider maxWeightGrams
    prices { price { amount } fromWeightGrams fromSubtotal { amount } }
    terms { currency freeFrom { amount } minSubtotal { amount } } }
  userErrors { code field } } }"""
ESTIMATE = """query($lines: [ShippingEstimateLine!]!, $country: String!) {
  shippingEstimate(lines: $lines, country: $country) { code price { amount currencyCode } pickup } }"""


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """Run an operation; an expected error of a query is answered as its code."""

    return admin(database, tenant)


def euro(amount: str) -> dict[str, str]:
    """An amount as input."""
    return {"amount": amount, "currencyCode": "EUR"}


async def zone(ask: Ask, name: str = "Germany", country: str = "DE") -> str:
    """A zone's id."""
    answer = await ask(ZONE, input={"name": name, "places": [{"country": country}]})
    id_: str = answer["shippingZoneCreate"]["shippingZone"]["id"]
    return id_


async def test_methods_are_made_listed_switched_and_removed(ask: Ask) -> None:
    germany = await zone(ask)
    post = await ask(
        METHOD,
        input={
            "zoneId": germany,
            "name": "Post",
            "maxWeightGrams": 10_000,
            "prices": [{"price": euro("4.90")}],
            "terms": [{"currency": "EUR", "freeFrom": "50.00", "minSubtotal": "5"}],
        },
    )
    made = post["shippingMethodCreate"]["shippingMethod"]
    assert (made["code"], made["provider"], made["maxWeightGrams"]) == ("germany-post", "flat", 10_000)
    assert made["terms"] == [{"currency": "EUR", "freeFrom": {"amount": "50.00"}, "minSubtotal": {"amount": "5.00"}}]
    banded = await ask(
        METHOD,
        input={
            "zoneId": germany,
            "name": "Courier",
            "provider": "by_price",
            "prices": [{"price": euro("9.00")}, {"price": euro("5.00"), "fromSubtotal": "100.00"}],
        },
    )
    prices = banded["shippingMethodCreate"]["shippingMethod"]["prices"]
    assert [price["fromSubtotal"]["amount"] for price in prices] == ["0.00", "100.00"]

    listed = await ask(
        'query($z: ID) { shippingMethods(zoneId: $z, query: "o", isActive: true) { nodes { name } totalCount } }',
        z=germany,
    )
    assert [node["name"] for node in listed["shippingMethods"]["nodes"]] == ["Courier", "Post"]
    ids = [made["id"], banded["shippingMethodCreate"]["shippingMethod"]["id"]]
    off = "mutation($i: [ID!]!) { shippingMethodsBulkSetActive(ids: $i, active: false) { count } }"
    assert (await ask(off, i=ids))["shippingMethodsBulkSetActive"]["count"] == 2
    assert (await ask(off, i=ids))["shippingMethodsBulkSetActive"]["count"] == 0
    assert (await ask("{ shippingCountries { code } }", of=STOREFRONT, actor=Actor()))["shippingCountries"] == []

    update = """mutation($i: ID!, $v: Int!) { shippingMethodUpdate(id: $i, input: {version: $v, isActive: true,
      maxWeightGrams: null}) { shippingMethod { version maxWeightGrams prices { price { amount } } }
      userErrors { code } } }"""
    changed = (await ask(update, i=made["id"], v=2))["shippingMethodUpdate"]["shippingMethod"]
    assert changed == {"version": 3, "maxWeightGrams": None, "prices": [{"price": {"amount": "4.90"}}]}
    stale = (await ask(update, i=made["id"], v=2))["shippingMethodUpdate"]
    assert stale["userErrors"] == [{"code": "STALE_VERSION"}]

    gone = await ask("mutation($i: ID!) { shippingZoneDelete(id: $i) { deletedId } }", i=germany)
    assert gone["shippingZoneDelete"]["deletedId"] == germany
    assert (await ask("{ shippingMethods { totalCount } }"))["shippingMethods"]["totalCount"] == 0


async def test_what_cannot_be_is_answered_as_user_errors_and_changes_nothing(ask: Ask) -> None:
    germany = await zone(ask)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"zoneId": str(generate_id())}, "NOT_FOUND"),
        ({"provider": "pigeon"}, "UNKNOWN_SHIPPING_PROVIDER"),
        ({"provider": "pickup"}, "INVALID"),
        ({"taxClass": "no-such-class"}, "NOT_FOUND"),
        ({"locationId": str(generate_id())}, "NOT_FOUND"),
        ({"minWeightGrams": 10, "maxWeightGrams": 5}, "INVALID"),
        ({"prices": [{"price": euro("-1.00")}]}, "INVALID"),
        ({"prices": [{"price": euro("1.00")}, {"price": euro("2.00")}]}, "INVALID"),
        ({"prices": [{"price": euro("1.00"), "fromWeightGrams": 1, "fromSubtotal": "1"}]}, "INVALID"),
        ({"terms": [{"currency": "EUR", "minSubtotal": "2", "maxSubtotal": "1"}]}, "INVALID"),
        ({"terms": [{"currency": "EUR", "freeFrom": "1.001"}]}, "INVALID_MONEY"),
    ]
    for given, code in refused:
        answer = (await ask(METHOD, input={"zoneId": germany, "name": "X", **given}))["shippingMethodCreate"]
        assert (answer["shippingMethod"], [e["code"] for e in answer["userErrors"]]) == (None, [code]), given
    taken = (await ask(ZONE, input={"name": "Also Germany", "places": [{"country": "DE"}]}))["shippingZoneCreate"]
    assert taken["userErrors"] == [{"code": "SHIPPING_ZONE_TAKEN"}]

    assert (await ask("{ shippingMethods { totalCount } }"))["shippingMethods"]["totalCount"] == 0
    assert (await ask("{ shippingZones { totalCount } }"))["shippingZones"]["totalCount"] == 1


async def test_shoppers_ask_what_shipping_costs(ask: Ask, database: Database, tenant: TenantInfo) -> None:
    germany = await zone(ask)
    bands = [{"price": euro("4.90")}, {"price": euro("8.90"), "fromWeightGrams": 1000}]
    await ask(METHOD, input={"zoneId": germany, "name": "Post", "provider": "by_weight", "prices": bands})
    async with database.open(tenant) as context:
        product = await products.create(context, title="Mug")
        variant = (await variants.add(context, product.id, weight_grams=400)).id
        await pricing.set_prices(context, variant, [PriceRow(currency="EUR", amount_minor=1000)])
    nobody = Actor()

    unseen = await ask(ESTIMATE, of=STOREFRONT, actor=nobody, lines=[{"variantId": str(variant)}], country="DE")
    assert unseen == {"errors": ["not_found"]}
    async with database.open(tenant) as context:
        await products.publish(context, product.id)
    for quantity, amount in ((2, "4.90"), (3, "8.90")):
        found = await ask(
            ESTIMATE,
            of=STOREFRONT,
            actor=nobody,
            lines=[{"variantId": str(variant), "quantity": quantity}],
            country="de",
        )
        assert found["shippingEstimate"] == [
            {"code": "germany-post", "price": {"amount": amount, "currencyCode": "EUR"}, "pickup": False}
        ]
    assert (await ask(ESTIMATE, of=STOREFRONT, actor=nobody, lines=[{"variantId": str(variant)}], country="US")) == {
        "shippingEstimate": []
    }
    assert (await ask(ESTIMATE, of=STOREFRONT, lines=[{"variantId": str(variant), "quantity": 0}], country="DE")) == {
        "errors": ["invalid"]
    }
    assert (await ask("{ shippingCountries { code name } }", of=STOREFRONT, actor=nobody))["shippingCountries"] == [
        {"code": "DE", "name": "Germany"}
    ]
    assert await ask("{ shippingZones { totalCount } }", actor=nobody) == {"errors": ["unauthenticated"]}
