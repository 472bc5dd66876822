"""Three tenants full of what is awkward: half-told products, several trees, hostile texts, the same names in each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.server.conftest import OpenSite, Site
from tests.server.furnishing import picture

from rustok.commerce.categories import service as shelves
from rustok.commerce.products import saving, service
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
from rustok.core.content import service as nodes
from rustok.core.content.drafts import CommentDraft, Meta, NodeDraft
from rustok.core.menus import service as menus
from rustok.core.menus.service import Item
from rustok.core.modules import service as switches
from rustok.core.seo import service as seo
from rustok.core.translations import service as translations
from rustok.kernel.context import Context
from rustok.kernel.ids import parse_id
from rustok.kernel.working import Workers

DAWN = datetime(2026, 1, 1, 12, tzinfo=UTC)
AWKWARD = (
    "Plain mug",
    'Quote " and \\ backslash',
    "It's $1, %s, :x; DROP TABLE index_products --",
    "</script><b>bold</b> & co",
    "Emoji 🫖 family 👩‍👩‍👧 flag 🇺🇸",
    "Control \x01 \x1b \x7f \u2028 \u202e end",
    "Tab\tand\nline",
    "ÀÉÎÕÜ ёлка ßtraße ﬁ ǆ",
    "漢字 かな 한국어 עברית",
    "n\u0303 combining \u00f1 composed",
    "{braces} [brackets] {{ 7*7 }} ${x}",
    "null",
    "0012",
    "\U0010fffd last but one",
)
ONE_LINE = tuple(text for text in AWKWARD if "\t" not in text and "\x01" not in text)
MAKERS = ("Acme", "Globex & Söhne", 'O"Brien', "", None)
KINDS = ("Mugs", "Bowls", None)
TREES = (("Home",), ("Home", "Table"), ("Home", "Table", "Cups"), ("Garden",), ("Garden", "Pots & 'urns'"), ("Пусто",))
COLOURS = ("Red", "Blue", 'Gr"ey')
SIZES = ("S", "M", "L/XL")
TAGS = ("Gift", "C++", "Новое", "on sale")


async def open_shops(open_site: OpenSite, following: Workers) -> dict[str, Site]:
    """`large` with two languages and three currencies; `small` with others and the same handles; `magazine`, which has
    switched commerce off."""
    large = await open_site(
        name="Large", currencies=("EUR", "USD", "JPY"), default_currency="EUR", locales=("en", "ru")
    )
    small = await open_site(
        name="Small", currencies=("KWD", "USD"), default_currency="KWD", locales=("de", "en"), default_locale="de"
    )
    magazine = await open_site(name="Magazine")
    for site, count in ((large, 36), (small, 7), (magazine, 5)):
        pictures = [await _upload(site, colour) for colour in ("teal", "gold")]
        async with site.host.database.open(site.tenant) as context:
            await _fill_shop(context, count, pictures)
        async with site.host.database.open(site.tenant) as context:
            await _fill_magazine(context, count // 2, pictures[0])
    async with magazine.host.database.open(magazine.tenant) as context:
        await switches.disable(context, "commerce")
    await following.catch_up()
    return {"large": large, "small": small, "magazine": magazine}


async def _upload(site: Site, colour: str) -> UUID:
    answer = await site.client.post(
        "/admin/media", files={"file": (f"{colour}.png", picture(colour), "image/png")}, headers=site.headers()
    )
    assert answer.status_code == 201, answer.text
    media = answer.json()["media"]
    await site.admin(
        """mutation($id: ID!, $version: Int!) { mediaUpdate(id: $id, input:
          {altText: "A \\"picture\\"", focalPoint: {x: 0.25, y: 1}, version: $version})
          { userErrors { code message } } }""",
        id=media["id"],
        version=media["version"],
    )
    return parse_id(media["id"])


def _prices(number: int, currencies: Sequence[str]) -> tuple[PriceDraft, ...]:
    """In some of the currencies, sometimes with a former price and with tiers."""
    found = []
    for place, currency in enumerate(currencies):
        if (number + place) % 4 == 3:
            continue
        amount = (number % 6 + 1) * 1000 + place * 37
        before = amount + 500 if number % 3 == 0 else None
        found.append(PriceDraft(currency=currency, amount_minor=amount, compare_at_minor=before))
        if number % 5 == 0:
            found.append(PriceDraft(currency=currency, amount_minor=amount - 100, min_quantity=10))
    return tuple(found)


def _variants(number: int, currencies: Sequence[str]) -> tuple[VariantDraft, ...]:
    if number % 9 == 8:
        return ()
    if number % 3 == 2:
        return (VariantDraft(sku=f"SKU-{number}", prices=_prices(number, currencies), quantity=number),)
    return tuple(
        VariantDraft(
            options={"Colour": colour, "Size": size},
            sku=f"SKU-{number}-{colour[:1]}{size[:1]}",
            barcode=f"40{number:04}" if size == "S" else None,
            prices=_prices(number + place, currencies),
            quantity=(number + place) % 3 if number % 2 else None,
            manage_inventory=bool(number % 2),
            weight_grams=100 * place or None,
            position=place,
        )
        for place, (colour, size) in enumerate((c, s) for c in COLOURS[: number % 3 + 1] for s in SIZES[:2])
    )


def _product(number: int, currencies: Sequence[str]) -> ProductDraft:
    title = f"{AWKWARD[number % len(AWKWARD)]} {number // len(AWKWARD) or ''}".strip()
    variants = _variants(number, currencies)
    has_options = any(variant.options for variant in variants)
    return ProductDraft(
        handle=f"thing-{number}",
        title=title if number != 30 else "Long " + "wörd " * 49,
        subtitle=AWKWARD[(number + 3) % len(AWKWARD)] if number % 2 else None,
        description_html=f"<p>{'Very <em>long</em> text. ' * (2000 if number == 5 else number)}</p>"
        if number % 4
        else None,
        vendor=MAKERS[number % len(MAKERS)],
        product_type=KINDS[number % len(KINDS)],
        status=ProductStatus.DRAFT if number % 13 == 12 else ProductStatus.PUBLISHED,
        published_at=DAWN + timedelta(days=number % 5, microseconds=number) if number % 13 != 12 else None,
        tags=TAGS[: number % 5],
        categories=tuple(path for place, path in enumerate(TREES[:5]) if (number + place) % 4 == 0),
        options=(OptionDraft(name="Colour", values=COLOURS), OptionDraft(name="Size", values=SIZES))
        if has_options
        else (),
        variants=variants,
        images=(ImageDraft(url=f"https://pictures.example/{number}.jpg", alt_text='Alt "text"'),) if number % 3 else (),
        seo=SeoDraft(title=f"SEO {title}"[:200], description="Words for machines") if number % 4 == 1 else None,
    )


async def _fill_shop(context: Context, count: int, pictures: Sequence[UUID]) -> None:
    await _shelve(context)
    saved = await saving.save_many(context, [_product(n, context.tenant.currencies) for n in range(count)])
    assert not saved.failed, saved.failed
    other = context.tenant.locales[1]
    for number in range(0, count, 2):
        words = {"title": f"Перевод {number}", "subtitle": "", "description": "<p>Слова</p>"}
        await translations.set_fields(context, "product", saved.ids[f"thing-{number}"], locale=other, fields=words)
    await seo.set_meta(
        context,
        "product",
        saved.ids["thing-1"],
        meta=seo.Meta(
            title="Told", no_index=True, canonical_url="https://shop.example/a?b=c&d", og_type="product",
            structured_data={"@type": "Product", "z": [1, 2.5, None, True, {"ключ": 'q"'}], "a": {}, "big": 2**53},
        ),
    )  # fmt: skip
    await service.set_images(context, saved.ids["thing-2"], list(pictures))
    await service.change(context, saved.ids["thing-3"], handle="renamed-thing")
    await service.change(context, saved.ids["thing-4"], featured=True)


async def _shelve(context: Context) -> None:
    """The trees of categories, in both languages."""
    made: dict[tuple[str, ...], UUID] = {}
    for path in TREES:
        shelf = await shelves.create(
            context, name=path[-1], parent_id=made.get(path[:-1]), rank=len(path[-1]), description=f"<p>{path[-1]}</p>"
        )
        made[path] = shelf.id
        words = {"name": f"Полка {path[-1]}"}
        await translations.set_fields(
            context, "commerce_category", shelf.id, locale=context.tenant.locales[1], fields=words
        )


async def _fill_magazine(context: Context, count: int, cover: UUID) -> None:
    other = context.tenant.locales[1]
    news = await topics.create(context, name="News", slug="news", description="What is new")
    await topics.create(context, name='Makers "and" doers', slug="makers", parent_id=news.id)
    posts = [_post(number, cover, other) for number in range(count)]
    pages = [
        NodeDraft(kind="page", slug="about", title="About", body="<h2>Us</h2><p>We.</p>", status="published"),
        NodeDraft(
            kind="page", slug="team", title="Team", body="<p>Who.</p>", status="published", parent_key="page/about"
        ),
        NodeDraft(kind="page", slug="crew", title="Crew", status="published", parent_key="page/team"),
    ]
    written = await writing.save_many(context, [*posts, *pages])
    assert not written.refused, written.refused
    await nodes.update(context, written.ids_by_key["post/post-1"], slug="renamed-post")
    about = written.ids_by_key["page/about"]
    deep = Item(title="Deep", url="/deep", children=(Item(title="Deeper", url="https://example.com/?a=b&c"),))
    below = Item(target_type="node", target_id=written.ids_by_key["page/team"], children=(deep,))
    first = Item(target_type="node", target_id=about, children=(below,), translations={other: "О нас"})
    for slug, items in (("main", (first, Item(title='"All"', url="/products"))), ("footer", ())):
        await menus.save(context, slug, name=slug.title(), items=items)


def _post(number: int, cover: UUID, other: str) -> NodeDraft:
    comments: Mapping[int, tuple[CommentDraft, ...]] = {
        0: (
            CommentDraft(external_key=f"{cover}:1", body="<p>First!</p>", author_name="Ann <b>", created_at=DAWN),
            CommentDraft(
                external_key=f"{cover}:2", body="<p>Indeed.</p>", author_name="Bob", parent_key=f"{cover}:1",
                created_at=DAWN + timedelta(hours=1),
            ),
        )
    }  # fmt: skip
    return NodeDraft(
        kind="post",
        slug=f"post-{number}",
        title=None if number == 6 else ONE_LINE[number % len(ONE_LINE)],
        body=f"<p>{AWKWARD[0]} words {'of a post ' * number}</p>",
        excerpt="Short" if number % 2 else None,
        status="draft" if number == 8 else "published",
        published_at=DAWN + timedelta(days=number // 3),
        author_name="Noor" if number % 3 else None,
        categories=("makers", "news")[: number % 3],
        tags=TAGS[: number % 4],
        seo=Meta(title="Meta", twitter_card="summary") if number == 2 else None,
        translations={other: {"title": f"Пост {number}", "body": "<p>Тело</p>"}} if number % 2 == 0 else None,
        cover_media_id=cover if number % 3 == 0 else None,
        sticky=number == 3,
        comments_open=True,
        password="sesame" if number == 7 else None,
        comments=comments.get(number, ()),
    )
