"""The pages that are read: journal, topics, posts with their comments, pages."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.responses import Response

from rustok.index import reads
from rustok.index.pages import Document, Page
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity
from rustok.storefront import addresses, choosing, finding, forms, head, shelves
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

A_PAGE = 12


async def blog(visit: Visit) -> Response:
    """All posts, the latest first."""
    title = visit.magazine
    text = visit.say("blog.text")
    return await _list(visit, Head(title=title, description=text, path="/blog"), title, text, {})


async def topic(visit: Visit, slug: str) -> Response:
    """The posts of one category."""
    entity, content = visit.shelves.topics, visit.shelves.content
    name = (
        shelves.filter_for(content, "category_slug", "category_id", "category_ids", "category", "categories")
        if content
        else None
    )
    if entity is None or content is None or name is None:
        return await finding.missing(visit)
    known = next((one for one in (await visit.glance()).topics if one.get("slug") == slug), None)
    if known is None or not known.get("id"):
        [found] = await visit.read(lambda c: reads.one(c, entity, slug=slug))
        if found is None:
            return await finding.missing(visit)
        if found.moved:
            return visit.redirect(visit.links.topic(found.document))
        known = found.document
    column = next(f.column for f in content.filters if f.name == name)
    value: Any = slug if "slug" in column else UUID(str(known["id"]))
    title = str(known.get("name"))
    about = head.of(
        known, title, addresses.Addresses("", "").topic(known), description=str(known.get("description") or "")
    )
    return await _list(visit, about, title, str(known.get("description") or ""), {name: {"in": [value]}}, slug=slug)


async def _list(visit: Visit, about: Head, title: str, text: str, where: dict[str, Any], *, slug: str = "") -> Response:
    content = visit.shelves.content
    if content is None:
        return await finding.missing(visit)
    after, before = visit.param("after"), visit.param("before")
    leading = not slug and not after and not before  # the latest post stands above the rest
    place: dict[str, Any] = (
        {"last": A_PAGE, "before": before} if before else {"first": A_PAGE + leading, "after": after or None}
    )
    known: dict[str, Any] = {
        "where": {"kind": {"eq": "post"}, **where},
        "sort": choosing.newest(content),
        "want_count": True,
    }

    async def posts(context: Context) -> Page:
        try:
            return await reads.page(context, content, **known, **place)
        except errors.Invalid as error:
            if not {"after", "before"} & set(error.field):
                raise
            return await reads.page(context, content, **known, first=A_PAGE)

    [page] = await visit.read(posts)
    path = visit.links.at(quote(visit.path))
    if page.has_previous and page.cursors and (after or before):
        about.previous = path + addresses.query([("before", page.cursors[0])])
    if page.has_next and page.cursors:
        about.next = path + addresses.query([("after", page.cursors[-1])])
    if after or before:
        about.query = addresses.query([("after", after), ("before", before)])
        about.index = False
    trail = [(visit.say("home"), visit.links.at("/"))]
    if slug:
        trail.append((visit.magazine, visit.links.at("/blog")))
    about.data.append(head.breadcrumbs([*trail, (title, visit.links.at(about.path))], visit.links))
    head.show(about, next((a["cover"] for a in page.nodes if a.get("cover")), None))
    return await visit.show(
        "blog.html", about, title=title, text=text, page=page, trail=trail, topic=slug,
        leading=leading, previous=about.previous, next=about.next,
    )  # fmt: skip


async def post(visit: Visit, slug: str, *, opened: Mapping[str, Any] | None = None, **said: Any) -> Response:
    """A post with its comments. `opened` is what a password gave access to; `said` goes to the comment form."""
    content = visit.shelves.content
    if content is None:
        return await finding.missing(visit)
    found, latest = await visit.read(
        lambda c: reads.one(c, content, kind="post", slug=slug),
        lambda c: finding.some(c, content, {"kind": {"eq": "post"}}, first=4),
    )
    if found is None:
        return await finding.missing(visit)
    if found.moved:
        return visit.redirect(visit.links.content(found.document, "post"))
    item: Document = {**found.document, **(opened or {})}
    about = _about(visit, item)
    trail = [(visit.say("home"), visit.links.at("/")), (visit.magazine, visit.links.at("/blog"))]
    if (item.get("category") or {}).get("slug"):
        trail.append((str(item["category"].get("name")), visit.links.topic(item["category"])))
    _describe(visit, about, item, trail)
    comments: Sequence[Mapping[str, Any]] = item.get("comments") or ()
    answering = visit.param("reply")
    notice = visit.param("comment")
    said.setdefault("notice", visit.say(f"comment.{notice}") if notice in ("pending", "published") else "")
    locked = bool(item.get("protected")) and opened is None
    response = await visit.show(
        "post.html", about, post=item, trail=trail, locked=locked, comments=comments,
        related=[one for one in latest.nodes if one.get("id") != item.get("id")][:3],
        answering=next((one for one in comments if answering and str(one.get("id")) == answering), None),
        status=int(said.pop("status", 200)), **said,
    )  # fmt: skip
    if opened is not None:
        response.headers["Cache-Control"] = "no-store"
    return response


async def page(visit: Visit, slug: str) -> Response:
    """A page with those below it."""
    content = visit.shelves.content
    if content is None:
        return await finding.missing(visit)
    [found] = await visit.read(lambda c: reads.one(c, content, kind="page", slug=slug))
    if found is None:
        return await _moved_post(visit, content, slug)
    if found.moved:
        return visit.redirect(visit.links.content(found.document, "page"))
    item = found.document
    about = _about(visit, item)
    steps = [step for step in item.get("path") or () if step.get("slug") != item.get("slug")]
    trail = [
        (visit.say("home"), visit.links.at("/")),
        *((str(step.get("title")), visit.links.content(step, "page")) for step in steps),
    ]
    _describe(visit, about, item, trail)
    return await visit.show("page.html", about, page=item, trail=trail, locked=bool(item.get("protected")), wrong=False)


async def _moved_post(visit: Visit, content: Entity, slug: str) -> Response:
    """WordPress keeps posts at the root; whoever moves from there brings links to `/slug`."""
    [found] = await visit.read(lambda c: reads.one(c, content, kind="post", slug=slug))
    if found is None:
        return await finding.missing(visit)
    return visit.redirect(visit.links.content(found.document, "post"))


async def written(visit: Visit, slug: str, kind: str) -> Response:
    """A form that was sent from a post or a page: a password, or a comment."""
    sent = None if forms.is_foreign(visit.request, visit.links.origin) else await forms.read(visit.request)
    content = visit.shelves.content
    if content is None or sent is None:
        return await visit.show(
            "error.html", Head(title=visit.say("refused.title"), index=False), status=403, reason="", trace=""
        )
    found = await reads.one(visit.context, content, kind=kind, slug=slug)
    if found is None:
        return await finding.missing(visit)
    form = sent.values
    identity = str(found.document.get("id"))
    if form.get("password"):
        opened = await visit.host.unlock(
            visit.request, visit.tenant, locale=visit.locale, node_id=identity, password=form["password"]
        )
        shown = {"status": 200 if opened else 403, "wrong": opened is None}
        if kind == "page":
            return await _opened_page(visit, found.document, opened)
        return await post(visit, slug, opened=opened, **shown)
    if kind == "page":
        return visit.redirect(visit.links.content(found.document, "page"), status=303)
    return await _comment(visit, slug, found.document, identity, form)


async def _opened_page(visit: Visit, item: Document, opened: Mapping[str, Any] | None) -> Response:
    about = _about(visit, item)
    response = await visit.show(
        "page.html", about, page={**item, **(opened or {})}, trail=[(visit.say("home"), visit.links.at("/"))],
        locked=opened is None, wrong=opened is None, status=200 if opened else 403,
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


async def _comment(visit: Visit, slug: str, item: Document, identity: str, form: Mapping[str, str]) -> Response:
    path = visit.links.content(item, "post")
    if form.get("website"):  # a field that people do not see and programs fill in
        return visit.redirect(f"{path}?comment=pending#comments", status=303)
    try:
        published = await visit.host.comment(
            visit.request, visit.tenant, locale=visit.locale, node_id=identity, parent_id=form.get("parent_id") or None,
            name=form.get("name", ""), email=form.get("email", ""), text=form.get("text", ""),
        )  # fmt: skip
    except errors.RustokError as error:
        reason = visit.say("comment.refused", reason=str(error))
        return await post(visit, slug, status=error.status, refused=reason, form=form)
    said = "published" if published else "pending"
    return visit.redirect(f"{path}?comment={said}#comments", status=303)


def _about(visit: Visit, item: Document) -> Head:
    about = head.of(
        item, str(item.get("title")), addresses.Addresses("", "").content(item),
        kind="article", description=str(item.get("excerpt") or item.get("body_text") or ""),
    )  # fmt: skip
    head.show(about, item.get("cover"), str(item.get("title")))
    about.published, about.modified = str(item.get("published_at") or ""), str(item.get("updated_at") or "")
    return about


def _describe(visit: Visit, about: Head, item: Document, trail: Sequence[tuple[str, str]]) -> None:
    here = (str(item.get("title")), visit.links.content(item))
    about.data += [
        head.article(item, visit.links, visit.name),
        head.breadcrumbs([*trail, here], visit.links),
    ]
