"""Connections as SQL: a page of rows rendered as nodes and edges, with its page info, counts and facets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import SelectionSetNode
from strawberry.utils.str_converters import to_camel_case

from rustok.index import cursors, listing, pages, tables
from rustok.index.compiling import counting
from rustok.index.compiling.arguments import Arguments
from rustok.index.compiling.binding import Asked, Slot, Slots
from rustok.index.compiling.rendering import Part, Row, Sql, joined, members_of
from rustok.index.compiling.selecting import Chosen, Inexpressible
from rustok.index.compiling.work import Place, Work, scope
from rustok.index.listing import Beyond, Listing
from rustok.kernel.indexing import Entity

Sets = Sequence[SelectionSetNode]
RenderEntity = Callable[[Work, Entity, Sets, Row, Place], list[Part]]
_ROWS = frozenset({"nodes", "edges", "pageInfo"})


@dataclass(frozen=True)
class _Rows:
    """The rows of a page, under the name `alias` with their key `k`, `id` and what a node is rendered from."""

    alias: str
    table: Callable[[], str]  # what stands in FROM, once every node is rendered
    node: Callable[[Sets], list[Part]]
    tag: str  # SQL of what cursors of this order begin with
    size: int
    backward: bool
    has_after: bool
    has_before: bool
    numbered: bool  # whether one row more was fetched, and all are numbered (`n` of `total`) in the order of walking

    @property
    def cursor(self) -> str:
        """SQL of the cursor of a row."""
        return cursors.sql(self.tag, f"{self.alias}.k::text", f"{self.alias}.id")

    def gathered(self, parts: Sequence[Part]) -> list[Part]:
        """A JSON array with one element for each row."""
        shown = f" FILTER (WHERE {self.alias}.n <= {self.size})" if self.numbered else ""
        return ["[", Sql(f"string_agg({joined(parts)}, ','){shown}"), "]"]

    def info(self, work: Work, sets: Sets) -> list[Part]:
        """Relay's `PageInfo`."""
        more = f"(CASE WHEN count(*) > {self.size} THEN 'true' ELSE 'false' END)"
        first = f"{self.alias}.n = 1 AND {self.alias}.n <= {self.size}"
        last = f"{self.alias}.n = least({self.alias}.total, {self.size})"

        def end(which: str) -> Part:
            return Sql(f"""COALESCE('"' || max({self.cursor}) FILTER (WHERE {which}) || '"', 'null')""")

        values: dict[str, Part] = {
            "__typename": '"PageInfo"',
            "hasNextPage": _boolean(self.has_before) if self.backward else Sql(more),
            "hasPreviousPage": Sql(more) if self.backward else _boolean(self.has_after),
            "startCursor": end(last if self.backward else first),
            "endCursor": end(first if self.backward else last),
        }
        chosen = work.selector.choose(sets, "PageInfo")
        return ["{", *members_of((one.key, [values[one.name]]) for one in chosen), "}"]


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _numbered(page: str, *, backward: bool) -> str:
    rows = f"SELECT w.*, row_number() OVER () AS n, count(*) OVER () AS total FROM ({page}) w"
    return f"SELECT * FROM ({rows}) x ORDER BY x.n DESC" if backward else rows


def connection(
    work: Work,
    entity: Entity,
    chosen: Chosen,
    arguments: Arguments,
    above: Place,
    render: RenderEntity,
    *,
    link: listing.Link | None = None,
) -> Part:
    """A connection to an entity's rows, as one scalar subquery."""
    work.require(entity)
    place = work.place(arguments, above)
    slots = work.slots.at(place.locale)
    wanted = pages.slice_of(arguments["first"], arguments["after"], arguments["last"], arguments["before"])
    query = work.query(arguments) if entity.search else None
    listed = Listing(
        entity,
        slots,
        currency=place.currency,
        where=_where(entity, arguments),
        sort=getattr(arguments["sort"], "value", arguments["sort"]),
        words=work.words(entity, slots, place.locale, query) if query else None,
        link=link,
    )
    name = f"{entity.type_name}Connection"
    selection = work.selector.choose(chosen.sets, name)
    rows = None
    after = _beyond(arguments, "after", listed, slots, query) if wanted.after else None
    before = _beyond(arguments, "before", listed, slots, query) if wanted.before else None
    # A cursor is looked at even where no row is asked for.
    work.checked.update(at.key for at in (after, before) if at)
    if any(one.name in _ROWS for one in selection):
        numbered = wanted.backward or any(one.name == "pageInfo" for one in selection)
        alias = work.alias()
        row = work.row(alias, entity, place.currency)

        def table() -> str:
            limit = wanted.size + 1 if numbered else wanted.size
            page = listed.page(row.columns(), limit=limit, backward=wanted.backward, after=after, before=before)
            return _numbered(page, backward=wanted.backward) if numbered else page

        rows = _Rows(
            alias=alias,
            table=table,
            node=lambda sets: render(work, entity, sets, row, place),
            tag=slots.add(Slot(("tag", *_order_name(listed, query)), _tag(listed, query)), "text"),
            size=wanted.size,
            backward=wanted.backward,
            has_after=wanted.after is not None,
            has_before=wanted.before is not None,
            numbered=numbered,
        )

    def facets(one: Chosen) -> list[Part]:
        return counting.counted(work, listed, one, name, place)

    body = _body(work, name, f"{entity.type_name}Edge", selection, rows, listed.count, facets)
    return _subquery(body, rows, listed.parts)


def search(
    work: Work, entities: Sequence[Entity], chosen: Chosen, arguments: Arguments, above: Place, render: RenderEntity
) -> Part:
    """The connection over everything that can be searched."""
    place = work.place(arguments, above)
    slots = work.slots.at(place.locale)
    wanted = pages.slice_of(arguments["first"], arguments["after"], None, None)
    enabled = [one for one in entities if one.module not in work.tenant.disabled_modules]
    query = work.query(arguments)
    if query is None or not enabled:
        raise Inexpressible("empty search")
    asked, most = query, pages.COUNTED + 1
    found = " UNION ALL ".join(
        f"SELECT '{one.type_name}' AS kind, c.id, c.rank"
        f" FROM {work.words(one, slots, place.locale, asked)('NULL', most)} c(id, rank)"
        for one in enabled
    )
    parts = {"found": found}
    selection = work.selector.choose(chosen.sets, "SearchConnection")
    rows = None

    def order(request: Asked) -> str:
        return f"search|{asked.take(request)}"

    keyset = ""
    if wanted.after:
        beyond = _placed(arguments, "after", ("search", *asked.name), order, "bigint", slots)
        keyset = f" WHERE (rank, id) < (CAST({beyond.key} AS bigint), {beyond.id})"
        work.checked.add(beyond.key)
    if any(one.name in _ROWS for one in selection):
        parts["page"] = f"SELECT * FROM found{keyset} ORDER BY rank DESC, id DESC LIMIT {wanted.size + 1}"
        alias = work.alias()

        kinds = [work.row(alias, one, place.currency) for one in enabled]

        def node(sets: Sets) -> list[Part]:
            cases = " ".join(
                f"WHEN '{row.entity.type_name}' THEN {joined(render(work, row.entity, sets, row, place))}"
                for row in kinds
            )
            return [Sql(f"CASE {alias}.kind {cases} END")]

        def shown() -> str:
            union = " UNION ALL ".join(
                f"SELECT p.kind, p.rank AS k, p.id, {row.columns()} FROM page p"
                f" JOIN {tables.table_of(row.entity)} t ON t.{row.entity.id_column} = p.id"
                f" WHERE p.kind = '{row.entity.type_name}' AND {scope(slots)}"
                for row in kinds
            )
            number = "row_number() OVER (ORDER BY s.k DESC, s.id DESC) AS n, count(*) OVER () AS total"
            return f"SELECT s.*, {number} FROM ({union}) s ORDER BY n"

        rows = _Rows(
            alias=alias,
            table=shown,
            node=node,
            tag=slots.add(Slot(("tag", "search", *asked.name), lambda request: cursors.tag(order(request))), "text"),
            size=wanted.size,
            backward=False,
            has_after=wanted.after is not None,
            has_before=False,
            numbered=True,
        )
    size = "(SELECT count(*) FROM found)"
    counted = (f"least({size}, {pages.COUNTED})", f"({size} > {pages.COUNTED})")
    body = _body(work, "SearchConnection", "SearchEdge", selection, rows, lambda: counted, None)
    return _subquery(body, rows, parts)


def _body(
    work: Work,
    name: str,
    edge: str,
    selection: Sequence[Chosen],
    rows: _Rows | None,
    count: Callable[[], tuple[str, str]],
    facets: Callable[[Chosen], list[Part]] | None,
) -> list[Part]:
    values: list[tuple[str, list[Part]]] = []
    for one in selection:
        value: list[Part]
        if one.name == "__typename":
            value = [f'"{name}"']
        elif one.name == "totalCount":
            value = [Sql(f"{count()[0]}::text")]
        elif one.name == "totalCountPrecision":
            value = [Sql(f"""CASE WHEN {count()[1]} THEN '"AT_LEAST"' ELSE '"EXACT"' END""")]
        elif one.name == "facets" and facets:
            value = facets(one)
        elif one.name == "pageInfo" and rows:
            value = rows.info(work, one.sets)
        elif one.name == "nodes" and rows:
            value = rows.gathered(rows.node(one.sets))
        elif one.name == "edges" and rows:
            members = [(part.key, _edge_value(part, edge, rows)) for part in work.selector.choose(one.sets, edge)]
            value = rows.gathered(["{", *members_of(members), "}"])
        else:
            raise Inexpressible(one.name)
        values.append((one.key, value))
    return ["{", *members_of(values), "}"]


def _edge_value(chosen: Chosen, edge: str, rows: _Rows) -> list[Part]:
    if chosen.name == "__typename":
        return [f'"{edge}"']
    if chosen.name == "cursor":
        return ['"', Sql(rows.cursor), '"']
    if chosen.name == "node":
        return rows.node(chosen.sets)
    raise Inexpressible(chosen.name)


def _subquery(body: Sequence[Part], rows: _Rows | None, parts: Mapping[str, str]) -> Part:
    # HAVING makes it one row, whether anything of the rows is asked for or not.
    source = f" FROM ({rows.table()}) {rows.alias} HAVING true" if rows else ""
    ctes = ", ".join(f"{name} AS MATERIALIZED ({sql})" for name, sql in parts.items())
    return Sql(f"({f'WITH {ctes} ' if ctes else ''}SELECT {joined(body)}{source})")


def _where(entity: Entity, arguments: Arguments) -> dict[str, Any] | None:
    """The `where` that the resolvers would make: shortcuts such as `kind` and the object itself."""
    known = {f.name for f in entity.filters}
    shortcuts = {
        name: {"eq": arguments[name]} for name in entity.key[:-1] if name in known and arguments[name] is not None
    }
    parts = [part for part in (shortcuts, _filters(entity, arguments["where"])) if part]
    return {"and": parts} if parts else None


def _filters(entity: Entity, given: Mapping[str, Any] | None) -> dict[str, Any]:
    names = {to_camel_case(f.name): f.name for f in tables.filters_of(entity)}
    found: dict[str, Any] = {}
    for name, value in (given or {}).items():
        if value is None:
            continue
        if name in ("and", "or"):
            found[name] = [_filters(entity, one) for one in value]
        elif name == "not":
            found[name] = _filters(entity, value)
        elif isinstance(value, Mapping):
            found[names[name]] = {verb: operand for verb, operand in value.items() if operand is not None}
        else:
            found[names[name]] = value
    return found


def _order_name(listed: Listing, query: Slot | None) -> tuple[str, ...]:
    return (listed.order(None), *(query.name if query and listed.sort is None else ()))


def _order(listed: Listing, query: Slot | None) -> Callable[[Asked], str]:
    return lambda asked: listed.order(query.take(asked) if query else None)


def _tag(listed: Listing, query: Slot | None) -> Callable[[Asked], str]:
    order = _order(listed, query)
    return lambda asked: cursors.tag(order(asked))


def _beyond(arguments: Arguments, name: str, listed: Listing, slots: Slots, query: Slot | None) -> Beyond:
    order_name, kind = _order_name(listed, query), listed.key()[1]
    return _placed(arguments, name, order_name, _order(listed, query), kind, slots)


def _placed(
    arguments: Arguments,
    name: str,
    order_name: tuple[str, ...],
    order: Callable[[Asked], str],
    kind: str,
    slots: Slots,
) -> Beyond:
    """The place that a cursor names."""

    def position(asked: Asked, cursor: Any) -> cursors.Position:
        return cursors.decode(cursor, order(asked), kind, field=name)

    key = arguments.slot(name, "key", lambda asked, cursor: position(asked, cursor).key)
    identity = arguments.slot(name, "id", lambda asked, cursor: position(asked, cursor).id)
    return Beyond(
        slots.add(Slot((*key.name, *order_name), key.take), "text"),
        slots.add(Slot((*identity.name, *order_name), identity.take), "uuid"),
    )
