"""What an operation selects: fragments spread, `@skip` and `@include` decided, fields of one response name merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    is_abstract_type,
)


class Inexpressible(Exception):
    """No SQL says this; the ordinary executor answers. The message is a reason of few words, for a metric."""


@dataclass(frozen=True)
class Chosen:
    """One key of a response object: the field, and all nodes that ask for it."""

    key: str
    name: str
    nodes: tuple[FieldNode, ...]

    @property
    def sets(self) -> tuple[SelectionSetNode, ...]:
        """The selections below it."""
        return tuple(node.selection_set for node in self.nodes if node.selection_set)

    def value(self, argument: str) -> ValueNode | None:
        """The argument as it was written, if it was. Validation has seen to it that all nodes agree."""
        return next((a.value for a in self.nodes[0].arguments or () if a.name.value == argument), None)


@dataclass(frozen=True)
class Selector:
    """Reads the selections of one document under one set of variables."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def choose(self, sets: Iterable[SelectionSetNode], type_name: str) -> list[Chosen]:
        """The fields of an object of this type, in the order of the response."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for one in sets:
            self._collect(one, type_name, found, seen)
        return [Chosen(key, nodes[0].name.value, tuple(nodes)) for key, nodes in found.items()]

    def _collect(
        self, selections: SelectionSetNode, type_name: str, found: dict[str, list[FieldNode]], seen: set[str]
    ) -> None:
        for one in selections.selections:
            if not self._is_included(one.directives or ()):
                continue
            if isinstance(one, FieldNode):
                found.setdefault((one.alias or one.name).value, []).append(one)
            elif isinstance(one, InlineFragmentNode):
                if one.type_condition is None or self._applies(one.type_condition.name.value, type_name):
                    self._collect(one.selection_set, type_name, found, seen)
            elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
                seen.add(one.name.value)
                fragment = self.fragments[one.name.value]
                if self._applies(fragment.type_condition.name.value, type_name):
                    self._collect(fragment.selection_set, type_name, found, seen)

    def _is_included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            name = directive.name.value
            if name not in ("skip", "include"):
                raise Inexpressible("directive")
            value = next(a.value for a in directive.arguments or () if a.name.value == "if")
            if isinstance(value, VariableNode):
                is_set = self.variables.get(value.name.value)
            elif isinstance(value, BooleanValueNode):
                is_set = value.value
            else:
                raise Inexpressible("directive")
            if bool(is_set) == (name == "skip"):
                return False
        return True

    def _applies(self, condition: str, type_name: str) -> bool:
        if condition == type_name:
            return True
        wanted, actual = self.schema.type_map[condition], self.schema.type_map[type_name]
        return is_abstract_type(wanted) and self.schema.is_sub_type(wanted, actual)


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The named fragments of a document."""
    return {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}


def roots_of(operation: OperationDefinitionNode, document: DocumentNode) -> set[str]:
    """The names of every field at the top, whatever is skipped."""
    fragments, found, seen = fragments_of(document), set[str](), set[str]()
    waiting = [operation.selection_set]
    while waiting:
        for one in waiting.pop().selections:
            if isinstance(one, FieldNode):
                found.add(one.name.value)
            elif isinstance(one, InlineFragmentNode):
                waiting.append(one.selection_set)
            elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
                seen.add(one.name.value)
                waiting.append(fragments[one.name.value].selection_set)
    return found
