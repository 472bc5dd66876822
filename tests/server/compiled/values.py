"""Values for the arguments of generated queries: what the tenant has, what nobody has, and what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
)


class Absent:
    """Stands for an argument, an input field or a variable that is not given; null is given."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
NOBODY = "019b0000-0000-7000-8000-00000000dead"
WORDS = ("mug", "plain qu", "quote backslash", "post", "sku-1", "ёлка", "plian", "words", "zzzz", "the", '"', "О нас")
PER_CURRENCY = ("PRICE_ASC", "PRICE_DESC")
BAD: Mapping[str, Sequence[Any]] = {
    "ID": ("not-an-id", "", "' OR 1=1 --", 7, NOBODY.upper(), "01ARZ3NDEKTSV4RRFFQ69G5FAV", NOBODY * 9, True, {}),
    "String": ("x" * 3000, "'; $1 %s :x \\ --", "\x1f", "", 7, "\ufffd", False, []),
    "Int": (2**31, -1, 101, 1.5, "5", 0, 2**63, True),
    "Float": (1e308, -0.0, "1", 2**70),
    "Boolean": ("true", 1, None),
    "DateTime": ("yesterday", "", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59+14:00", 7, "2026-01-03"),
    "Decimal": ("NaN", "1e400", "abc", "19.999", -5, 19.99, "-0", "", "999999999999999999999", True),
}
BAD_CURSORS = ("", "=", "AAAA", "tampered", "x" * 5000, "\x7f", "ÿ", "Z" * 40)
BAD_SIZES = (101, -1, 2**31, 10**9, -(2**31), 0)


@dataclass
class Known:
    """What a tenant has: values by `Product.handle`, and cursors by the list and order that they belong to."""

    name: str
    host: str
    locales: Sequence[str]
    currencies: Sequence[str]
    default_currency: str
    values: dict[str, list[Any]] = field(default_factory=dict)
    cursors: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def learn(self, kind: str, /, **found: Any) -> None:
        """Remember values under `Kind.name`."""
        for name, value in found.items():
            known = self.values.setdefault(f"{kind}.{name}", [])
            if value is not None and value not in known:
                known.append(value)

    def __post_init__(self) -> None:
        self.values["Facet.name"] = ["price", "option", "category", "tag", "vendor", "availability", "option:Size"]

    def currency(self, wanted: Any, otherwise: str) -> str:
        """The currency that a read takes when it is asked for this one."""
        if not wanted or not isinstance(wanted, str):
            return otherwise
        return wanted.upper() if wanted.upper() in self.currencies else self.default_currency


def order_of(kind: GraphQLField, given: Mapping[str, Any], currency: str) -> tuple[str, str]:
    """The list and order in which a field answers with these arguments: what its cursors are good for."""
    named = get_named_type(kind.type).name
    if query := given.get("query") or None:
        searched = " ".join(str(query).split())
        if "sort" not in kind.args or given.get("sort") in (None, ABSENT, "RELEVANCE"):
            return named, f"RELEVANCE {searched}"
    sort = given.get("sort")
    if sort in (None, ABSENT, "RELEVANCE"):
        sorts = kind.args["sort"].type if "sort" in kind.args else None
        sort = next(iter(sorts.values)) if isinstance(sorts, GraphQLEnumType) else "ID"
    return named, f"{sort} {currency if sort in PER_CURRENCY else ''}"


class Chooser:
    """Chooses values for one document. `hostile` is how often a value is one that will be refused."""

    def __init__(self, random: Random, known: Known, hostile: float) -> None:
        self.random, self.known, self.hostile = random, known, hostile

    def wrong(self) -> bool:
        """Whether the next value shall be a wrong one."""
        return self.random.random() < self.hostile

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.random.random() < share

    def pick(self, key: str, fallback: Sequence[Any] = ("nothing",)) -> Any:
        """Something the tenant has under a key, now and then something that it has not."""
        known = self.known.values.get(key)
        return self.random.choice(known if known and not self.chance(0.07) else fallback)

    def locale(self) -> Any:
        """A language, mostly one of the tenant's."""
        return self.random.choice([*self.known.locales, *self.known.locales, "ru-RU", "xx", "", None])

    def currency(self) -> Any:
        """A currency, mostly one that the tenant sells in."""
        known = self.known.currencies
        return self.random.choice([*known, *known, known[-1].lower(), "XXX", "", None])

    def arguments(self, field: GraphQLField, name: str, owner: str, sizes: Sequence[int]) -> dict[str, Any]:
        """Values of a field's arguments besides cursors, which depend on the others; see `cursor`."""
        given: dict[str, Any] = {}
        for argument, declared in field.args.items():
            required = isinstance(declared.type, GraphQLNonNull)
            if argument in ("first", "last", "after", "before"):
                continue
            if required or self.chance(0.3 if argument in ("locale", "currency") else 0.45):
                given[argument] = self.argument(argument, declared.type, name, owner)
        if "id" in field.args and set(field.args) & {"handle", "slug"} and not {"id", "handle", "slug"} & set(given):
            chosen = self.random.choice(["id", "handle" if "handle" in field.args else "slug"])
            given[chosen] = self.argument(chosen, field.args[chosen].type, name, owner)
        if "first" in field.args:
            self._size(field, given, sizes)
        return given

    def _size(self, field: GraphQLField, given: dict[str, Any], sizes: Sequence[int]) -> None:
        name = "last" if "last" in field.args and self.chance(0.3) else "first"
        if self.chance(0.94):
            given[name] = self.random.choice(BAD_SIZES) if self.wrong() else self.random.choice(sizes)
        elif self.chance(0.2):
            given[name] = None
        if self.wrong() and "last" in field.args:
            given["first"], given["last"] = 2, 2

    def argument(self, argument: str, kind: Any, name: str, owner: str) -> Any:
        """A value of an argument on a field of `owner` (the type that the field answers with)."""
        nullable = not isinstance(kind, GraphQLNonNull)
        if nullable and self.chance(0.06):
            return None
        if argument == "locale":
            return self.locale()
        if argument == "currency":
            return self.currency()
        if argument == "query":
            if self.wrong():
                return self.random.choice(["x" * 600, "\x1f \x0b", "a" * 499 + "\u00e4", "' & | ! <-> :*", "\\"])
            return self.random.choice([*WORDS, *WORDS, "", "   ", "a  b"])
        if argument == "names":
            return self.value(kind, "Facet.name")
        if argument in ("id", "ids"):
            return self.value(kind, f"{owner}.id" if owner != "Node" else self._any_id())
        return self.value(kind, f"{owner}.{argument}")

    def _any_id(self) -> str:
        return self.random.choice([key for key in self.known.values if key.endswith(".id")] or ["Nobody.id"])

    def value(self, kind: Any, key: str, depth: int = 0) -> Any:
        """A value of an input type; `key` is where known ones of it are."""
        if self.wrong() and self.chance(0.3):
            return self.random.choice([None, [], {}, 7, "x", [None]])
        kind = get_nullable_type(kind)
        if isinstance(kind, GraphQLList):
            return self._list(kind, key, depth)
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, key, depth)
        if isinstance(kind, GraphQLEnumType):
            names = list(kind.values)
            return "NOPE" if self.wrong() and self.chance(0.3) else self.random.choice(names)
        if self.wrong():
            return self.random.choice(BAD[kind.name])
        plain: Mapping[str, Callable[[], Any]] = {
            "Int": lambda: self.pick(key, (0, 1, 2, 3, -1, 20)),
            "Float": lambda: self.random.choice((0.5, 1, 2.25)),
            "Boolean": lambda: self.chance(0.5),
            "DateTime": lambda: self.pick(key, ("2026-01-03T12:00:00Z", "2026-01-02T12:00:00", "2030-01-01")),
            "Decimal": lambda: self.random.choice(("10.00", "40", 20, 30.5, "0", "9999999", "61.11")),
            "ID": lambda: self.pick(key, (NOBODY, NOBODY)),
            "String": lambda: self.pick(key, ("nothing", "", "Größe 'x' \\ $1")),
        }
        return plain[kind.name]()

    def _list(self, kind: GraphQLList[Any], key: str, depth: int) -> Any:
        if self.wrong() and self.chance(0.2):
            return [self.value(kind.of_type, key, depth)] * 300
        count = self.random.choice((0, 1, 1, 2, 3))
        if count == 1 and self.chance(0.2):
            return self.value(kind.of_type, key, depth)  # one value stands for a list of it
        return [self.value(kind.of_type, key, depth) for _ in range(count)]

    def _object(self, kind: GraphQLInputObjectType, key: str, depth: int) -> Any:
        names = list(kind.fields)
        is_where = kind.name.endswith("Where")
        if is_where:
            key = kind.name.removesuffix("Where")
            if depth >= (7 if self.wrong() else 2):
                names = [name for name in names if name not in ("and", "or", "not")]
        required = [name for name, one in kind.fields.items() if isinstance(one.type, GraphQLNonNull)]
        chosen = required or self.random.sample(names, self.random.choice((0, 1, 1, 1, 2, 2, 3)) % (len(names) + 1))
        given = {}
        for name in chosen:
            one = kind.fields[name]
            if not isinstance(one.type, GraphQLNonNull) and self.chance(0.05):
                given[name] = None
                continue
            # `Product.vendor` of `vendor: {eq}`, `Product.option.name` of an option.
            here = f"{key}.{name}" if is_where or required else key
            given[name] = self.value(one.type, here, depth + 1)
        return given

    def cursor(self, order: tuple[str, str]) -> Any:
        """A cursor of a list and order, or one that is refused."""
        if self.wrong():
            others = [cursor for known in self.known.cursors.values() for cursor in known]
            mine = self.known.cursors.get(order) or ["x"]
            spoilt = list(self.random.choice(mine))
            spoilt[self.random.randrange(len(spoilt))] = self.random.choice("Aa0-_=+/ \u00e9")
            return self.random.choice([*BAD_CURSORS, "".join(spoilt), self.random.choice(others or ["y"])])
        known = self.known.cursors.get(order)
        return self.random.choice(known) if known else None
