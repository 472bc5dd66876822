"""What programs read: maps of the site, the news feed, robots.txt."""

import json

import pytest
from tests.storefront.conftest import Shop, xml

from rustok.storefront import feeds, site
from rustok.storefront.visit import Visit

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ATOM = "{http://www.w3.org/2005/Atom}"
XHTML = "{http://www.w3.org/1999/xhtml}"


async def test_the_map_names_every_page_in_every_language_once(shop: Shop) -> None:
    found = xml(await shop.get("/sitemap.xml"))
    addresses = [loc.text for loc in found.iter(f"{MAP}loc")]
    origin = f"http://{shop.tenant.hosts[0]}"

    assert found.tag == f"{MAP}urlset"
    assert len(addresses) == len(set(addresses))
    for path in (
        "/",
        "/ru",
        "/products/mug",
        "/ru/products/mug",
        "/categories/ceramics",
        "/blog/post-0",
        "/about",
        "/blog/category/makers",
    ):
        assert origin + path in addresses
    (mug,) = (url for url in found if url.findtext(f"{MAP}loc") == f"{origin}/products/mug")
    assert {link.get("hreflang") for link in mug.iter(f"{XHTML}link")} == {"en", "ru"}
    assert mug.findtext(f"{MAP}lastmod")


async def test_a_large_map_is_an_index_of_files_that_together_name_everything(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {loc.text for loc in xml(await shop.get("/sitemap.xml")).iter(f"{MAP}loc")}
    monkeypatch.setattr(feeds, "MOST_ADDRESSES", 28)

    index = xml(await shop.get("/sitemap.xml"))
    files = [loc.text or "" for loc in index.iter(f"{MAP}loc")]
    parts = [xml(await shop.get(address)) for address in files]
    addresses = [[loc.text for loc in part.iter(f"{MAP}loc")] for part in parts]

    assert index.tag == f"{MAP}sitemapindex"
    assert len(files) > 3
    assert all(len(part) <= 28 for part in addresses)
    assert {one for part in addresses for one in part} == whole
    assert sum(len(part) for part in addresses) == len(whole)
    assert (await shop.get("/sitemap/products/rubbish.xml")).status_code == 404


async def test_the_feed_is_valid_atom_and_keeps_locked_words_to_itself(shop: Shop) -> None:
    response = await shop.get("/feed.xml")
    feed = xml(response)
    entries = feed.findall(f"{ATOM}entry")

    assert response.headers["content-type"].startswith("application/atom+xml")
    assert feed.tag == f"{ATOM}feed"
    for needed in ("title", "id", "updated"):
        assert feed.findtext(f"{ATOM}{needed}")
        assert all(entry.findtext(f"{ATOM}{needed}") for entry in entries)
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries) == 16
    assert all(entry.find(f"{ATOM}author/{ATOM}name") is not None for entry in entries)
    assert "secret" not in response.text
    assert {link.get("rel") for link in feed.findall(f"{ATOM}link")} == {"self", "alternate"}


async def test_robots_name_the_map_and_leave_searches_alone(shop: Shop) -> None:
    text = (await shop.get("/robots.txt")).text

    assert f"Sitemap: http://{shop.tenant.hosts[0]}/sitemap.xml" in text
    assert "Disallow: /search" in text
    assert "Disallow: /ru/search" in text


async def test_a_phone_can_keep_the_shop(shop: Shop) -> None:
    manifest = json.loads((await shop.get("/site.webmanifest")).text)

    assert (await shop.get(manifest["icons"][0]["src"])).status_code == 200
    assert (await shop.get("/favicon.ico")).headers["content-type"].startswith("image/svg")


async def test_what_nobody_expected_is_a_page_with_nothing_but_a_trace(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Visit) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(site.shop, "home", broken)
    response = await shop.get("/", accept="text/html")

    assert response.status_code == 500
    assert "swordfish" not in response.text
    assert response.headers["x-trace-id"] in response.text
