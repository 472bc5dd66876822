"""Lists, search, tags, and the page for addresses that lead nowhere."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from rustok.index import reads
from rustok.index.pages import Found, Page
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity
from rustok.storefront import addresses, choosing, shelves
from rustok.storefront.choosing import Chosen
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

A_PAGE = 24
A_GLIMPSE = 8
CATEGORY_FACETS = ("category", "categories", "category_ids", "category_handles")
TAG_FACETS = ("tag", "tags", "tag_slugs", "tag_ids")
LONGEST_QUERY = 200


async def some(context: Context, entity: Entity | None, where: Mapping[str, Any], *, first: int, **more: Any) -> Page:
    """The latest few that match; none where the tenant has no such thing."""
    if entity is None:
        return Page(total_count=0)
    return await reads.page(
        context, entity, where=where, sort=more.pop("sort", choosing.newest(entity)), first=first, **more
    )


async def listed(
    context: Context, chosen: Chosen, scope: Mapping[str, Any] | None = None, *, query: str | None = None
) -> Page:
    """One page of a list with its count and facets. A cursor of another list or order means the first page."""
    where = {"and": [dict(scope), chosen.where()]} if scope else chosen.where()
    sort = chosen.sort or ("RELEVANCE" if query else choosing.newest(chosen.entity))
    place: dict[str, Any] = {"first": A_PAGE, "after": chosen.after or None}
    if chosen.before:
        place = {"last": A_PAGE, "before": chosen.before}
    known: dict[str, Any] = {"where": where, "sort": sort, "query": query, "want_count": True, "want_facets": True}
    try:
        return await reads.page(context, chosen.entity, **known, **place)
    except errors.Invalid as error:
        if not {"after", "before"} & set(error.field):
            raise
        chosen.after = chosen.before = ""
        return await reads.page(context, chosen.entity, **known, first=A_PAGE)


def listing(
    visit: Visit, chosen: Chosen, page: Page, about: Head, *, usual: str, hide: Sequence[str] = ()
) -> dict[str, Any]:
    """What the template of a list needs: filters, orders, neighbours."""
    path = visit.links.at(quote(visit.path))
    previous = following = ""
    if page.has_previous and page.cursors:
        previous = path + addresses.query(chosen.pairs(before=page.cursors[0]))
        if not chosen.after and not chosen.before:
            previous = ""
    if page.has_next and page.cursors:
        following = path + addresses.query(chosen.pairs(after=page.cursors[-1]))
    about.previous, about.next = previous, following
    if chosen.after or chosen.before:
        about.query = addresses.query([("after", chosen.after), ("before", chosen.before)])
        about.index = False  # a place in a list moves with every new product: followed, but not remembered
    return {
        "page": page,
        "chosen": chosen,
        "groups": choosing.groups(chosen, page.facets, visit.wording, hide=hide),
        "active": choosing.active(chosen, page.facets, visit.wording, path, visit.currency),
        "orders": choosing.orders(chosen, visit.wording, usual=usual),
        "list_path": path,
        "previous": previous,
        "next": following,
    }


async def search(visit: Visit) -> Response:
    """Products and everything written that the words are found in."""
    query = " ".join(visit.param("q").split())[:LONGEST_QUERY]
    kind = visit.param("in")
    title = visit.say("found.title", query=query) if query else visit.say("search")
    about = Head(title=title, path="/search", index=False)
    products, content = visit.shelves.products, visit.shelves.content
    if not query or "\x00" in query:
        [latest] = await visit.read(lambda c: some(c, products, {}, first=A_GLIMPSE))
        return await visit.show("search.html", about, words="", suggestions=latest.nodes, kind="")
    about.query = addresses.query([("q", query)])
    if kind == "articles" and content:
        chosen = choosing.read(content, visit.params, visit.currency, keep=("q", "in"))
        page, others = await visit.read(
            lambda c: listed(c, chosen, query=query),
            lambda c: _counted(c, products, query),
        )
        return await visit.show(
            "search.html", about, words=query, kind=kind, articles=page, products=others,
            **listing(visit, chosen, page, about, usual="RELEVANCE"),
        )  # fmt: skip
    if products is None:
        [articles] = await visit.read(lambda c: _found(c, content, query))
        return await visit.show(
            "search.html", about, words=query, kind="", articles=articles, products=Page(total_count=0)
        )
    chosen = choosing.read(products, visit.params, visit.currency, keep=("q", "in"))
    page, articles, latest = await visit.read(
        lambda c: listed(c, chosen, query=query),
        lambda c: _found(c, content, query),
        lambda c: some(c, products, {}, first=4),
    )
    return await visit.show(
        "search.html", about, words=query, kind="products" if kind == "products" else "", products=page,
        articles=articles, suggestions=latest.nodes, **listing(visit, chosen, page, about, usual="RELEVANCE"),
    )  # fmt: skip


async def _found(context: Context, entity: Entity | None, query: str) -> Page:
    return await some(context, entity, {}, first=6, sort="RELEVANCE", query=query, want_count=True)


async def _counted(context: Context, entity: Entity | None, query: str) -> Page:
    if entity is None:
        return Page(total_count=0)
    return await reads.page(context, entity, query=query, want_nodes=False, want_count=True)


async def tag(visit: Visit, slug: str) -> Response:
    """Everything that carries a tag: products first, then posts."""
    products, content = visit.shelves.products, visit.shelves.content
    chosen = choosing.read(products, visit.params, visit.currency) if products else None

    async def label(context: Context) -> Found | None:
        return await reads.one(context, visit.shelves.tags, slug=slug) if visit.shelves.tags else None

    async def goods(context: Context) -> Page:
        wanted = tagged(products, slug)
        return await listed(context, chosen, wanted) if chosen and wanted else Page(total_count=0)

    async def posts(context: Context) -> Page:
        wanted = tagged(content, slug)
        return await some(context, content, wanted, first=12, want_count=True) if wanted else Page(total_count=0)

    found, page, articles = await visit.read(label, goods, posts)
    if found is None:
        return await missing(visit)
    if found.moved:
        return visit.redirect(visit.links.tag(found.document))
    name = str(found.document.get("name"))
    title = visit.say("tag.title", name=name)
    narrowed = chosen is not None and chosen.is_narrowed
    # A tag that nothing carries any more stays an answer, but not one to be remembered.
    about = Head(title=title, path=f"/tags/{quote(slug)}", index=not narrowed and bool(page.nodes or articles.nodes))
    usual = (choosing.newest(products) if products else None) or ""
    more = listing(visit, chosen, page, about, usual=usual, hide=TAG_FACETS) if chosen else {"page": page}
    return await visit.show("tag.html", about, name=name, articles=articles, **more)


def tagged(entity: Entity | None, slug: str) -> dict[str, Any]:
    """The filter on a tag's slug; empty where the entity has none."""
    name = shelves.filter_for(entity, "tag_slugs", "tag", "tags") if entity else None
    return {name: {"eq": slug}} if name else {}


async def missing(visit: Visit) -> Response:
    """404, with what the words of the address would find."""
    words = " ".join(re.findall(r"\w{2,}", visit.path.rsplit("/", 1)[-1].replace("-", " ").replace("_", " ")))[:80]

    async def like(context: Context, entity: Entity | None) -> Page:
        return await some(context, entity, {}, first=4, sort="RELEVANCE", query=words) if words else Page()

    products, articles, latest = await visit.read(
        lambda c: like(c, visit.shelves.products),
        lambda c: like(c, visit.shelves.content),
        lambda c: some(c, visit.shelves.products, {}, first=4),
    )
    about = Head(title=visit.say("missing.label"), path="/", index=False, translated=False)
    return await visit.show(
        "missing.html", about, status=404, words=words, products=products.nodes or latest.nodes, articles=articles.nodes
    )
