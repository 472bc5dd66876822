"""The pages of the shop: home, category, product."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.responses import Response

from rustok.index import alike, reads, tables
from rustok.index.pages import Document, Found, Page
from rustok.kernel.indexing import Entity
from rustok.storefront import addresses, choosing, finding, head, shelves, variants
from rustok.storefront.head import Head
from rustok.storefront.navigation import Navigation
from rustok.storefront.visit import Visit

MOST_FEATURED = 8
MOST_CATEGORIES = 150  # of a subtree, in one filter
TRACKED_LOW = 5  # from this number down a shopper is told how few are left


async def home(visit: Visit) -> Response:
    """What is new, what there is, and what was written."""
    products, articles = await visit.read(
        lambda c: finding.some(c, visit.shelves.products, {}, first=8),
        lambda c: finding.some(c, visit.shelves.content, {"kind": {"eq": "post"}}, first=4),
    )
    title = visit.name
    text = str(visit.setting("description") or visit.setting("tagline") or visit.say("hero.text"))
    about = Head(title=title, description=text, path="/")
    about.data = [*head.site(title, visit.links, f"/assets/{visit.theme.icon.name}")]
    shown = _featured(await visit.navigation())
    hero = _hero(visit, shown, products.nodes, articles.nodes)
    head.show(about, hero["image"])
    return await visit.show(
        "home.html", about, hero=hero, categories=shown, products=products.nodes, articles=articles.nodes, tagline=text
    )


def _featured(nav: Navigation) -> list[Mapping[str, Any]]:
    """The categories to begin with: the roots, or what is below them where there are only a few."""
    filled = [one for one in nav.categories if one.get("product_count")]
    roots = [one for one in filled if not one.get("parent")]
    below = {
        step.get("handle")
        for one in filled
        for step in (one.get("path") or ())
        if step.get("handle") != one.get("handle")
    }
    leaves = [one for one in filled if one.get("handle") not in below]
    return (roots if len(roots) >= 4 or len(leaves) <= len(roots) else leaves)[:MOST_FEATURED]


def _hero(
    visit: Visit, shown: Sequence[Mapping[str, Any]], products: Sequence[Document], articles: Sequence[Document]
) -> dict[str, Any]:
    """What the settings say under `hero`; else the picture of a category, of the latest product, of the latest post."""
    roots = [one for one in (visit.seen.roots if visit.seen else ()) if one.get("image") and one.get("product_count")]
    image = visit.setting("hero", "image")
    caption, link = "", ""
    if isinstance(image, str):
        image = {"url": image, "alt_text": ""}
    elif not isinstance(image, Mapping):
        picked = [
            *(
                (one["image"], str(one.get("name")), visit.links.category(one))
                for one in [*roots, *shown]
                if one.get("image")
            ),
            *(
                (one["images"][0], str(one.get("title")), visit.links.product(one))
                for one in products
                if one.get("images")
            ),
            *(
                (one["cover"], str(one.get("title")), visit.links.content(one, "post"))
                for one in articles
                if one.get("cover")
            ),
        ]
        image, caption, link = picked[0] if picked else (None, "", "")
    return {
        "title": str(visit.setting("hero", "title") or visit.setting("tagline") or visit.say("hero.title")),
        "text": str(visit.setting("hero", "text") or visit.setting("description") or visit.say("hero.text")),
        "image": image,
        "caption": caption,
        "link": link,
    }


async def categories(visit: Visit) -> Response:
    """All categories and all products: the shop's front door."""
    if visit.shelves.products is None:
        return await finding.missing(visit)
    chosen = choosing.read(visit.shelves.products, visit.params, visit.currency)
    [page] = await visit.read(lambda c: finding.listed(c, chosen))
    title = visit.say("shop")
    about = Head(title=title, path="/categories", index=not chosen.is_narrowed)
    about.data.append(
        head.breadcrumbs(
            [(visit.say("home"), visit.links.at("/")), (title, visit.links.at("/categories"))], visit.links
        )
    )
    nav = await visit.navigation()
    return await visit.show(
        "category.html", about, category={"name": title}, trail=[], children=nav.roots,
        **finding.listing(visit, chosen, page, about, usual=choosing.newest(chosen.entity) or ""),
    )  # fmt: skip


async def category(visit: Visit, handle: str) -> Response:
    """A category with what is in it and below it."""
    entity, products = visit.shelves.categories, visit.shelves.products
    if entity is None or products is None:
        return await finding.missing(visit)
    chosen = choosing.read(products, visit.params, visit.currency)
    known = next((one for one in (await visit.glance()).categories if one.get("handle") == handle), None)
    found: Found | None
    page: Page
    if known is None:  # new since a moment ago, moved, or one of very many
        [found] = await visit.read(lambda c: reads.one(c, entity, handle=handle))
        if found is None or found.moved:
            return await _elsewhere(visit, found)
        known = found.document
    found, page = await visit.read(
        lambda c: reads.one(c, entity, handle=handle),
        lambda c: finding.listed(c, chosen, _within(visit, products, known)),
    )
    if found is None or found.moved or str(found.document.get("id")) != str(known.get("id")):
        return await _elsewhere(visit, found)
    document = found.document
    trail = [(str(step.get("name")), visit.links.category(step)) for step in _path(document)]
    about = head.of(
        document, str(document.get("name")), addresses.Addresses("", "").category(document),
        description=str(document.get("description_text") or ""),
    )  # fmt: skip
    about.index = about.index and not chosen.is_narrowed
    head.show(about, document.get("image"), str(document.get("name")))
    if not about.image:
        head.show(about, next((p["images"][0] for p in page.nodes if p.get("images")), None))
    whole = [(visit.say("home"), visit.links.at("/")), *trail]
    about.data.append(head.breadcrumbs(whole, visit.links))
    return await visit.show(
        "category.html", about, category=document, trail=whole[:-1], children=document.get("children") or [],
        **finding.listing(
            visit, chosen, page, about, usual=choosing.newest(products) or "", hide=finding.CATEGORY_FACETS
        ),
    )  # fmt: skip


async def product(visit: Visit, handle: str) -> Response:
    """A product with the choice of its variants, and others like it."""
    entity = visit.shelves.products
    if entity is None:
        return await finding.missing(visit)
    by = _array(entity, "category_ids", "categories", "category_handles")
    also = _array(entity, "tag_slugs", "tags", "tag_ids")

    async def others(context: Any) -> list[Document]:
        return await alike.to(context, entity, by=by, also=also, first=4, handle=handle) if by else []

    found, related = await visit.read(lambda c: reads.one(c, entity, handle=handle), others)
    if found is None:
        return await finding.missing(visit)
    item = found.document
    if found.moved:
        return visit.redirect(visit.links.product(item) + addresses.query(visit.params))
    current = variants.shown(item, visit.param("variant"))
    images = variants.pictures(item, current)
    price, before = variants.price_of(current, visit.currency)
    about = head.of(
        item, str(item.get("title")), addresses.Addresses("", "").product(item),
        kind="product", description=str(item.get("description_text") or item.get("subtitle") or ""),
    )  # fmt: skip
    head.show(about, next(iter(images), None), str(item.get("title")))
    trail = [(visit.say("home"), visit.links.at("/")), *_trail(visit, item)]
    about.data += [
        head.product(item, visit.links, visit.currency),
        head.breadcrumbs([*trail, (str(item.get("title")), visit.links.product(item))], visit.links),
    ]
    left = (current or {}).get("quantity_available")
    return await visit.show(
        "product.html", about, product=item, variant=current, options=variants.options(item, current), images=images,
        price_now=price, price_before=before, trail=trail, related=related,
        few_left=left if isinstance(left, int) and 0 < left <= TRACKED_LOW else None,
        tiers=((current or {}).get("price_tiers") or {}).get(visit.currency) or [],
        refused=visit.say(said) if (said := f"refusals.{visit.param('refused')}") in visit.wording.messages else "",
    )  # fmt: skip


async def _elsewhere(visit: Visit, found: Found | None) -> Response:
    if found is None:
        return await finding.missing(visit)
    return visit.redirect(
        visit.links.category(found.document) + addresses.query(visit.params), status=301 if found.moved else 302
    )


def _path(category: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The way from the root to the category itself."""
    path = list(category.get("path") or ())
    if not path or path[-1].get("handle") != category.get("handle"):
        path.append(category)
    return path


def _trail(visit: Visit, item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The way to a product: through the deepest of its categories."""
    deepest = max(item.get("categories") or (), key=lambda one: len(one.get("path") or ()), default=None)
    return [(str(s.get("name")), visit.links.category(s)) for s in _path(deepest)] if deepest else []


def _within(visit: Visit, products: Entity, category: Mapping[str, Any]) -> dict[str, Any]:
    """The filter on a category and all below it."""
    name = shelves.filter_for(products, "category_ids", "categories", "category", "category_handles")
    if name is None:
        return {}
    column = next(f.column for f in products.filters if f.name == name)
    by_id = tables.base_type(tables.columns_of(products)[column].sql).startswith("uuid")
    handle = category.get("handle")
    below = [
        one
        for one in (visit.seen.categories if visit.seen else ())
        if any(step.get("handle") == handle for step in one.get("path") or ())
    ]
    everything = {str(one["id"] if by_id else one["handle"]): None for one in (category, *below)}
    values: list[Any] = [UUID(value) if by_id else value for value in everything]
    return {name: {"in": values[:MOST_CATEGORIES]}}


def _array(entity: Entity, *names: str) -> str | None:
    known = tables.array_columns(entity)
    return next((name for name in names if name in known), None)
