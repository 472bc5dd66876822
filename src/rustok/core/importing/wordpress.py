"""Read a WordPress export (WXR 1.0 to 1.2): first what everything refers to, then the entries one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rustok.core.importing import addresses, bodies, markup, site_reading
from rustok.core.importing.scanning import Chunk, Malformed, Scan
from rustok.core.importing.shortcodes import Picture, Surroundings
from rustok.core.importing.site import Comment, Entry, Site
from rustok.core.importing.site_reading import (
    First,
    integer,
    line_of,
    meta_of,
    moment,
    text_of,
)
from rustok.kernel import slugs
from rustok.kernel.importing import NotImportable, Skipped

if TYPE_CHECKING:
    from lxml import etree

STATUSES = {"publish": "published", "future": "published", "draft": "draft", "pending": "draft", "private": "draft",
            "auto-draft": "draft", "inherit": "published"}  # fmt: skip
"""WordPress's future entries are published ones whose moment has not come; private ones are seen by nobody."""
APPROVAL = {"1": "approved", "0": "pending", "spam": "spam", "trash": "trash", "post-trashed": "trash",
            "approved": "approved", "hold": "pending", "": "pending"}  # fmt: skip
LONGEST_TITLE = 500
ELSEWHERE = {"attachment", "nav_menu_item", "wp_block"}
"""Kinds of items that the first reading has taken up."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was opened: what its entries refer to, and the entries, to be iterated once."""

    site: Site
    entries: Iterator[Entry | Skipped]
    """Entries in the file's order; a page may come before its parent."""


def read(path: Path) -> Export:
    """Open `path` and read it once for everything but the entries. Raises NotImportable."""
    scan = Scan(path)
    first = site_reading.first_reading(scan)
    if not first.site.version and not first.items and not first.site.terms and not first.site.authors:
        raise NotImportable(f"{path.name} is no WordPress export: it holds no items, terms or authors")
    return Export(site=first.site, entries=_entries(path, first))


def _entries(path: Path, first: First) -> Iterator[Entry | Skipped]:
    yield from first.skipped
    pictures = {one.id: Picture(one.url, one.alt or one.title, one.caption) for one in first.site.attachments.values()}
    scan = Scan(path)
    seen: dict[int, int] = {}
    for chunk in scan:
        if chunk.name != "item":
            continue
        if not chunk.complete:
            yield Skipped(chunk.line, "the file ends in the middle of this item", "")
            continue
        try:
            item = scan.parse(chunk)
        except Malformed as error:
            yield Skipped(chunk.line, str(error), "")
            continue
        kind = text_of(item, "wp:post_type") or "post"
        number = integer(text_of(item, "wp:post_id"))
        title = markup.plain(text_of(item, "title"))
        if kind in ELSEWHERE:
            continue
        if kind not in ("post", "page"):
            yield Skipped(chunk.line, f"the post type “{kind[:60]}” is not imported", title[:100])
            continue
        if number and number in seen:
            yield Skipped(chunk.line, f"the {kind} repeats line {seen[number]}", title[:100])
            continue
        seen[number] = chunk.line
        status = text_of(item, "wp:status") or "publish"
        if status not in STATUSES:
            reason = "it is in the trash" if status == "trash" else f"the status “{status[:40]}” is not known"
            yield Skipped(chunk.line, reason, title[:100])
            continue
        around = Surroundings(pictures, first.own_pictures.get(number, ()), first.reusable)
        yield _entry(item, chunk, first, around, kind=kind, number=number, title=title, status=status)
    if not scan.ended_well and (not seen or first.complete):
        yield Skipped(None, "the file ends before the export does", "")


def _entry(
    item: "etree._Element",
    chunk: Chunk,
    first: First,
    around: Surroundings,
    *,
    kind: str,
    number: int,
    title: str,
    status: str,
) -> Entry:
    site = first.site
    body = bodies.to_html(text_of(item, "content:encoded", strip=False), around)
    meta = meta_of(item)
    published = moment(text_of(item, "wp:post_date_gmt")) or moment(text_of(item, "wp:post_date"))
    published = published or site_reading.feed_moment(text_of(item, "pubDate"))
    terms = site_reading.item_terms(item)
    author = text_of(item, "dc:creator")
    return Entry(
        id=number,
        kind=kind,
        title=title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…",
        slug=(first.slugs.get(number) if number else "") or slugs.slugify(title, fallback=f"{kind}-{number}"),
        status=STATUSES[status],
        original_status=status,
        body_html=addresses.relinked(body.html, site),
        excerpt=markup.plain(text_of(item, "excerpt:encoded")) or body.teaser,
        author=author,
        published_at=published if STATUSES[status] == "published" or status == "private" else None,
        created_at=published,
        updated_at=moment(text_of(item, "wp:post_modified_gmt")) or moment(text_of(item, "wp:post_modified")),
        parent=integer(text_of(item, "wp:post_parent")),
        position=max(-(2**31), min(2**31 - 1, integer(text_of(item, "wp:menu_order")))),
        categories=tuple(slug for taxonomy, slug, _ in terms if taxonomy == "category" and slug in site.categories),
        tags=tuple(slug for taxonomy, slug, _ in terms if taxonomy == "post_tag" and slug in site.tags),
        format=next(
            (slug.removeprefix("post-format-") for taxonomy, slug, _ in terms if taxonomy == "post_format"), ""
        ),
        sticky=text_of(item, "wp:is_sticky") == "1",
        password=text_of(item, "wp:post_password"),
        comments_open=text_of(item, "wp:comment_status") != "closed",
        cover=site.attachments.get(integer(meta.get("_thumbnail_id", ""))),
        comments=_comments(item, chunk),
        seo_title=(meta.get("_yoast_wpseo_title") or meta.get("rank_math_title") or "")[:255],
        seo_description=(meta.get("_yoast_wpseo_metadesc") or meta.get("rank_math_description") or "")[:500],
        link=text_of(item, "link"),
        dropped=body.dropped,
        line=chunk.line,
    )


def _comments(item: "etree._Element", chunk: Chunk) -> tuple[Comment, ...]:
    """The entry's comments, parents before their answers; an answer to what is not there stands alone."""
    found: dict[int, Comment] = {}
    for element in item.iterchildren("{urn:wp}comment"):
        number = integer(text_of(element, "wp:comment_id")) or -(len(found) + 1)
        kind = text_of(element, "wp:comment_type") or "comment"
        approved = text_of(element, "wp:comment_approved")
        if number in found:
            continue
        found[number] = Comment(
            id=number,
            author=markup.plain(text_of(element, "wp:comment_author"))[:255],
            email=text_of(element, "wp:comment_author_email")[:255],
            url=text_of(element, "wp:comment_author_url")[:500],
            body_html=markup.paragraphs(text_of(element, "wp:comment_content")),
            status=APPROVAL.get(approved, "pending"),
            type=kind[:32],
            parent=integer(text_of(element, "wp:comment_parent")),
            user_id=integer(text_of(element, "wp:comment_user_id")),
            created_at=moment(text_of(element, "wp:comment_date_gmt")) or moment(text_of(element, "wp:comment_date")),
            line=line_of(element, chunk),
        )
    return site_reading.parents_first(found)
