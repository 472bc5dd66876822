"""Whatever staff change through the admin API, every page and query that showed it is right soon after."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.server.conftest import OpenSite, Site, application, following, host, open_site
from tests.server.furnishing import furnish

from rustok.kernel.working import Workers
from rustok.server import modules
from rustok.server.host import Host

__all__ = ["application", "following", "host", "open_site"]  # fixtures of the server's tests, used here as well
PATIENCE = 8.0  # seconds; it is meant to be within one, but other tests may have the machine


@pytest.fixture(scope="module")
async def workers(host: Host) -> AsyncIterator[Workers]:
    """Everything that follows the log, running."""
    made = modules.workers(host.registry, host.database)
    made.start()
    yield made
    await made.stop()


@pytest.fixture
async def site(open_site: OpenSite, workers: Workers) -> Site:
    """A furnished site whose pages are all there."""
    made = await open_site()
    await furnish(made)
    await soon(lambda: shows(made, "/products/red-boat", "Red boat"))
    await soon(lambda: shows(made, "/blog/hello", "Hello boats"))
    return made


async def soon(is_so: Callable[[], Awaitable[Any]]) -> None:
    """Wait until it is so."""
    began = asyncio.get_running_loop().time()
    while True:
        try:
            assert await is_so()
        except AssertionError:
            if asyncio.get_running_loop().time() - began > PATIENCE:
                raise
            await asyncio.sleep(0.05)
        else:
            print(f"right after {asyncio.get_running_loop().time() - began:.2f} s")  # noqa: T201 - `pytest -rP` shows it
            return


async def shows(site: Site, path: str, *texts: str, without: str | None = None) -> bool:
    """Whether a page is there and shows these texts."""
    page = await site.page(path)
    assert page.status_code == 200, (path, page.status_code)
    shown = re.sub(r"\s+", " ", page.text)
    assert all(one in shown for one in texts), (path, texts)
    assert without is None or without not in shown, (path, without)
    return True


async def leads(site: Site, old: str, new: str) -> bool:
    """Whether an old address answers 301 to the new one."""
    page = await site.page(old)
    assert page.status_code == 301, (old, page.status_code)
    assert page.headers["location"].removeprefix(str(site.client.base_url).rstrip("/")) == new
    return True


async def change(site: Site, mutation: str, **variables: Any) -> None:
    """Run one mutation of the admin API that must succeed."""
    await site.admin(mutation, **variables)


async def version(site: Site, field: str, identity: str) -> int:
    """The version of a thing as staff read it."""
    found = await site.admin(f"query($id: ID!) {{ {field}(id: $id) {{ version }} }}", id=identity)
    number: int = found[field]["version"]
    return number


async def test_a_commerce_category_is_renamed(site: Site) -> None:
    identity = site.ids["commerce_category"]
    await change(
        site,
        """mutation($id: ID!, $v: Int!) { commerceCategoryUpdate(id: $id, input: {version: $v, name: "Vessels",
          handle: "vessels"}) { userErrors { code message } } }""",
        id=identity,
        v=await version(site, "commerceCategory", identity),
    )
    await soon(lambda: shows(site, "/categories/vessels", "Vessels", "Red boat"))
    await soon(lambda: shows(site, "/products/red-boat", "Vessels", "/categories/vessels", without="/categories/boats"))
    await soon(lambda: leads(site, "/categories/boats", "/categories/vessels"))

    async def queried() -> bool:
        found = await site.ask(
            """{ product(handle: "red-boat") { categories { name handle } } old: category(handle: "boats") { handle }
              products(where: {category: {eq: "vessels"}}) { totalCount facets { name values { value label } } } }"""
        )
        assert found["product"]["categories"] == [{"name": "Vessels", "handle": "vessels"}]
        assert found["old"] == {"handle": "vessels"}
        assert found["products"]["totalCount"] == 1
        return True

    await soon(queried)


async def test_a_content_category_is_renamed(site: Site) -> None:
    identity = site.ids["category"]
    await change(
        site,
        """mutation($id: ID!, $v: Int!) { contentCategoryUpdate(id: $id, input: {version: $v, name: "Reports",
          slug: "reports"}) { userErrors { code message } } }""",
        id=identity,
        v=await version(site, "contentCategory", identity),
    )
    await soon(lambda: shows(site, "/blog/category/reports", "Reports", "Hello boats"))
    await soon(lambda: shows(site, "/blog/hello", "Reports"))
    await soon(lambda: leads(site, "/blog/category/news", "/blog/category/reports"))


async def test_a_tag_is_renamed(site: Site) -> None:
    identity = site.ids["tag"]
    await change(
        site,
        """mutation($id: ID!, $v: Int!) { tagUpdate(id: $id, input: {version: $v, name: "Ocean", slug: "ocean"})
          { userErrors { code message } } }""",
        id=identity,
        v=await version(site, "tag", identity),
    )
    await soon(lambda: shows(site, "/tags/ocean", "Ocean", "Red boat", "Hello boats"))
    await soon(lambda: leads(site, "/tags/sea", "/tags/ocean"))

    async def queried() -> bool:
        found = await site.ask('{ product(handle: "red-boat") { tags } content(kind: "post", slug: "hello") { tags } }')
        assert (found["product"]["tags"], found["content"]["tags"]) == (["Ocean"], ["Ocean"])
        return True

    await soon(queried)


async def test_a_products_handle_and_title_change(site: Site) -> None:
    identity = site.ids["product"]
    await change(
        site,
        """mutation($id: ID!, $v: Int!) { productUpdate(id: $id, input: {version: $v, title: "Crimson boat",
          handle: "crimson-boat"}) { userErrors { code message } } }""",
        id=identity,
        v=await version(site, "product", identity),
    )
    await soon(lambda: shows(site, "/products/crimson-boat", "Crimson boat"))
    await soon(lambda: leads(site, "/products/red-boat", "/products/crimson-boat"))
    await soon(lambda: leads(site, "/ru/products/red-boat", "/ru/products/crimson-boat"))
    await soon(lambda: shows(site, "/categories/boats", "Crimson boat", without="Red boat"))
    await soon(lambda: shows(site, "/search?q=crimson", "Crimson boat"))

    async def queried() -> bool:
        found = await site.ask(
            '{ product(handle: "red-boat") { handle title } search(query: "crimson") { totalCount } }'
        )
        assert found == {"product": {"handle": "crimson-boat", "title": "Crimson boat"}, "search": {"totalCount": 1}}
        return True

    await soon(queried)


async def test_a_price_changes(site: Site) -> None:
    await change(
        site,
        """mutation($id: ID!) { variantPricesSet(variantId: $id, prices: [
            {price: {amount: "24.50", currencyCode: "EUR"}, compareAt: {amount: "30.00", currencyCode: "EUR"}},
            {price: {amount: "27.00", currencyCode: "USD"}}]) { userErrors { code message } } }""",
        id=site.ids["variant"],
    )
    await soon(lambda: shows(site, "/products/red-boat", "24.50", without="19.99"))
    await soon(lambda: shows(site, "/categories/boats", "24.50", without="19.99"))

    async def queried() -> bool:
        price = "priceRange { min { amount currencyCode } }"
        found = await site.ask(
            f'{{ product(handle: "red-boat") {{ {price} }}'
            f' in: product(handle: "red-boat", currency: "USD") {{ {price} }}'
            ' cheap: products(where: {price: {lte: "20"}}) { totalCount } }'
        )
        assert found["product"]["priceRange"]["min"] == {"amount": "24.50", "currencyCode": "EUR"}
        assert found["in"]["priceRange"]["min"] == {"amount": "27.00", "currencyCode": "USD"}
        assert found["cheap"]["totalCount"] == 0
        return True

    await soon(queried)


async def test_a_stock_level_changes(site: Site) -> None:
    async def stocked(total: int, available: bool) -> bool:
        found = await site.ask('{ product(handle: "red-boat") { totalStock hasStock variants { availableForSale } } }')
        assert found["product"]["totalStock"] == total
        assert found["product"]["variants"][0]["availableForSale"] is available
        return True

    set_to = """mutation($id: ID!, $n: Int!, $l: ID!) { stockSet(input: {variantId: $id, quantity: $n, locationId: $l})
      { userErrors { code message } } }"""
    await soon(lambda: stocked(3, True))  # seven, of which one was sent, two are ordered and one is promised to a cart
    await change(site, 'mutation { stockReservationsRelease(reference: "cart 1") { userErrors { code message } } }')
    await soon(lambda: stocked(4, True))
    await change(site, set_to, id=site.ids["variant"], l=site.ids["location"], n=5)
    await soon(lambda: stocked(3, True))
    await change(site, set_to, id=site.ids["variant"], l=site.ids["location"], n=2)
    await soon(lambda: stocked(0, False))


async def test_a_translation_changes(site: Site) -> None:
    await change(
        site,
        """mutation($product: ID!, $post: ID!) {
          productTranslate(id: $product, locale: "ru", fields: {title: "Судно"}) { userErrors { code message } }
          contentTranslate(id: $post, input: {locale: "ru", title: "Здравствуйте"}) { userErrors { message } } }""",
        product=site.ids["product"],
        post=site.ids["node"],
    )
    await soon(lambda: shows(site, "/ru/products/red-boat", "Судно", without="Лодка"))
    await soon(lambda: shows(site, "/ru/blog/hello", "Здравствуйте", without="Привет"))
    await soon(lambda: shows(site, "/products/red-boat", "Red boat", without="Судно"))

    async def queried() -> bool:
        found = await site.ask(
            '{ product(handle: "red-boat", locale: "ru") { title }'
            ' search(query: "судно", locale: "ru") { totalCount } }'
        )
        assert found == {"product": {"title": "Судно"}, "search": {"totalCount": 1}}
        return True

    await soon(queried)


async def test_a_product_is_deleted(site: Site) -> None:
    await change(site, 'mutation { stockReservationsRelease(reference: "cart 1") { userErrors { code message } } }')
    orders = (await site.admin("{ orders { nodes { id version fulfilmentStatus } } }"))["orders"]["nodes"]
    for order in [one for one in orders if one["fulfilmentStatus"] == "UNFULFILLED"]:  # pieces are promised to them
        await change(
            site,
            "mutation($id: ID!, $v: Int!) { orderCancel(id: $id, version: $v) { userErrors { code message } } }",
            id=order["id"],
            v=order["version"],
        )
    await change(
        site,
        "mutation($id: ID!) { productDelete(id: $id) { userErrors { code message } } }",
        id=site.ids["product"],
    )

    async def gone() -> bool:
        assert (await site.page("/products/red-boat")).status_code == 404
        found = await site.ask(
            """query($id: ID!) { product(handle: "red-boat") { id } node(id: $id) { id } products { totalCount }
              search(query: "boat") { nodes { __typename } } }""",
            id=site.ids["product"],
        )
        assert (found["product"], found["node"], found["products"]["totalCount"]) == (None, None, 0)
        assert "Product" not in [one["__typename"] for one in found["search"]["nodes"]]
        return True

    await soon(gone)
    await soon(lambda: shows(site, "/categories/boats", "Boats", without="Red boat"))
    await soon(lambda: shows(site, "/", without="Red boat"))
    assert "red-boat" not in (await site.page("/sitemap.xml")).text


async def test_a_post_is_archived(site: Site) -> None:
    await soon(lambda: shows(site, "/blog", "Hello boats"))
    await change(
        site,
        "mutation($id: ID!) { contentArchive(id: $id) { userErrors { code message } } }",
        id=site.ids["node"],
    )

    async def gone() -> bool:
        assert (await site.page("/blog/hello")).status_code == 404
        found = await site.ask('{ content(kind: "post", slug: "hello") { id } contents(kind: "post") { totalCount } }')
        assert found == {"content": None, "contents": {"totalCount": 0}}
        return True

    await soon(gone)
    await soon(lambda: shows(site, "/blog", without="Hello boats"))
    await soon(lambda: shows(site, "/tags/sea", "Red boat", without="Hello boats"))
    assert "Hello boats" not in (await site.page("/feed.xml")).text
    await change(
        site,
        """mutation($id: ID!) { contentRestore(id: $id) { userErrors { code message } }
          contentPublish(id: $id) { userErrors { code message } } }""",
        id=site.ids["node"],
    )
    await soon(lambda: shows(site, "/blog/hello", "Hello boats"))
