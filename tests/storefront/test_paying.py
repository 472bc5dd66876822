"""Paying on Stripe's own page: there and back without a script of ours, and no way that leads nowhere."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.commerce.payments import stripe_standin
from tests.commerce.payments.stripe_standin import StandIn
from tests.storefront.buying import Market, Visitor
from tests.storefront.conftest import text_of

from rustok.commerce.payments import arranging, gateways, methods, reconciling
from rustok.commerce.payments.gateways import Gateways

SECRETS = {"secret_key": stripe_standin.SECRET_KEY, "webhook_secret": stripe_standin.WEBHOOK_SECRET}
PAY = "//form[@data-once]"
_PROCESS = """mutation ($id: ID!, $token: String!) { paymentProcess(paymentId: $id, orderToken: $token) {
  payment { status nextAction { kind clientSecret } } } }"""


@pytest.fixture
async def remote(market: Market) -> AsyncIterator[StandIn]:
    """Stripe, as far as the shop can tell."""
    resources = market.shop.host.database.resources
    before = resources[Gateways]
    async with stripe_standin.standing_in() as made:
        resources[Gateways] = Gateways.of(
            gateways.BUILT_IN, secret=lambda: b"only for tests", options={"stripe": {"api_base": made.url}}
        )
        async with market.shop.host.database.open(market.shop.tenant) as context:
            if not any(one.code == "stripe" for one in await methods.all_of(context)):
                await arranging.create(
                    context, code="stripe", provider="stripe", names={"en": "Stripe"}, secrets=SECRETS,
                    settings={"publishable_key": "pk_test_1"},
                )  # fmt: skip
        yield made
        resources[Gateways] = before


async def _sent(market: Market, remote: StandIn, email: str) -> tuple[Visitor, dict[str, Any], str]:
    """Somebody who was sent to Stripe's page: the page as Stripe knows it, and where it leads back to."""
    guest = market.visitor()
    await guest.take("teapot")
    await guest.to_payment(email=email)
    await guest.order("stripe")
    (page,) = remote.pages.values()
    assert guest.seen[0].headers["location"] == page["url"]
    back = urlsplit(next(params["success_url"] for _, _, params, _ in remote.requests if "success_url" in params))
    return guest, page, f"{back.path}?{back.query}"


async def test_a_buyer_pays_there_and_comes_back_before_the_webhook(market: Market, remote: StandIn) -> None:
    guest, page, back = await _sent(market, remote, "stripe@example.com")
    remote.pay_on(page, "pm_visa")

    await guest.go(back)

    assert guest.at == back.split("?")[0]
    assert "Thank you!" in guest.reads
    assert "Payment paid" in guest.reads.replace("Paymentpaid", "Payment paid")
    assert not guest.page.xpath(PAY)


async def test_who_comes_back_unpaid_goes_on_there_or_pays_otherwise(market: Market, remote: StandIn) -> None:
    guest, page, back = await _sent(market, remote, "other@example.com")

    await guest.go(back)
    assert "One step is missing" in guest.reads
    assert guest.page.xpath(f"//main//a[@href='{page['url']}']")
    await guest.send(PAY, method="card")

    assert "Thank you!" in guest.reads
    await reconciling.reconcile(partial(market.shop.host.database.open, market.shop.tenant))
    assert (page["status"], remote.intents) == ("expired", {})


async def test_what_another_client_began_with_a_secret_can_be_paid_from_the_page(
    market: Market, remote: StandIn
) -> None:
    guest = market.visitor()
    await guest.take("teapot")
    await guest.to_payment(email="client@example.com")
    document = """mutation ($id: ID!) { completeCheckout(cartId: $id, paymentMethod: "stripe") {
      order { token } payment { id } } }"""
    cart = {"id": guest.client.cookies["cart"]}
    made = (await guest.client.post("/graphql", json={"query": document, "variables": cart})).json()["data"]
    token, payment = made["completeCheckout"]["order"]["token"], made["completeCheckout"]["payment"]["id"]
    asked = {"query": _PROCESS, "variables": {"id": payment, "token": token}}
    begun = (await guest.client.post("/graphql", json=asked)).json()["data"]["paymentProcess"]["payment"]
    assert begun["nextAction"]["kind"] == "CONFIRM"

    await guest.go(f"/orders/{token}")
    assert text_of(guest.page.xpath("//h1")[0]) == "Your order is not paid yet"
    await guest.send(PAY, method="stripe")

    (page,) = remote.pages.values()
    assert guest.seen[0].headers["location"] == page["url"]
    shown = await guest.client.get(f"/orders/{token}")
    assert "form-action 'self' https:" in shown.headers["content-security-policy"]


async def test_coming_back_asks_for_nothing_where_nothing_is_open(market: Market, remote: StandIn) -> None:
    guest = market.visitor()
    await guest.take("teapot")
    await guest.to_payment(email="declined@example.com")
    await guest.order("declined")
    token = guest.path
    before = await market.count("commerce_payment_attempts")

    await guest.go(f"{token}?back=payment")

    assert guest.at == token
    assert "not paid yet" in guest.reads
    assert await market.count("commerce_payment_attempts") == before
    assert (await guest.client.get(f"/orders/{'x' * 32}?back=payment")).status_code == 404
