"""The arguments of a field: values that decide about the SQL, and slots for values that each request brings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLField, VariableNode, Visitor, visit
from graphql.execution.values import VariableValues, get_argument_values

from rustok.index.compiling.binding import Asked, Slot
from rustok.index.compiling.selecting import Chosen

# Arguments whose value, unless it is absent or empty, does not change the SQL.
BOUND = frozenset({"handle", "slug", "id", "ids", "query", "after", "before", "locale"})
Check = Callable[[Asked, Any], Any]


@dataclass(frozen=True)
class Arguments:
    """The arguments of one field under one set of variables."""

    chosen: Chosen
    values: dict[str, Any]

    @classmethod
    def of(cls, chosen: Chosen, definition: GraphQLField, variables: VariableValues) -> "Arguments":
        """Coerced as the ordinary executor does; raises `GraphQLError`."""
        return cls(chosen, get_argument_values(definition, chosen.nodes[0], variables))

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def slot(self, name: str, purpose: str, check: Check) -> Slot:
        """The value of one of `BOUND`, taken when a request comes; `purpose` tells apart what is made of it."""
        node = self.chosen.value(name)
        if isinstance(node, VariableNode):
            variable = node.name.value
            return Slot((purpose, "$", variable), lambda asked: check(asked, asked.variables.get(variable)))
        value = self.values.get(name)
        return Slot((purpose, "=", str(value)), lambda asked: check(asked, value))


class _Usage(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.deciding: set[str] = set()
        self.bound: set[str] = set()

    def enter_argument(self, node: Any, *_: Any) -> Any:
        if node.name.value in BOUND and isinstance(node.value, VariableNode):
            self.bound.add(node.value.name.value)
            return self.SKIP
        return None

    def enter_variable_definition(self, *_: Any) -> Any:
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.deciding.add(node.name.value)


def usage(document: DocumentNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the variables whose value decides about the SQL, and of those of which only their absence does."""
    found = _Usage()
    visit(document, found)
    return tuple(sorted(found.deciding)), tuple(sorted(found.bound - found.deciding))


def presence(value: Any) -> int:
    """What of a bound value decides about the SQL: whether it is absent, empty or there."""
    if value is None:
        return 0
    if not isinstance(value, str):
        return 1
    return 2 if value.strip() else 3 if value else 4
