"""Reads of the read model: what a storefront page and a GraphQL resolver call. Each is one SQL statement.

    product = await reads.one(context, products, handle="blue-shirt")       # Found | None
    page = await reads.page(context, products, where={"categories": {"in": [id]}}, sort="PRICE_ASC", first=24,
                            after=cursor, want_count=True, want_facets=True)
    hits = await reads.search(context, [products, content], "blu shirt", first=20)

`entity` is the declaration (`registry.sources["products"].entity`). Language, currency and tenant are the context's.
Documents are dicts as the owner built them, one per row. `where` uses the names of the entity's filters:
`{"vendor": {"in": ["Acme"]}, "price": {"gte": "10.00"}, "has_stock": True, "options": [{"name": "Size", "values":
["M", "L"]}], "and": [...], "or": [...], "not": {...}}`. Sorts are the declared names, or `RELEVANCE` with a query.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from rustok.index import cursors, filters, searching, tables
from rustok.index.filters import Bound
from rustok.index.listing import RELEVANCE, Beyond, Listing
from rustok.index.pages import MOST, Document, Found, Page, Slice, slice_of
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity

__all__ = ["MOST", "RELEVANCE", "Document", "Found", "Page", "nodes", "one", "page", "search", "version"]


async def one(context: Context, entity: Entity, **key: Any) -> Found | None:
    """The document with this id or key (`handle=`, or `kind=` and `slug=`), also by a former handle."""
    context.require_module(entity.module)
    table, columns = tables.table_of(entity), tables.columns_of(entity)
    bound = Bound({"tenant": context.tenant_id, "locale": context.locale})
    row = "t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted"
    parts: dict[str, str] = {}
    for name, value in key.items():
        column = entity.id_column if name == "id" else name
        if column not in columns:
            raise errors.Invalid(f"{entity.name} has no key {name!r}", field=name)
        try:
            checked = filters.check(value, tables.base_type(columns[column].sql), (name,))
        except filters.InvalidFilter:
            return None  # no row has such a key: too long, or no text at all
        parts[column] = bound.add(checked, tables.base_type(columns[column].sql))
    match = " AND ".join(f"t.{column} = {sql}" for column, sql in parts.items())
    sql = f"SELECT t.document::text, false FROM {table} t WHERE {row} AND {match} ORDER BY t.as_of_seq DESC LIMIT 1"
    handle = entity.handle
    if handle and handle in parts and "previous_handles" in columns:
        rest = "".join(f" AND t.{column} = {sql}" for column, sql in parts.items() if column != handle)
        old = bound.add(msgspec.json.encode({"previous_handles": [[key[handle]]]}).decode(), "jsonb")
        sql = f"""
        WITH exact AS MATERIALIZED ({sql}),
        moved AS MATERIALIZED (
            SELECT c.id FROM {table}__candidates(:tenant, :locale, NULL, NULL, {old}, 20) c
            WHERE NOT EXISTS (SELECT FROM exact)
        )
        SELECT * FROM exact UNION ALL
        (SELECT t.document::text, true FROM moved m JOIN {table} t ON t.{entity.id_column} = m.id
         WHERE {row}{rest} ORDER BY t.as_of_seq DESC LIMIT 1)"""
    found = (await context.session.execute(text(sql), bound.values)).first()
    return Found(msgspec.json.decode(found[0]), bool(found[1])) if found else None


async def page(
    context: Context,
    entity: Entity,
    *,
    where: Mapping[str, Any] | None = None,
    sort: str | None = None,
    query: str | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    want_nodes: bool = True,
    want_count: bool = False,
    want_facets: bool | Sequence[str] = False,
) -> Page:
    """Documents that match, in order, with whatever else is wanted. Errors: `Invalid` names the argument."""
    context.require_module(entity.module)
    wanted = slice_of(first, after, last, before)
    asked = searching.check_query(query) if query else None
    bound = Bound({"tenant": context.tenant_id, "locale": context.locale})
    words = await searching.source(context, entity, bound, asked) if asked else None
    listing = Listing(entity, bound, currency=context.currency, where=where, sort=sort, words=words)
    order, outputs = listing.order(asked), []
    kind = listing.key()[1]
    # A cursor is looked at even where no row is asked for.
    begins = cursors.decode(wanted.after, order, kind, field="after") if wanted.after else None
    ends = cursors.decode(wanted.before, order, kind, field="before") if wanted.before else None
    if want_nodes:
        outputs += _nodes(listing, wanted, begins, ends)
    if want_count:
        outputs.append(f"json_build_array({', '.join(listing.count())})::text AS total")
    if want_facets is not False:
        counts = listing.counts(None if want_facets is True else want_facets)
        listed = ", ".join(f"json_build_array({more}, {listing.facet(one, name)})" for one, name, more in counts)
        outputs.append(f"json_build_array({listed})::text AS facets")
    if not outputs:
        return Page()
    sql = listing.with_parts(f"SELECT {', '.join(outputs)}")
    row = (await context.session.execute(text(sql), bound.values)).mappings().one()
    return _page(order, wanted, row, want_nodes, want_count)


def _nodes(
    listing: Listing, wanted: Slice, after: cursors.Position | None, before: cursors.Position | None
) -> list[str]:
    """One page and one row more, which tells whether there is another."""

    def beyond(at: cursors.Position | None) -> Beyond | None:
        return Beyond(listing.bound.add(at.key, "text"), listing.bound.add(at.id, "uuid")) if at else None

    listing.parts["page"] = listing.page(
        "t.document",
        limit=wanted.size + 1,
        backward=wanted.backward,
        after=beyond(after),
        before=beyond(before),
    )
    way = "DESC" if listing.descending != wanted.backward else "ASC"
    end = f"ORDER BY p.k {way}, p.id {way}"
    return [
        f"(SELECT '[' || string_agg(p.document::text, ',' {end}) || ']' FROM page p) AS nodes",
        f"(SELECT json_agg(json_build_array(p.k::text, p.id) {end})::text FROM page p) AS keys",
    ]


async def search(
    context: Context,
    entities: Sequence[Entity],
    query: str,
    *,
    first: int | None = None,
    after: str | None = None,
    want_count: bool = False,
) -> Page:
    """Documents of several entities together, best first, each with `__typename`; modules switched off are left out."""
    return await searching.together(context, entities, query, slice_of(first, after, None, None), want_count=want_count)


async def nodes(context: Context, entities: Sequence[Entity], ids: Sequence[UUID]) -> list[Document | None]:
    """The documents with these ids, of whatever entity, in the order of the ids; None where there is none."""
    enabled = [e for e in entities if e.module not in context.tenant.disabled_modules]
    if not enabled or not ids:
        return [None] * len(ids)
    if len(ids) > MOST:
        raise errors.Invalid(f"at most {MOST} ids at once", field="ids")
    sql = " UNION ALL ".join(
        f"SELECT '{e.type_name}' AS kind, t.{e.id_column} AS id, t.document::text FROM {tables.table_of(e)} t"
        f" WHERE t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted AND t.{e.id_column} = ANY(:ids)"
        for e in enabled
    )
    rows = await context.session.execute(
        text(sql), {"tenant": context.tenant_id, "locale": context.locale, "ids": list(ids)}
    )
    found = {row[1]: {"__typename": row[0], **msgspec.json.decode(row[2])} for row in rows}
    return [found.get(wanted) for wanted in ids]


async def version(context: Context) -> int:
    """The tenant's read-model version: it grows whenever some row of the tenant changed."""
    sql = "SELECT version FROM index_versions WHERE tenant_id = :tenant"
    return int(await context.session.scalar(text(sql), {"tenant": context.tenant_id}) or 0)


def _page(order: str, wanted: Slice, row: Mapping[Any, Any], want_nodes: bool, want_count: bool) -> Page:
    documents: list[Document] = []
    keys: list[tuple[str, UUID]] = []
    more = False
    if want_nodes and row["nodes"]:
        documents = msgspec.json.decode(row["nodes"])
        keys = msgspec.json.decode(row["keys"], type=list[tuple[str, UUID]])
        more = len(documents) > wanted.size
        documents, keys = documents[: wanted.size], keys[: wanted.size]
        if wanted.backward:
            documents.reverse()
            keys.reverse()
    total: tuple[int | None, bool] = (None, False)
    if want_count:
        total = msgspec.json.decode(row["total"], type=tuple[int, bool])
    counted = None
    if "facets" in row:
        counted = [
            {"label": facet["name"], **facet, "exact": not beyond}
            for beyond, group in msgspec.json.decode(row["facets"])
            for facet in group or []
        ]
    return Page(
        nodes=documents,
        cursors=[cursors.encode(cursors.Position(key, identity), order) for key, identity in keys],
        has_next=wanted.before is not None if wanted.backward else more,
        has_previous=more if wanted.backward else wanted.after is not None,
        total_count=total[0],
        total_exact=not total[1],
        facets=counted,
    )
