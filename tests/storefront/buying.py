"""Somebody who fills in forms as a browser without scripts does, and a shop in which everything can be bought."""

import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html
from sqlalchemy import text
from tests.storefront.conftest import Shop, text_of

from rustok.commerce.payments import arranging
from rustok.commerce.places.service import Place
from rustok.commerce.products import saving
from rustok.commerce.products.drafts import PriceDraft, ProductDraft, ProductStatus, VariantDraft
from rustok.commerce.shipping import methods, zones
from rustok.commerce.shipping.methods import PriceGiven
from rustok.core.mailing import composing
from rustok.core.mailing import service as mailing
from rustok.core.mailing.post import Post

PASSWORD = "correct horse battery"
ADDRESS = {
    "s_name": "Ada Lovelace", "s_country": "DE", "s_line1": "Unter den Linden 1", "s_postcode": "10117",
    "s_city": "Berlin",
}  # fmt: skip


@dataclass
class Visitor:
    """One browser."""

    shop: Shop
    client: httpx.AsyncClient
    at: str = "/"
    status: int = 200
    page: html.HtmlElement = field(default_factory=lambda: html.fromstring("<html/>"))
    seen: list[httpx.Response] = field(default_factory=list)

    async def go(self, path: str) -> html.HtmlElement:
        """Open a page, and whatever it leads to."""
        return await self._follow(await self.client.get(path))

    async def post(self, path: str, **values: str) -> httpx.Response:
        """Send a form that no page showed; nothing is followed."""
        return await self.client.post(path, data=values)

    async def send(self, where: str, /, press: tuple[str, str] | None = None, **values: str) -> html.HtmlElement:
        """Fill in the form that `where` (XPath) finds on the page and send it, with the button that is pressed."""
        (form,) = self.page.xpath(where)
        known = dict(form.form_values())
        address = urljoin(self.at, form.get("action") or "")
        return await self._follow(
            await self.client.post(address, data={**known, **values, **(dict([press]) if press else {})})
        )

    async def _follow(self, response: httpx.Response) -> html.HtmlElement:
        self.seen = [response]
        while response.is_redirect:
            response = await self.client.get(urljoin(str(response.url), response.headers["location"]))
            self.seen.append(response)
        self.at, self.status = str(response.request.url.raw_path.decode()), response.status_code
        self.page = html.fromstring(response.text)
        return self.page

    @property
    def path(self) -> str:
        """Where the browser stands, without the query."""
        return urlsplit(self.at).path

    @property
    def reads(self) -> str:
        """What the main part of the page says."""
        return text_of(self.page.xpath("//main")[0])

    def refusal(self, name: str) -> str:
        """What is said beside a field, which must be tied to the field and told above the form too."""
        (control,) = self.page.xpath(f"//*[@id='f-{name}']")
        assert f"f-{name}-refusal" in control.get("aria-describedby"), name
        (note,) = self.page.xpath(f"//*[@id='f-{name}-refusal']")
        said = text_of(note)
        assert said in text_of(self.page.xpath("//*[@id='refusals']")[0])
        assert self.page.xpath(f"//*[@id='refusals']//a[@href='#f-{name}']")
        return said

    async def take(self, handle: str, quantity: int = 1) -> html.HtmlElement:
        """Put something into the cart from its page."""
        await self.go(f"/products/{handle}")
        return await self.send("//form[@id='take']", quantity=str(quantity))

    async def to_payment(self, *, email: str = "ada@example.com", **address: str) -> html.HtmlElement:
        """Through the first steps of the checkout."""
        await self.go("/checkout")
        await self.send("//main//form[.//input[@name='email']]", email=email, **{**ADDRESS, **address})
        assert self.path == "/checkout/shipping", self.reads
        return await self.send("//main//form[.//input[@name='method']]")

    async def order(self, method: str = "card", **values: str) -> html.HtmlElement:
        """Press the button."""
        return await self.send("//form[@data-once]", method=method, **values)

    async def sign_up(self, email: str, name: str = "Ada") -> None:
        """Register and log in."""
        await self.go("/register")
        await self.send("//main//form", name=name, email=email, password=PASSWORD)
        await self.log_in(email)

    async def log_in(self, email: str, password: str = PASSWORD) -> html.HtmlElement:
        """Log in with the form."""
        await self.go("/login")
        return await self.send("//main//form[.//input[@name='password']]", email=email, password=password)


@dataclass
class Market:
    """The shop, its visitors, and what stands in its books."""

    shop: Shop

    def visitor(self) -> Visitor:
        """Somebody new."""
        return Visitor(self.shop, self.shop.visitor())

    async def stock(self, quantity: int, *, price: int = 2000, title: str = "A lamp", handle: str = "") -> str:
        """A product of its own for a test; its handle."""
        handle = handle or f"lamp-{os.urandom(4).hex()}"
        variant = VariantDraft(
            sku=handle.upper(), prices=(PriceDraft(currency="EUR", amount_minor=price),), quantity=quantity,
            manage_inventory=True,
        )  # fmt: skip
        draft = ProductDraft(handle=handle, title=title, status=ProductStatus.PUBLISHED, variants=(variant,))
        async with self.shop.host.database.open(self.shop.tenant) as context:
            assert not (await saving.save_many(context, [draft])).failed
        await self.shop.catch_up()
        return handle

    async def link(self, email: str, path: str) -> str:
        """The link to that page in the last mail to the address, as its reader follows it."""
        host = self.shop.host
        async with host.database.open(self.shop.tenant) as context:
            mails = (await context.session.scalars(mailing.every(query=email))).all()
            post: Post = host.database.resources[Post]
            texts = [composing.letter(post, context.tenant, one).text for one in sorted(mails, key=lambda one: one.id)]
        found = [link for text in texts for link in re.findall(r"https?://\S+", text) if urlsplit(link).path == path]
        return found[-1].removeprefix(found[-1].split(path)[0])

    async def count(self, table: str, where: str = "true") -> int:
        """Rows of the tenant."""
        return int(await self.value(f"SELECT count(*) FROM {table} WHERE {where}") or 0)

    async def value(self, sql: str, **values: Any) -> Any:
        """One value."""
        async with self.shop.host.database.open(self.shop.tenant) as context:
            return await context.session.scalar(text(sql), values)


async def open_market(shop: Shop) -> Market:
    """Parcels to Germany and Great Britain, and cards of every temper."""
    async with shop.host.database.open(shop.tenant) as context:
        places = [Place(country=code, region="", postcodes="") for code in ("DE", "GB")]
        zone = await zones.create(context, name="Near", places=places)
        prices = [PriceGiven(currency="EUR", price_minor=490), PriceGiven(currency="RUB", price_minor=49000)]
        await methods.create(context, zone.id, name="Parcel", prices=prices)
        for code, scenario in (("card", "success"), ("card3ds", "three_d_secure"), ("declined", "decline")):
            await arranging.create(
                context, code=code, provider="test", names={"en": code.title(), "ru": code.title()},
                settings={"scenario": scenario},
            )  # fmt: skip
    made = Market(shop)
    await made.stock(1_000, price=2400, title="A teapot", handle="teapot")
    return made
