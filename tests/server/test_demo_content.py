"""The demo's words and pictures hold together: nothing dangles, nothing is missing in either language."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from io import BytesIO

import pytest
from PIL import Image

from rustok.server.demo import pictures, reading
from rustok.server.demo.content import Demo, DemoMenuItem, DemoPicture, Text
from rustok.server.demo.drawing.colours import BACKDROPS, COLOURS, MATCHES
from rustok.server.demo.drawing.covers import SCENES, WEATHERS
from rustok.server.demo.drawing.objects import SUBJECTS
from rustok.server.demo.drawing.portraits import FACES

LINK = re.compile(r"\]\((/[^)]*)\)")
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


@pytest.fixture(scope="module")
def demo() -> Demo:
    return reading.load()


def everything(value: object) -> Iterator[object]:
    """The value and all values inside it."""
    yield value
    if isinstance(value, tuple):
        for part in value:
            yield from everything(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from everything(getattr(value, field.name))


def menu_lines(items: tuple[DemoMenuItem, ...]) -> Iterator[DemoMenuItem]:
    for item in items:
        yield item
        yield from menu_lines(item.children)


def test_the_demo_is_a_shop_and_a_magazine_of_the_promised_size(demo: Demo) -> None:
    leaves = {category.handle for category in demo.categories} - {category.parent for category in demo.categories}

    assert demo.slug == "demo"
    assert 58 <= len(demo.products) <= 70
    assert len(leaves) == 8
    assert len(demo.articles) == 20
    assert len(demo.authors) == 4
    assert len(demo.pages) >= 5


def test_every_text_is_there_in_both_languages(demo: Demo) -> None:
    texts = [value for value in everything(demo) if isinstance(value, Text)]

    assert len(texts) > 1000
    assert [text for text in texts if not text.en.strip() or not text.ru.strip()] == []
    assert [text.en for text in texts if CYRILLIC.search(text.en)] == []
    long = [text for text in texts if len(text.en) > 30]
    assert [text.ru for text in long if not CYRILLIC.search(text.ru)] == []


def test_articles_are_long_enough_to_read(demo: Demo) -> None:
    for article in demo.articles:
        assert 300 <= len(article.body.en.split()) <= 700, article.slug
        assert 180 <= len(article.body.ru.split()) <= 700, article.slug
        assert 0 <= article.days_ago <= 365
        assert len(article.comments) <= 8


def test_names_in_addresses_are_unique_and_plain(demo: Demo) -> None:
    groups = [
        [product.handle for product in demo.products],
        [category.handle for category in demo.categories],
        [topic.slug for topic in demo.topics],
        [node.slug for node in (*demo.articles, *demo.pages)],
        [tag.slug for tag in demo.tags],
        [picture.name for picture in demo.pictures()],
    ]

    for names in groups:
        assert len(names) == len(set(names))
        assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_every_reference_leads_somewhere(demo: Demo) -> None:
    products, pages = {product.handle for product in demo.products}, {page.slug for page in demo.pages}
    categories, topics = {category.handle for category in demo.categories}, {topic.slug for topic in demo.topics}
    tags, authors = {tag.slug for tag in demo.tags}, {author.key for author in demo.authors}

    for product in demo.products:
        assert product.categories
        assert categories.issuperset(product.categories), product.handle
        assert tags.issuperset(product.tags), product.handle
    for article in demo.articles:
        assert article.topic in topics
        assert article.author in authors
        assert tags.issuperset(article.tags), article.slug
        assert products.issuperset(article.related_products), article.slug
    targets = {"category": categories, "topic": topics, "page": pages}
    for menu in demo.menus:
        for item in menu_lines(menu.items):
            assert item.key.startswith("/") if item.target == "url" else item.key in targets[item.target]
    assert {menu.slug for menu in demo.menus} == {"main", "footer"}
    assert {tag for product in demo.products for tag in product.tags} <= tags


def test_links_in_texts_lead_to_pages_of_the_same_language(demo: Demo) -> None:
    known = {
        *(f"/products/{product.handle}" for product in demo.products),
        *(f"/blog/{article.slug}" for article in demo.articles),
        *(f"/{page.slug}" for page in demo.pages),
    }
    bodies = [node.body for node in (*demo.articles, *demo.pages)]
    bodies += [product.description for product in demo.products]
    english = [link for body in bodies for link in LINK.findall(body.en)]
    russian = [link for body in bodies for link in LINK.findall(body.ru)]

    assert len(english) > 50
    assert set(english) <= known
    assert {link.removeprefix("/ru") for link in russian} <= known
    assert all(link.startswith("/ru/") for link in russian)


def test_parents_come_before_their_children_and_replies_after_their_comment(demo: Demo) -> None:
    for things in ([(c.handle, c.parent) for c in demo.categories], [(p.slug, p.parent) for p in demo.pages]):
        seen: set[str] = set()
        for name, parent in things:
            assert parent is None or parent in seen
            seen.add(name)
    for article in demo.articles:
        for place, comment in enumerate(article.comments):
            if comment.reply_to is not None:
                assert 0 <= comment.reply_to < place, article.slug
                assert article.comments[comment.reply_to].hours_after < comment.hours_after
            assert comment.hours_after < article.days_ago * 24, article.slug


def test_variants_cover_every_choice_with_prices_and_stock(demo: Demo) -> None:
    places = {location.code for location in demo.locations}
    variants = [(product, variant) for product in demo.products for variant in product.variants]
    skus = [variant.sku for _, variant in variants]
    barcodes = [variant.barcode for _, variant in variants if variant.barcode]

    assert len(places) == 2
    assert len(skus) == len(set(skus))
    assert len(barcodes) == len(set(barcodes)) > 50
    assert all(sum(int(d) * (3 if at % 2 else 1) for at, d in enumerate(code)) % 10 == 0 for code in barcodes)
    for product, variant in variants:
        assert 1 <= len(product.variants) <= 8
        assert len(variant.options) == len(product.options)
        assert all(v in o.values for v, o in zip(variant.options, product.options, strict=True))
        assert set(variant.prices) == set(demo.currencies) == {"EUR", "USD", "RUB"}
        assert all(price > 0 for price in variant.prices.values())
        if variant.compare_at:
            assert all(variant.compare_at[c] > variant.prices[c] for c in demo.currencies)
        last = variant.prices
        for tier in variant.tiers:
            assert all(0 < tier.prices[c] < last[c] for c in demo.currencies)
            last = tier.prices
        assert set(variant.stock) == places
        assert all(on_hand >= 0 for on_hand in variant.stock.values())
        assert variant.weight_grams >= 0
        assert variant.picture is None or variant.picture in {picture.name for picture in product.pictures}


def test_the_shop_shows_every_state_a_storefront_must_draw(demo: Demo) -> None:
    def total(product_handle: str) -> int:
        product = next(product for product in demo.products if product.handle == product_handle)
        return sum(sum(variant.stock.values()) for variant in product.variants)

    assert sum(not product.pictures for product in demo.products) == 2
    assert [product.handle for product in demo.products if total(product.handle) == 0] == ["porthole-mirror"]
    assert any(variant.allow_backorder for product in demo.products for variant in product.variants)
    assert any(not product.options for product in demo.products)
    assert any(product.seo for product in demo.products)


def test_every_picture_names_something_that_can_be_drawn(demo: Demo) -> None:
    assert set(MATCHES) == set(COLOURS)
    for picture in demo.pictures():
        if picture.kind == "product":
            assert picture.subject in SUBJECTS
            assert picture.colour in COLOURS
        elif picture.kind == "still_life":
            assert picture.tone in BACKDROPS
            assert all(SUBJECTS[thing].stands and colour in COLOURS for thing, colour in picture.things)
        elif picture.kind == "landscape":
            assert picture.subject in SCENES
            assert picture.tone in WEATHERS
        else:
            assert picture.subject in FACES


def one_of_each(demo: Demo) -> list[DemoPicture]:
    kinds = {(picture.kind, picture.view, picture.subject): picture for picture in demo.pictures()}
    return [picture for (_, view, _), picture in kinds.items() if view != "scene"]


def test_every_subject_draws_at_its_stated_size(demo: Demo) -> None:
    for full in one_of_each(demo):
        # A third of the size shows as well whether something can be drawn, in a tenth of the time.
        picture = replace(full, width=full.width // 3, height=full.height // 3)
        image = Image.open(BytesIO(pictures.render(picture)))
        image.load()

        assert (image.width, image.height) == (picture.width, picture.height), picture.name
        assert image.format == "JPEG"
        assert len(image.resize((40, 50)).getcolors(2000) or []) > 50, f"{picture.name} is empty"


def test_a_picture_is_the_same_every_time(demo: Demo) -> None:
    chosen = {picture.kind: picture for picture in demo.pictures()}.values()

    for picture in chosen:
        first = pictures.render(picture)

        assert pictures.render(picture) == first
        assert Image.open(BytesIO(first)).size == (picture.width, picture.height)
        assert 10_000 < len(first) < 400_000
