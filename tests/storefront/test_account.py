"""A customer's own pages: in and out, addresses, orders, details, and the end of the account."""

import os

import pytest
from tests.storefront.buying import ADDRESS, PASSWORD, Market, Visitor
from tests.storefront.conftest import HOSTILE, text_of

MAIN = "//main//form[contains(@class, 'fieldset')]"


def _email() -> str:
    return f"{os.urandom(5).hex()}@example.com"


async def _customer(market: Market) -> tuple[Visitor, str]:
    made, email = market.visitor(), _email()
    await made.sign_up(email)
    assert made.path == "/account", made.reads
    return made, email


async def test_a_guest_who_signs_up_keeps_the_cart(market: Market) -> None:
    somebody, email = market.visitor(), _email()
    await somebody.take("mug", 2)
    await somebody.sign_up(email)
    await somebody.go("/cart")
    assert "Harbour mug" in somebody.reads
    other = market.visitor()
    await other.take("bowl-7")

    await other.log_in(email)

    page = text_of(await other.go("/cart"))
    assert "Harbour mug" in page
    assert "Bowl number 7" in page
    assert other.client.cookies["cart_count"] == "3"


async def test_wrong_words_let_nobody_in_and_say_nothing_of_who_exists(market: Market) -> None:
    _, email = await _customer(market)
    stranger = market.visitor()

    said = []
    for address, password in ((email, "wrong password"), (_email(), PASSWORD)):
        await stranger.log_in(address, password)
        assert stranger.status == 422
        assert stranger.path == "/login"
        assert "session" not in stranger.client.cookies
        said.append(text_of(stranger.page.xpath("//*[@id='refusals']")[0]))

    assert said[0] == said[1]
    assert "do not fit together" in said[0]
    assert not stranger.page.xpath("//input[@type='password']/@value")


async def test_a_register_form_says_what_is_missing_and_never_who_is_known(market: Market) -> None:
    _, email = await _customer(market)
    stranger = market.visitor()
    await stranger.go("/register")

    await stranger.send("//main//form", name="", email="x", password="short")
    assert "name" in stranger.refusal("name")
    assert "name@example.com" in stranger.refusal("email")
    assert "10 characters" in stranger.refusal("password")
    await stranger.send("//main//form", name="Eve", email=email, password="correct horse two")
    known = stranger.reads.replace(email, "")
    await stranger.go("/register")
    await stranger.send("//main//form", name="Eve", email="new" + email, password="correct horse two")

    assert stranger.reads.replace("new" + email, "") == known
    await stranger.log_in(email, "correct horse two")
    assert stranger.path == "/login"


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "\\\\evil",
    ],
)
async def test_nobody_is_sent_to_another_site_after_log_in(market: Market, onward: str) -> None:
    made, email = await _customer(market)
    await made.post("/logout", sure="yes")
    page = (await made.client.get("/login", params={"next": onward})).text
    assert "evil" not in page.split("<main")[1].split("</main")[0]

    answer = await made.post("/login", email=email, password=PASSWORD, next=onward)

    assert answer.headers["location"] == "/account"
    inside = await made.client.get("/login", params={"next": onward})
    assert inside.headers["location"] == "/account"


async def test_who_is_not_logged_in_is_asked_to_and_comes_back(market: Market) -> None:
    made, email = await _customer(market)
    assert made.client.cookies["session"].startswith("rkr_")
    await made.post("/logout", sure="yes")
    assert "session" not in made.client.cookies

    await made.go("/account/addresses")
    assert made.at == "/login?next=%2Faccount%2Faddresses"
    await made.send("//main//form", email=email, password=PASSWORD)

    assert made.path == "/account/addresses"
    for wrong in ("rkr_" + "x" * 43, "nonsense", "rkr_\x7f"):
        stranger = market.visitor()
        stranger.client.cookies.set("session", wrong)
        await stranger.go("/account")
        assert stranger.path == "/login"


async def test_the_cookie_of_a_session_is_for_no_script_and_ends_with_it(market: Market) -> None:
    made, email = await _customer(market)
    await made.post("/logout", sure="yes")
    answer = await made.post("/login", email=email, password=PASSWORD, next="")
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("session=")]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = made.client.cookies["session"]

    await made.post("/logout", sure="yes")

    made.client.cookies.set("session", token)
    await made.go("/account")
    assert made.path == "/login"


async def test_addresses_are_kept_changed_chosen_and_deleted(market: Market) -> None:
    made, _ = await _customer(market)
    form = {name.removeprefix("s_"): value for name, value in ADDRESS.items()}
    await made.go("/account/addresses/new")
    await made.send(MAIN, **{**form, "city": ""})
    assert "town" in made.refusal("city")
    await made.send(MAIN, **{**form, "company": HOSTILE})
    assert "The address is saved." in made.reads
    assert "<script>alert" not in made.seen[-1].text

    (edit,) = made.page.xpath("//a[starts-with(@href, '/account/addresses/0')]/@href")
    await made.go(edit)
    await made.send(MAIN, line1="Elsewhere 9", company="")
    assert "Elsewhere 9" in made.reads
    await made.take("mug")
    page = await made.go("/checkout")
    assert page.xpath("//input[@name='saved'][@checked]")
    await made.send("//main//form[.//input[@name='email']]", s_line1="")
    assert made.path == "/checkout/shipping"
    assert "Elsewhere 9" in made.reads

    await made.go("/account/addresses")
    await made.send("//form[.//button[@name='delete']]", press=("delete", edit.rsplit("/", 1)[1]))
    assert "Elsewhere 9" not in made.reads
    stranger, _ = await _customer(market)
    await stranger.go(edit)
    assert stranger.status == 404


async def test_a_customer_buys_and_finds_the_order_again(market: Market) -> None:
    made, email = await _customer(market)
    await made.take("teapot")
    await made.to_payment(email=email)
    await made.order("card")
    order = made.path

    page = await made.go("/account")
    assert page.xpath(f"//a[@href='{order}']")
    page = await made.go("/account/orders")
    (row,) = page.xpath(f"//a[@href='{order}']")
    assert "confirmed" in text_of(row)

    other, _ = await _customer(market)
    assert not (await other.go("/account/orders")).xpath(f"//a[@href='{order}']")


async def test_details_and_password_change_with_a_form_each(market: Market) -> None:
    made, email = await _customer(market)
    elsewhere = market.visitor()
    await elsewhere.log_in(email)
    await made.go("/account/details")

    form = "//form[.//input[@value='{}']]"
    await made.send(form.format("details"), name=HOSTILE, phone="+49 30 1234")
    assert "Your details are saved." in made.reads
    assert "<script>alert" not in made.seen[-1].text
    await made.send(form.format("password"), present="wrong one", password="a new long password")
    assert "not your present password" in made.refusal("present")
    await made.send(form.format("password"), present=PASSWORD, password="a new long password")
    assert "Other devices are logged out." in made.reads

    await elsewhere.go("/account")
    assert elsewhere.path == "/login"
    await made.go("/account")
    assert made.path == "/account"


async def test_data_is_handed_out_and_erased_for_the_password_only(market: Market) -> None:
    made, email = await _customer(market)

    export = await made.post("/account/data", do="export")
    assert export.headers["content-disposition"].startswith("attachment")
    assert export.headers["cache-control"] == "private, no-store"
    assert email in export.text
    await made.go("/account/data")
    await made.send("//form[.//input[@value='erase']]", password="wrong one")
    assert "not your present password" in made.refusal("password")
    await made.send("//form[.//input[@value='erase']]", password=PASSWORD)

    assert made.path == "/login"
    assert "Your account is deleted." in made.reads
    await made.log_in(email)
    assert made.path == "/login"


async def test_a_forgotten_password_says_the_same_to_everybody(market: Market) -> None:
    _, email = await _customer(market)
    stranger = market.visitor()

    said = []
    for address in (email, _email()):
        await stranger.go("/forgot")
        await stranger.send("//main//form", email=address)
        said.append(stranger.reads.replace(address, ""))
    assert said[0] == said[1]
    await stranger.go("/reset?token=nonsense")
    await stranger.send("//main//form", password="a new long password")

    assert stranger.status == 422
    assert "used already or is too old" in stranger.reads


async def test_the_link_in_a_mail_sets_a_new_password_once(market: Market) -> None:
    made, email = await _customer(market)
    await made.go("/forgot")
    await made.send("//main//form", email=email)
    link = await market.link(email, "/reset")

    await made.go(link)
    await made.send("//main//form", password="short")
    assert "10 characters" in made.refusal("password")
    await made.send("//main//form", password="a new long password")
    assert made.path == "/login"
    assert "Your new password is set." in made.reads
    await made.log_in(email)
    assert made.path == "/login"
    await made.log_in(email, "a new long password")
    assert made.path == "/account"

    await made.go(link)
    await made.send("//main//form", password="another long password")
    assert (made.status, made.path) == (422, "/reset")
    assert "used already or is too old" in made.reads


async def test_the_link_in_a_mail_confirms_the_address(market: Market) -> None:
    made, email = await _customer(market)
    assert f"Please confirm that {email} is yours" in made.reads
    link = await market.link(email, "/verify")

    await made.go(link)
    assert "Please confirm" in text_of(await made.go("/account"))
    await made.go(link)
    await made.send("//main//form")

    assert made.path == "/account"
    assert "your address is confirmed" in made.reads
    assert "Please confirm" not in made.reads


async def test_an_address_is_confirmed_by_a_button_and_not_by_looking(market: Market) -> None:
    made, _ = await _customer(market)

    page = await made.go("/verify?token=rkv_nonsense")
    assert page.xpath("//main//form//input[@name='token']")
    await made.send("//main//form")

    assert "used already or is too old" in made.reads
    assert made.page.xpath("//main//form//input[@name='email']")
