"""Makes whole documents of the storefront schema: selections, fragments, directives, variables, several operations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)
from tests.server.compiled.values import ABSENT, Chooser, Known, order_of

ROOTS = (
    "products", "products", "products", "product", "product", "categories", "category", "category", "contents",
    "content", "contentCategories", "contentCategory", "tags", "tag", "menus", "menu", "search", "search", "node",
    "nodes",
)  # fmt: skip
ELSEWHERE = (
    "shop { name currencies }",
    "me { id }",
    '__type(name: "Product") { name }',
    "__schema { queryType { name } }",
)
DEEPEST = 7
SETS = 3


@dataclass(frozen=True)
class Asked:
    """One request of a document. `indexed`: every root field is one that the index answers."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None
    headers: Mapping[str, str]
    indexed: bool

    def body(self) -> dict[str, Any]:
        """As it is posted."""
        body: dict[str, Any] = {"query": self.query}
        if self.variables:
            body["variables"] = dict(self.variables)
        if self.operation_name is not None:
            body["operationName"] = self.operation_name
        return body


@dataclass
class _Part:
    """An operation or a fragment: its text, and which variables and fragments it needs."""

    text: str = ""
    on: str = ""
    variables: set[str] = field(default_factory=set)
    fragments: set[str] = field(default_factory=set)


@dataclass
class _Variable:
    kind: str
    default: str


class Generator:
    """Makes one document and the requests that use it, all from one seed."""

    def __init__(self, schema: GraphQLSchema, known: Known, random: Random) -> None:
        self.schema, self.known, self.random = schema, known, random
        self.chooser = Chooser(random, known, random.choice((0.0, 0.0, 0.0, 0.0, 0.05)))
        self.indexed = True
        self.headers = [self._headers() for _ in range(SETS)]
        # The currency that applies where the next field stands, in each set; what is below a field inherits it.
        self.currencies = [known.currency(h.get("X-Currency"), known.default_currency) for h in self.headers]
        self.variables: dict[str, _Variable] = {}
        self.values: list[dict[str, Any]] = [{} for _ in range(SETS)]
        self.fragments: dict[str, _Part] = {}
        self.parts: list[_Part] = []
        # What a response name stands for, for types that can stand at one place, so that selections merge.
        self.names: dict[tuple[str, str], str] = {}
        self.aliases = 0

    def requests(self) -> list[Asked]:
        """The document, with several sets of variables."""
        operations = [self._operation() for _ in range(self.random.choice((1, 1, 1, 1, 1, 2, 3)))]
        named = len(operations) > 1 or self.chooser.chance(0.5)
        texts = [self._written(operation, f"Op{n}" if named else "") for n, operation in enumerate(operations)]
        reached = set().union(*(self._reached(operation) for operation in operations))
        texts += [
            f"fragment {name} on {self.fragments[name].on} {self.fragments[name].text}" for name in sorted(reached)
        ]
        self.random.shuffle(texts)
        chosen = self.random.randrange(len(operations))
        name = f"Op{chosen}" if len(operations) > 1 or (named and self.chooser.chance(0.5)) else None
        if self.chooser.wrong():
            name = self.random.choice(["Nope", "", "op0", "Op0 "])
        wanted = self._variables(operations[chosen])
        return [
            Asked(
                query="\n".join(texts),
                variables={n: v for n, v in given.items() if n in wanted},
                operation_name=name,
                headers=self.headers[number],
                indexed=self.indexed,
            )
            for number, given in enumerate(self.values)
        ]

    def _headers(self) -> dict[str, str]:
        found = {}
        if self.chooser.chance(0.3):
            found["X-Currency"] = str(self.chooser.currency() or "EUR")
        if self.chooser.chance(0.3):
            found[self.random.choice(("X-Locale", "Accept-Language"))] = str(self.chooser.locale() or "en")
        return found

    def _operation(self) -> _Part:
        part = _Part()
        self.parts.append(part)
        query = self.schema.query_type
        assert query is not None
        chosen = [
            self._field(query, name, 0) for name in self.random.choices(ROOTS, k=self.random.choice((1, 1, 1, 2, 3)))
        ]
        if self.chooser.chance(0.1):
            chosen.append("__typename")
        if self.chooser.chance(0.03):
            self.indexed = False
            chosen.append(self.random.choice(ELSEWHERE))
        part.text = "{ " + " ".join(self._arranged(query, chosen)) + " }"
        self.parts.pop()
        return part

    def _written(self, operation: _Part, name: str) -> str:
        declared = [
            f"${one}: {self.variables[one].kind}{self.variables[one].default}"
            for one in sorted(self._variables(operation))
        ]
        if not name and not declared and self.chooser.chance(0.5):
            return operation.text
        brackets = f"({', '.join(declared)})" if declared else ""
        return f"query {name}{brackets} {operation.text}"

    def _reached(self, part: _Part) -> set[str]:
        found: set[str] = set()
        waiting = [*part.fragments]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self.fragments[name].fragments)
        return found

    def _variables(self, part: _Part) -> set[str]:
        return part.variables.union(*(self.fragments[name].variables for name in self._reached(part)))

    # --- Selections ----------------------------------------------------------------------------------------------

    def _selection(self, kind: Any, depth: int) -> str:
        named = get_named_type(kind)
        if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
            return "{ " + " ".join(self._arranged(named, self._abstract(named, depth))) + " }"
        assert isinstance(named, GraphQLObjectType)
        fields = [
            name for name, one in named.fields.items() if depth < DEEPEST or is_leaf_type(get_named_type(one.type))
        ]
        if named.name.endswith("Connection") or named.name.endswith("Edge"):
            count = self.random.randint(1, min(3, len(fields)))
        else:
            count = min(self.random.choice((1, 2, 3, 4, 6, 12)), len(fields))
        chosen = [self._field(named, name, depth) for name in self.random.sample(fields, count)] if fields else []
        if not chosen or self.chooser.chance(0.15):
            chosen.append(self._plain(named, "__typename"))
        return "{ " + " ".join(self._arranged(named, chosen)) + " }"

    def _abstract(self, named: GraphQLUnionType | GraphQLInterfaceType, depth: int) -> list[str]:
        chosen = []
        if self.chooser.chance(0.6):
            chosen.append(self._plain(named, "__typename"))
        if isinstance(named, GraphQLInterfaceType) and self.chooser.chance(0.7):
            chosen.append(self._plain(named, "id"))
        possible = list(self.schema.get_possible_types(named))
        for one in self.random.sample(possible, self.random.randint(0 if chosen else 1, min(3, len(possible)))):
            chosen.append(f"... on {one.name} {self._selection(one, depth + 1)}")
        if self.chooser.chance(0.15) and self.names.setdefault(("Node", "id"), "id: ID!") == "id: ID!":
            chosen.append("... on Node { id }")
        return chosen

    def _arranged(self, kind: Any, chosen: Sequence[str]) -> list[str]:
        """The same fields, some behind directives, some in fragments, some twice."""
        found = [self._directed(one) for one in chosen]
        if len(found) > 1 and self.chooser.chance(0.1):
            found.append(self.random.choice(found))
        if self.chooser.chance(0.2):
            start = self.random.randrange(len(found))
            wrapped = found[start : start + self.random.randint(1, 3)]
            found[start : start + len(wrapped)] = [self._wrapped(kind, wrapped)]
        spreadable = [name for name, part in self.fragments.items() if part.on == kind.name]
        if spreadable and self.chooser.chance(0.15):
            name = self.random.choice(spreadable)
            self.parts[-1].fragments.add(name)
            found.insert(self.random.randrange(len(found) + 1), f"...{name}{self._directive()}")
        return found

    def _wrapped(self, kind: Any, chosen: Sequence[str]) -> str:
        text = " ".join(chosen)
        if self.chooser.chance(0.5):
            condition = self.random.choice(("", f" on {kind.name}"))
            return f"...{condition}{self._directive()} {{ {text} }}"
        # What is in a fragment needs its own variables and fragments; they are those of the texts that move into it.
        name = f"F{len(self.fragments)}"
        part = _Part(f"{{ {text} }}", kind.name)
        part.variables = {one for one in self.variables if f"${one} " in text}
        part.fragments = {one for one in self.fragments if f"...{one}" in text.split()}
        self.fragments[name] = part
        self.parts[-1].fragments.add(name)
        return f"...{name}{self._directive()}"

    def _directed(self, text: str) -> str:
        """The selection with a directive behind its name and arguments, now and then."""
        directive = self._directive() if self.chooser.chance(0.3) else ""
        if not directive:
            return text
        if text.endswith("}"):
            depth = 0
            for place in range(len(text) - 1, -1, -1):
                depth += {"}": 1, "{": -1}.get(text[place], 0)
                if depth == 0:
                    return f"{text[:place].rstrip()}{directive} {text[place:]}"
        return text + directive

    def _directive(self) -> str:
        if not self.chooser.chance(0.25):
            return ""
        name = self.random.choice(("skip", "include"))
        usual = name == "include"
        values = [usual if self.chooser.chance(0.7) else not usual for _ in range(SETS)]
        condition = self._written_value(GraphQLNonNull(self.schema.type_map["Boolean"]), values)
        return f" @{name}(if: {condition} )"

    def _plain(self, kind: Any, name: str) -> str:
        return self._aliased(kind, name, "", "String" if name == "__typename" else "ID!")

    def _aliased(self, kind: Any, name: str, arguments: str, answer: str) -> str:
        family = "Node" if kind.name in ("Node", "SearchResult") or self._is_node(kind) else kind.name
        wanted = f"{name}{arguments}: {answer}"
        response = name if not self.chooser.chance(0.12) else f"{self.random.choice(('id', 'x', 'Title', '_a'))}"
        if self.names.setdefault((family, response), wanted) == wanted:
            return f"{name}{arguments}" if response == name else f"{response}: {name}{arguments}"
        self.aliases += 1
        return f"a{self.aliases}: {name}{arguments}"

    def _is_node(self, kind: Any) -> bool:
        return isinstance(kind, GraphQLObjectType) and any(one.name == "Node" for one in kind.interfaces)

    def _field(self, kind: GraphQLObjectType, name: str, depth: int) -> str:
        declared = kind.fields[name]
        arguments, chosen = self._arguments(declared, name, depth) if declared.args else ("", self.currencies)
        text = self._aliased(kind, name, arguments, str(declared.type))
        if is_leaf_type(get_named_type(declared.type)):
            return text
        above, self.currencies = self.currencies, chosen
        text += " " + self._selection(declared.type, depth + 1)
        self.currencies = above
        return text

    # --- Arguments -----------------------------------------------------------------------------------------------

    def _arguments(self, declared: GraphQLField, name: str, depth: int) -> tuple[str, list[str]]:
        """The arguments as they are written, and the currency that they choose in each set."""
        owner = get_named_type(declared.type).name.removesuffix("Connection")
        sizes = (0, 1, 1, 2, 2, 3, 5, 7, 50) if depth == 0 else (1, 2)
        sets = [self.chooser.arguments(declared, name, owner, sizes)]
        for _ in range(1, SETS):
            other = self.chooser.arguments(declared, name, owner, sizes)
            for keys in (("first", "last"), *((key,) for key in declared.args if key not in ("first", "last"))):
                if self.chooser.chance(0.6):
                    for key in keys:
                        other.pop(key, None)
                        if key in sets[0]:
                            other[key] = sets[0][key]
            sets.append(other)
        chosen = [self.known.currency(g.get("currency"), c) for g, c in zip(sets, self.currencies, strict=True)]
        for given, currency in zip(sets, chosen, strict=True):
            for key in [key for key in ("after", "before") if key in declared.args]:
                if self.chooser.chance(0.25):
                    given[key] = self.chooser.cursor(order_of(declared, given, currency))
        written = []
        for key, argument in declared.args.items():
            values = [given.get(key, ABSENT) for given in sets]
            if any(value is not ABSENT for value in values):
                written.append(f"{key}: {self._written_value(argument.type, values)}")
        return (f"({', '.join(written)} )" if written else ""), chosen

    def _written_value(self, kind: Any, values: Sequence[Any]) -> str:
        """GraphQL for a value in each set of variables: a literal, a variable, or a literal with variables in it."""
        nullable = get_nullable_type(kind)
        alike = all(value == values[0] and type(value) is type(values[0]) for value in values)
        if alike and values[0] is not ABSENT and not self.chooser.chance(0.25):
            return self._literal(kind, values[0])
        if self.chooser.chance(0.6) and self._is_divisible(nullable, values):
            if isinstance(nullable, GraphQLInputObjectType):
                return self._object(nullable, values)
            items = [self._written_value(nullable.of_type, each) for each in zip(*values, strict=True)]
            return f"[{', '.join(items)} ]"
        return self._variable(kind, values)

    def _is_divisible(self, kind: Any, values: Sequence[Any]) -> bool:
        """Whether the values are objects of the type, or lists of one length, so that a literal can hold variables."""
        if isinstance(kind, GraphQLInputObjectType):
            return all(isinstance(one, dict) and one.keys() <= kind.fields.keys() for one in values)
        if isinstance(kind, GraphQLList):
            return all(isinstance(one, list) and one and len(one) == len(values[0]) for one in values)
        return False

    def _object(self, kind: GraphQLInputObjectType, values: Sequence[Mapping[str, Any]]) -> str:
        names = dict.fromkeys(name for one in values for name in one)
        found = [
            f"{name}: {self._written_value(kind.fields[name].type, [one.get(name, ABSENT) for one in values])}"
            for name in names
        ]
        return f"{{{', '.join(found)} }}"

    def _variable(self, kind: Any, values: Sequence[Any]) -> str:
        name = f"v{len(self.variables)}"
        given = [value for value in values if value is not ABSENT]
        declared, default = str(kind), ""
        is_required = isinstance(kind, GraphQLNonNull)
        if len(given) == len(values) and self.chooser.chance(0.3):
            usual = self.random.choice(given)
            if usual is not None:
                default = f" = {self._literal(kind, usual)}"
                declared = declared.removesuffix("!") if self.chooser.chance(0.7) else declared
        if (
            not is_required
            and not default
            and len(given) == len(values)
            and None not in given
            and self.chooser.chance(0.2)
        ):
            declared += "!"
        for number, value in enumerate(values):
            if value is ABSENT or (
                default and default == f" = {self._literal(kind, value)}" and self.chooser.chance(0.6)
            ):
                continue
            self.values[number][name] = value
        self.variables[name] = _Variable(declared, default)
        self.parts[-1].variables.add(name)
        return f"${name} "

    def _literal(self, kind: Any, value: Any) -> str:
        nullable = get_nullable_type(kind)
        if isinstance(value, list):
            item = nullable.of_type if isinstance(nullable, GraphQLList) else nullable
            return f"[{', '.join(self._literal(item, one) for one in value)}]"
        if isinstance(nullable, GraphQLList):
            return self._literal(nullable.of_type, value)
        if isinstance(value, dict):
            fields = nullable.fields if isinstance(nullable, GraphQLInputObjectType) else {}
            return (
                "{"
                + ", ".join(
                    f"{k}: {self._literal(fields[k].type if k in fields else nullable, v)}" for k, v in value.items()
                )
                + "}"
            )
        if isinstance(nullable, GraphQLEnumType) and isinstance(value, str):
            return value
        if isinstance(value, str) and self.chooser.chance(0.1) and value.isalnum():
            return f'"""{value}"""'
        return json.dumps(value, ensure_ascii=self.chooser.chance(0.5))
