"""Wish lists without scripts: what a customer saves, finds again, carries to the cart, and nobody else sees."""

import os
from uuid import uuid4

from tests.storefront.buying import PASSWORD, Market, Visitor
from tests.storefront.conftest import HOSTILE, text_of

SAVE = "//form[contains(@class, 'wish')]"
LIST = "//main//form[.//ul[@class='lines']]"
NEW = "//main//form[.//input[@name='name']]"
LISTS = "commerce_carts"


async def _customer(market: Market) -> tuple[Visitor, str]:
    made, email = market.visitor(), f"{os.urandom(5).hex()}@example.com"
    await made.sign_up(email)
    return made, email


async def _saved(market: Market, *handles: str) -> Visitor:
    made, _ = await _customer(market)
    for handle in handles:
        await made.go(f"/products/{handle}")
        await made.send(SAVE)
        assert made.path.startswith("/account/wishlists/"), made.reads
    return made


def _lines(visitor: Visitor) -> list[str]:
    return [text_of(one) for one in visitor.page.xpath("//ul[@class='lines']/li//h3")]


def _button(visitor: Visitor, name: str) -> tuple[str, str]:
    return name, visitor.page.xpath(f"//button[@name='{name}']/@value")[0]


async def test_a_customer_saves_something_once_and_carries_it_to_the_cart(market: Market) -> None:
    made = await _saved(market, "teapot")
    assert "It is on your wish list." in made.reads
    assert "€24" in made.reads
    wishes = made.path
    await made.go("/products/teapot")
    await made.send(SAVE)
    assert "It was on your wish list already." in made.reads
    assert (made.path, _lines(made)) == (wishes, ["A teapot"])

    await made.send(LIST, press=_button(made, "cart"))

    assert "It is in your cart now." in made.reads
    assert _lines(made) == []
    assert made.client.cookies["cart_count"] == "1"
    assert made.page.xpath("//main//a[@href='/cart']")
    assert "A teapot" in text_of(await made.go("/cart"))


async def test_everything_that_can_be_bought_goes_to_the_cart_at_once(market: Market) -> None:
    gone = await market.stock(0, title="Lamp of yesterday")
    made = await _saved(market, "teapot", gone, "mug")
    assert "Sold out" in made.reads
    assert len(made.page.xpath("//button[@name='cart']")) == 2
    await made.take("bowl-7")
    await made.go("/account/wishlists")
    await made.go(made.page.xpath("//ul[@class='rows']//a/@href")[0])

    await made.send(LIST, press=("do", "all"))

    assert _lines(made) == ["Lamp of yesterday"]
    assert made.client.cookies["cart_count"] == "3"
    await made.send(LIST, press=_button(made, "remove"))
    assert "nothing on this list" in made.reads


async def test_a_guest_logs_in_first_and_then_says_it_once_more(market: Market) -> None:
    _, email = await _customer(market)
    guest = market.visitor()
    await guest.go("/products/teapot")
    await guest.send(SAVE)
    assert guest.path == "/login"

    await guest.send("//main//form[.//input[@name='password']]", email=email, password=PASSWORD)
    assert guest.path == "/account/wishlists/add"
    assert "A teapot" in guest.reads
    before = await market.count(LISTS, "kind = 'wish_list'")
    await guest.send("//main//form[.//input[@name='variant']]")

    assert _lines(guest) == ["A teapot"]
    assert await market.count(LISTS, "kind = 'wish_list'") == before + 1


async def test_several_lists_are_made_chosen_renamed_and_deleted(market: Market) -> None:
    made = await _saved(market, "teapot")
    first = made.path
    await made.go("/account/wishlists")
    await made.send(NEW, name=" ")
    assert "name" in made.refusal("name")
    await made.send(NEW, name=HOSTILE)
    assert HOSTILE in made.reads
    assert "<script>alert" not in made.seen[-1].text
    second = made.path
    assert second != first

    await made.go("/products/mug")
    await made.send(SAVE)
    assert "On which list?" in made.reads
    await made.send("//main//form[.//input[@name='list']]", list=second.rsplit("/", 1)[1])
    assert (made.path, _lines(made)) == (second, ["Harbour mug"])
    await made.go("/products/bowl-7")
    await made.send(SAVE)
    await made.send("//main//form[.//input[@name='list']]", list="new", name="")
    assert "name" in made.refusal("name")
    await made.send("//main//form[.//input[@name='list']]", list="new", name="For the kitchen")
    assert _lines(made) == ["Bowl number 7"]

    await made.go(first)
    await made.send(NEW, name="")
    assert "name" in made.refusal("name")
    await made.send(NEW, name="Presents")
    assert text_of(made.page.xpath("//h1")[0]) == "Presents"
    await made.send("//form[.//button[@value='delete']]", press=("do", "delete"))
    assert made.path == "/account/wishlists"
    assert "Presents" not in made.reads
    assert len(made.page.xpath("//ul[@class='rows']/li")) == 2


async def test_a_line_of_the_cart_is_put_aside_for_later(market: Market) -> None:
    made, _ = await _customer(market)
    await made.take("mug")
    await made.take("bowl-7", 2)
    line = made.page.xpath("//button[@name='line']/@value")[0]
    aside = {"line": line}

    answer = await made.post("/account/wishlists/later", **aside)
    page = await made.go(answer.headers["location"])
    assert "It is on your wish list now." in text_of(page)
    assert "Harbour mug" not in text_of(page)
    assert made.client.cookies["cart_count"] == "2"
    await made.go("/account/wishlists")
    await made.go(made.page.xpath("//ul[@class='rows']//a/@href")[0])
    assert _lines(made) == ["Harbour mug"]

    stranger, _ = await _customer(market)
    own = made.page.xpath("//button[@name='remove']/@value")[0]
    for values in ({"line": own}, {"line": "nonsense"}, {"line": ""}):
        assert (await stranger.post("/account/wishlists/later", **values)).headers["location"] == "/cart"
    guest = market.visitor()
    await guest.take("mug")
    assert not guest.page.xpath("//button[@name='line']")
    assert (await guest.post("/account/wishlists/later", **aside)).headers["location"].startswith("/login")
    assert "Harbour mug" in text_of(await made.go(made.path))


async def test_a_list_is_nobody_elses(market: Market) -> None:
    made = await _saved(market, "teapot")
    wishes, line = made.path, _button(made, "remove")
    stranger, _ = await _customer(market)
    guest = market.visitor()

    for path in (wishes, f"/account/wishlists/{uuid4()}", "/account/wishlists/nonsense"):
        assert (await stranger.client.get(path)).status_code == 404, path
        for values in (dict([line]), {"cart": line[1]}, {"do": "delete"}, {"name": "Mine"}, {"do": "all"}):
            assert (await stranger.post(path, **values)).status_code == 404, (path, values)
        asked = await guest.post(path, do="delete")
        assert asked.headers["location"].startswith("/login"), path
    own = await stranger.post("/account/wishlists/add", product="mug", variant="", list=wishes.rsplit("/", 1)[1])
    assert own.status_code == 404

    await made.go(wishes)
    assert _lines(made) == ["A teapot"]
    assert text_of(made.page.xpath("//h1")[0]) == "Wish list"


async def test_a_cart_is_no_wish_list_and_another_sites_form_changes_none(market: Market) -> None:
    made = await _saved(market, "teapot")
    wishes = made.path
    await made.take("mug")
    cart = made.client.cookies["cart"]
    assert (await made.client.get(f"/account/wishlists/{cart}")).status_code == 404
    assert (await made.post(f"/account/wishlists/{cart}", do="delete")).status_code == 404

    for path in (wishes, "/account/wishlists", "/account/wishlists/add"):
        foreign = await made.client.post(path, data={"do": "delete"}, headers={"origin": "https://evil.example"})
        assert foreign.status_code == 403
    for path in (f"{wishes}?do=delete", "/account/wishlists?name=x", "/account/wishlists/add?product=mug&variant=x"):
        await made.client.get(path)

    page = await made.go("/account/wishlists")
    assert len(page.xpath("//ul[@class='rows']/li")) == 1
    assert "Harbour mug" in text_of(await made.go("/cart"))


async def test_what_is_no_variant_of_the_shop_is_put_on_no_list(market: Market) -> None:
    made = await _saved(market, "teapot")

    for product, variant in (("teapot", str(uuid4())), ("no-such-thing", str(uuid4())), ("", ""), ("teapot", "' OR 1")):
        assert (await made.post("/account/wishlists/add", product=product, variant=variant)).status_code == 404

    page = await made.go("/account/wishlists")
    assert "1 item" in text_of(page)


async def test_it_is_said_in_russian_and_in_the_currency_that_is_chosen(market: Market) -> None:
    made = await _saved(market, "mug")
    await made.client.get("/cart?currency=RUB")

    await made.go(f"/ru{made.path}")
    assert "Цены в списке указаны в EUR" in made.reads
    await made.send("//form[.//button[@value='currency']]", press=("do", "currency"))

    assert "1\u00a0299\u00a0₽" in made.page.xpath("//p[@class='line-total']")[0].text_content()
    assert "Список желаний" in made.reads
    await made.send(LIST, press=_button(made, "cart"))
    assert "Теперь это в корзине." in made.reads
