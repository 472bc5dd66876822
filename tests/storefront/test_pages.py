"""Every page of the storefront through the real application: what stands there, where it leads, what it costs."""

import json
from urllib.parse import quote

import pytest
from tests.storefront.conftest import HOSTILE, Shop, text_of

from rustok.commerce.products import service as products

PAGES = [
    "/", "/ru", "/categories", "/categories/table", "/categories/ceramics?sort=PRICE_ASC", "/products/mug",
    "/products/bare", "/products/hostile", "/ru/products/mug", "/search", "/search?q=bowl", "/search?q=nothingatall",
    "/search?q=post&in=articles", "/blog", "/blog/category/makers", "/blog/post-0", "/blog/locked", "/about", "/team",
    "/tags/stoneware",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_read_by_one_statement(shop: Shop, path: str) -> None:
    await shop.get(path)  # the menus are remembered from here on

    with shop.statements() as sent:
        response = await shop.get(path, **{"cache-control": "no-cache"})

    assert response.status_code == 200
    assert len([s for s in sent if "rustok_tenant_by_host" not in s]) == 1, sent


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_that_is_kept_costs_no_statement_and_is_the_same(shop: Shop, path: str) -> None:
    fresh = await shop.get(path, **{"cache-control": "no-cache"})

    with shop.statements() as sent:
        kept = await shop.get(path)

    assert [s for s in sent if "rustok_tenant_by_host" not in s] == []
    assert kept.content == fresh.content
    assert kept.headers["etag"] == fresh.headers["etag"]


async def test_menus_are_read_again_when_the_read_model_moved(shop: Shop) -> None:
    await shop.get("/about")
    async with shop.host.database.open(shop.tenant) as context:
        made = await products.create(context, title="Just now")
        await products.publish(context, made.id)
    await shop.catch_up()

    with shop.statements() as sent:
        await shop.get("/about")

    assert len([s for s in sent if "index_menus" in s]) == 1


async def test_a_hostile_title_stays_text_everywhere(shop: Shop) -> None:
    for path in ("/products/hostile", "/categories", f"/search?q={quote('alert')}", "/ru/products/hostile", "/"):
        source = (await shop.get(path)).text
        page = await shop.page(path)

        assert "<script>alert" not in source
        assert "onerror=alert(2)>" not in source.replace("&gt;", "")
        assert not page.xpath("//script[not(@src) and not(@type='application/ld+json')]")
        assert not page.xpath("//*[@onerror or @onclick or @onload or @style]")
        assert "49" not in page.xpath("string(//h1)")
        for block in page.xpath("//script[@type='application/ld+json']"):
            json.loads(block.text)

    page = await shop.page("/products/hostile")
    assert page.xpath("string(//h1)") == HOSTILE
    (described,) = (
        data
        for block in page.xpath("//script[@type='application/ld+json']")
        if (data := json.loads(block.text))["@type"] == "Product"
    )
    assert described["name"] == HOSTILE


async def test_a_search_for_markup_is_shown_as_text(shop: Shop) -> None:
    source = (await shop.get(f"/search?q={quote('<script>alert(1)</script>')}")).text

    assert "<script>alert" not in source


async def test_a_variant_is_chosen_by_links_and_brings_its_price_and_its_stock(shop: Shop) -> None:
    page = await shop.page("/products/mug")
    (medium,) = page.xpath("//a[contains(@class,'option-value')][normalize-space()='M']/@href")
    fog = next(
        a.get("href") for a in page.xpath("//a[contains(@class,'option-value')]") if a.text_content().startswith("Fog")
    )
    assert text_of(page.xpath("//p[@class='offer-price']")[0]) == "€24"

    chosen = await shop.page(medium)
    assert text_of(chosen.xpath("//p[@class='offer-price']")[0]) == "€28"
    assert "In stock" in text_of(chosen.xpath("//div[@class='offer']")[0])

    empty = await shop.page(fog)
    assert "Sold out" in text_of(empty.xpath("//div[@class='offer']")[0])


async def test_a_variant_id_of_nothing_shows_the_first_one_that_can_be_bought(shop: Shop) -> None:
    page = await shop.page("/products/mug?variant=1'--")

    assert text_of(page.xpath("//p[@class='offer-price']")[0]) == "€24"


async def test_a_product_without_price_variants_or_pictures_is_still_a_page(shop: Shop) -> None:
    page = await shop.page("/products/bare")

    assert "Price on request" in text_of(page)
    assert not page.xpath("//div[@class='option']")


async def test_filters_narrow_are_counted_and_come_off_again(shop: Shop) -> None:
    whole = await shop.page("/categories/table")
    assert text_of(whole.xpath("//*[@id='results']")[0]) == "31 items"
    assert whole.xpath("//input[@name='vendor'][@value='Bowl House']")

    narrowed = await shop.page("/categories/table?vendor=Bowl+House&price_min=10.20&availability=1")
    assert text_of(narrowed.xpath("//*[@id='results']")[0]) == "10 items"
    chips = narrowed.xpath("//ul[@class='chips']//a")
    assert len(chips) == 4
    assert all(one.get("href").startswith("/categories/table") for one in chips)

    fewer = await shop.page(chips[0].get("href"))
    assert len(fewer.xpath("//ul[@class='chips']//a")) == 3
    option = await shop.page("/categories/table?option.Colour=Indigo")
    assert text_of(option.xpath("//*[@id='results']")[0]) == "1 item"


async def test_a_list_is_paged_by_links_and_every_item_comes_once(shop: Shop) -> None:
    first = await shop.page("/categories/table?sort=PRICE_ASC")
    (onward,) = first.xpath("//link[@rel='next']/@href")
    second = await shop.page(onward)
    (back,) = second.xpath("//a[@rel='prev']/@href")
    again = await shop.page(back)

    seen = [page.xpath("//article[@class='card']//a[@class='card-link']/@href") for page in (first, second, again)]
    assert len(seen[0]) == 24
    assert len({*seen[0], *seen[1]}) == 31
    assert seen[2] == seen[0]


@pytest.mark.parametrize(
    "query",
    [
        "sort=DROP+TABLE", "after=rubbish", "before=%00", "price_min=NaN&price_max=1e999", "option.=x", "price_min=-5",
        "&".join(f"vendor={n}" for n in range(300)), "category=" + "x" * 5000, "q=" + "%F0%9F%92%A5" * 50, "%ff%fe=1",
    ],
)  # fmt: skip
async def test_nonsense_in_the_address_of_a_list_breaks_nothing(shop: Shop, query: str) -> None:
    for path in ("/categories/table", "/search", "/tags/stoneware", "/blog"):
        response = await shop.get(f"{path}?{query}")

        assert response.status_code in (200, 400), (path, query, response.text[:200])


@pytest.mark.parametrize(
    "path", ["/nothing-mug", "/products/no", "/categories/no", "/blog/no", "/tags/no", "/a/b/c/d", "/wp-login.php"]
)
async def test_what_is_not_there_is_404_with_suggestions(shop: Shop, path: str) -> None:
    response = await shop.get(path)

    assert response.status_code == 404
    assert "noindex" in response.text
    assert 'href="/products/' in response.text


async def test_one_page_has_one_address(shop: Shop) -> None:
    for path, target in (
        ("/blog/", "/blog"),
        ("/en/blog", "/blog"),
        ("/ru/", "/ru"),
        ("//blog//post-0", "/blog/post-0"),
    ):
        response = await shop.get(path)
        assert (response.status_code, response.headers["location"]) == (301, target)


async def test_no_address_redirects_to_another_site(shop: Shop) -> None:
    for path in ("//evil.example/", "/\\evil.example/", "/ru//evil.example/", "///evil.example/%2e%2e/"):
        response = await shop.get(path)
        location = response.headers.get("location", "/")
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))


async def test_an_old_handle_leads_to_the_new_one_with_what_was_chosen(shop: Shop) -> None:
    async with shop.host.database.open(shop.tenant) as context:
        made = await products.create(context, title="Jug", handle="jug-before")
        await products.publish(context, made.id)
        await products.change(context, made.id, handle="jug-after")
    await shop.catch_up()

    response = await shop.get("/ru/products/jug-before?variant=1")

    assert (response.status_code, response.headers["location"]) == (301, "/ru/products/jug-after?variant=1")


async def test_the_currency_is_remembered_and_the_address_is_clean(shop: Shop) -> None:
    response = await shop.get("/products/mug?currency=RUB&variant=x")
    assert (response.status_code, response.headers["location"]) == (303, "/products/mug?variant=x")
    assert "currency=RUB" in response.headers["set-cookie"]

    page = await shop.page("/ru/products/mug", cookie="currency=RUB")
    assert text_of(page.xpath("//p[@class='offer-price']")[0]) == "1 299 ₽"
    strange = await shop.page("/products/mug", cookie="currency=XXX")
    assert text_of(strange.xpath("//p[@class='offer-price']")[0]) == "€24"


async def test_languages_are_linked_and_told_to_search_engines(shop: Shop) -> None:
    page = await shop.page("/ru/products/mug")
    origin = f"http://{shop.tenant.hosts[0]}"

    assert page.get("lang") == "ru"
    assert page.xpath("string(//h1)") == "Кружка «Гавань»"
    assert page.xpath("//link[@rel='canonical']/@href") == [f"{origin}/ru/products/mug"]
    alternates = {a.get("hreflang"): a.get("href") for a in page.xpath("//link[@rel='alternate'][@hreflang]")}
    assert alternates == {
        "en": f"{origin}/products/mug", "ru": f"{origin}/ru/products/mug", "x-default": f"{origin}/products/mug"
    }  # fmt: skip
    assert page.xpath("//header//a[@hreflang='en']/@href")[0] == "/products/mug"


async def test_a_page_that_has_not_changed_is_not_sent_again(shop: Shop) -> None:
    first = await shop.get("/products/mug")

    second = await shop.get("/products/mug", **{"if-none-match": first.headers["etag"]})

    assert second.status_code == 304
    assert not second.content


async def test_no_script_or_style_may_stand_in_a_page(shop: Shop) -> None:
    response = await shop.get("/")
    policy = response.headers["content-security-policy"]

    assert "unsafe-inline" not in policy
    assert "style-src 'self'" in policy
    assert "<style" not in response.text
    for name in ("theme.css", "theme.js"):
        kind = name.rsplit(".", 1)[1]
        (address,) = {a for a in response.text.split('"') if a.startswith("/assets/") and a.endswith(kind)}
        asset = await shop.get(address)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
    assert (await shop.get("/assets/../../etc/passwd")).status_code == 404
