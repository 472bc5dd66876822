"""Reads the demo's text files into the values of `content`."""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import resources
from itertools import product as combinations
from typing import Any, Final

from rustok.server.demo import reading_duties, reading_offers
from rustok.server.demo.content import (
    Demo,
    DemoArticle,
    DemoAuthor,
    DemoCategory,
    DemoComment,
    DemoLocation,
    DemoMenu,
    DemoMenuItem,
    DemoOption,
    DemoPage,
    DemoPicture,
    DemoProduct,
    DemoSeo,
    DemoTag,
    DemoTier,
    DemoTopic,
    DemoVariant,
    Text,
)

Table = Mapping[str, Any]
CURRENCIES: Final = ("EUR", "USD", "RUB")
CATALOGUE: Final = ("ceramics", "kitchen", "textiles", "lighting", "furniture", "stationery", "bags", "outdoor")
MAGAZINE: Final = ("makers", "repair", "seasons", "table")
PRODUCT_SIZE: Final = (1080, 1350)
COVER_SIZE: Final = (1400, 875)
PORTRAIT_SIZE: Final = (800, 800)


def load() -> Demo:
    """Read the whole demo; a mistake in the text files raises KeyError or ValueError."""
    shop_file = _read("shop.toml")
    shop, words, types = shop_file["shop"], shop_file["words"], shop_file["types"]
    locations = tuple(DemoLocation(entry["code"], Text(entry["en"], entry["ru"])) for entry in shop_file["location"])
    categories = tuple(_category(entry) for entry in shop_file["category"])
    topics = tuple(DemoTopic(e["slug"], _text(e, "name"), _text(e, "description")) for e in shop_file["topic"])
    pages = tuple(_page(entry) for entry in _read("pages.toml")["page"])
    entries = [entry for name in CATALOGUE for entry in _read(f"catalogue/{name}.toml")["product"]]
    articles = [_article(entry) for name in MAGAZINE for entry in _read(f"magazine/{name}.toml")["article"]]
    titles: dict[tuple[str, str], Text] = {
        **{("category", category.handle): category.name for category in categories},
        **{("topic", topic.slug): topic.name for topic in topics},
        **{("page", page.slug): page.title for page in pages},
    }
    return Demo(
        slug=shop["slug"],
        name=_text(shop, "name"),
        tagline=_text(shop, "tagline"),
        description=_text(shop, "description"),
        magazine=_text(shop, "magazine"),
        email=shop["email"],
        seller=shop["seller"],
        locales=tuple(shop["locales"]),
        currencies=tuple(shop["currencies"]),
        locations=locations,
        tags=tuple(DemoTag(slug, Text(slug.replace("-", " "), name)) for slug, name in shop_file["tags"].items()),
        categories=categories,
        products=tuple(_product(entry, place, words, types, locations) for place, entry in enumerate(entries)),
        authors=tuple(_author(entry) for entry in shop_file["author"]),
        topics=topics,
        articles=tuple(sorted(articles, key=lambda article: article.days_ago, reverse=True)),
        pages=pages,
        menus=tuple(
            DemoMenu(e["slug"], Text(e["en"], e["ru"]), _menu_items(e["items"], titles)) for e in shop_file["menu"]
        ),
        duties=reading_duties.read(_read("duties.toml"), CURRENCIES),
        offers=reading_offers.read(_read("offers.toml"), CURRENCIES),
    )


def _read(path: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(path).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _text(entry: Table, field: str) -> Text:
    return Text(entry["en"][field].strip(), entry["ru"][field].strip())


def _markdown(entry: Table, field: str) -> Text:
    """Markdown whose links lead to the page in the reader's own language."""
    text = _text(entry, field)
    return Text(text.en, text.ru.replace("](/", "](/ru/"))


def _seo(entry: Table) -> DemoSeo | None:
    if "seo" not in entry["en"]:
        return None
    pair = {"en": entry["en"]["seo"], "ru": entry["ru"]["seo"]}
    return DemoSeo(_text(pair, "title"), _text(pair, "description"))


def _money(amounts: Sequence[int | str]) -> dict[str, int]:
    return {currency: int(Decimal(str(amount)) * 100) for currency, amount in zip(CURRENCIES, amounts, strict=True)}


def _reduced(prices: Mapping[str, int], percent: int) -> dict[str, int]:
    """Prices less some percent, rounded down to ten cents or to whole roubles."""
    return {
        currency: minor
        * (100 - percent)
        // 100
        // (100 if currency == "RUB" else 10)
        * (100 if currency == "RUB" else 10)
        for currency, minor in prices.items()
    }


def _barcode(place: int, index: int) -> str:
    """An EAN-13 from the range that is reserved for use inside a shop."""
    digits = f"20{place + 1:04d}{index + 1:04d}00"
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _product(entry: Table, place: int, words: Table, types: Table, locations: Sequence[DemoLocation]) -> DemoProduct:
    options: Table = entry.get("options", {})
    title = _text(entry, "title")
    return DemoProduct(
        handle=entry["handle"],
        title=title,
        subtitle=_text(entry, "subtitle"),
        description=_markdown(entry, "description"),
        vendor=entry["vendor"],
        product_type=Text(entry["type"], types[entry["type"]]),
        tags=tuple(entry["tags"]),
        categories=tuple(entry["categories"]),
        options=tuple(
            DemoOption(Text(name, words[name]), tuple(Text(value, words[value]) for value in values))
            for name, values in options.items()
        ),
        variants=tuple(
            _variant(entry, place, index, values, words, locations)
            for index, values in enumerate(combinations(*options.values()))
        ),
        pictures=_product_pictures(entry, title, words),
        seo=_seo(entry),
        days_ago=5 + (place * 37) % 330,
    )


def _variant(
    entry: Table, place: int, index: int, values: tuple[str, ...], words: Table, locations: Sequence[DemoLocation]
) -> DemoVariant:
    def chosen(field: str) -> Any:
        """What a value of this variant says about a field, or else what the product says."""
        special: Table = entry.get(f"{field}_for", {})
        return next((special[value] for value in values if value in special), entry.get(field))

    prices, compare_at = _money(chosen("prices")), chosen("compare_at")
    look = next((value for value in values if value in _looks(entry)), None)
    code = "".join(word[0] for word in entry["handle"].split("-")).upper()
    suffix = "".join(f"-{''.join(letter for letter in value if letter.isalnum())[:4].upper()}" for value in values)
    return DemoVariant(
        sku=f"QH-{place + 1:02d}{code}{suffix}",
        barcode=_barcode(place, index) if entry.get("barcodes") else None,
        options=tuple(Text(value, words[value]) for value in values),
        prices=prices,
        compare_at=_money(compare_at) if compare_at else None,
        tiers=tuple(DemoTier(quantity, _reduced(prices, percent)) for quantity, percent in entry.get("tiers", ())),
        stock={location.code: on_hand for location, on_hand in zip(locations, entry["stock"][index], strict=True)},
        allow_backorder=any(value in entry.get("backorder", ()) for value in values),
        weight_grams=chosen("weight"),
        picture=f"{entry['handle']}-{look.lower()}" if look else None,
    )


def _looks(entry: Table) -> tuple[str, ...]:
    """The option values that change what the product looks like."""
    if "draw" not in entry:
        return ()
    options: Table = entry.get("options", {})
    return tuple(options.get("Colour") or options.get("Wood") or ())


def _product_pictures(entry: Table, title: Text, words: Table) -> tuple[DemoPicture, ...]:
    if "draw" not in entry:
        return ()
    looks = _looks(entry)
    width, height = PRODUCT_SIZE
    handle, subject = entry["handle"], entry["draw"]
    colour = looks[0].lower() if looks else entry["colour"]
    heroes = [
        DemoPicture(
            f"{handle}-{look.lower()}",
            "product",
            width,
            height,
            Text(f"{title.en}, {look.lower()}", f"{title.ru}, цвет «{words[look].lower()}»"),
            subject,
            look.lower(),
            "hero",
        )
        for look in looks
    ] or [DemoPicture(f"{handle}-{colour}", "product", width, height, title, subject, colour, "hero")]
    scene = DemoPicture(
        f"{handle}-scene", "product", width, height,
        Text(f"{title.en} in company", f"{title.ru} в интерьере"), subject, colour, "scene",
    )  # fmt: skip
    # A second view for what has few colours to show and for what people look at most.
    wanted = len(heroes) < 3 or "bestseller" in entry["tags"]
    return (heroes[0], scene, *heroes[1:]) if wanted else tuple(heroes)


def _cover(name: str, entry: Table, alt: Text) -> DemoPicture:
    width, height = COVER_SIZE
    if "scene" in entry:
        return DemoPicture(name, "landscape", width, height, alt, subject=entry["scene"], tone=entry["weather"])
    things = tuple((thing, colour) for thing, colour in entry["things"])
    return DemoPicture(name, "still_life", width, height, alt, things=things, tone=entry["tone"])


def _category(entry: Table) -> DemoCategory:
    name = _text(entry, "name")
    return DemoCategory(
        handle=entry["handle"],
        parent=entry.get("parent"),
        name=name,
        description=_text(entry, "description"),
        picture=_cover(f"category-{entry['handle']}", entry["picture"], name),
        seo=_seo(entry),
    )


def _author(entry: Table) -> DemoAuthor:
    name, (width, height) = _text(entry, "name"), PORTRAIT_SIZE
    portrait = DemoPicture(f"author-{entry['key']}", "portrait", width, height, name, subject=entry["key"])
    return DemoAuthor(entry["key"], entry["email"], name, _text(entry, "bio"), portrait)


def _article(entry: Table) -> DemoArticle:
    title = _text(entry, "title")
    return DemoArticle(
        slug=entry["slug"],
        topic=entry["category"],
        author=entry["author"],
        days_ago=entry["days_ago"],
        tags=tuple(entry["tags"]),
        title=title,
        excerpt=_text(entry, "excerpt"),
        body=_markdown(entry, "body"),
        cover=_cover(f"article-{entry['slug']}", entry["cover"], title),
        related_products=tuple(entry["products"]),
        comments=tuple(
            DemoComment(
                author_name=comment["author"],
                text=Text(comment["en"], comment["ru"]),
                hours_after=comment["hours"],
                reply_to=comment["reply_to"] - 1 if "reply_to" in comment else None,
            )
            for comment in entry.get("comments", ())
        ),
    )


def _page(entry: Table) -> DemoPage:
    title = _text(entry, "title")
    cover = _cover(f"page-{entry['slug']}", entry["cover"], title) if "cover" in entry else None
    return DemoPage(entry["slug"], entry.get("parent"), title, _text(entry, "excerpt"), _markdown(entry, "body"), cover)


def _menu_items(entries: Sequence[Table], titles: Mapping[tuple[str, str], Text]) -> tuple[DemoMenuItem, ...]:
    items: list[DemoMenuItem] = []
    for entry in entries:
        target = next(kind for kind in ("category", "topic", "page", "url") if kind in entry)
        key = entry[target]
        title = Text(entry["en"], entry["ru"]) if "en" in entry else titles[target, key]
        items.append(DemoMenuItem(title, target, key, _menu_items(entry.get("children", ()), titles)))
    return tuple(items)
