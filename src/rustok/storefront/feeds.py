"""What programs read: the map of the site, robots.txt, the news feed, the manifest of the web app."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from markupsafe import escape
from sqlalchemy import text
from starlette.responses import Response

from rustok.index import tables
from rustok.kernel import errors, ids
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity
from rustok.storefront import finding, formatting, pictures, private
from rustok.storefront.addresses import Addresses
from rustok.storefront.visit import Visit

MOST_ADDRESSES = 50_000  # of one file, says sitemaps.org
IN_FEED = 20
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
ATOM = "http://www.w3.org/2005/Atom"
CONTROLS = {n: None for n in range(32) if n not in (9, 10, 13)} | dict.fromkeys((0xFFFE, 0xFFFF))


async def sitemap(visit: Visit) -> Response:
    """One file with every address, or an index of several where there are too many for one."""
    visit = _usual(visit)
    shelves = _entities(visit)
    share = _share(visit)
    starts = await _starts(visit.context, shelves, share)
    if sum(len(places) for places in starts.values()) <= 1 or await _fits(visit, shelves, share):
        entries = [
            entry for name in shelves for entry in await _entries(visit.context, name, shelves[name], None, share)
        ]
        return _xml("".join(_urlset(visit, [*_fixed(visit), *entries])))
    found = [f'{XML}<sitemapindex xmlns="{SITEMAP}">']
    found += [
        f"<sitemap><loc>{escape(visit.links.full(f'/sitemap/{name}/{start}.xml'))}</loc>"
        f"<lastmod>{_day(changed)}</lastmod></sitemap>"
        for name, places in starts.items()
        for start, changed in places
    ]
    found.append(f"<sitemap><loc>{escape(visit.links.full('/sitemap/pages.xml'))}</loc></sitemap></sitemapindex>")
    return _xml("".join(found))


async def sitemap_part(visit: Visit, name: str, start: str) -> Response:
    """One of several files: the addresses of one kind from an id on."""
    visit = _usual(visit)
    entity = _entities(visit).get(name)
    try:
        first = ids.parse_id(start)
    except errors.RustokError:
        return await finding.missing(visit)
    if entity is None:
        return await finding.missing(visit)
    share = _share(visit)
    return _xml("".join(_urlset(visit, await _entries(visit.context, name, entity, first, share))))


async def sitemap_pages(visit: Visit) -> Response:
    """The file with the addresses that are always there."""
    visit = _usual(visit)
    return _xml("".join(_urlset(visit, _fixed(visit))))


def robots(visit: Visit) -> Response:
    """What crawlers may fetch: everything but results of searches and filters, of which there is no end."""
    lines = ["User-agent: *"]
    for locale in visit.tenant.locales:
        prefix = visit.links_in(locale).prefix
        lines += [f"Disallow: {prefix}/search", f"Disallow: {prefix}/*?*option.", f"Disallow: {prefix}/*?*price_"]
        lines += private.disallowed(prefix)
    lines += ["Disallow: /admin", "Disallow: /*?*reply=", "", f"Sitemap: {visit.links.full('/sitemap.xml')}", ""]
    return Response("\n".join(lines), media_type="text/plain", headers={"Cache-Control": "max-age=3600"})


async def feed(visit: Visit) -> Response:
    """The latest posts as Atom (RFC 4287)."""
    [page] = await visit.read(lambda c: finding.some(c, visit.shelves.content, {"kind": {"eq": "post"}}, first=IN_FEED))
    home, own = visit.links.full(visit.links.at("/")), visit.links.full(visit.links.at("/feed.xml"))
    latest = max((str(p.get("updated_at") or p.get("published_at") or "") for p in page.nodes), default="")
    parts = [
        f'{XML}<feed xmlns="{ATOM}" xml:lang="{escape(visit.locale)}">',
        f"<title>{_text(visit.name)}</title><id>{_text(own)}</id><updated>{_moment(latest)}</updated>",
        f'<link rel="self" type="application/atom+xml" href="{_text(own)}"/>',
        f'<link rel="alternate" type="text/html" href="{_text(home)}"/>',
    ]
    parts += [_entry(visit, item) for item in page.nodes]
    parts.append("</feed>")
    return _xml("".join(parts), media_type="application/atom+xml")


def manifest(visit: Visit) -> Response:
    """Enough for a phone to put the shop on its home screen."""
    icon = f"/assets/{visit.theme.icon.name}"
    body = {
        "name": visit.name,
        "short_name": visit.name[:12],
        "start_url": visit.links.at("/"),
        "display": "minimal-ui",
        "background_color": visit.theme.colours.get("light", "#ffffff"),
        "theme_color": visit.theme.colours.get("light", "#ffffff"),
        "icons": [{"src": icon, "sizes": "any", "type": "image/svg+xml"}],
    }
    return Response(json.dumps(body), media_type="application/manifest+json", headers={"Cache-Control": "max-age=3600"})


def _entry(visit: Visit, item: Mapping[str, Any]) -> str:
    address = visit.links.full(visit.links.content(item, "post"))
    author = (item.get("author") or {}).get("name") or visit.name
    tags = "".join(f'<category term="{_text(name)}"/>' for name in item.get("tags") or ())
    cover = pictures.of(item.get("cover"))
    shown = f'<p><img src="{escape(visit.links.full(cover.src))}" alt="{escape(cover.alt)}"></p>' if cover else ""
    body = (
        "" if item.get("protected") else f'<content type="html">{_text(shown + str(item.get("body") or ""))}</content>'
    )
    return (
        f"<entry><title>{_text(item.get('title'))}</title><id>urn:uuid:{_text(item.get('id'))}</id>"
        f'<link rel="alternate" type="text/html" href="{_text(address)}"/>'
        f"<published>{_moment(item.get('published_at'))}</published>"
        f"<updated>{_moment(item.get('updated_at') or item.get('published_at'))}</updated>"
        f"<author><name>{_text(author)}</name></author>{tags}"
        f"<summary>{_text(item.get('excerpt'))}</summary>{body}</entry>"
    )


def _usual(visit: Visit) -> Visit:
    """Maps are the same in every language: they list all of them."""
    visit.links = visit.links_in(visit.tenant.default_locale)
    return visit


def _entities(visit: Visit) -> dict[str, Entity]:
    shelves = visit.shelves
    known = {
        "products": shelves.products,
        "categories": shelves.categories,
        "content": shelves.content,
        "topics": shelves.topics,
    }
    return {name: entity for name, entity in known.items() if entity is not None}


def _share(visit: Visit) -> int:
    """How many things one file can name: each in every language, and some room for the fixed addresses."""
    languages = len(visit.tenant.locales)
    return max(1, MOST_ADDRESSES // languages - 4)


def _fixed(visit: Visit) -> list[tuple[str, str]]:
    paths = ["/"]
    if visit.shelves.products:
        paths.append("/categories")
    if visit.shelves.content:
        paths.append("/blog")
    return [(path, "") for path in paths]


async def _starts(context: Context, entities: Mapping[str, Entity], share: int) -> dict[str, list[tuple[UUID, str]]]:
    """By kind, the first id of each file and when something in it changed last; one statement."""
    columns = [
        f"""(SELECT json_agg(json_build_array(x.first, x.changed) ORDER BY x.first)::text FROM (
            SELECT min(r.id::text) AS first, max(r.changed) AS changed FROM (
                SELECT t.{e.id_column} AS id, t.indexed_at AS changed,
                       (row_number() OVER (ORDER BY t.{e.id_column}) - 1) / :share AS part
                FROM {tables.table_of(e)} t WHERE {_LISTED}
            ) r GROUP BY r.part
        ) x)"""
        for e in entities.values()
    ]
    if not columns:
        return {}
    row = (
        await context.session.execute(
            text(f"SELECT {', '.join(columns)}"),
            {"tenant": context.tenant_id, "locale": context.tenant.default_locale, "share": share},
        )
    ).one()
    decode = msgspec.json.Decoder(list[tuple[UUID, str]]).decode
    return {name: decode(part) if part else [] for name, part in zip(entities, row, strict=True)}


async def _fits(visit: Visit, entities: Mapping[str, Entity], share: int) -> bool:
    counts = [
        f"(SELECT count(*) FROM (SELECT FROM {tables.table_of(e)} t WHERE {_LISTED} LIMIT :most) x)"
        for e in entities.values()
    ]
    known = {"tenant": visit.context.tenant_id, "locale": visit.tenant.default_locale, "most": share + 1}
    return int(await visit.context.session.scalar(text(f"SELECT {' + '.join(counts)}"), known) or 0) <= share


_LISTED = (
    "t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted"
    " AND (t.document #> '{seo,no_index}') IS DISTINCT FROM 'true'::jsonb"
)


async def _entries(context: Context, name: str, entity: Entity, first: UUID | None, most: int) -> list[tuple[str, str]]:
    """Paths without a language, and when each changed."""
    key = entity.handle or "slug"
    kind = "t.document ->> 'kind'" if name == "content" else "''"
    rows = await context.session.execute(
        text(
            f"SELECT t.document ->> '{key}', {kind}, COALESCE(t.document ->> 'updated_at', t.indexed_at::text)"
            f" FROM {tables.table_of(entity)} t WHERE {_LISTED}"
            f" {f'AND t.{entity.id_column} >= :first' if first else ''} ORDER BY t.{entity.id_column} LIMIT :most"
        ),
        {"tenant": context.tenant_id, "locale": context.tenant.default_locale, "most": most}
        | ({"first": first} if first else {}),
    )
    return [(_path(name, str(row[1] or ""), str(row[0])), str(row[2] or "")) for row in rows if row[0]]


def _path(name: str, kind: str, key: str) -> str:
    here = Addresses("", "")
    if name == "products":
        return here.product({"handle": key})
    if name == "categories":
        return here.category({"handle": key})
    return here.topic({"slug": key}) if name == "topics" else here.content({"slug": key}, kind)


def _urlset(visit: Visit, entries: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f'{XML}<urlset xmlns="{SITEMAP}" xmlns:xhtml="{XHTML}">'
    places = [(locale, visit.links_in(locale)) for locale in visit.tenant.locales]
    for path, changed in entries:
        full = [(locale, str(escape(links.full(links.at(path))))) for locale, links in places]
        others = ""
        if len(full) > 1:
            others = "".join(
                f'<xhtml:link rel="alternate" hreflang="{code}" href="{address}"/>' for code, address in full
            )
        day = f"<lastmod>{_day(changed)}</lastmod>" if changed else ""
        for _, address in full:
            yield f"<url><loc>{address}</loc>{day}{others}</url>"
    yield "</urlset>"


def _xml(body: str, *, media_type: str = "application/xml") -> Response:
    return Response(body, media_type=media_type, headers={"Cache-Control": "public, max-age=60"})


def _text(value: object) -> str:
    return str(escape(str(value or "").translate(CONTROLS)))


def _moment(value: object) -> str:
    when = formatting.moment(value) or datetime(2000, 1, 1, tzinfo=UTC)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat(timespec="seconds")


def _day(value: object) -> str:
    return _moment(value)[:10]
