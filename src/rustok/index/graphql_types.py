"""GraphQL types made from declarations: an object type per entity and shape, connections, `where` inputs, sort enums.

Resolvers return documents as they come from the database; fields look their key up in a dict, so that nothing runs
per row but GraphQL's own execution.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Annotated, Any, cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet
from strawberry.types import Info
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from rustok.index import reads, tables
from rustok.kernel.graphql import JSON, BigInt, CountPrecision, Money, Operation, PageInfo
from rustok.kernel.indexing import Entity, Field, Filter, Kind, Op, Shape

PLACES = "index.places"  # in Operation.services: response path → the language and currency that arguments chose there


@dataclass(frozen=True)
class Place:
    """In which language and currency a part of an answer is read."""

    locale: str
    currency: str


SCALARS: Mapping[Kind, Any] = {
    Kind.ID: strawberry.ID,
    Kind.TEXT: str,
    Kind.HTML: str,
    Kind.INT: int,
    Kind.BIG: BigInt,
    Kind.FLOAT: float,
    Kind.BOOL: bool,
    Kind.TIME: datetime,
    Kind.MONEY: Money,
    Kind.JSON: JSON,
}
COMPARED: Mapping[str, tuple[str, Any]] = {  # PostgreSQL type → prefix of the filter's name, and scalar
    "text": ("String", str),
    "smallint": ("Int", int),
    "integer": ("Int", int),
    "bigint": ("BigInt", BigInt),
    "numeric": ("Float", float),
    "double precision": ("Float", float),
    "boolean": ("Boolean", bool),
    "timestamptz": ("DateTime", datetime),
    "date": ("DateTime", datetime),
}


class Moment(str):
    """A time as the document has it; GraphQL's DateTime asks for its ISO form, and it is that already."""

    def isoformat(self) -> str:
        """The text itself."""
        return str(self)


class KeyField(StrawberryField):
    """A field whose value is a key of the parent's dict."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        """The value as it stands."""
        return source.get(self.python_name)


class ListField(StrawberryField):
    """The same for a list, which an owner may have left out."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        """The list, empty where there is none."""
        return source.get(self.python_name) or []


class TimeField(StrawberryField):
    """The same for a time."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        """The text, for the DateTime scalar."""
        value = source.get(self.python_name)
        return None if value is None else Moment(value)


class MoneyField(StrawberryField):
    """The same for an amount of money, or several."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        """Money, or a list of it."""
        return as_money(source.get(self.python_name))


def as_money(value: Any) -> Any:
    """A document's money as GraphQL's."""
    if isinstance(value, list):
        return [as_money(one) for one in value]
    return None if value is None else Money(amount=value["amount"], currency_code=value["currency_code"])


@strawberry.interface(description="Anything that has an id.")
class Node:
    id: strawberry.ID


@strawberry.type(description="A value of a facet and how many matches have it.")
class FacetValue:
    value: str
    label: str
    count: int
    min: Money | None = strawberry.field(default=None, description="Of a price range.")
    max: Money | None = strawberry.field(default=None, description="Of a price range.")


@strawberry.enum(description="What the values of a facet are.")
class FacetKind(enum.Enum):
    VALUE = "VALUE"
    FLAG = "FLAG"
    OPTION = "OPTION"
    PRICE = "PRICE"
    RANGE = "RANGE"


@strawberry.type(description="Counts of values among the matches. A facet's own filter does not narrow its own counts.")
class Facet:
    name: str
    label: str
    kind: FacetKind
    values: list[FacetValue]
    precision: CountPrecision
    min: Money | None = None
    max: Money | None = None
    lowest: str | None = None
    highest: str | None = None


@strawberry.input(description="Text equal to a value or to one of several.")
class TextFilter:
    eq: str | None = strawberry.UNSET
    in_: list[str] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input(description="An id equal to a value or to one of several.")
class IDFilter:
    eq: strawberry.ID | None = strawberry.UNSET
    in_: list[strawberry.ID] | None = strawberry.field(name="in", default=strawberry.UNSET)


@strawberry.input(description="A list of texts that holds a value, one of several, or all of several.")
class TextListFilter:
    eq: str | None = strawberry.UNSET
    in_: list[str] | None = strawberry.field(name="in", default=strawberry.UNSET)
    all: list[str] | None = strawberry.UNSET


@strawberry.input(description="A list of ids that holds a value, one of several, or all of several.")
class IDListFilter:
    eq: strawberry.ID | None = strawberry.UNSET
    in_: list[strawberry.ID] | None = strawberry.field(name="in", default=strawberry.UNSET)
    all: list[strawberry.ID] | None = strawberry.UNSET


@strawberry.input(description="A price range that touches these bounds, in the currency of the read.")
class PriceFilter:
    gte: Decimal | None = strawberry.UNSET
    lte: Decimal | None = strawberry.UNSET


@strawberry.input(description="An option by name, with one of these values.")
class OptionFilter:
    name: str
    values: list[str]


def _comparable(name: str, kind: Any, *, ranged: bool) -> type:
    """`IntFilter { eq in }` and `IntRangeFilter { eq gte lte gt lt }` for a scalar."""
    verbs = ("eq", "gte", "lte", "gt", "lt") if ranged else ("eq",)
    annotations: dict[str, Any] = dict.fromkeys(verbs, kind | None)
    body: dict[str, Any] = dict.fromkeys(verbs, strawberry.UNSET)
    if not ranged:
        annotations["in_"] = list[kind] | None
        body["in_"] = strawberry.field(name="in", default=strawberry.UNSET)
    made = type(f"{name}RangeFilter" if ranged else f"{name}Filter", (), {"__annotations__": annotations, **body})
    return strawberry.input(made, description="Bounds." if ranged else "Equal to a value or to one of several.")


class Types:
    """Every GraphQL type of one set of declarations, each made once."""

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        self.entities = entities
        self._shapes: dict[str, tuple[Shape, type]] = {}
        self._comparables: dict[str, type] = {}
        self._connections: dict[str, type] = {}
        self._wheres: dict[str, type] = {}
        self._sorts: dict[str, type[enum.Enum]] = {}
        self._objects: dict[str, type] = {}

    def object(self, entity: Entity, links: Mapping[str, StrawberryField], reference: Callable[..., Any]) -> type:
        """The entity's object type: a `Node` with federation key `id`. `links` are its connections to others."""
        name = entity.type_name
        fields = {"id": Field("id", Kind.ID, required=True), **{f.name: f for f in entity.fields}}
        annotations, body = self._body([f for f in fields.values() if f.public])
        for link, made in links.items():
            body[link] = made
        body["__annotations__"] = annotations
        body["is_type_of"] = staticmethod(lambda obj, _info: type(obj) is dict and obj.get("__typename", name) == name)
        body["resolve_reference"] = classmethod(reference)
        kind = strawberry.type(
            type(name, (Node,), body),
            name=name,
            description=entity.description or None,
            directives=[Key(fields=FieldSet("id"), resolvable=True)],
        )
        self._objects[entity.name] = kind
        return kind

    def _shape(self, shape: Shape) -> type:
        known = self._shapes.get(shape.name)
        if known is not None:
            if known[0] != shape:
                raise ValueError(f"two shapes are named {shape.name}")
            return known[1]
        annotations, body = self._body([f for f in shape.fields if f.public])
        made = type(shape.name, (), {"__annotations__": annotations, **body})
        kind = strawberry.type(made, name=shape.name, description=shape.description or None)
        self._shapes[shape.name] = (shape, kind)
        return kind

    def _body(self, fields: list[Field]) -> tuple[dict[str, Any], dict[str, Any]]:
        annotations: dict[str, Any] = {}
        body: dict[str, Any] = {}
        for field in fields:
            kind: Any = self._shape(field.kind) if isinstance(field.kind, Shape) else SCALARS[field.kind]
            if field.many:
                kind = list[kind]
            elif not field.required:
                kind = kind | None
            if field.per_currency:
                body[field.name] = _per_currency(field, kind)
                continue
            annotations[field.name] = kind
            body[field.name] = _field_class(field)(
                python_name=field.name,
                graphql_name=field.alias,
                description=field.description or None,
                type_annotation=StrawberryAnnotation(kind),
            )
        return annotations, body

    def connection(self, entity: Entity, kind: type) -> type:
        """`ProductConnection` with edges, nodes, page info, counts and facets."""
        if entity.name not in self._connections:
            self._connections[entity.name] = connection_type(
                entity.type_name, kind, has_facets=bool(entity.facets), has_highlights=bool(entity.search)
            )
        return self._connections[entity.name]

    def where(self, entity: Entity) -> type:
        """`ProductWhere`: a key for each filter, and `and`, `or`, `not`."""
        if entity.name in self._wheres:
            return self._wheres[entity.name]
        annotations: dict[str, Any] = {}
        body: dict[str, Any] = {}
        for one in tables.filters_of(entity):
            annotations[one.name] = self._filter(entity, one) | None
            body[one.name] = strawberry.UNSET
        for name in ("and", "or", "not"):
            annotations[f"{name}_"] = str | None  # replaced below, when the type exists
            body[f"{name}_"] = strawberry.field(name=name, default=strawberry.UNSET)
        made = type(f"{entity.type_name}Where", (), {"__annotations__": annotations, **body})
        kind = strawberry.input(made, description=f"Which {entity.name} match: all of what is given here.")
        for field in kind.__strawberry_definition__.fields:  # type: ignore[attr-defined]  # put there by strawberry
            if field.python_name in ("and_", "or_"):
                field.type_annotation = StrawberryAnnotation(list[kind] | None)  # type: ignore[valid-type]
            elif field.python_name == "not_":
                field.type_annotation = StrawberryAnnotation(kind | None)
        self._wheres[entity.name] = kind
        return kind

    def _filter(self, entity: Entity, wanted: Filter) -> Any:
        column = tables.base_type(tables.columns_of(entity)[wanted.column].sql)
        if wanted.op is Op.FLAG:
            return bool
        if wanted.op is Op.PRICE:
            return PriceFilter
        if wanted.op is Op.OPTION:
            return list[OptionFilter]
        if wanted.op is Op.ANY:
            return IDListFilter if column == "uuid[]" else TextListFilter
        if column == "uuid":
            return IDFilter
        if column == "text" and wanted.op is not Op.RANGE:
            return TextFilter
        name, scalar = COMPARED[column]
        key = f"{name}{'Range' if wanted.op is Op.RANGE else ''}"
        if key not in self._comparables:
            self._comparables[key] = _comparable(name, scalar, ranged=wanted.op is Op.RANGE)
        return self._comparables[key]

    def sort(self, entity: Entity) -> type[enum.Enum] | None:
        """`ProductSort`, with RELEVANCE where the entity can be searched."""
        names = [s.name.upper() for s in entity.sorts]
        if entity.search:
            names.append(reads.RELEVANCE)
        if not names:
            return None
        if entity.name not in self._sorts:
            members = enum.Enum(f"{entity.type_name}Sort", {n: n for n in names})  # type: ignore[misc]  # at run time
            self._sorts[entity.name] = strawberry.enum(members, description=f"The order of {entity.name}.")
        return self._sorts[entity.name]


@strawberry.type(name="Highlight", description="A text of the element in which words of the query stand.")
class HighlightType:
    field: str = strawberry.field(description="The name of the element's field.")
    snippet: str = strawberry.field(
        description="HTML that is safe to show: everything is escaped, and the words stand in <mark>."
    )


def connection_type(name: str, kind: Any, *, has_facets: bool, has_highlights: bool = False) -> type:
    """A connection and its edge over a node type."""
    parts: dict[str, Any] = {"cursor": str, "node": kind}
    shown: dict[str, Any] = {key: _key(key, value) for key, value in parts.items()}
    if has_highlights:
        parts["highlights"] = list[HighlightType]
        shown["highlights"] = strawberry.field(
            resolver=_highlights, description="Where the words of the query stand; none where nothing was searched for."
        )
    edge = strawberry.type(
        type(f"{name}Edge", (), {"__annotations__": parts, **shown}),
        description="One element of a list and its cursor.",
    )
    fields: dict[str, Any] = {
        "edges": list[edge],  # type: ignore[valid-type]
        "nodes": list[kind],
        "page_info": PageInfo,
        "total_count": int,
        "total_count_precision": CountPrecision,
    }
    body: dict[str, Any] = {key: _key(key, value) for key, value in fields.items()}
    if has_facets:
        described = "All of them, or only those with these names, such as `price` and `option`."
        body["facets"] = strawberry.field(resolver=_chosen_facets, description=described)
    made = type(f"{name}Connection", (), {"__annotations__": fields, **body})
    return strawberry.type(made, description="A page of a list (Relay), with the nodes beside the edges.")


def union(name: str, kinds: list[type]) -> Any:
    """A union of object types; of one it is that type itself."""
    if len(kinds) == 1:
        return kinds[0]
    return Annotated[reduce(or_, cast(list[Any], kinds)), strawberry.union(name)]


def _chosen_facets(root: Any, names: list[str] | None = None) -> list[Facet]:
    # An option's facet is called "option:Size"; the declared name stands for all of them.
    facets: list[Facet] = root["facets"]
    return facets if names is None else [one for one in facets if one.name.partition(":")[0] in names]


def _highlights(root: Any) -> list[HighlightType]:
    return [HighlightType(field=to_camel_case(one.field), snippet=one.snippet) for one in root["highlights"]]


def facet_of(counted: Mapping[str, Any]) -> Facet:
    """A counted facet as GraphQL shows it."""
    return Facet(
        name=counted["name"],
        label=counted["label"],
        kind=FacetKind(counted["kind"]),
        precision=CountPrecision.EXACT if counted["exact"] else CountPrecision.AT_LEAST,
        min=as_money(counted.get("min")),
        max=as_money(counted.get("max")),
        lowest=counted.get("lowest"),
        highest=counted.get("highest"),
        values=[
            FacetValue(
                value=v["value"],
                label=v["label"],
                count=v["count"],
                min=as_money(v.get("min")),
                max=as_money(v.get("max")),
            )
            for v in counted["values"]
        ],
    )


def place_at(info: Info[Operation, None]) -> Place:
    """What applies where a field stands: the choice of the nearest arguments above it, else the request's."""
    operation = info.context
    chosen: dict[tuple[str | int, ...], Place] | None = operation.services.get(PLACES)
    if chosen:
        path = info.path.as_list()
        for length in range(len(path), 0, -1):
            if tuple(path[:length]) in chosen:
                return chosen[tuple(path[:length])]
    tenant = operation.tenant
    return Place(tenant.locale_or_default(operation.locale), tenant.currency_or_default(operation.currency))


def _key(name: str, kind: Any) -> StrawberryField:
    return KeyField(python_name=name, type_annotation=StrawberryAnnotation(kind))


def _field_class(field: Field) -> type[StrawberryField]:
    if field.kind is Kind.MONEY:
        return MoneyField
    if field.many:
        return ListField
    return TimeField if field.kind is Kind.TIME else KeyField


def _per_currency(field: Field, kind: Any) -> Any:
    is_money, is_many, name = field.kind is Kind.MONEY, field.many, field.name

    def pick(self: Any, info: Info) -> Any:  # strawberry reads the annotation at run time
        values = self.get(name)
        value = values.get(place_at(info).currency) if values else None
        if is_many:
            value = value or []
        return as_money(value) if is_money else value

    pick.__annotations__["return"] = kind
    return strawberry.field(resolver=pick, name=field.alias, description=field.description or None)
