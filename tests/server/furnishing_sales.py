"""Furnishes a shop with what comes of selling: customers, offers, carts, orders, their money, parcels and returns."""

from typing import Any
from uuid import uuid4

from tests.server.conftest import NOBODY, Site

ADDRESS = {"name": "Ann", "line1": "Street 1", "city": "Bonn", "postcode": "53111", "country": "DE"}
PLACES = [
    ("tax_class", "taxClass", 'taxClassCreate(input: {name: "Standard"})'),
    (
        "tax_zone",
        "taxZone",
        """taxZoneCreate(input: {name: "Germany", places: [{country: "DE"}], rates: [{name: "VAT", percent: "19"}]})""",
    ),
    ("shipping_zone", "shippingZone", 'shippingZoneCreate(input: {name: "Germany", places: [{country: "DE"}]})'),
    ("customer_group", "group", 'customerGroupCreate(input: {name: "Friends"})'),
    (
        "customer",
        "customer",
        'customerCreate(input: {email: "cho@example.com", name: "Cho", invite: true, groupIds: ["$customer_group"]})',
    ),
    (
        "shipping_method",
        "shippingMethod",
        """shippingMethodCreate(input: {zoneId: "$shipping_zone", name: "Post",
          prices: [{price: {amount: "4.90", currencyCode: "EUR"}}], terms: [{currency: "EUR", freeFrom: "90.00"}]})""",
    ),
    (
        "payment_method",
        "paymentMethod",
        'paymentMethodCreate(input: {code: "card", provider: "test", names: [{locale: "en", text: "Card"}]})',
    ),
    (
        "promotion",
        "promotion",
        """promotionCreate(input: {name: "Tenth off", kind: PERCENTAGE, reward: {percent: "10"}, needsCode: true,
          perCustomerLimit: 9, target: {productIds: ["$product"]}})""",
    ),
    ("promotion_code", "code", 'promotionCodeAdd(promotionId: "$promotion", code: "TENTH")'),
    (
        "webhook_endpoint",
        "endpoint",
        f'webhookEndpointCreate(input: {{url: "{NOBODY}/in", eventTypes: ["OrderPlaced"]}})',
    ),
    ("webhook_delivery", "delivery", 'webhookEndpointPing(id: "$webhook_endpoint")'),
]
# What has no id of its own.
SAID = [
    ('taxSettingsUpdate(input: {version: 0, defaultCountry: "DE"})', "taxSettings"),
    ('promotionTitleSet(id: "$promotion", locale: "ru", title: "Минус десять")', "titles"),
]
DRAFT = """mutation($variant: ID!) { draftOrderCreate(input: {currencyCode: "EUR", email: "ann@example.com",
  lines: [{variantId: $variant, quantity: 1}]}) { draftOrder { id version } userErrors { code message } } }"""
CART = """mutation($input: CartCreateInput!) { cartCreate(input: $input)
  { cart { id lines { id } } userErrors { code message } } }"""
COMPLETE = """mutation($cart: ID!, $method: String!) { completeCheckout(cartId: $cart, paymentMethod: $method)
  { order { id number lines { id } } payment { id } userErrors { code message } } }"""


async def made(site: Site, call: str, entity: str, fields: str = "id", **variables: Any) -> dict[str, Any]:
    """What an admin mutation gave; `$name` in it is the id of what was made before."""
    for kind in sorted(site.ids, key=len, reverse=True):
        call = call.replace(f'"${kind}"', f'"{site.ids[kind]}"')
    operation = f"mutation {{ {call} {{ {entity} {{ {fields} }} userErrors {{ code message }} }} }}"
    answer: dict[str, Any] = next(iter((await site.admin(operation, **variables)).values()))
    found: dict[str, Any] = answer[entity]
    return found


async def sell(site: Site) -> None:
    """One of everything that comes of selling; needs a shop with a product in stock."""
    ids = site.ids
    for kind, entity, call in PLACES:
        ids[kind] = (await made(site, call, entity))["id"]
    card = await made(
        site,
        'giftCardsIssue(input: {code: "GIFT-CARD-0001", amount: {amount: "5.00", currencyCode: "EUR"}})',
        "issued",
        "giftCard { id }",
    )
    ids["gift_card"] = card[0]["giftCard"]["id"]
    draft = (await site.admin(DRAFT, variant=ids["variant"]))["draftOrderCreate"]["draftOrder"]
    ids["draft_order"] = draft["id"]
    for call, entity in SAID:
        await made(site, call, entity, "__typename")
    await _buy(site)
    await _send_and_take_back(site)
    ids["mail"] = (await site.admin("{ mails { nodes { id } } }"))["mails"]["nodes"][0]["id"]


async def _buy(site: Site) -> None:
    """Whoever is logged in pays by transfer, pays by card, and only fills a cart."""
    ids = site.ids
    address = await _shop(
        site,
        """mutation($a: AddressInput!) { addressCreate(input: {address: $a})
          { address { id } userErrors { code message } } }""",
        a=ADDRESS,
    )
    ids["address"] = address["address"]["id"]
    await _shop(
        site,
        """mutation { customerRegister(email: "dan@example.com", password: "correct horse battery")
          { accepted userErrors { code message } } }""",
    )
    told = {
        "email": "ann@example.com",
        "shippingAddress": ADDRESS,
        "shippingMethodId": ids["shipping_method"],
        "lines": [{"variantId": ids["variant"], "quantity": 1}],
    }
    bought, by_card, by_card_too, kept = [(await _shop(site, CART, input=told))["cart"] for _ in range(4)]
    for code in ("TENTH", "GIFT-CARD-0001"):
        await _shop(
            site,
            """mutation($id: ID!, $code: String!) { cartCodeAdd(cartId: $id, code: $code)
              { userErrors { code message } } }""",
            id=bought["id"],
            code=code,
        )
    ids |= {"cart": kept["id"], "cart_line": kept["lines"][0]["id"]}
    for cart, scenario in ((by_card, "webhook_before_answer"), (by_card_too, "late_webhook")):
        paid = await _shop(site, COMPLETE, cart=cart["id"], method="card")
        await _shop(
            site,
            """mutation($id: ID!, $data: JSON!) { paymentProcess(paymentId: $id, data: $data)
              { payment { status } userErrors { code message } } }""",
            id=paid["payment"]["id"],
            data={"scenario": scenario},
        )
    placed = await _shop(site, COMPLETE, cart=bought["id"], method="bank_transfer")
    ids |= {
        "order": placed["order"]["id"],
        "order_line": placed["order"]["lines"][0]["id"],
        "payment": placed["payment"]["id"],
    }


async def _send_and_take_back(site: Site) -> None:
    """The order is paid and sent; a piece comes back, and some money goes back."""
    ids = site.ids
    await made(site, 'paymentMarkPaid(paymentId: "$payment")', "payment")
    order = await site.admin("query($id: ID!) { order(id: $id) { version } }", id=ids["order"])
    await made(site, 'orderNoteAdd(id: "$order", body: "Called")', "note")
    sent = await made(site, f'orderFulfil(id: "$order", version: {order["order"]["version"]})', "fulfilment")
    ids["fulfilment"] = sent["id"]
    back = await made(
        site,
        'returnCreate(orderId: "$order", lines: [{lineId: "$order_line", quantity: 1, reason: DAMAGED}])',
        "orderReturn",
        "id version lines { id }",
    )
    ids |= {"return": back["id"], "return_line": back["lines"][0]["id"]}
    await made(
        site,
        'refundCreate(input: {orderId: "$order", key: "once", other: {amount: "1.00", currencyCode: "EUR"}})',
        "refund",
    )


async def _shop(site: Site, operation: str, **variables: Any) -> dict[str, Any]:
    """What a storefront mutation of whoever is logged in gave."""
    headers = {**site.headers(), "idempotency-key": str(uuid4())}
    body = {"query": operation, "variables": variables}
    answer = (await site.client.post("/graphql", json=body, headers=headers)).json()
    assert "errors" not in answer, (operation, answer)
    (given,) = answer["data"].values()
    assert given["userErrors"] == [], (operation, given)
    found: dict[str, Any] = given
    return found
