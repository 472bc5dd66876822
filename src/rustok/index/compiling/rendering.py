"""JSON text made by PostgreSQL: the SQL of objects, lists and values in the shape of a selection."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from strawberry.utils.str_converters import to_camel_case

from rustok.index import cells
from rustok.index.compiling.selecting import Chosen, Inexpressible, Selector
from rustok.kernel.indexing import Entity, Field, Kind, Shape

MOST_ARGUMENTS = 90  # of one call of concat; PostgreSQL takes a hundred


@dataclass(frozen=True)
class Sql:
    """An expression of type text, never NULL; what stands between expressions is a plain `str`."""

    text: str


Part = str | Sql


def joined(parts: Iterable[Part]) -> str:
    """SQL that puts the parts together."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    written = [_literal(part) if isinstance(part, str) else part.text for part in merged]
    while len(written) > MOST_ARGUMENTS:
        written = [
            f"concat({', '.join(written[start : start + MOST_ARGUMENTS])})"
            for start in range(0, len(written), MOST_ARGUMENTS)
        ]
    return f"concat({', '.join(written)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def graphql_name(field: Field) -> str:
    """The name that GraphQL knows the field by."""
    return field.alias or to_camel_case(field.name)


class Source:
    """Where values are taken from: a path of keys below something."""

    currency: str  # of the read, for what has a value in each

    def text(self, path: cells.Path, field: Field) -> str:
        """SQL of the JSON text of a plain value."""
        raise NotImplementedError

    def is_object(self, path: cells.Path) -> str:
        """SQL of whether an object stands there."""
        raise NotImplementedError

    def json(self, path: cells.Path) -> str:
        """SQL of what stands there, as jsonb."""
        raise NotImplementedError


@dataclass(frozen=True)
class Element(Source):
    """An element of a list, or any other jsonb expression."""

    value: str
    currency: str

    def text(self, path: cells.Path, field: Field) -> str:
        """From the jsonb."""
        return _text(self.json(path), field)

    def is_object(self, path: cells.Path) -> str:
        """From the jsonb."""
        return f"jsonb_typeof({self.json(path)}) = 'object'"

    def json(self, path: cells.Path) -> str:
        """From the jsonb."""
        return at(self.value, path, self.currency)


@dataclass
class Row(Source):
    """A row of an entity's table that a subquery gave the name `alias`, with the columns that `columns` says."""

    alias: str
    entity: Entity
    currency: str
    looks: int = 0  # into the document, so far

    def text(self, path: cells.Path, field: Field) -> str:
        """From its cell; from the document if it has none, or was too long for one."""
        cell = self._cell(path)
        if cell is None:
            return _text(self.json(path), field)
        if not cells.may_be_missing(field.kind, many=field.many):
            return cell if cells.CURRENCY not in path else f"COALESCE({cell}, 'null')"
        return f"COALESCE({cell}, {_text(at(f'{self.alias}.document', path, self.currency), field)})"

    def is_object(self, path: cells.Path) -> str:
        """From its cell, which says so."""
        cell = self._cell(path)
        return f"jsonb_typeof({self.json(path)}) = 'object'" if cell is None else f"{cell} = '{cells.OBJECT}'"

    def json(self, path: cells.Path) -> str:
        """From the document."""
        self.looks += 1
        return at(f"{self.alias}.unpacked", path, self.currency)

    def columns(self) -> str:
        """What the subquery selects from the table `t`, when everything is rendered.

        Each look into a packed document unpacks the whole of it; joined with nothing, it is unpacked once.
        """
        layout = cells.layout_of(self.entity)
        priced = "NULL::integer"
        if layout.priced:
            priced = f"array_position(t.cells, '{self.currency}', {len(layout.fixed) + 1})"
        unpacked = "t.document || '{}'::jsonb" if self.looks else "NULL::jsonb"
        return f"t.document, t.cells, {priced} AS priced, {unpacked} AS unpacked"

    def _cell(self, path: cells.Path) -> str | None:
        layout = cells.layout_of(self.entity)
        position = layout.position(path)
        if position is not None:
            return f"{self.alias}.cells[{position}]"
        offset = layout.offset(path)
        return None if offset is None else f"{self.alias}.cells[{self.alias}.priced + {offset}]"


def at(value: str, path: cells.Path, currency: str) -> str:
    """SQL of what stands at a path below a jsonb value."""
    steps = [currency if step == cells.CURRENCY else step for step in path]
    if not steps:
        return value
    return f"{value} -> '{steps[0]}'" if len(steps) == 1 else f"{value} #> '{{{','.join(steps)}}}'"


def _text(value: str, field: Field) -> str:
    if field.many:
        return f"CASE jsonb_typeof({value}) WHEN 'array' THEN ({value})::text ELSE '[]' END"
    return f"COALESCE(({value})::text, 'null')"


def members_of(values: Iterable[tuple[str, list[Part]]]) -> list[Part]:
    """The inside of an object: `"key":value` with commas between."""
    found: list[Part] = []
    for key, value in values:
        found += [",", f'"{key}":', *value] if found else [f'"{key}":', *value]
    return found


@dataclass(frozen=True)
class Renderer:
    """Renders declared fields."""

    selector: Selector
    names: Iterator[str] = field(default_factory=lambda: (f"v{number}" for number in count()))

    def members(self, shape: Shape, chosen: Iterable[Chosen], source: Source, path: cells.Path) -> list[Part]:
        """The inside of an object of this shape."""
        known = {graphql_name(one): one for one in shape.fields}
        values: list[tuple[str, list[Part]]] = []
        for one in chosen:
            if one.name == "__typename":
                values.append((one.key, [f'"{shape.name}"']))
            elif one.name in known:
                values.append((one.key, self.value(known[one.name], one, source, path)))
            else:
                raise Inexpressible("field")
        return members_of(values)

    def value(self, wanted: Field, chosen: Chosen, source: Source, above: cells.Path) -> list[Part]:
        """The value of a declared field."""
        path = (*above, wanted.name, cells.CURRENCY) if wanted.per_currency else (*above, wanted.name)
        shape = cells.MONEY if wanted.kind is Kind.MONEY else wanted.kind
        if not isinstance(shape, Shape):
            return [Sql(source.text(path, wanted))]
        selection = self.selector.choose(chosen.sets, shape.name)
        if not wanted.many:
            members = self.members(shape, selection, source, path)
            return [Sql(f"CASE WHEN {source.is_object(path)} THEN {joined(['{', *members, '}'])} ELSE 'null' END")]
        alias, listed = next(self.names), source.json(path)
        members = self.members(shape, selection, Element(f"{alias}.v", source.currency), ())
        elements = f"jsonb_array_elements(CASE jsonb_typeof({listed}) WHEN 'array' THEN {listed} END)"
        return ["[", Sql(f"(SELECT string_agg({joined(['{', *members, '}'])}, ',') FROM {elements} {alias}(v))"), "]"]
