"""What a document may cost: tokens, depth, aliases, repeated fields and the number of values it can return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
    Visitor,
    visit,
)


@dataclass(frozen=True)
class Limits:
    """Bounds that no honest client meets. Costs count one for each field, times the size of the pages around it."""

    tokens: int = 6_000
    depth: int = 16
    aliases: int = 120
    repeats: int = 150  # of one response name; validation compares them pair by pair
    root_fields: int = 60
    cost: int = 50_000


class LimitExceeded(GraphQLError):
    """The document is refused before it is validated or run."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "limit_exceeded"})


class _Counter(Visitor):
    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.aliases = 0
        self.names: dict[str, int] = {}

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.alias:
            self.aliases += 1
            if self.aliases > self.limits.aliases:
                raise LimitExceeded(f"the document has more than {self.limits.aliases} aliases")
        name = (node.alias or node.name).value
        self.names[name] = self.names.get(name, 0) + 1
        if self.names[name] > self.limits.repeats:
            raise LimitExceeded(f"the field {name} stands more than {self.limits.repeats} times in the document")

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        if not storable(node.value):
            raise LimitExceeded("a text in the document holds characters that cannot be stored")


def storable(value: Any) -> bool:
    """Whether every text in a JSON value can be kept by PostgreSQL: no NUL, no half of a surrogate pair."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "\0" in one or any("\ud800" <= c <= "\udfff" for c in one):
                return False
        elif isinstance(one, Mapping):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return True


def check(document: DocumentNode, limits: Limits) -> None:
    """Raise `LimitExceeded` for a document that is too large in any static way."""
    visit(document, _Counter(limits))
    fragments = _fragments(document)
    depths: dict[str, int] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            if len(definition.selection_set.selections) > limits.root_fields:
                raise LimitExceeded(f"an operation may have at most {limits.root_fields} fields at its top")
            if _depth(definition.selection_set, fragments, depths, (), limits.depth) > limits.depth:
                raise LimitExceeded(f"the document is nested more than {limits.depth} levels deep")


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}


def _depth(
    selections: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
    known: dict[str, int],
    inside: tuple[str, ...],
    most: int,
) -> int:
    """Levels of fields below here; introspection does not count, cycles are validation's business."""
    if selections is None:
        return 0
    deepest = 0
    for one in selections.selections:
        if isinstance(one, FieldNode):
            found = (
                0 if one.name.value.startswith("__") else 1 + _depth(one.selection_set, fragments, known, inside, most)
            )
        elif isinstance(one, InlineFragmentNode):
            found = _depth(one.selection_set, fragments, known, inside, most)
        elif isinstance(one, FragmentSpreadNode):
            name = one.name.value
            if name in inside or name not in fragments:
                continue
            if name not in known:
                known[name] = _depth(fragments[name].selection_set, fragments, known, (*inside, name), most)
            found = known[name]
        else:
            found = 0
        deepest = max(deepest, found)
    return deepest


@dataclass
class _Cost:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    known: dict[str, int] = field(default_factory=dict)

    def of(self, selections: SelectionSetNode | None) -> int:
        total = 0
        for one in selections.selections if selections else ():
            if isinstance(one, FieldNode):
                total += 1 + self._times(one) * self.of(one.selection_set)
            elif isinstance(one, InlineFragmentNode):
                total += self.of(one.selection_set)
            elif isinstance(one, FragmentSpreadNode):
                name = one.name.value
                if name not in self.known and name in self.fragments:
                    self.known[name] = 0  # a cycle is validation's business
                    self.known[name] = self.of(self.fragments[name].selection_set)
                total += self.known.get(name, 0)
        return total

    def _times(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                return min(max(self._number(argument.value), 1), 1000)
        return 1

    def _number(self, value: Node) -> int:
        if isinstance(value, IntValueNode):
            return int(value.value) if len(value.value) < 10 else 1000
        if isinstance(value, VariableNode):
            bound = self.variables.get(value.name.value)
            return bound if isinstance(bound, int) else 20
        return 20


def cost(document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """How many values the operation can return, roughly: fields times the page sizes around them."""
    defaults = {
        one.variable.name.value: int(one.default_value.value)
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, IntValueNode) and len(one.default_value.value) < 10
    }
    return _Cost(_fragments(document), defaults | dict(variables)).of(operation.selection_set)
