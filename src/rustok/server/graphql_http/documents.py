"""Documents that were seen: parsed, checked against limits and schema, and planned, once each, within a bound."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_operation_ast,
    parse,
    validate,
    visit,
)

from rustok.index.compiling.plans import Plan, Statements
from rustok.kernel.indexing import Entity
from rustok.kernel.recent import Recent
from rustok.server.graphql_http import limits

MOST = 1_000
MOST_TEXT = 400_000  # characters of all that are remembered; a parsed document is 200 times as large as its text
_MOST_COSTS = 200


class _PageSizes(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: Any, *_: Any) -> None:
        if node.name.value in ("first", "last") and isinstance(node.value, VariableNode):
            self.names.add(node.value.name.value)


@dataclass
class Ready:
    """One operation of a valid document. `plan` is there where the read model answers it."""

    document: DocumentNode
    operation: OperationDefinitionNode
    plan: Plan | None
    sizes: tuple[str, ...]  # variables that the cost depends on
    _costs: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def cost(self, variables: Mapping[str, Any]) -> int:
        """What it may cost with these variables, as `limits.cost` counts."""
        key = tuple(v if isinstance(v := variables.get(name), int) else repr(v)[:20] for name in self.sizes)
        known = self._costs.get(key)
        if known is None:
            if len(self._costs) > _MOST_COSTS:
                self._costs.clear()
            known = self._costs[key] = limits.cost(self.document, self.operation, variables)
        return known


@dataclass
class Parsed:
    """A document, or what is wrong with it."""

    schema: GraphQLSchema
    entities: Mapping[str, Entity]
    statements: Statements
    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    _ready: dict[str | None, Ready | None] = field(default_factory=dict)

    def operation(self, name: str | None) -> Ready | None:
        """The operation of this name, or the only one; None where that is none or several."""
        if name not in self._ready:
            ready = self._made(name)
            if ready is None:
                return None  # anybody can ask for any name
            self._ready[name] = ready
        return self._ready[name]

    def _made(self, name: str | None) -> Ready | None:
        operation = get_operation_ast(self.document, name) if self.document else None
        if self.document is None or operation is None:
            return None
        plan = Plan.of(self.schema, self.document, operation, self.entities, self.statements)
        sizes = _PageSizes()
        visit(self.document, sizes)
        return Ready(self.document, operation, plan, tuple(sorted(sizes.names)))


@dataclass
class Documents:
    """The documents of one schema. `entities` are those whose reads are compiled."""

    schema: GraphQLSchema
    limits: limits.Limits
    entities: Mapping[str, Entity] = field(default_factory=dict)
    _known: Recent[str, Parsed] = field(default_factory=lambda: Recent(most=MOST, weight=MOST_TEXT))
    _statements: Statements = field(default_factory=Statements)

    def find(self, query: str) -> Parsed:
        """The document of a text."""
        known = self._known.get(query)
        if known is None:
            known = self._made(query)
            self._known.put(query, known, weight=len(query))
        return known

    def _made(self, query: str) -> Parsed:
        try:
            document = parse(query, max_tokens=self.limits.tokens, allow_empty_selection_sets=False)
            limits.check(document, self.limits)
        except GraphQLError as error:
            return Parsed(self.schema, self.entities, self._statements, None, (error,))
        except RecursionError:
            refused = limits.LimitExceeded("the document is nested too deeply")
            return Parsed(self.schema, self.entities, self._statements, None, (refused,))
        found = validate(self.schema, document, max_errors=20, allow_empty_selection_sets=False)
        return Parsed(self.schema, self.entities, self._statements, None if found else document, tuple(found))
