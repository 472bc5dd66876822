"""Somebody without a mouse buys things in a real browser, with scripts and without. Needs Chromium."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from tests.conftest import Addresses
from tests.server.test_graphql_http import free_port
from tests.storefront.buying import PASSWORD, Market

from rustok.commerce.orders import fulfilling

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed: no browser to test with")
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here: no browser to test with")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address(addresses: Addresses, market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `rustok serve` answers for the shop."""
    port = free_port()
    environment = {
        **os.environ, "DATABASE_URL": addresses.owner, "RUSTOK_SECRET_KEY": "only for tests",
        "RUSTOK_HOME": str(tmp_path_factory.mktemp("served")), "RUSTOK_PORT": str(port),
        "RUSTOK_DEFAULT_TENANT": market.shop.tenant.slug,
    }  # fmt: skip
    call = [sys.executable, "-c", "from rustok.server.cli import main; main()", "serve"]
    process = subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            assert process.poll() is None, "the server ended"
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


class Keyboard:
    """A page and ten fingers: nothing is clicked, nothing is filled in by its id."""

    def __init__(self, page: "playwright.Page", address: str) -> None:
        self.page = page
        self.address = address

    async def open(self, path: str) -> None:
        """Type an address."""
        await self.page.goto(self.address + path, wait_until="load")

    async def to(self, name: str, *, kind: str = "", most: int = 90) -> None:
        """Press Tab until what is called so has the focus, and can be seen to have it."""
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            found = await self.page.evaluate(_FOCUSED)
            if name in found["name"] and (not kind or found["kind"] == kind):
                assert found["seen"], f"nobody sees that {name} has the focus"
                return
        raise AssertionError(f"{name!r} cannot be reached on {self.page.url}")

    async def type(self, name: str, text: str) -> None:
        """Write into the field of this name."""
        await self.to(name)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def choose(self, name: str, text: str) -> None:
        """Choose in a list by its first letters."""
        await self.to(name, kind="select")
        await self.page.keyboard.type(text)

    async def pick(self, name: str) -> None:
        """One of several: Tab leads to the group, the arrows through it."""
        await self.to("", kind="radio")
        for _ in range(12):
            if (await self.page.evaluate(_FOCUSED))["name"].split("|")[1].strip().startswith(name):
                await self.page.keyboard.press("Space")
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{name!r} is not offered on {self.page.url}")

    async def press(self, name: str, *, kind: str = "") -> None:
        """Follow a link or press a button."""
        await self.to(name, kind=kind)
        async with self.page.expect_navigation(wait_until="load"):
            await self.page.keyboard.press("Enter")

    async def reads(self) -> str:
        """What the main part says, with single spaces."""
        return " ".join((await self.page.inner_text("main")).split())

    async def fits(self) -> None:
        """Nothing is wider than the screen."""
        over = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{self.page.url} is {over} pixels too wide"


_FOCUSED = """() => {
  const it = document.activeElement, own = it.labels && it.labels.length ? it.labels[0].innerText : '';
  const style = getComputedStyle(it);
  return { name: [it.getAttribute('aria-label') || '', own, it.innerText || '', it.placeholder || ''].join(' | '),
           kind: it.type === 'radio' ? 'radio' : it.tagName.toLowerCase(),
           seen: it.matches(':focus-visible') && style.outlineStyle !== 'none' && style.outlineWidth !== '0px' } }"""


@pytest.fixture(
    params=[f"{scripts} scripts, {screen}" for scripts in ("with", "without") for screen in ("on a phone", "at a desk")]
)
async def keyboard(request: pytest.FixtureRequest, address: str) -> AsyncIterator[Keyboard]:
    """A fresh browser."""
    scripts, screen = request.param.startswith("with scripts"), PHONE if "phone" in request.param else DESK
    async with playwright.async_playwright() as it:
        browser = await it.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(viewport=screen, java_script_enabled=scripts)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        yield Keyboard(page, address)
        await browser.close()


async def _take(keyboard: Keyboard, handle: str) -> None:
    await keyboard.open(f"/products/{handle}")
    await keyboard.fits()
    await keyboard.type("Quantity", "2")
    await keyboard.press("Add to cart")
    assert "It is in your cart." in await keyboard.reads()
    await keyboard.fits()
    await keyboard.press("Go to checkout")


async def _where(keyboard: Keyboard) -> None:
    await keyboard.type("First and last name", "Ada Lovelace")
    await keyboard.choose("Country", "Germany")
    await keyboard.type("Street and number", "Unter den Linden 1")
    await keyboard.type("Postcode", "10117")
    await keyboard.type("Town or city", "Berlin")
    await keyboard.press("Continue to shipping")


async def _pay(keyboard: Keyboard, method: str) -> None:
    await keyboard.fits()
    await keyboard.press("Continue to payment")
    await keyboard.fits()
    await keyboard.pick(method)
    await keyboard.press("Place order and pay")


async def test_a_guest_buys_with_the_keyboard_alone(market: Market, keyboard: Keyboard) -> None:
    handle = await market.stock(20, title="Harbour lamp")
    await _take(keyboard, handle)
    await keyboard.fits()

    await keyboard.type("E-mail", "not an address@")
    await keyboard.page.evaluate("document.querySelector('main form').noValidate = true")
    await keyboard.press("Continue to shipping")
    said = await keyboard.reads()
    assert "need your attention" in said
    assert "name@example.com" in said
    assert await keyboard.page.evaluate("document.activeElement.id") == "refusals"
    await keyboard.fits()
    await keyboard.type("E-mail", "keys@example.com")
    await _where(keyboard)
    await _pay(keyboard, "Declined")

    said = await keyboard.reads()
    assert "not paid yet" in said
    assert "The card was refused" in said
    await keyboard.fits()
    await keyboard.pick("Card3Ds")
    await keyboard.press("Pay €")
    assert "/pay/test/" in keyboard.page.url
    await keyboard.press("Approve")

    assert "/orders/" in keyboard.page.url
    said = await keyboard.reads()
    assert "Thank you!" in said
    assert "Harbour lamp" in said
    await keyboard.fits()


async def test_a_customer_buys_with_the_keyboard_alone(market: Market, keyboard: Keyboard) -> None:
    handle = await market.stock(20, title="Harbour lamp")
    email = f"{os.urandom(5).hex()}@example.com"
    await market.visitor().sign_up(email)
    await _take(keyboard, handle)

    await keyboard.press("Log in", kind="a")
    await keyboard.type("E-mail", email)
    await keyboard.type("Password", PASSWORD)
    await keyboard.press("Log in", kind="button")
    assert keyboard.page.url.endswith("/checkout")
    assert await keyboard.page.input_value("#f-email") == email
    await _where(keyboard)
    await _pay(keyboard, "Card")
    said = await keyboard.reads()
    assert "Thank you!" in said, said

    await keyboard.press("Your account")
    await keyboard.fits()
    assert "confirmed" in await keyboard.reads()
    await keyboard.press("Log out")
    assert "You are logged out." in await keyboard.reads()


async def test_who_was_slower_reads_what_is_left_and_takes_it(market: Market, keyboard: Keyboard) -> None:
    handle = await market.stock(2, title="Last lamp")
    await _take(keyboard, handle)
    await keyboard.type("E-mail", "slow@example.com")
    await _where(keyboard)
    faster = market.visitor()
    await faster.take(handle, 1)
    await faster.to_payment()
    await faster.order("card")

    await _pay(keyboard, "Card")
    said = await keyboard.reads()
    assert "Somebody was faster" in said
    assert "Last lamp: 1 is left of the 2 you want." in said
    await keyboard.fits()
    await keyboard.press("Take what is left")

    assert "The quantities are changed." in await keyboard.reads()


async def test_a_customer_saves_something_buys_it_later_and_sends_it_back_with_the_keyboard_alone(
    market: Market, keyboard: Keyboard
) -> None:
    handle = await market.stock(20, title="Harbour lamp")
    email = f"{os.urandom(5).hex()}@example.com"
    await market.visitor().sign_up(email)
    await keyboard.open(f"/products/{handle}")
    await keyboard.press("Save to a wish list")
    await keyboard.type("E-mail", email)
    await keyboard.type("Password", PASSWORD)
    await keyboard.press("Log in", kind="button")
    assert "Harbour lamp" in await keyboard.reads()
    await keyboard.fits()
    await keyboard.press("Save", kind="button")
    assert "It is on your wish list." in await keyboard.reads()
    await keyboard.fits()

    await keyboard.press("Add Harbour lamp to the cart")
    assert "It is in your cart now." in await keyboard.reads()
    await keyboard.press("Go to the cart")
    await keyboard.type("Quantity of Harbour lamp", "21")
    await keyboard.press("Go to checkout")
    assert "Only 20 are left" in await keyboard.reads()
    assert await keyboard.page.evaluate("document.activeElement.id") == "refusals"
    await keyboard.fits()
    await keyboard.type("Quantity of Harbour lamp", "2")
    await keyboard.press("Go to checkout")
    await _where(keyboard)
    await _pay(keyboard, "Card")
    assert "Thank you!" in await keyboard.reads()

    order_id = await market.value("SELECT id FROM commerce_orders WHERE email = :email", email=email)
    async with market.shop.host.database.open(market.shop.tenant) as context:
        await fulfilling.deliver(context, (await fulfilling.fulfil(context, order_id)).id)
    await keyboard.open(keyboard.page.url.removeprefix(keyboard.address))
    await keyboard.press("Send something back")
    await keyboard.press("Ask to send it back")
    assert "at least one thing" in await keyboard.reads()
    await keyboard.fits()
    await keyboard.type("How many?", "1")
    await keyboard.choose("Why?", "It arrived damaged")
    await keyboard.press("Ask to send it back")

    assert "We have your wish to send something back." in await keyboard.reads()
    await keyboard.fits()
