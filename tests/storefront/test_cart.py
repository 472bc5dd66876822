"""The cart without scripts: what is put in, changed and taken out, and who may not."""

from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from tests.conftest import Addresses
from tests.storefront.buying import Market, Visitor
from tests.storefront.conftest import HOSTILE, Shop, text_of

from rustok.commerce.carts.beginning import GuestCarts
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.places.service import Place
from rustok.commerce.tax import zones as tax_zones
from rustok.kernel.settings import Settings
from rustok.server import app as web
from rustok.server.host import Host

LINES = "//form[@id='cart-lines']"
EMPTY = "Your cart is empty"


async def test_what_is_put_in_lies_there_with_its_price_and_its_way_back(market: Market) -> None:
    somebody = market.visitor()

    await somebody.take("mug", 2)

    assert somebody.path == "/cart"
    assert "It is in your cart." in somebody.reads
    assert "Harbour mug" in somebody.reads
    assert "€48" in somebody.reads
    assert somebody.client.cookies["cart_count"] == "2"
    again = await somebody.go("/cart")
    assert "It is in your cart." not in text_of(again)
    assert again.xpath("//main//a[starts-with(@href, '/products/mug?variant=')]")


async def test_quantities_are_changed_and_lines_removed_in_one_form_each(market: Market) -> None:
    somebody = market.visitor()
    await somebody.take("mug")
    await somebody.take("bowl-5")
    (line, other) = somebody.page.xpath("//input[starts-with(@name, 'quantity-')]/@name")

    await somebody.send(LINES, **{line: "3", other: "2"})
    assert somebody.client.cookies["cart_count"] == "5"
    await somebody.send("//form[@id='cart-remove']", press=("remove", other.removeprefix("quantity-")))

    assert "Bowl number 5" not in somebody.reads
    assert somebody.page.xpath(f"//input[@name='{line}']/@value") == ["3"]
    await somebody.send(LINES, **{line: "0"})
    assert EMPTY in somebody.reads


async def test_a_quantity_that_is_none_is_refused_beside_the_field_and_changes_nothing(market: Market) -> None:
    somebody = market.visitor()
    await somebody.take("mug", 2)
    (line,) = somebody.page.xpath("//input[starts-with(@name, 'quantity-')]/@name")

    for wrong in ("-1", "1.5", "many", "1000", ""):
        await somebody.send(LINES, **{line: wrong})
        assert somebody.status == 422
        assert "whole number" in somebody.refusal(line)

    page = await somebody.go("/cart")
    assert page.xpath(f"//input[@name='{line}']/@value") == ["2"]


async def test_more_than_there_is_is_said_before_the_checkout(market: Market) -> None:
    handle = await market.stock(3)
    somebody = market.visitor()

    await somebody.take(handle, 5)

    assert "Only 3 are left" in somebody.reads


async def test_what_is_sold_out_has_no_button_and_cannot_be_slipped_in(market: Market) -> None:
    handle = await market.stock(0)
    somebody = market.visitor()
    page = await somebody.go(f"/products/{handle}")
    assert not page.xpath("//form[@id='take']")

    wrong = await somebody.post("/cart/add", variant="no such id", product=handle, quantity="1")

    assert wrong.headers["location"].startswith(f"/products/{handle}?refused=")
    assert 'class="notice is-bad"' in (await somebody.client.get(wrong.headers["location"])).text
    assert EMPTY in text_of(await somebody.go("/cart"))


async def test_a_code_that_nobody_has_is_refused_beside_its_field(market: Market) -> None:
    somebody = market.visitor()
    await somebody.take("mug")

    await somebody.send("//form[.//input[@name='code']]", press=("do", "code"), code="<b>NOTHING</b>")

    assert somebody.status == 422
    assert "do not know this code" in somebody.refusal("code")
    assert "<b>NOTHING" not in somebody.seen[-1].text


async def test_shipping_is_shown_for_a_country_before_anything_else_is_known(market: Market) -> None:
    somebody = market.visitor()
    await somebody.take("mug")
    form = "//form[.//select[@name='country']]"

    await somebody.send(form, press=("do", "estimate"), country="")
    assert "Choose a country" in somebody.refusal("country")
    await somebody.go("/cart")
    await somebody.send(form, press=("do", "estimate"), country="DE", postcode="10117")

    assert "Parcel" in somebody.reads
    assert "€4.90" in somebody.reads
    await somebody.send(form, press=("do", "estimate"), country="FR")
    assert "cannot ship" in somebody.reads


async def test_pages_that_are_the_same_for_everybody_stay_so(market: Market, shop: Shop) -> None:
    somebody = market.visitor()
    await somebody.take("mug")

    with_cart = await somebody.client.get("/products/mug")
    without = await shop.get("/products/mug")

    assert with_cart.content == without.content
    assert with_cart.headers["etag"] == without.headers["etag"]
    assert "set-cookie" not in with_cart.headers
    for path in ("/cart", "/login", "/register", "/checkout", "/account"):
        own = await somebody.client.get(path)
        assert own.headers["cache-control"] == "private, no-store", path
        assert "etag" not in own.headers
    assert somebody.client.cookies["cart"] not in with_cart.text


PATHS = (
    "/cart", "/cart/add", "/checkout", "/checkout/shipping", "/checkout/payment", "/login", "/logout", "/register",
    "/forgot", "/reset", "/verify", "/account/details", "/account/addresses", "/account/addresses/new", "/account/data",
    "/account/wishlists", "/account/wishlists/add", "/account/wishlists/later",
    "/account/wishlists/01a2079321980eb067bc75c5af9a6eec",
)  # fmt: skip


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_no_form_of_another_site_is_taken(market: Market, headers: dict[str, str]) -> None:
    somebody = market.visitor()
    await somebody.take("mug")
    (line,) = somebody.page.xpath("//input[starts-with(@name, 'quantity-')]/@name")
    values = {"remove": line.removeprefix("quantity-"), line: "9", "email": "a@example.com", "password": "x" * 12}

    for path in PATHS:
        refused = await somebody.client.post(path, data=values, headers=headers)
        assert refused.status_code == 403, path
        assert "another site" in refused.text
        assert "set-cookie" not in refused.headers, path

    page = await somebody.go("/cart")
    assert page.xpath(f"//input[@name='{line}']/@value") == ["1"]


async def test_looking_changes_nothing(market: Market) -> None:
    somebody = market.visitor()
    await somebody.take("mug")
    (line,) = somebody.page.xpath("//input[starts-with(@name, 'quantity-')]/@name")

    for path in ("/cart/add?variant=x", f"/cart?remove={line[9:]}&{line}=7", "/logout", "/verify?token=x"):
        await somebody.client.get(path)
    wrong = await somebody.client.post("/cart", json={"remove": line[9:]})

    assert wrong.status_code == 400
    page = await somebody.go("/cart")
    assert page.xpath(f"//input[@name='{line}']/@value") == ["1"]


async def test_hostile_names_are_words_in_the_cart_too(market: Market) -> None:
    handle = await market.stock(5, title=HOSTILE)
    somebody = market.visitor()

    await somebody.take(handle)

    assert HOSTILE in somebody.reads
    assert "<script>alert" not in somebody.seen[-1].text
    assert "49" not in somebody.reads


async def test_a_cart_that_is_gone_is_no_error(market: Market) -> None:
    somebody = market.visitor()
    for known in ("01a2079321980eb067bc75c5af9a6eec", "x'; DROP TABLE users", ""):
        somebody.client.cookies.set("cart", known)
        assert EMPTY in text_of(await somebody.go("/cart"))
        somebody.client.cookies.clear()


async def test_the_cart_follows_the_currency_that_is_chosen(market: Market) -> None:
    somebody = market.visitor()
    await somebody.take("mug")
    await somebody.client.get("/cart?currency=RUB")

    page = await somebody.go("/cart")
    assert "Your cart is in EUR" in text_of(page)
    await somebody.send("//form[.//button[@value='currency']]", press=("do", "currency"))

    assert "₽1,299" in somebody.reads


async def test_pages_work_where_only_trusted_documents_are_answered(
    market: Market, addresses: Addresses, tmp_path: Path
) -> None:
    trusted = tmp_path / "documents.json"
    trusted.write_text("{}")
    told = {"home": tmp_path, "secret_key": "only for tests", "trusted_documents": trusted}
    host = Host.open(Settings(**told, only_trusted_documents=True), addresses.owner)
    transport = httpx.ASGITransport(web.build(host))
    somebody = Visitor(market.shop, httpx.AsyncClient(transport=transport, base_url=str(market.shop.client.base_url)))

    await somebody.take("mug")

    assert "Harbour mug" in somebody.reads
    stranger = await somebody.client.post("/graphql", json={"query": "{ me { id } }"})
    assert stranger.json()["errors"]
    await host.close()


async def test_who_begins_too_many_carts_is_told_to_wait(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(market.shop.host.database.resources, GuestCarts, GuestCarts(1))
    somebody = market.visitor()
    await somebody.take("mug")
    somebody.client.cookies.clear()

    await somebody.take("mug")

    assert "Please wait a few minutes" in somebody.reads
    assert somebody.at.startswith("/products/mug")
    assert "cart" not in somebody.client.cookies


async def test_a_gift_card_is_applied_and_one_that_is_spent_says_so(market: Market, shop: Shop) -> None:
    async with shop.host.database.open(shop.tenant) as context:
        full = await giftcards.issue(context, currency="EUR", amount_minor=1000)
        other = await giftcards.issue(context, currency="RUB", amount_minor=1000)
    somebody = market.visitor()
    await somebody.take("mug")

    await somebody.send("//form[.//input[@name='code']]", press=("do", "code"), code=full.code)
    assert "The code is applied." in somebody.reads
    assert "€14" in somebody.reads
    assert full.code not in somebody.seen[-1].text
    await somebody.send("//form[.//input[@name='code']]", press=("do", "code"), code=other.code)

    assert somebody.status == 422
    assert "another currency" in somebody.refusal("code")


async def test_more_than_there_is_stops_before_the_checkout_beside_the_quantity(market: Market) -> None:
    handle = await market.stock(3)
    somebody = market.visitor()
    await somebody.take(handle, 5)
    assert "not as many are left" in somebody.reads
    (line,) = somebody.page.xpath("//input[starts-with(@name, 'quantity-')]/@name")

    await somebody.send(LINES, press=("do", "checkout"))
    assert (somebody.status, somebody.path) == (422, "/cart")
    assert "Only 3 are left" in somebody.refusal(line)
    assert somebody.reads.count("Only 3 are left") == 2  # above the form and beside the field
    await somebody.send(LINES, press=("do", "checkout"), **{line: "3"})

    assert somebody.path == "/checkout"


async def test_taxes_have_their_names_in_the_buyers_language(market: Market) -> None:
    async with market.shop.host.database.open(market.shop.tenant) as context:
        rate = tax_zones.RateGiven(name="VAT", rate=Decimal("0.2"))
        await tax_zones.create(
            context, name="Great Britain", places=[Place(country="GB", region="", postcodes="")], rates=[rate]
        )
    somebody = market.visitor()
    await somebody.take("mug")
    form = "//form[.//select[@name='country']]"

    await somebody.send(form, press=("do", "estimate"), country="GB")
    assert "Including €4 VAT (20%)" in somebody.reads
    page = await somebody.go("/ru/cart")

    assert "Включая 4\u00a0€ НДС (20\u00a0%)" in page.xpath("//p[@class='totals-tax']")[0].text_content()
