"""Taxes through the admin's GraphQL: what staff do, and what is refused."""

import pytest
from tests.commerce.asking import Ask, admin

from rustok.commerce.module import module
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database

ZONE = """
mutation($input: TaxZoneCreateInput!) { taxZoneCreate(input: $input) {
  taxZone { id code version places { country postcodes } rates { name percent taxClass compound } }
  userErrors { code field } } }
"""


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """Run an operation; an expected error of a query is answered as its code."""

    return admin(database, tenant)


async def test_a_zone_is_made_read_changed_and_removed(ask: Ask) -> None:
    await ask('mutation { taxClassCreate(input: {name: "Standard"}) { taxClass { code } userErrors { code } } }')
    made = await ask(
        ZONE,
        input={
            "name": "Germany",
            "places": [{"country": "de"}, {"country": "AT", "postcodes": "6691"}],
            "rates": [{"name": "MwSt.", "percent": "19"}, {"name": "Levy", "percent": "0.25", "compound": True}],
        },
    )
    zone = made["taxZoneCreate"]["taxZone"]
    assert zone["places"] == [{"country": "AT", "postcodes": "6691"}, {"country": "DE", "postcodes": ""}]
    assert [(rate["percent"], rate["taxClass"], rate["compound"]) for rate in zone["rates"]] == [
        ("19", "standard", False),
        ("0.25", "standard", True),
    ]
    preview = await ask(
        '{ taxPreview(amount: {amount: "119.00", currencyCode: "EUR"}, country: "DE")'
        " { included parts { name percent tax { amount } } total { amount } } }"
    )
    assert preview["taxPreview"]["included"] is True
    assert sum(float(part["tax"]["amount"]) for part in preview["taxPreview"]["parts"]) == pytest.approx(
        19.25, abs=0.01
    )

    update = "mutation($i: ID!, $v: Int!) { taxZoneUpdate(id: $i, input: {version: $v, pricesIncludeTax: false})"
    update += " { taxZone { version pricesIncludeTax rates { name } } userErrors { code } } }"
    changed = (await ask(update, i=zone["id"], v=1))["taxZoneUpdate"]
    assert (changed["taxZone"]["version"], len(changed["taxZone"]["rates"])) == (2, 2)
    assert (await ask(update, i=zone["id"], v=1))["taxZoneUpdate"]["userErrors"] == [{"code": "STALE_VERSION"}]

    listed = await ask('{ taxZones(query: "germ", country: "at") { nodes { id } totalCount } taxClasses { code } }')
    assert listed["taxZones"] == {"nodes": [{"id": zone["id"]}], "totalCount": 1}
    gone = await ask("mutation($i: [ID!]!) { taxZonesBulkDelete(ids: $i) { count } }", i=[zone["id"]])
    assert gone["taxZonesBulkDelete"]["count"] == 1
    assert (await ask("query($i: ID!) { taxZone(id: $i) { id } }", i=zone["id"]))["taxZone"] is None


async def test_what_cannot_be_is_answered_as_user_errors_and_changes_nothing(ask: Ask) -> None:
    refused = [
        {"name": "X", "places": [{"country": "XX"}]},
        {"name": "X", "rates": [{"name": "MwSt.", "percent": "19", "taxClass": "nobodys"}]},
        {"name": " "},
    ]
    codes = []
    for given in refused:
        answer = (await ask(ZONE, input=given))["taxZoneCreate"]
        assert answer["taxZone"] is None
        codes += [error["code"] for error in answer["userErrors"]]
    assert codes == ["BAD_PLACE", "BAD_RATE", "INVALID"]
    assert (await ask("{ taxZones { totalCount } }"))["taxZones"]["totalCount"] == 0


async def test_settings_are_decided_once_per_version(ask: Ask) -> None:
    before = await ask("{ taxSettings { version pricesIncludeTax provider } taxProviders { code } }")
    assert before["taxSettings"] == {"version": 0, "pricesIncludeTax": True, "provider": "zones"}
    assert before["taxProviders"] == [{"code": "zones"}]
    change = """mutation($i: TaxSettingsInput!) { taxSettingsUpdate(input: $i) {
      taxSettings { version pricesIncludeTax defaultCountry shippingTax rounding } userErrors { code } } }"""

    wanted = {"pricesIncludeTax": False, "defaultCountry": "fr", "shippingTax": "PROPORTIONAL", "rounding": "LINE"}
    changed = (await ask(change, i={"version": 0, **wanted}))["taxSettingsUpdate"]["taxSettings"]
    assert changed == {"version": 1, **wanted, "defaultCountry": "FR"}
    for given, code in (
        ({"version": 0}, "STALE_VERSION"),
        ({"version": 1, "defaultCountry": "XX"}, "BAD_PLACE"),
        ({"version": 1, "provider": "nobody"}, "UNKNOWN_TAX_PROVIDER"),
    ):
        assert (await ask(change, i=given))["taxSettingsUpdate"]["userErrors"] == [{"code": code}]
    after = await ask("{ taxSettings { version defaultCountry provider } }")
    assert after["taxSettings"] == {"version": 1, "defaultCountry": "FR", "provider": "zones"}


async def test_taxes_are_for_staff_who_may(ask: Ask) -> None:
    reader = Actor(kind="user", permissions=frozenset({"taxes:read"}))

    assert (await ask("{ taxZones { totalCount } }", actor=reader))["taxZones"]["totalCount"] == 0
    assert await ask(ZONE, actor=reader, input={"name": "X"}) == {"errors": ["forbidden"]}
    assert await ask("{ taxZones { totalCount } }", actor=Actor()) == {"errors": ["unauthenticated"]}
    assert {"taxes:read", "taxes:write", "taxes:manage"} <= set(module.permissions)


async def test_the_first_rate_brings_the_class_that_it_is_for(ask: Ask) -> None:
    wanted = {"name": "Here", "places": [{"country": "DE"}], "rates": [{"name": "VAT", "percent": "19"}]}

    made = (await ask(ZONE, input=wanted))["taxZoneCreate"]
    again = (await ask(ZONE, input={**wanted, "name": "There", "places": [{"country": "FR"}]}))["taxZoneCreate"]

    assert made["userErrors"] == again["userErrors"] == []
    assert made["taxZone"]["rates"] == again["taxZone"]["rates"]
    assert [one["code"] for one in (await ask("{ taxClasses { code } }"))["taxClasses"]] == ["standard"]
