"""Makes operations from a schema: every field, every argument, of whatever type, with values of one's choice."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    get_nullable_type,
)

from rustok.server import modules, schema

REGISTRY = modules.load()
STOREFRONT: GraphQLSchema = schema.core_schema(schema.storefront(REGISTRY))
ADMIN: GraphQLSchema = schema.core_schema(schema.admin(REGISTRY))
BY_PATH: Mapping[str, GraphQLSchema] = {"/graphql": STOREFRONT, "/admin/graphql": ADMIN}
FEDERATION = {"_service", "_entities"}
Place = tuple[str, ...]  # "input", "categoryIds", "[]"


@dataclass(frozen=True)
class Operation:
    """One field at the top of a schema."""

    path: str  # the endpoint's
    kind: str  # query or mutation
    name: str
    field: GraphQLField = field(compare=False, hash=False)

    def __str__(self) -> str:
        return f"{self.path} {self.kind} {self.name}"


def operations() -> Iterator[Operation]:
    """Every field at the top of both schemas."""
    for path, one in BY_PATH.items():
        for kind, root in (("query", one.query_type), ("mutation", one.mutation_type)):
            for name, each in (root.fields if root else {}).items():
                if name not in FEDERATION:
                    yield Operation(path, kind, name, each)


def places(operation: Operation, wanted: str, *, deep: int = 3) -> Iterator[Place]:
    """Where an argument, or a field of an input object in it, takes the named type."""

    def within(kind: Any, place: Place, inside: tuple[str, ...]) -> Iterator[Place]:
        nullable = get_nullable_type(kind)
        if isinstance(nullable, GraphQLList):
            yield from within(nullable.of_type, (*place, "[]"), inside)
        elif isinstance(nullable, GraphQLInputObjectType):
            if nullable.name not in inside and len(inside) < deep:
                for name, one in nullable.fields.items():
                    yield from within(one.type, (*place, name), (*inside, nullable.name))
        elif nullable.name == wanted:
            yield place

    for name, argument in operation.field.args.items():
        yield from within(argument.type, (name,), ())


Choose = Callable[[Place, Any], Any]  # the value of a scalar or an enum at a place


def arguments(operation: Operation, choose: Choose, *, besides: Place = ()) -> dict[str, Any]:
    """Values for everything that is required, and for what leads to `besides`."""

    def value(kind: Any, place: Place) -> Any:
        nullable = get_nullable_type(kind)
        if isinstance(nullable, GraphQLList):
            return [value(nullable.of_type, (*place, "[]"))]
        if isinstance(nullable, GraphQLInputObjectType):
            return fields(nullable.fields, place)
        return choose(place, nullable)

    def fields(wanted: Mapping[str, GraphQLArgument | GraphQLInputField], place: Place) -> dict[str, Any]:
        found = {}
        for name, one in wanted.items():
            here = (*place, name)
            required = isinstance(one.type, GraphQLNonNull) and one.default_value is Undefined
            if required or besides[: len(here)] == here:
                found[name] = value(one.type, here)
        return found

    return fields(operation.field.args, ())


def plausible(place: Place, kind: Any) -> Any:
    """A value that a careful client could send."""
    name = next(part for part in reversed(place) if part != "[]")
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    known: Mapping[str, Any] = {
        "locale": "en", "currency": "EUR", "currencyCode": "EUR", "amount": "5.00", "email": "eve@example.com",
        "password": "correct horse battery", "presentPassword": "correct horse battery", "role": "customer",
        "targetType": "product", "kind": "post", "host": "eve.example.com", "hosts": "eve.example.com",
        "url": "https://127.0.0.9:8443/a.png", "permissions": "content:read", "reason": "counted",
        "handle": "some-handle",
    }  # fmt: skip
    match kind.name:
        case "String":
            return known.get(name, f"some-{name.lower()}")
        case "ID":
            return "00000000-0000-7000-8000-000000000000"
        case "Int":
            return 1
        case "Float":
            return 0.5
        case "Boolean":
            return False
        case "JSON":
            return {"title": "Some text"} if name == "fields" else {}
        case "DateTime":
            return "2030-01-01T00:00:00+00:00"
        case "Decimal":
            return "5.00"
        case "BigInt":
            return 1
    raise AssertionError(f"say what a careful client sends as {kind.name}")


def selection(kind: Any, *, deep: int = 3, without: frozenset[str] = frozenset()) -> str:
    """All fields that need no argument, some levels deep; empty for a scalar."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLUnionType):
        return "{ __typename " + " ".join(f"... on {one.name} {selection(one, deep=deep)}" for one in named.types) + "}"
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    chosen = ["__typename"]
    for name, one in named.fields.items():
        if name in without or any(
            isinstance(a.type, GraphQLNonNull) and a.default_value is Undefined for a in one.args.values()
        ):
            continue
        composite = isinstance(get_named_type(one.type), GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        if not composite:
            chosen.append(name)
        elif deep > 1:
            chosen.append(f"{name} {selection(one.type, deep=deep - 1, without=without)}")
    return "{ " + " ".join(chosen) + " }"


@dataclass
class Document:
    """Several calls in one request, each under its own alias and with its own variables."""

    kind: str
    declared: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)

    def call(self, operation: Operation, given: Mapping[str, Any], *, deep: int = 2, alias: str = "") -> None:
        """Add one call."""
        alias = alias or f"c{len(self.called)}"
        inside = []
        for name, value in given.items():
            variable = f"{alias}_{name}"
            self.declared.append(f"${variable}: {operation.field.args[name].type}")
            self.variables[variable] = value
            inside.append(f"{name}: ${variable}")
        brackets = f"({', '.join(inside)})" if inside else ""
        self.called.append(f"{alias}: {operation.name}{brackets} {selection(operation.field.type, deep=deep)}")

    def body(self) -> dict[str, Any]:
        """The request."""
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        return {"query": f"{self.kind} {declared} {{ {' '.join(self.called)} }}", "variables": self.variables}


def snake(name: str) -> str:
    """`imageId` as `image_id`."""
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)
