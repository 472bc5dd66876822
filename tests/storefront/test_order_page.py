"""What an order's page says of paying: where the money goes, and what is left for the buyer to do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.storefront.buying import Market, Visitor
from tests.storefront.conftest import text_of

from rustok.core.tenants import service as tenants
from rustok.server.tenancy import REMEMBERED_SECONDS

BANK = {"en": ["Bank of the Quay", "IBAN DE00"], "ru": ["Банк у причала", "IBAN DE00"]}


@pytest.fixture
async def bank(market: Market) -> AsyncIterator[None]:
    """The shop says where transfers go."""
    before = dict(market.shop.tenant.settings)
    await _set(market, {**before, "seller": {"bank": BANK}})
    yield
    await _set(market, before)


async def _set(market: Market, settings: dict[str, Any]) -> None:
    async with market.shop.host.database.open(market.shop.tenant) as context:
        await tenants.update(context, version=(await tenants.get(context)).version, settings=settings)
    await asyncio.sleep(REMEMBERED_SECONDS)


async def _ordered(market: Market, method: str) -> Visitor:
    guest = market.visitor()
    await guest.take("teapot")
    await guest.to_payment(email="pays@example.com")
    await guest.order(method)
    assert guest.path.startswith("/orders/"), guest.reads
    return guest


@pytest.mark.usefixtures("bank")
async def test_a_transfer_says_where_it_goes_and_cash_does_not(market: Market) -> None:
    guest = await _ordered(market, "bank_transfer")
    assert "Bank of the Quay" in guest.reads
    assert "Mention this number" in guest.reads
    assert text_of(guest.page.xpath("//details/summary[@id='again-title']")[0]) == "Pay in another way"
    assert "Банк у причала" in text_of(await guest.go(f"/ru{guest.path}"))

    cash = await _ordered(market, "cash_on_delivery")

    assert "Thank you!" in cash.reads
    assert "IBAN" not in cash.reads


async def test_a_payment_that_nobody_was_asked_for_is_made_from_the_orders_page(market: Market) -> None:
    guest = market.visitor()
    await guest.take("teapot")
    await guest.to_payment(email="left@example.com")
    document = """mutation ($id: ID!) { completeCheckout(cartId: $id, paymentMethod: "card") { order { token } } }"""
    asked = {"query": document, "variables": {"id": guest.client.cookies["cart"]}}
    answer = (await guest.client.post("/graphql", json=asked)).json()

    await guest.go(f"/orders/{answer['data']['completeCheckout']['order']['token']}")
    assert text_of(guest.page.xpath("//h1")[0]) == "Your order is not paid yet"
    assert text_of(guest.page.xpath("//h2[@id='again-title']")[0]) == "Pay for the order"
    await guest.send("//form[@data-once]", method="card")

    assert "Thank you!" in guest.reads
    assert not guest.page.xpath("//form[@data-once]")
