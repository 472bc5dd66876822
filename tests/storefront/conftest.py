"""A furnished shop behind the real application: products, posts and pages written by services, read from the index."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from lxml import etree, html
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Addresses

from rustok.commerce.products import saving
from rustok.commerce.products.drafts import (
    ImageDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    ProductStatus,
    SeoDraft,
    VariantDraft,
)
from rustok.core.categories import service as topics
from rustok.core.content import saving as writing
from rustok.core.content.drafts import CommentDraft, NodeDraft
from rustok.core.tenants import service as tenants
from rustok.core.translations import service as translations
from rustok.kernel.context import TenantInfo
from rustok.kernel.settings import Settings
from rustok.server import app as web
from rustok.server import modules
from rustok.server.host import Host

if TYPE_CHECKING:
    from tests.storefront.buying import Market

HOSTILE = """</script><script>alert(1)</script>"'><img src=x onerror=alert(2)>{{ 7*7 }}"""
COLOURS = ("Clay", "Indigo", "Fog")
SIZES = ("S", "M")


@dataclass
class Shop:
    """One tenant as its visitors reach it."""

    tenant: TenantInfo
    host: Host
    client: httpx.AsyncClient
    app: web.Application

    def visitor(self) -> httpx.AsyncClient:
        """Somebody with cookies and a public address of their own."""
        address = (f"45.{'.'.join(str(byte) for byte in os.urandom(3))}", 4000)
        transport = httpx.ASGITransport(self.app, client=address)
        return httpx.AsyncClient(transport=transport, base_url=str(self.client.base_url))

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page as a stranger gets it, without following redirects."""
        self.client.cookies.clear()
        return await self.client.get(path, headers=headers)

    async def page(self, path: str, **headers: str) -> html.HtmlElement:
        """A page that is there, parsed."""
        response = await self.get(path, **headers)
        assert response.status_code == 200, (path, response.status_code, response.text[:400])
        return html.fromstring(response.text)

    async def catch_up(self) -> None:
        """Bring the read model up to date."""
        await modules.workers(self.host.registry, self.host.database).catch_up()

    @contextlib.contextmanager
    def statements(self) -> Iterator[list[str]]:
        """What is sent to PostgreSQL, without the frame of each transaction."""
        sent: list[str] = []

        def note(_1: object, _2: object, statement: str, *_: object) -> None:
            if not statement.startswith(("SET TRANSACTION", "SELECT set_config")):
                sent.append(statement)

        readers = self.host.readers
        read = readers.rows

        async def noted(tenant: UUID, sql: str, values: Sequence[Any] = ()) -> list[Any]:
            sent.append(sql)
            return await read(tenant, sql, values)

        engine = self.host.database.app.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        readers.rows = noted  # type: ignore[method-assign]  # it still reads
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)
            del readers.rows  # type: ignore[method-assign]  # of this one object


@pytest.fixture(scope="session")
async def shop(
    addresses: Addresses, owner: Callable[[], AsyncSession], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    """A shop with a magazine in English and Russian. Tests read it; those that write make products of their own."""
    home: Path = tmp_path_factory.mktemp("home")
    host = Host.open(Settings(home=home, secret_key="only for tests"), addresses.owner)
    slug = f"sf-{os.urandom(5).hex()}"
    async with owner() as session:
        tenant = await tenants.create(
            session, slug=slug, name="Corner & Shop", hosts=[f"{slug}.test"], locales=("en", "ru"), default_locale="en",
            currencies=("EUR", "RUB"), default_currency="EUR",
        )  # fmt: skip
        await session.commit()
    app = web.build(host)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{slug}.test") as client:
        made = Shop(tenant, host, client, app)
        await _furnish(made)
        await made.catch_up()
        yield made
    await host.close()


@pytest.fixture(scope="session")
async def market(shop: Shop) -> "Market":
    """The shop with ways to ship and to pay."""
    from tests.storefront import buying  # here, because it stands on this file

    return await buying.open_market(shop)


def variant(colour: str, size: str, *, price: int = 2400, quantity: int = 7, place: int = 0) -> VariantDraft:
    """A mug in a colour and a size."""
    return VariantDraft(
        options={"Colour": colour, "Size": size},
        sku=f"MUG-{colour}-{size}".upper(),
        prices=(PriceDraft(currency="EUR", amount_minor=price), PriceDraft(currency="RUB", amount_minor=129900)),
        quantity=quantity,
        manage_inventory=True,
        weight_grams=390,
        position=place,
    )


async def _furnish(shop: Shop) -> None:
    image = ImageDraft(url="https://pictures.example/mug.jpg", alt_text="A mug")
    mug = ProductDraft(
        handle="mug", title="Harbour mug", subtitle="Stoneware", status=ProductStatus.PUBLISHED, vendor="Clay & Kelp",
        description_html="<p>The mug <strong>we</strong> drink from.</p>", tags=("stoneware", "gift"),
        categories=(("Table", "Ceramics"),), images=(image,),
        options=(OptionDraft(name="Colour", values=COLOURS), OptionDraft(name="Size", values=SIZES)),
        seo=SeoDraft(title="Harbour mug, thrown by hand", description="A mug with a place for your thumb."),
        variants=tuple(
            variant(c, s, price=2400 + 400 * SIZES.index(s), quantity=0 if c == "Fog" else 7, place=i)
            for i, (c, s) in enumerate((c, s) for c in COLOURS for s in SIZES if (c, s) != ("Indigo", "S"))
        ),
    )  # fmt: skip
    others = [
        ProductDraft(
            handle=f"bowl-{n}", title=f"Bowl number {n}", status=ProductStatus.PUBLISHED, vendor="Bowl House",
            categories=(("Table", "Ceramics") if n % 2 else ("Table",),), tags=("stoneware",),
            variants=(VariantDraft(prices=(PriceDraft(currency="EUR", amount_minor=1000 + n),), quantity=n),),
        )
        for n in range(30)
    ]  # fmt: skip
    bare = ProductDraft(handle="bare", title="Bare thing", status=ProductStatus.PUBLISHED)
    hostile = ProductDraft(
        handle="hostile", title=HOSTILE, subtitle=HOSTILE, vendor=HOSTILE, product_type=HOSTILE,
        status=ProductStatus.PUBLISHED, tags=("<b>tag</b>",), seo=SeoDraft(title=HOSTILE, description=HOSTILE),
        options=(OptionDraft(name="<i>Size</i>", values=("<u>a</u>", '"b"')),),
        variants=tuple(VariantDraft(options={"<i>Size</i>": value}) for value in ("<u>a</u>", '"b"')),
    )  # fmt: skip
    async with shop.host.database.open(shop.tenant) as context:
        saved = await saving.save_many(context, [mug, *others, bare, hostile])
        assert not saved.failed
        await translations.set_fields(
            context, "product", saved.ids["mug"], locale="ru", fields={"title": "Кружка «Гавань»"}
        )
        await topics.create(context, name="Makers", slug="makers", description="Visits.")
        comments = (
            CommentDraft(external_key="c1", body="<p>First!</p>", author_name="Ann <b>"),
            CommentDraft(external_key="c2", body="<p>Indeed.</p>", author_name="Bob", parent_key="c1"),
        )
        posts = [
            NodeDraft(
                kind="post", slug=f"post-{n}", title=f"Post number {n} & more", body=f"<p>Words of post {n}.</p>",
                status="published", tags=("stoneware",), categories=("makers",), author_name="Noor",
                comments_open=True, comments=comments if n == 0 else (),
            )
            for n in range(15)
        ]  # fmt: skip
        locked = NodeDraft(
            kind="post",
            slug="locked",
            title="Locked",
            body="<p>Very secret words.</p>",
            status="published",
            password="sesame",
        )
        pages = [
            NodeDraft(kind="page", slug="about", title="About", body="<h2>Us</h2><p>We.</p>", status="published"),
            NodeDraft(
                kind="page", slug="team", title="Team", body="<p>Who.</p>", status="published", parent_key="page/about"
            ),
        ]
        written = await writing.save_many(context, [*posts, locked, *pages])
        assert not written.refused


def text_of(element: html.HtmlElement) -> str:
    """What a reader reads, with single spaces."""
    return " ".join(element.text_content().split())


def xml(response: httpx.Response) -> etree._Element:
    """A well-formed XML document; entities and networks are not asked for."""
    return etree.fromstring(response.content, etree.XMLParser(resolve_entities=False, no_network=True))
