"""Makes a document that shows a difference smaller, until nothing can be left out."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from graphql import (
    REMOVE,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from tests.server.compiled.generating import Asked

MOST_TRIALS = 600


async def minimised(asked: Asked, differs: Callable[[Asked], Awaitable[bool]]) -> Asked:
    """The smallest request found for which `differs` still holds; tries are bounded."""
    trials = 0
    progress = True
    while progress and trials < MOST_TRIALS:
        progress = False
        for smaller in _smaller(asked):
            trials += 1
            if trials > MOST_TRIALS:
                break
            if await differs(smaller):
                asked, progress = smaller, True
                break
    return asked


def _smaller(asked: Asked) -> Iterator[Asked]:
    for header in asked.headers:
        yield replace(asked, headers={name: value for name, value in asked.headers.items() if name != header})
    for name in asked.variables:
        yield replace(asked, variables={other: value for other, value in asked.variables.items() if other != name})
    try:
        document = parse(asked.query)
    except Exception:
        return
    for place in range(10_000):
        shears = _Shears(place)
        rest = visit(document, shears)
        if not shears.cut:
            return
        if any(isinstance(one, OperationDefinitionNode) for one in rest.definitions):
            text = print_ast(_tidied(rest))
            used = {name: value for name, value in asked.variables.items() if f"${name}" in text}
            yield replace(asked, query=text, variables=used)


class _Shears(Visitor):
    """Takes away the n-th element of all lists of a document, counted from the outside."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place, self.cut = place, False

    def enter(self, node: Node, key: Any, parent: Any, *_: Any) -> Any:
        if isinstance(parent, list | tuple) and not isinstance(node, VariableDefinitionNode):
            self.place -= 1
            if self.place == -1:
                self.cut = True
                return REMOVE
        return None


class _Used(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable_definition(self, *_: Any) -> Any:
        return False

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(f"${node.name.value}")

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.names.add(node.name.value)


class _Unused(Visitor):
    """Takes away the declarations of what is not used."""

    def __init__(self, used: set[str]) -> None:
        super().__init__()
        self.used, self.cut = used, False

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        return None if f"${node.variable.name.value}" in self.used else self._removed()

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> Any:
        return None if node.name.value in self.used else self._removed()

    def _removed(self) -> Any:
        self.cut = True
        return REMOVE


def _tidied(document: DocumentNode) -> DocumentNode:
    """Without fragments and variables that nobody uses any more."""
    while True:
        used = _Used()
        visit(document, used)
        unused = _Unused(used.names)
        document = visit(document, unused)
        if not unused.cut:
            return document
