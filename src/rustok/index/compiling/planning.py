"""From an operation to one SQL statement: the top of the storefront's schema, field by field.

Everything here says the same as the resolvers in `rustok.index.graphql`, which remain the definition: whatever is
refused here, for whatever reason, is asked of them, so that errors have one source.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec
from graphql import OperationDefinitionNode
from strawberry.utils.str_converters import to_camel_case

from rustok.index import cells, filters, listing, pages, tables
from rustok.index.compiling import connecting
from rustok.index.compiling.arguments import Arguments
from rustok.index.compiling.binding import LOCALE, Asked, Statement
from rustok.index.compiling.connecting import Sets
from rustok.index.compiling.rendering import Part, Row, Sql, graphql_name, joined, members_of
from rustok.index.compiling.selecting import Chosen, Inexpressible
from rustok.index.compiling.work import Place, Work, is_current, kind_of, scope
from rustok.kernel import errors
from rustok.kernel.graphql import to_id, to_ids
from rustok.kernel.indexing import Entity

LONGEST = 400_000  # characters of a statement
QUERY = "Query"
_PARAMETER = re.compile(r"\$(\d+)")
_EVERYWHERE = ("search", "node", "nodes", "__typename")


def roots(entities: Mapping[str, Entity]) -> frozenset[str]:
    """The fields at the top that can be compiled."""
    found = [to_camel_case(name) for one in entities.values() for name in (one.singular, one.plural) if name]
    return frozenset((*found, *_EVERYWHERE))


def statement(work: Work, operation: OperationDefinitionNode, currency: str) -> Statement:
    """SQL of the operation's `data` as text, of the read model's version, and of whether its tables are as declared.

    Raises `Inexpressible`, `errors.RustokError` or `GraphQLError`; in each case the ordinary executor has the answer.
    """
    place = Place(LOCALE, currency)
    chosen = work.selector.choose([operation.selection_set], QUERY)
    data = joined(["{", *members_of((one.key, [_root(work, one, place)]) for one in chosen), "}"])
    version = f"(SELECT version FROM index_versions WHERE tenant_id = {work.slots.tenant})"
    current = is_current(work.entities[name] for name in sorted(work.used))
    sql = f"SELECT {data}, {version}, {current}"
    if len(sql) > LONGEST:
        raise Inexpressible("too long")
    used = sorted({int(number) for number in _PARAMETER.findall(sql)})
    places = {str(number): str(place) for place, number in enumerate(used, start=1)}
    sql = _PARAMETER.sub(lambda found: f"${places[found[1]]}", sql)
    items = work.slots.items
    checked = tuple(items[int(number) - 1] for one in work.checked for number in _PARAMETER.findall(one))
    return Statement(sql, tuple(items[number - 1] for number in used), checked, tuple(work.searches))


def _root(work: Work, chosen: Chosen, place: Place) -> Part:
    if chosen.name == "__typename":
        return f'"{QUERY}"'
    arguments = work.arguments(QUERY, chosen)
    entities = list(work.entities.values())
    if chosen.name == "search":
        return connecting.search(work, [e for e in entities if e.search], chosen, arguments, place, _entity)
    if chosen.name == "node":
        return _node(work, chosen, arguments, place)
    if chosen.name == "nodes":
        return _nodes(work, chosen, arguments, place)
    for entity in entities:
        if entity.plural and chosen.name == to_camel_case(entity.plural):
            return connecting.connection(work, entity, chosen, arguments, place, _entity)
        if entity.singular and chosen.name == to_camel_case(entity.singular):
            return _one(work, entity, chosen, arguments, place)
    raise Inexpressible("root")


def _entity(work: Work, entity: Entity, sets: Sets, row: Row, place: Place) -> list[Part]:
    """A row as an object."""
    known = {graphql_name(one): one for one in cells.fields_of(entity)}
    links = {to_camel_case(one.name): one for one in entity.links}
    values: list[tuple[str, list[Part]]] = []
    for one in work.selector.choose(sets, entity.type_name):
        if one.name == "__typename":
            value: list[Part] = [f'"{entity.type_name}"']
        elif one.name in known:
            value = work.renderer.value(known[one.name], one, row, ())
        elif one.name in links:
            value = [_link(work, entity, one, links[one.name].entity, links[one.name].filter, row, place)]
        else:
            raise Inexpressible("field")
        values.append((one.key, value))
    return ["{", *members_of(values), "}"]


def _link(work: Work, owner: Entity, chosen: Chosen, target_name: str, by: str, row: Row, place: Place) -> Part:
    target = work.entities[target_name]
    column = next(one.column for one in tables.filters_of(target) if one.name == by)
    arguments = work.arguments(owner.type_name, chosen)
    outside = listing.Link(column, f"{row.alias}.id")
    return connecting.connection(work, target, chosen, arguments, place, _entity, link=outside)


def _one(work: Work, entity: Entity, chosen: Chosen, arguments: Arguments, above: Place) -> Part:
    """The row with a key; behind it, and looked for only if there is none, the one that had this key before."""
    work.require(entity)
    place = work.place(arguments, above)
    slots = work.slots.at(place.locale)
    matches: dict[str, str] = {}
    for name in dict.fromkeys((*entity.key, "id") if len(entity.key) < 2 else entity.key):
        if arguments[name] is None:
            continue
        column = entity.id_column if name == "id" else name
        kind = kind_of(entity, column)

        def check(_: Asked, value: object, *, kind: str = kind, name: str = name) -> object:
            return to_id(str(value)) if name == "id" else filters.check(value, kind, (name,))

        matches[column] = slots.add(arguments.slot(name, f"one.{kind}", check), kind)
    if not matches:
        raise errors.Invalid("no key is given")
    row = work.row(work.alias(), entity, place.currency)
    rendered = joined(_entity(work, entity, chosen.sets, row, place))
    columns = f"{row.columns()}, t.{entity.id_column} AS id"
    table, seen = tables.table_of(entity), scope(slots)
    match = " AND ".join(f"t.{column} = {value}" for column, value in matches.items())
    rows = f"(SELECT {columns} FROM {table} t WHERE {seen} AND {match} ORDER BY t.as_of_seq DESC LIMIT 1)"
    handle = entity.handle
    if handle and handle in matches and "previous_handles" in tables.columns_of(entity):
        rest = "".join(f" AND t.{column} = {value}" for column, value in matches.items() if column != handle)
        old = slots.add(arguments.slot(handle, "previous", _previous), "jsonb")
        moved = f"{table}__candidates({slots.tenant}, {slots.locale}, NULL, NULL, {old}, 20)"
        rows += (
            f" UNION ALL (SELECT {columns} FROM {moved} m JOIN {table} t ON t.{entity.id_column} = m.id"
            f" WHERE {seen}{rest} ORDER BY t.as_of_seq DESC LIMIT 1) LIMIT 1"
        )
    return Sql(f"COALESCE((SELECT {rendered} FROM ({rows}) {row.alias}), 'null')")


def _previous(_: Asked, value: object) -> str:
    return msgspec.json.encode({"previous_handles": [[value]]}).decode()


def _node(work: Work, chosen: Chosen, arguments: Arguments, above: Place) -> Part:
    place = work.place(arguments, above)
    slots = work.slots.at(place.locale)
    wanted = slots.add(arguments.slot("id", "one.uuid", lambda _, value: to_id(str(value))), "uuid")
    return Sql(f"COALESCE({_by_id(work, chosen.sets, place, wanted)}'null')")


def _nodes(work: Work, chosen: Chosen, arguments: Arguments, above: Place) -> Part:
    place = work.place(arguments, above)
    slots = work.slots.at(place.locale)

    def check(_: Asked, value: Sequence[str]) -> list[object]:
        return list(to_ids(value, most=pages.MOST))  # type: ignore[arg-type]  # strawberry.ID is a str

    listed = slots.add(arguments.slot("ids", "many.uuid", check), "uuid[]")
    alias = work.alias()
    each = f"COALESCE({_by_id(work, chosen.sets, place, f'{alias}.id')}'null')"
    ordered = f"unnest({listed}) WITH ORDINALITY {alias}(id, place)"
    return Sql(f"(SELECT concat('[', string_agg({each}, ',' ORDER BY {alias}.place), ']') FROM {ordered})")


def _by_id(work: Work, sets: Sets, place: Place, wanted: str) -> str:
    """A subquery for each entity, each with a comma behind it."""
    slots = work.slots.at(place.locale)
    found = []
    for entity in work.entities.values():
        if entity.module in work.tenant.disabled_modules:
            continue
        row = work.row(work.alias(), entity, place.currency)
        rendered = joined(_entity(work, entity, sets, row, place))
        columns = f"{row.columns()}, t.{entity.id_column} AS id"
        match = f"{scope(slots)} AND t.{entity.id_column} = {wanted}"
        rows = f"SELECT {columns} FROM {tables.table_of(entity)} t WHERE {match}"
        found.append(f"(SELECT {rendered} FROM ({rows} LIMIT 1) {row.alias}), ")
    return "".join(found)
