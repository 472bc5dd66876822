"""The first reading of a WordPress export: authors, terms, pictures, menus, reusable blocks, and everybody's slug."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from rustok.core.importing import addresses, markup
from rustok.core.importing.scanning import Chunk, Malformed, Scan
from rustok.core.importing.site import Attachment, Author, Comment, Menu, MenuItem, Site, Term
from rustok.kernel import slugs
from rustok.kernel.importing import Skipped

if TYPE_CHECKING:
    from lxml import etree

LONGEST_NAME = {"post_tag": 100}
_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_DEEPEST_MENU = 20
MenuLines: TypeAlias = dict[tuple[str, int], tuple[MenuItem, int, int]]
"""By slug of the menu and id: the line, its parent's id, and its place. An id may stand in several menus."""


@dataclass(slots=True)
class First:
    """What the first reading found."""

    site: Site = field(default_factory=Site)
    slugs: dict[int, str] = field(default_factory=dict)
    """Of every post and page, by id: each slug once per kind."""
    own_pictures: dict[int, list[int]] = field(default_factory=dict)
    """Attachments by the entry they were uploaded to."""
    reusable: dict[int, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    items: int = 0
    complete: bool = True


def text_of(element: "etree._Element", name: str, *, strip: bool = True) -> str:
    """The text of the child `prefix:name`; empty when there is none."""
    prefix, _, local = name.rpartition(":")
    text = element.findtext(f"{{urn:{prefix}}}{local}" if prefix else local) or ""
    return text.strip() if strip else text


def meta_of(element: "etree._Element", kind: str = "post") -> dict[str, str]:
    """The element's meta values; of a repeated key, the last."""
    return {
        text_of(one, "wp:meta_key"): text_of(one, "wp:meta_value")
        for one in element.iterchildren(f"{{urn:wp}}{kind}meta")
    }


def line_of(element: "etree._Element", chunk: Chunk) -> int:
    """The element's line in the file."""
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs say Ellipsis
    return chunk.line + (line or 1) - 1


def integer(text: str) -> int:
    """The number, 0 when it is none."""
    text = text.strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else 0


def moment(text: str) -> datetime | None:
    """A date of the export; WordPress writes zeros where there is none."""
    if not text or text.startswith("0000"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def feed_moment(text: str) -> datetime | None:
    """The date of a feed: Mon, 16 Jan 2023 07:08:31 +0000."""
    try:
        found = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, IndexError):
        return None
    if found is None or found.year < 1:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def item_terms(item: "etree._Element") -> list[tuple[str, str, str]]:
    """Taxonomy, slug and name of each term of the item, once."""
    found: dict[tuple[str, str], str] = {}
    for one in item.iterchildren("category"):
        name = name_of(one.text or "")
        taxonomy = one.get("domain") or "category"
        slug = term_slug(one.get("nicename") or "", name)
        if slug and name:
            found.setdefault(("post_tag" if taxonomy == "tag" else taxonomy, slug), name)
    return [(taxonomy, slug, name) for (taxonomy, slug), name in found.items()]


def name_of(text: str) -> str:
    """A name on one line; WordPress keeps ampersands of names escaped."""
    return " ".join(unescape(text).split())


def term_slug(nicename: str, name: str) -> str:
    """The slug of a term; percent-encoded ones are decoded."""
    text = unquote(nicename.strip()) or name
    return slugs.slugify(text) if text else ""


def first_reading(scan: Scan) -> First:
    """Read everything but bodies and comments."""
    first = First()
    menu_items: MenuLines = {}
    slugs_taken: dict[tuple[str, str], int] = {}
    for chunk in scan:
        if not chunk.complete:
            first.complete = False
            if chunk.name != "item":
                first.skipped.append(Skipped(chunk.line, f"the file ends in the middle of this {chunk.name}", ""))
            continue
        try:
            element = scan.parse(chunk)
        except Malformed as error:
            if chunk.name != "item":
                first.skipped.append(Skipped(chunk.line, str(error), ""))
            continue
        if chunk.name == "item":
            first.items += 1
            _item(element, chunk, first, menu_items, slugs_taken)
        elif chunk.name == "wp:author":
            _author(element, chunk, first)
        else:
            _term(element, chunk, first)
    site = first.site
    site.title = scan.head_text("title")
    site.description = scan.head_text("description")
    site.link = scan.head_text("link")
    site.language = scan.head_text("language")
    site.version = scan.head_text("wp:wxr_version")
    for taxonomy in site.terms:
        site.terms[taxonomy] = _ordered(site.terms[taxonomy])
    site.menus = _menus(menu_items, site)
    return first


def _author(element: "etree._Element", chunk: Chunk, first: First) -> None:
    login = text_of(element, "wp:author_login")
    if not login:
        first.skipped.append(Skipped(chunk.line, "the author has no login", ""))
        return
    names = (text_of(element, "wp:author_first_name"), text_of(element, "wp:author_last_name"))
    name = text_of(element, "wp:author_display_name") or " ".join(part for part in names if part) or login
    first.site.authors[login] = Author(
        login=login, name=name_of(name)[:255], email=text_of(element, "wp:author_email"), line=chunk.line
    )


def _term(element: "etree._Element", chunk: Chunk, first: First) -> None:
    if chunk.name == "wp:category":
        taxonomy, fields = "category", ("category_nicename", "cat_name", "category_description", "category_parent")
    elif chunk.name == "wp:tag":
        taxonomy, fields = "post_tag", ("tag_slug", "tag_name", "tag_description", "tag_parent")
    else:
        taxonomy = text_of(element, "wp:term_taxonomy")
        fields = ("term_slug", "term_name", "term_description", "term_parent")
    nicename, name, description, parent = (text_of(element, f"wp:{one}") for one in fields)
    name = name_of(name) or nicename
    slug = term_slug(nicename, name)
    if not slug or not taxonomy:
        first.skipped.append(Skipped(chunk.line, "the term has no name", ""))
        return
    if len(name) > LONGEST_NAME.get(taxonomy, 255):
        first.skipped.append(Skipped(chunk.line, "the name of the term is too long", name[:100]))
        return
    term = Term(
        taxonomy=taxonomy,
        slug=slug,
        name=name,
        description=unescape(description),
        parent=term_slug(parent, ""),
        line=chunk.line,
    )
    # Exports of some versions tell categories twice, as themselves and as terms.
    first.site.terms.setdefault(taxonomy, {}).setdefault(slug, term)
    number = integer(text_of(element, "wp:term_id"))
    if number:
        first.site.term_ids.setdefault(number, (taxonomy, slug))


def _ordered(terms: dict[str, Term]) -> dict[str, Term]:
    """Parents first; a parent that is not there, or a circle, ends at the root."""
    ordered: dict[str, Term] = {}
    for slug in terms:
        path: list[str] = []
        at = slug
        while at and at not in ordered and at not in path and at in terms:
            path.append(at)
            at = terms[at].parent
        for one in reversed(path):
            term = terms[one]
            ordered[one] = term if term.parent in ordered else replace(term, parent="")
    return ordered


def _item(
    item: "etree._Element",
    chunk: Chunk,
    first: First,
    menu_items: MenuLines,
    slugs_taken: dict[tuple[str, str], int],
) -> None:
    kind = text_of(item, "wp:post_type") or "post"
    number = integer(text_of(item, "wp:post_id"))
    if kind == "attachment":
        _attachment(item, chunk, first, number)
    elif kind == "nav_menu_item":
        _menu_item(item, menu_items, number, first.site)
    elif kind == "wp_block":
        first.reusable[number] = text_of(item, "content:encoded")
    elif kind in ("post", "page") and text_of(item, "wp:status") != "trash":
        first.site.entries += 1
        first.site.comments += sum(1 for _ in item.iterchildren("{urn:wp}comment"))
        _slug(item, first, slugs_taken, kind, number)
        for taxonomy, slug, name in item_terms(item):
            if taxonomy in ("category", "post_tag") and len(name) <= LONGEST_NAME.get(taxonomy, 255):
                term = Term(taxonomy=taxonomy, slug=slug, name=name, line=line_of(item, chunk))
                first.site.terms.setdefault(taxonomy, {}).setdefault(slug, term)
        login = text_of(item, "dc:creator")
        if login and login not in first.site.authors:
            first.site.authors[login] = Author(login=login, name=login[:255], line=chunk.line)


def _slug(item: "etree._Element", first: First, taken: dict[tuple[str, str], int], kind: str, number: int) -> None:
    """Pages of different parents may share a slug in WordPress; here the later one gets its id as well."""
    written = unquote(text_of(item, "wp:post_name"))
    slug = slugs.slugify(written or markup.plain(text_of(item, "title")), fallback=f"{kind}-{number}")
    if taken.setdefault((kind, slug), number) != number:
        slug = slugs.slugify(f"{slug[:180]}-{number}")
        taken[kind, slug] = number
    first.slugs.setdefault(number, slug)
    key = addresses.key_of(text_of(item, "link"))
    if key:
        first.site.addresses.setdefault(key, addresses.path_of(kind, slug))


def _attachment(item: "etree._Element", chunk: Chunk, first: First, number: int) -> None:
    title = markup.plain(text_of(item, "title"))
    url = text_of(item, "wp:attachment_url") or text_of(item, "guid")
    if not _WEB_ADDRESS.fullmatch(url) or len(url) > 2_000:
        first.skipped.append(Skipped(chunk.line, "the attachment has no web address", title[:100]))
        return
    parent = integer(text_of(item, "wp:post_parent"))
    first.site.attachments[number] = Attachment(
        id=number,
        url=url,
        title=title[:255],
        alt=meta_of(item).get("_wp_attachment_image_alt", "")[:255],
        caption=markup.plain(text_of(item, "excerpt:encoded")),
        parent=parent,
        line=chunk.line,
    )
    if parent:
        first.own_pictures.setdefault(parent, []).append(number)


def _menu_item(item: "etree._Element", found: MenuLines, number: int, site: Site) -> None:
    if text_of(item, "wp:status") != "publish":
        return
    meta = meta_of(item)
    menus = [(slug, name) for taxonomy, slug, name in item_terms(item) if taxonomy == "nav_menu"]
    line = MenuItem(
        id=number,
        title=markup.plain(text_of(item, "title"))[:255],
        kind=meta.get("_menu_item_type", "custom"),
        object=meta.get("_menu_item_object", ""),
        object_id=integer(meta.get("_menu_item_object_id", "")),
        url=meta.get("_menu_item_url", "")[:2000],
    )
    parent = integer(meta.get("_menu_item_menu_item_parent", ""))
    for slug, name in menus:
        site.terms.setdefault("nav_menu", {}).setdefault(slug, Term(taxonomy="nav_menu", slug=slug, name=name))
        found[slug, number] = (line, parent, integer(text_of(item, "wp:menu_order")))


def _menus(items: MenuLines, site: Site) -> tuple[Menu, ...]:
    """The menus as trees; an item whose parent is missing, elsewhere or below itself stands at the top."""
    below: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for (menu, number), (_, parent, order) in items.items():
        at, depth = parent, 0
        while (menu, at) in items and at != number and depth < _DEEPEST_MENU:
            at, depth = items[menu, at][1], depth + 1
        rooted = (menu, at) not in items and (menu, parent) in items
        below.setdefault((menu, parent if rooted else 0), []).append((order, number))

    def tree(slug: str, parent: int) -> tuple[MenuItem, ...]:
        return tuple(
            replace(items[slug, number][0], children=tree(slug, number))
            for _, number in sorted(below.get((slug, parent), []))
        )

    return tuple(
        Menu(slug=slug, name=term.name, items=tree(slug, 0)) for slug, term in site.terms.get("nav_menu", {}).items()
    )


def parents_first(comments: Mapping[int, Comment]) -> tuple[Comment, ...]:
    """Comments so that an answer comes after what it answers; lost parents and circles end at the top."""
    ordered: dict[int, Comment] = {}
    for number in comments:
        path: list[int] = []
        at = number
        while at in comments and at not in ordered and at not in path:
            path.append(at)
            at = comments[at].parent
        for one in reversed(path):
            comment = comments[one]
            ordered[one] = comment if comment.parent in ordered else replace(comment, parent=0)
    return tuple(ordered.values())
