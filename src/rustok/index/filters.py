"""`where` objects become SQL conditions: checked against the declaration, with every value bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from rustok.index import tables
from rustok.kernel import errors, money
from rustok.kernel.ids import parse_id
from rustok.kernel.indexing import Entity, Filter, Op

DEEPEST = 5
MOST_CONDITIONS = 60
MOST_VALUES = 200
MOST_OPTIONS = 20
LONGEST_VALUE = 2_000
OPTION_SEPARATOR = "\x1f"
_LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


class InvalidFilter(errors.Invalid):
    """The `where` object asks for what the entity does not declare, or in a form that it does not take."""

    code = "invalid_filter"


@dataclass
class Bound:
    """The values of a statement, by parameter name. `tenant` and `locale` are the SQL of the read's own."""

    values: dict[str, Any] = field(default_factory=dict)
    tenant: str = ":tenant"
    locale: str = ":locale"

    def add(self, value: Any, kind: str) -> str:
        """Bind a value; returns the SQL that stands for it."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"CAST(:{name} AS {kind})"


@dataclass(frozen=True)
class Condition:
    """One conjunct of a `where`. `holding` is the same said as an overlap, for the candidates' function: the values, or
    SQL of the one id outside."""

    sql: str
    column: str = ""
    option: str = ""
    holding: tuple[str, ...] | str = ()


class Compiler:
    """Turns one `where` into conditions on the table `t`."""

    def __init__(self, entity: Entity, currency: str, bound: Bound) -> None:
        self.entity, self.bound = entity, bound
        self.currency = money.check_currency(currency)
        self.filters = {f.name: f for f in tables.filters_of(entity)}
        self.kinds = {name: tables.base_type(c.sql) for name, c in tables.columns_of(entity).items()}
        self.arrays = tables.array_columns(entity)
        self.count = 0

    def conditions(
        self, where: Mapping[str, Any] | None, *, depth: int = 0, path: tuple[str, ...] = ("where",)
    ) -> list[Condition]:
        """The conjuncts of a `where`; an empty one has none."""
        if not where:
            return []
        if not isinstance(where, Mapping):
            raise InvalidFilter("expected an object", field=path)
        if depth > DEEPEST:
            raise InvalidFilter(f"more than {DEEPEST} levels of and, or and not", field=path)
        found: list[Condition] = []
        for name, value in where.items():
            here = (*path, name)
            if value is None:
                continue
            self.count += 1
            if self.count > MOST_CONDITIONS:
                raise InvalidFilter(f"more than {MOST_CONDITIONS} conditions", field=path)
            if name == "and":
                for number, part in enumerate(_list(value, here)):
                    found += self.conditions(part, depth=depth + 1, path=(*here, str(number)))
            elif name == "or":
                parts = [self._all(p, depth, (*here, str(n))) for n, p in enumerate(_list(value, here))]
                found.append(Condition(f"({' OR '.join(parts)})" if parts else "false"))
            elif name == "not":
                found.append(Condition(f"(NOT COALESCE({self._all(value, depth, here)}, false))"))
            elif name in self.filters:
                found += self._filter(self.filters[name], value, here)
            else:
                raise InvalidFilter(f"{self.entity.name} cannot be filtered by {name!r}", field=here)
        return found

    def _all(self, where: Any, depth: int, path: tuple[str, ...]) -> str:
        if not isinstance(where, Mapping):
            raise InvalidFilter("expected an object", field=path)
        return "(" + (" AND ".join(c.sql for c in self.conditions(where, depth=depth + 1, path=path)) or "true") + ")"

    def _filter(self, wanted: Filter, value: Any, path: tuple[str, ...]) -> list[Condition]:
        if wanted.op is Op.FLAG:
            flag = value.get("eq") if isinstance(value, Mapping) else value
            if flag is None:
                return []
            return [Condition(f"t.{wanted.column} = {self._bind(flag, 'boolean', path)}", wanted.column)]
        if wanted.op is Op.OPTION:
            options = [value] if isinstance(value, Mapping) else _list(value, path)
            if len(options) > MOST_OPTIONS:  # each has a facet of its own, which is a count of its own
                raise InvalidFilter(f"more than {MOST_OPTIONS} options", field=path)
            self.count += len(options)
            return [self._option(wanted, one, (*path, str(n))) for n, one in enumerate(options)]
        if not isinstance(value, Mapping):
            value = {"eq": value}
        found = []
        for verb, operand in value.items():
            if operand is None:
                continue
            self.count += 1
            found += self._verb(wanted, verb, operand, (*path, verb))
        return found

    def _verb(self, wanted: Filter, verb: str, operand: Any, path: tuple[str, ...]) -> list[Condition]:
        column, kind = wanted.column, self.kinds[wanted.column]
        if wanted.op is Op.ANY:
            item = kind.removesuffix("[]")
            groups: list[list[Any]]
            if verb == "eq":
                groups = [[operand]]
            elif verb == "in":
                groups = [_list(operand, path)]
            elif verb == "all":
                groups = [[one] for one in _list(operand, path)]
            else:
                raise InvalidFilter(f"{wanted.name} takes eq, in and all, not {verb!r}", field=path)
            return [self._holds(column, [self._check(v, item, path) for v in group]) for group in groups]
        if wanted.op is Op.PRICE:
            minor = self.bound.add(self._minor(operand, path), "bigint")
            if verb == "gte":
                return [Condition(f"(t.{column} -> '{self.currency}' ->> 1)::bigint >= {minor}", column)]
            if verb == "lte":
                return [Condition(f"(t.{column} -> '{self.currency}' ->> 0)::bigint <= {minor}", column)]
            raise InvalidFilter(f"{wanted.name} takes gte and lte, not {verb!r}", field=path)
        if verb == "eq":
            return [Condition(f"t.{column} = {self._bind(operand, kind, path)}", column)]
        if verb == "in" and wanted.op is not Op.RANGE:
            values = [self._check(v, kind, path) for v in _list(operand, path)]
            return [Condition(f"t.{column} = ANY({self.bound.add(values, kind + '[]')})", column)]
        sign = {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}.get(verb) if wanted.op is Op.RANGE else None
        if sign is None:
            takes = "eq, gte, lte, gt and lt" if wanted.op is Op.RANGE else "eq and in"
            raise InvalidFilter(f"{wanted.name} takes {takes}, not {verb!r}", field=path)
        return [Condition(f"t.{column} {sign} {self._bind(operand, kind, path)}", column)]

    def _option(self, wanted: Filter, value: Any, path: tuple[str, ...]) -> Condition:
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise InvalidFilter(f"{wanted.name} takes objects with a name and values", field=path)
        name = self._check(value["name"], "text", path)
        values = [self._check(v, "text", path) for v in _list(value.get("values") or [], path)]
        return self._holds(wanted.column, [f"{name}{OPTION_SEPARATOR}{v}" for v in values], option=name)

    def _holds(self, column: str, values: Sequence[Any], *, option: str = "") -> Condition:
        if not values:
            return Condition("false", column, option)
        sql = f"t.{column} && {self.bound.add(list(values), self.kinds[column])}"
        return Condition(sql, column, option, tuple(str(v) for v in values) if column in self.arrays else ())

    def _bind(self, value: Any, kind: str, path: tuple[str, ...]) -> str:
        return self.bound.add(self._check(value, kind, path), kind)

    def _minor(self, value: Any, path: tuple[str, ...]) -> int:
        if isinstance(value, Mapping):
            value = value.get("amount")
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise InvalidFilter('expected an amount such as "19.99"', field=path)
        if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 16:
            # A JSON number such as 19.99 has more digits as a binary fraction than its currency has.
            value = value.quantize(Decimal(1).scaleb(-money.exponent(self.currency)))
        return money.parse(str(value), self.currency).minor

    @staticmethod
    def _check(value: Any, kind: str, path: tuple[str, ...]) -> Any:
        return check(value, kind, path)


def check(value: Any, kind: str, path: Sequence[str]) -> Any:
    """The value as asyncpg wants it for a PostgreSQL type; raises `InvalidFilter` for one that cannot be it."""
    if kind == "uuid":
        return value if isinstance(value, UUID) else parse_id(str(value))
    if kind == "text":
        if isinstance(value, str) and "\x00" not in value and len(value) <= LONGEST_VALUE and _is_unicode(value):
            return value
        raise InvalidFilter(f"expected a text of at most {LONGEST_VALUE} characters", field=path)
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        raise InvalidFilter("expected true or false", field=path)
    if kind in _LIMITS:
        if isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdigit() and len(value) < 21:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and -_LIMITS[kind] <= value < _LIMITS[kind]:
            return value
        raise InvalidFilter("expected a whole number within its range", field=path)
    if kind in ("timestamptz", "date"):
        moment = _moment(value)
        if moment is None:
            raise InvalidFilter("expected a time such as 2026-01-31T12:00:00Z", field=path)
        return moment if kind == "timestamptz" else moment.date()
    if kind in ("numeric", "double precision"):
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value == value:
            return Decimal(str(value)) if kind == "numeric" else float(value)
        raise InvalidFilter("expected a number", field=path)
    raise InvalidFilter("this column cannot be compared", field=path)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in value)


def _list(value: Any, path: tuple[str, ...]) -> list[Any]:
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list | tuple):
        raise InvalidFilter("expected a list", field=path)
    if len(value) > MOST_VALUES:
        raise InvalidFilter(f"more than {MOST_VALUES} values", field=path)
    return list(value)
