"""The storefront's queries, made from declarations: one and many of each entity, search over all, and nodes by id."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    Undefined,
    value_from_ast_untyped,
)
from strawberry.types import Info

from rustok.index import graphql_suggest, graphql_types, highlighting, reads, suggesting, tables
from rustok.index.graphql_types import Node, Types
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context
from rustok.kernel.graphql import CountPrecision, Operation, PageInfo
from rustok.kernel.indexing import Entity, IndexSource, Link

WHY_PUBLIC = "the read model holds only what is published"
_PAGING: dict[str, Any] = {
    "first": int | None,
    "after": str | None,
    "last": int | None,
    "before": str | None,
}
_PLACE: dict[str, Any] = {"locale": str | None, "currency": str | None}
NODES = frozenset({"nodes", "edges", "pageInfo"})
COUNTS = frozenset({"totalCount", "totalCountPrecision"})


def storefront_queries(sources: Mapping[str, IndexSource]) -> list[type]:
    """Strawberry classes whose fields the host merges into the storefront schema."""
    entities = {name: source.entity for name, source in sources.items()}
    if not entities:
        return []
    types = Types(entities)
    kinds: dict[str, type] = {}
    # Linked entities come first, because a type must exist before a field can be of it.
    for entity in _linked_first(entities):
        links = {
            link.name: _link(types, entities[link.entity], kinds[link.entity], link)
            for link in entity.links
            if link.entity in kinds
        }
        kinds[entity.name] = types.object(entity, links, _reference(entity))
    body: dict[str, Any] = {}
    for name, entity in entities.items():
        if entity.singular:
            body[entity.singular] = _one(entity, kinds[name])
        if entity.plural:
            body[entity.plural] = _many(types, entity, kinds[name])
    shown = list(entities.values())
    searched = [entity for entity in shown if entity.search]
    if searched:
        result = graphql_types.union("SearchResult", [kinds[entity.name] for entity in searched])
        body["search"] = _search(
            searched, graphql_types.connection_type("Search", result, has_facets=False, has_highlights=True)
        )
    if suggesting.named(shown):
        body["suggest"] = _suggest(shown)
    body["node"] = _node(shown)
    body["nodes"] = _nodes(shown)
    made = type("IndexQueries", (), {"__annotations__": {}, **body})
    queries = strawberry.type(made, name="Query")
    queries.extra_types = tuple(kinds.values())  # type: ignore[attr-defined]  # a schema lists what only `node` shows
    queries.object_types = kinds  # type: ignore[attr-defined]  # of which subscriptions tell
    return [queries]


def selected(info: Info[Operation, None]) -> dict[str, list[FieldNode]]:
    """The fields selected directly below a field by name, in fragments too; `@skip` is not looked at."""
    return _below(info, info._raw_info.field_nodes)


def _below(info: Info[Operation, None], nodes: Sequence[FieldNode]) -> dict[str, list[FieldNode]]:
    raw = info._raw_info
    found: dict[str, list[FieldNode]] = {}
    waiting: list[SelectionSetNode] = [n.selection_set for n in nodes if n.selection_set]
    seen: set[str] = set()
    while waiting:
        for one in waiting.pop().selections:
            if isinstance(one, FieldNode):
                found.setdefault(one.name.value, []).append(one)
            elif isinstance(one, InlineFragmentNode):
                waiting.append(one.selection_set)
            elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
                seen.add(one.name.value)
                waiting.append(raw.fragments[one.name.value].selection_set)
    return found


def _linked_first(entities: Mapping[str, Entity]) -> list[Entity]:
    ordered: list[Entity] = []

    def add(entity: Entity, above: tuple[str, ...]) -> None:
        if entity in ordered or entity.name in above:
            return
        for link in entity.links:
            if link.entity in entities:
                add(entities[link.entity], (*above, entity.name))
        ordered.append(entity)

    for entity in entities.values():
        add(entity, ())
    return ordered


def _resolver(arguments: Mapping[str, Any], answer: Any, run: Callable[..., Any], first: str = "self") -> Any:
    """Give a function that takes everything by keyword the signature that Strawberry is to show."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = [inspect.Parameter(first, kind)]
    if first == "self":
        given.append(inspect.Parameter("context", kind, annotation=Context))
        given.append(inspect.Parameter("info", kind, annotation=Info))
    for name, annotation in arguments.items():
        default = None if type(None) in getattr(annotation, "__args__", ()) else inspect.Parameter.empty
        given.append(inspect.Parameter(name, kind, annotation=annotation, default=default))
    given.sort(key=lambda p: p.default is not inspect.Parameter.empty)
    run.__signature__ = inspect.Signature(given, return_annotation=answer)  # type: ignore[attr-defined]
    run.__annotations__ = {**arguments, "info": Info, "return": answer}
    return run


def _placed(context: Context, info: Info[Operation, None], locale: str | None, currency: str | None) -> None:
    """Let the arguments decide language and currency, here and for everything below that does not choose for itself."""
    place = graphql_types.place_at(info)
    context.locale = context.tenant.locale_or_default(locale) if locale else place.locale
    context.currency = context.tenant.currency_or_default(currency.upper()) if currency else place.currency
    if locale or currency:
        chosen = info.context.services.setdefault(graphql_types.PLACES, {})
        chosen[tuple(info.path.as_list())] = graphql_types.Place(context.locale, context.currency)


def _one(entity: Entity, kind: type) -> Any:
    columns = tables.columns_of(entity)
    single = len(entity.key) < 2
    arguments: dict[str, Any] = {}
    for name in entity.key:
        scalar = strawberry.ID if tables.base_type(columns[name].sql) == "uuid" else str
        arguments[name] = scalar | None if single else scalar
    if single:
        arguments["id"] = strawberry.ID | None
    arguments |= _PLACE

    async def one(self: Any, context: Context, info: Any, **given: Any) -> Any:
        _placed(context, info, given.pop("locale", None), given.pop("currency", None))
        key = {name: value for name, value in given.items() if value is not None}
        if not key:
            raise errors.Invalid(f"give one of {', '.join(k for k in arguments if k not in _PLACE)}")
        if "id" in key:
            key["id"] = graphql.to_id(key["id"])
        found = await reads.one(context, entity, **key)
        return found.document if found else None

    described = f"One of {entity.name}; null when there is none. A former address finds its present owner."
    return graphql.query(public=WHY_PUBLIC, description=described)(_resolver(arguments, kind | None, one))


def _list_arguments(types: Types, entity: Entity) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    filters = {f.column: f.name for f in entity.filters}
    for name in entity.key[:-1]:
        if filters.get(name) == name:
            arguments[name] = str | None
    arguments |= _PAGING
    if entity.search:
        arguments["query"] = str | None
    arguments["where"] = types.where(entity) | None
    sort = types.sort(entity)
    if sort is not None:
        arguments["sort"] = sort | None
    return arguments | _PLACE


async def _read_page(
    context: Context, info: Info[Operation, None], entity: Entity, given: dict[str, Any], fixed: Mapping[str, Any]
) -> dict[str, Any]:
    _placed(context, info, given.pop("locale", None), given.pop("currency", None))
    sort = given.pop("sort", None)
    where = as_where(given.pop("where", None))
    paging = {name: given.pop(name, None) for name in _PAGING}
    query = given.pop("query", None)
    shortcuts = {name: {"eq": value} for name, value in given.items() if value is not None}
    conditions = [part for part in ({**shortcuts, **fixed}, where) if part]
    chosen = selected(info)
    page = await reads.page(
        context,
        entity,
        where={"and": conditions} if conditions else None,
        sort=sort.value if sort else None,
        query=query,
        want_nodes=not NODES.isdisjoint(chosen),
        want_count=not COUNTS.isdisjoint(chosen),
        want_facets=_facet_names(info, chosen.get("facets", [])),
        **paging,
    )
    marked: highlighting.Marked = {}
    if query and "highlights" in _below(info, chosen.get("edges", [])):
        marked = await highlighting.highlights(context, entity, [UUID(node["id"]) for node in page.nodes], query)
    return connection(page, marked)


def _facet_names(info: Info[Operation, None], nodes: Sequence[FieldNode]) -> bool | list[str]:
    """Which facets are asked for, by whatever alias: all of them where one asks without `names`."""
    found: list[str] = []
    for node in nodes:
        named = next((a.value for a in node.arguments or () if a.name.value == "names"), None)
        value = value_from_ast_untyped(named, info.variable_values) if named else None
        if value is None or value is Undefined:
            return True
        found += value if isinstance(value, list) else [value]
    return found if nodes else False


def _many(types: Types, entity: Entity, kind: type) -> Any:
    async def many(self: Any, context: Context, info: Any, **given: Any) -> Any:
        return await _read_page(context, info, entity, given, {})

    answer = types.connection(entity, kind)
    described = f"A page of {entity.name} that match."
    return graphql.query(public=WHY_PUBLIC, description=described)(
        _resolver(_list_arguments(types, entity), answer, many)
    )


def _link(types: Types, target: Entity, kind: type, link: Link) -> Any:
    async def linked(self: Any, context: Context, info: Any, **given: Any) -> Any:
        return await _read_page(context, info, target, given, {link.filter: {"in": [self["id"]]}})

    answer = types.connection(target, kind)
    described = f"The {target.name} of it."
    return graphql.query(public=WHY_PUBLIC, description=described)(
        _resolver(_list_arguments(types, target), answer, linked)
    )


def _search(entities: Sequence[Entity], answer: type) -> Any:
    async def search(self: Any, context: Context, info: Any, **given: Any) -> Any:
        _placed(context, info, given["locale"], given["currency"])
        counted = not COUNTS.isdisjoint(selected(info))
        page = await reads.search(
            context, entities, given["query"], first=given["first"], after=given["after"], want_count=counted
        )
        marked: dict[UUID, Sequence[highlighting.Highlight]] = {}
        if "highlights" in _below(info, selected(info).get("edges", [])):
            for entity in entities:
                ids = [UUID(node["id"]) for node in page.nodes if node["__typename"] == entity.type_name]
                marked |= await highlighting.highlights(context, entity, ids, given["query"])
        return connection(page, marked)

    arguments = {"query": str, "first": int | None, "after": str | None, **_PLACE}
    described = "What matches the words, of every kind, the best first."
    return graphql.query(public=WHY_PUBLIC, description=described)(_resolver(arguments, answer, search))


def _suggest(entities: Sequence[Entity]) -> Any:
    async def suggest(self: Any, context: Context, info: Any, **given: Any) -> Any:
        _placed(context, info, given["locale"], given["currency"])
        first = suggesting.USUAL if given["first"] is None else given["first"]
        return graphql_suggest.shown(await suggesting.suggest(context, entities, given["query"], first=first))

    arguments = {"query": str, "first": int | None, **_PLACE}
    described = (
        f"While somebody types: words that go on as the query does, then things of that name, of what is published."
        f" {suggesting.USUAL} of them unless told otherwise, {suggesting.MOST} at most."
    )
    answer = list[graphql_suggest.SuggestionType]
    return graphql.query(public=WHY_PUBLIC, description=described)(_resolver(arguments, answer, suggest))


def _node(entities: Sequence[Entity]) -> Any:
    async def node(self: Any, context: Context, info: Any, **given: Any) -> Any:
        _placed(context, info, given["locale"], given["currency"])
        return (await reads.nodes(context, entities, [graphql.to_id(given["id"])]))[0]

    arguments = {"id": strawberry.ID, **_PLACE}
    described = "Anything by its id; null when there is no such thing."
    return graphql.query(public=WHY_PUBLIC, description=described)(_resolver(arguments, Node | None, node))


def _nodes(entities: Sequence[Entity]) -> Any:
    async def nodes(self: Any, context: Context, info: Any, **given: Any) -> Any:
        _placed(context, info, given["locale"], given["currency"])
        return await reads.nodes(context, entities, graphql.to_ids(given["ids"], most=reads.MOST))

    arguments = {"ids": list[strawberry.ID], **_PLACE}
    described = "Several things by their ids, in that order; null for each that does not exist."
    return graphql.query(public=WHY_PUBLIC, description=described)(_resolver(arguments, list[Node | None], nodes))


def _reference(entity: Entity) -> Callable[..., Any]:
    async def resolve_reference(cls: Any, info: Info, id: strawberry.ID) -> Any:
        identity: UUID = graphql.to_id(id)
        async with info.context.look() as context:
            return (await reads.nodes(context, [entity], [identity]))[0]

    return resolve_reference


def connection(
    page: reads.Page, marked: Mapping[UUID, Sequence[highlighting.Highlight]] | None = None
) -> dict[str, Any]:
    """A page as the connection types show it, with the highlights of its elements by id."""
    edges = [
        {"cursor": cursor, "node": node, "highlights": marked.get(UUID(node["id"]), ()) if marked else ()}
        for cursor, node in zip(page.cursors, page.nodes, strict=True)
    ]
    return {
        "edges": edges,
        "nodes": page.nodes,
        "page_info": PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.cursors[-1] if page.cursors else None,
        ),
        "total_count": page.total_count,
        "total_count_precision": CountPrecision.EXACT if page.total_exact else CountPrecision.AT_LEAST,
        "facets": [graphql_types.facet_of(one) for one in page.facets or ()],
    }


def as_where(value: Any) -> Any:
    """An input object as the dict that `reads.page` takes; what was not given is left out."""
    if isinstance(value, list):
        return [as_where(one) for one in value]
    fields = getattr(value, "__strawberry_definition__", None)
    if fields is None:
        return value
    given = {one.python_name: getattr(value, one.python_name) for one in fields.fields}
    return {
        name.rstrip("_"): as_where(one)
        for name, one in given.items()
        if one is not strawberry.UNSET and one is not None
    }
