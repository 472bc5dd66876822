"""Subscriptions to what changes in the read model, made from declarations as the queries are.

    subscription { productChanged(handle: "blue-shirt") { kind version product { title hasStock } } }
    subscription { productsChanged(ids: ["…"]) { id kind product { title } } }
    subscription { changes(types: ["Product", "Category"]) { type id kind } }

An event says what is now, not what was done: `UPDATED` with the document as it stands, `DELETED` without one. Events of
one thing come in the order of their versions, and one may come twice. With `initial: true` the first events say what is
now, at once: whoever begins with them misses nothing between a query and its subscription.
"""

import enum
import inspect
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import Info

from rustok.index import graphql_types, live, reads, tables
from rustok.index.changes import Change
from rustok.index.graphql import WHY_PUBLIC
from rustok.index.graphql_types import KeyField, Node, Place
from rustok.kernel import errors, graphql
from rustok.kernel.bus import Closed, Lagged
from rustok.kernel.graphql import BigInt, Operation
from rustok.kernel.indexing import Entity, IndexSource

MOST_TOLD = 1_000  # things of one version that are told one by one; more are told as RESYNC
_INITIAL = "Begin with what is now: of the ids that are given, else with a RESYNC."
_COMMON: dict[str, Any] = {
    "initial": Annotated[bool | None, strawberry.argument(description=_INITIAL)],
    "locale": str | None,
    "currency": str | None,
}
_RESYNC = """Something was missed: more changed at once than is told one by one, or this client was too slow. Read again
what you show; the subscription goes on. There is no id."""


@strawberry.enum(description="What happened to a thing that the storefront shows.")
class ChangeKind(enum.Enum):
    UPDATED = strawberry.enum_value("UPDATED", description="It is new or otherwise than before.")
    DELETED = strawberry.enum_value("DELETED", description="It is not shown any more: deleted, or taken from view.")
    RESYNC = strawberry.enum_value("RESYNC", description=_RESYNC)


def storefront_subscriptions(sources: Mapping[str, IndexSource], queries: Sequence[type]) -> list[type]:
    """Strawberry classes whose fields the host merges into the storefront schema; `queries` are the same entities'."""
    entities = [source.entity for source in sources.values()]
    if not entities:
        return []
    kinds: Mapping[str, type] = queries[0].object_types  # type: ignore[attr-defined]  # put there by storefront_queries
    body: dict[str, Any] = {}
    for entity in entities:
        if not entity.singular and not entity.plural:
            continue
        event = _event(
            f"{entity.type_name}Change", f"one {entity.type_name}", {_member(entity): kinds[entity.name] | None}
        )
        if entity.singular:
            body[f"{entity.singular}_changed"] = _one_changed(entity, event)
        if entity.plural:
            body[f"{entity.plural}_changed"] = _many_changed(entity, event)
    body["changes"] = _changes(
        entities, _event("Change", "anything that storefronts show", {"type": str | None, "node": Node | None})
    )
    made = type("IndexSubscriptions", (), {"__annotations__": {}, **body})
    return [strawberry.type(made, name="Subscription")]


def _member(entity: Entity) -> str:
    """The name under which an event holds the document."""
    return entity.singular or "node"


def _event(name: str, of: str, more: Mapping[str, Any]) -> type:
    fields = {"id": strawberry.ID | None, "kind": ChangeKind, "version": BigInt, **more}
    described = {
        "id": "Absent from RESYNC.",
        "version": "The read model's version in which it changed; it only grows, and ETags are made from it.",
        "type": "`__typename` of what changed.",
    }
    body: dict[str, Any] = {
        key: KeyField(
            python_name=key,
            type_annotation=StrawberryAnnotation(kind),
            description=described.get(
                key, "It, as it stands now; null unless it was UPDATED." if key in more else None
            ),
        )
        for key, kind in fields.items()
    }
    made = type(name, (), {"__annotations__": fields, **body})
    return strawberry.type(made, name=name, description=f"A change of {of}.")


def _field(arguments: Mapping[str, Any], event: type, run: Callable[..., Any], described: str) -> Any:
    """A subscription field whose generator takes everything by keyword."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    shown = [inspect.Parameter("self", kind), inspect.Parameter("info", kind, annotation=Info)]
    shown += [inspect.Parameter(name, kind, annotation=one, default=None) for name, one in arguments.items()]
    answer = AsyncGenerator[event, None]  # type: ignore[valid-type]  # made at run time
    run.__signature__ = inspect.Signature(shown, return_annotation=answer)  # type: ignore[attr-defined]
    run.__annotations__ = {**arguments, "info": Info, "return": answer}
    return graphql.subscription(public=WHY_PUBLIC, description=described)(run)


def _one_changed(entity: Entity, event: type) -> Any:
    columns = tables.columns_of(entity)
    arguments: dict[str, Any] = {"id": strawberry.ID | None}
    for name in entity.key:
        arguments[name] = (strawberry.ID if tables.base_type(columns[name].sql) == "uuid" else str) | None
    names = f"id or {' and '.join(entity.key)}" if entity.key else "id"

    async def one_changed(self: Any, info: Any, **given: Any) -> AsyncGenerator[Any, None]:
        place, initial = _place(info, given), bool(given.pop("initial"))
        key = {name: value for name, value in given.items() if value is not None}
        if "id" in key and len(key) == 1:
            identity = graphql.to_id(key["id"])
        elif entity.key and key.keys() == set(entity.key):
            identity = await _found(info, entity, key, place)
        else:
            raise errors.Invalid(f"give {names}")
        async for told in _watch(info, [entity], [identity], place, initial):
            yield told

    described = (
        f"Changes of one {entity.type_name}, by {names}; found by a key, it is followed under any later one too."
    )
    return _field(arguments | _COMMON, event, one_changed, described)


async def _found(info: Info[Operation, None], entity: Entity, key: Mapping[str, Any], place: Place) -> UUID:
    async with info.context.look() as context:
        context.locale = place.locale
        found = await reads.one(context, entity, **key)
    if found is None:
        raise errors.NotFound(f"there is no such {entity.type_name}")
    return UUID(found.document["id"])


def _many_changed(entity: Entity, event: type) -> Any:
    async def many_changed(self: Any, info: Any, **given: Any) -> AsyncGenerator[Any, None]:
        place = _place(info, given)
        ids = None if given["ids"] is None else graphql.to_ids(given["ids"], most=reads.MOST)
        async for told in _watch(info, [entity], ids, place, bool(given["initial"])):
            yield told

    described = f"Changes of every {entity.type_name}, or of those with these ids (at most {reads.MOST})."
    arguments = {"ids": list[strawberry.ID] | None, **_COMMON}
    return _field(arguments, event, many_changed, described)


def _changes(entities: Sequence[Entity], event: type) -> Any:
    known = {entity.type_name: entity for entity in entities}

    async def changes(self: Any, info: Any, **given: Any) -> AsyncGenerator[Any, None]:
        place = _place(info, given)
        types = given["types"]
        unknown = set(types or ()) - known.keys()
        if unknown:
            raise errors.Invalid(f"there is no type {min(unknown)[:60]!r}; known: {', '.join(known)}", field="types")
        wanted = entities if types is None else [known[name] for name in dict.fromkeys(types)]
        async for told in _watch(info, wanted, None, place, bool(given["initial"])):
            yield told

    described = "Changes of everything, or of these types (`__typename`)."
    return _field({"types": list[str] | None, **_COMMON}, event, changes, described)


def _place(info: Info[Operation, None], given: dict[str, Any]) -> Place:
    """Take language and currency out of the arguments, for the documents and all fields below."""
    tenant, present = info.context.tenant, graphql_types.place_at(info)
    locale, currency = given.pop("locale"), given.pop("currency")
    place = Place(
        tenant.locale_or_default(locale) if locale else present.locale,
        tenant.currency_or_default(currency.upper()) if currency else present.currency,
    )
    chosen = info.context.services.setdefault(graphql_types.PLACES, {})
    chosen[tuple(info.path.as_list())] = place
    return place


async def _watch(
    info: Info[Operation, None], entities: Sequence[Entity], ids: Sequence[UUID] | None, place: Place, initial: bool
) -> AsyncGenerator[dict[str, Any], None]:
    """Events of these entities of the operation's tenant, until the feed ends."""
    operation = info.context
    feed: live.Feed = operation.services[live.FEED]

    def shown() -> list[Entity]:
        enabled = [e for e in entities if e.module not in operation.tenant.disabled_modules]
        if not enabled:
            raise errors.ModuleDisabled(f"the module {entities[0].module} is switched off for this tenant")
        return enabled

    if entities:
        shown()
    tenant_id = operation.tenant.id
    async with feed.listen(tenant_id) as receiver:
        if initial and ids is None:
            yield _resync(feed.version(tenant_id))
        elif initial:
            async for told in _told(feed, operation, entities[0], ids or (), feed.version(tenant_id), place):
                yield told
        while True:
            try:
                change = await receiver.recv()
            except Lagged:
                feed.lagged += 1
                yield _resync(feed.version(tenant_id))
                continue
            except Closed:
                return
            concerned = [e for e in shown() if change.entity in (e.name, live.ANY_ENTITY)] if entities else []
            for entity in concerned:
                named = _named(change, ids)
                if named is None:
                    yield _resync(change.version)
                    break
                async for told in _told(feed, operation, entity, named, change.version, place):
                    yield told


def _named(change: Change, ids: Sequence[UUID] | None) -> Sequence[UUID] | None:
    """Which things to tell of; None where they are too many, or not known."""
    if change.ids is None:
        return ids
    if ids is not None:
        changed = set(change.ids)
        return [one for one in ids if one in changed]
    return change.ids if len(change.ids) <= MOST_TOLD else None


def _resync(version: int) -> dict[str, Any]:
    return {"id": None, "kind": ChangeKind.RESYNC, "version": version}


async def _told(
    feed: live.Feed, operation: Operation, entity: Entity, ids: Sequence[UUID], version: int, place: Place
) -> AsyncGenerator[dict[str, Any], None]:
    for start in range(0, len(ids), reads.MOST):
        part = ids[start : start + reads.MOST]
        documents = await feed.documents(operation.tenant, entity, part, locale=place.locale, version=version)
        for identity, document in zip(part, documents, strict=True):
            kind = ChangeKind.DELETED if document is None else ChangeKind.UPDATED
            shown = {"type": entity.type_name, _member(entity): document, "node": document}
            yield {"id": str(identity), "kind": kind, "version": version, **shown}
