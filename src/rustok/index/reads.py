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

from rustok.index import cursors, facets, filters, searching, tables
from rustok.index.filters import Bound, Condition
from rustok.index.pages import COUNTED, MOST, Document, Found, Page, Slice, slice_of
from rustok.index.searching import Hits
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity, Sort

PROBED = 2_000  # overlaps with fewer rows are sorted; with more, the order's index is walked and filtered
RELEVANCE = "RELEVANCE"

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
    statement = _Statement(context, entity, where, sort, query)
    if statement.query:
        statement.hits = await searching.backend_of(context).hits(
            context.tenant, entity, locale=context.locale, query=statement.query, most=COUNTED + 1
        )
    if want_nodes:
        statement.want_nodes(wanted)
    if want_count:
        statement.want_count()
    if want_facets is not False:
        statement.want_facets(None if want_facets is True else want_facets)
    if not statement.outputs:
        return Page()
    row = (await context.session.execute(text(statement.sql), statement.bound.values)).mappings().one()
    return _page(statement, wanted, row, want_nodes, want_count)


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


class _Statement:
    """One SQL statement that grows with what is wanted of it."""

    def __init__(
        self, context: Context, entity: Entity, where: Mapping[str, Any] | None, sort: str | None, query: str | None
    ) -> None:
        self.entity, self.currency = entity, context.currency
        self.table, self.id = tables.table_of(entity), entity.id_column
        self.bound = Bound({"tenant": context.tenant_id, "locale": context.locale})
        self.query = searching.check_query(query) if query else None
        if self.query and not entity.search:
            raise errors.Invalid(f"{entity.name} cannot be searched", field="query")
        if self.query:
            self.bound.values.update(searching.words(context.tenant, context.locale, self.query))
        self.conditions = tuple(filters.Compiler(entity, self.currency, self.bound).conditions(where))
        self.sort = self._sort(sort)
        self.hits: Hits | None = None
        self.parts: dict[str, str] = {}
        self.outputs: list[str] = []
        self.sets: dict[tuple[Condition, ...], str] = {}

    def _sort(self, name: str | None) -> Sort | None:
        """The chosen sort; None is relevance."""
        if name is None or name.upper() == RELEVANCE:
            if self.query:
                return None
            return self.entity.sorts[0] if self.entity.sorts else Sort("ID_ASC", self.id)
        for sort in self.entity.sorts:
            if sort.name.upper() == name.upper():
                return sort
        raise errors.Invalid(f"{self.entity.name} cannot be sorted by {name[:64]!r}", field="sort")

    @property
    def order(self) -> str:
        """What a cursor is valid for."""
        if self.sort is None:
            return f"{self.entity.name}|{RELEVANCE}|{self.query}"
        return f"{self.entity.name}|{self.sort.name}|{self.currency if self.sort.per_currency else ''}"

    @property
    def descending(self) -> bool:
        """Whether the greatest key comes first."""
        return self.sort is None or self.sort.descending

    def key(self) -> tuple[str, str]:
        """SQL of the sort key and its type."""
        if self.sort is None:
            return "f.rank", "bigint"
        return tables.order_expression(self.entity, self.sort, self.currency, "t.")

    @property
    def sql(self) -> str:
        """The statement."""
        ctes = ", ".join(f"{name} AS MATERIALIZED ({body})" for name, body in self.parts.items())
        return f"{'WITH ' + ctes if ctes else ''} SELECT {', '.join(self.outputs)}"

    def scope(self, conditions: Sequence[Condition]) -> str:
        """The WHERE of the table's rows."""
        row = "t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted"
        return " AND ".join([row, *(c.sql for c in conditions)])

    def candidates(self, conditions: Sequence[Condition], most: int) -> str | None:
        """A call of the definer function, when words or overlaps can be answered by it."""
        holding: dict[str, list[list[str]]] = {}
        for condition in conditions:
            if condition.holding:
                holding.setdefault(condition.column, []).append(list(condition.holding))
        if not holding and not self.query:
            return None
        if self.hits is not None:
            return searching.given(self.hits, self.bound)
        held = self.bound.add(msgspec.json.encode(holding).decode(), "jsonb") if holding else "NULL"
        words = searching.WORDS if self.query else "NULL, NULL"
        return f"{self.table}__candidates(:tenant, :locale, {words}, {held}, {most})"

    def matches(self, conditions: tuple[Condition, ...]) -> str:
        """The name of a set of at most 10,001 matches with key, id and what facets count."""
        if conditions not in self.sets:
            name = f"set_{len(self.sets)}"
            self.sets[conditions] = name
            carried = "".join(f", t.{column}" for column in facets.columns(self.entity))
            source = self.candidates(conditions, COUNTED + 1)
            key, _ = self.key()
            if source:
                self.parts[f"{name}_found"] = f"SELECT f.id, f.rank FROM {source} f(id, rank)"
                joined = f"{name}_found f JOIN {self.table} t ON t.{self.id} = f.id"
            else:
                joined = f"{self.table} t"
            self.parts[name] = (
                f"SELECT t.{self.id} AS id, {key} AS k{carried} FROM {joined}"
                f" WHERE {self.scope(conditions)} LIMIT {COUNTED + 1}"
            )
            seen = f"{name}_found" if source else name
            self.parts[f"{name}_size"] = (
                f"SELECT (SELECT count(*) FROM {name}) AS n, (SELECT count(*) FROM {seen}) > {COUNTED} AS more"
            )
        return self.sets[conditions]

    def want_count(self) -> None:
        """How many match, and whether that is all of them."""
        name = self.matches(self.conditions)
        self.outputs.append(f"(SELECT json_build_array(least(n, {COUNTED}), more)::text FROM {name}_size) AS total")

    def want_facets(self, names: Sequence[str] | None) -> None:
        """Counts of the facets' values, each with its own precision."""
        listed = []
        for wanted in facets.plan(self.entity, self.conditions, names):
            name = self.matches(wanted.conditions)
            values = facets.expression(self.entity, wanted, name, self.currency, self.bound)
            listed.append(f"json_build_array((SELECT more FROM {name}_size), {values})")
        self.outputs.append(f"json_build_array({', '.join(listed)})::text AS facets")

    def want_nodes(self, wanted: Slice) -> None:
        """One page and one row more, which tells whether there is another."""
        key, kind = self.key()
        flip = self.descending != wanted.backward
        way = "DESC" if flip else "ASC"
        bounds = []
        for cursor, field_name, beyond in ((wanted.after, "after", ">"), (wanted.before, "before", "<")):
            if cursor:
                at = cursors.decode(cursor, self.order, kind, field=field_name)
                sign = beyond if not self.descending else {">": "<", "<": ">"}[beyond]
                value = f"CAST({self.bound.add(at.key, 'text')} AS {kind})"
                collation = ' COLLATE "C"' if key.endswith('COLLATE "C"') else ""
                bounds.append(f"({{key}}, {{id}}) {sign} ({value}{collation}, {self.bound.add(at.id, 'uuid')})")
        limit = wanted.size + 1

        def keyset(key_sql: str, id_sql: str) -> str:
            return "".join(" AND " + b.format(key=key_sql, id=id_sql) for b in bounds)

        overlap = None if self.query else self.candidates(self.conditions, PROBED + 1)
        if self.query:
            name = self.matches(self.conditions)
            self.parts["page"] = (
                f"SELECT t.document, p.k, p.id FROM (SELECT s.k, s.id FROM {name} s WHERE true{keyset('s.k', 's.id')}"
                f" ORDER BY s.k {way}, s.id {way} LIMIT {limit}) p JOIN {self.table} t ON t.{self.id} = p.id"
                f" WHERE {self.scope(())}"
            )
        else:
            base = (
                f"SELECT t.document, {key} AS k, t.{self.id} AS id FROM {{source}} WHERE {self.scope(self.conditions)}"
            )
            base += keyset(key, f"t.{self.id}")
            tail = f" ORDER BY {key} {way}, t.{self.id} {way} LIMIT {limit}"
            walk = base.format(source=f"{self.table} t")
            if overlap:
                # Few rows overlap: fetch and sort them. Many: walk the order's index until the page is full. The
                # planner cannot know which, but a one-time filter can ask.
                self.parts["probe"] = f"SELECT f.id FROM {overlap} f(id, rank)"
                self.parts["many"] = f"SELECT count(*) > {PROBED} AS many FROM probe"
                pick = base.format(source=f"probe f JOIN {self.table} t ON t.{self.id} = f.id")
                self.parts["page"] = (
                    f"({walk} AND (SELECT many FROM many){tail})"
                    f" UNION ALL ({pick} AND NOT (SELECT many FROM many){tail})"
                )
            else:
                self.parts["page"] = walk + tail
        end = f"ORDER BY p.k {way}, p.id {way}"
        self.outputs.append(f"(SELECT '[' || string_agg(p.document::text, ',' {end}) || ']' FROM page p) AS nodes")
        self.outputs.append(f"(SELECT json_agg(json_build_array(p.k::text, p.id) {end})::text FROM page p) AS keys")


def _page(statement: _Statement, wanted: Slice, row: Mapping[Any, Any], want_nodes: bool, want_count: bool) -> Page:
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
    order = statement.order
    return Page(
        nodes=documents,
        cursors=[cursors.encode(cursors.Position(key, identity), order) for key, identity in keys],
        has_next=wanted.before is not None if wanted.backward else more,
        has_previous=more if wanted.backward else wanted.after is not None,
        total_count=total[0],
        total_exact=not total[1],
        facets=counted,
    )
