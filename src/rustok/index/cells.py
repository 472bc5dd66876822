"""Cells: the short values of a document as ready JSON texts in one array, so that a list costs little to render.

A document is large and stored out of line: to take ten values of each of 24 documents, PostgreSQL would unpack all of
them. What stands in a document without a list around it is therefore written a second time, when the row is written,
as `cells text[]`, each the JSON text of one value: a card is put together from texts that are ready. Measured: 24
cards of 12 values took 50 µs from cells, 500 µs from a small jsonb, and 1,700 µs from the documents.

The order follows from the declaration: first everything that has one value, then for each currency of the row its
code and everything that has a value in each. A value too long to be a cell is NULL and stays with the document.
"""

from dataclasses import dataclass
from functools import cache

from rustok.kernel.indexing import Entity, Field, Kind, Shape

CURRENCY = "*"  # stands in a path for the currency of the read
LONGEST = 300  # characters of a cell
OBJECT = "o"  # the cell of an object that is there; `null` where it is not
# What an amount and a code consist of is never too long, which Kind.TEXT would leave open.
MONEY = Shape("Money", (Field("amount", Kind.ID, required=True), Field("currency_code", Kind.ID, required=True)))
_NEVER = frozenset({Kind.HTML, Kind.JSON})
Path = tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One value of a document: where it stands, and what it is."""

    path: Path
    kind: Kind | None  # None: whether an object stands there
    many: bool = False  # a list of plain values, which is one text as well


@dataclass(frozen=True)
class Layout:
    """Which cell is where. Positions count from 1; those of `priced` from the cell that holds the currency's code."""

    fixed: tuple[Cell, ...]
    priced: tuple[Cell, ...]

    def position(self, path: Path) -> int | None:
        """Of a value that does not depend on the currency."""
        return self._fixed_positions.get(path)

    def offset(self, path: Path) -> int | None:
        """Of a value that does, from the code of the currency."""
        return self._priced_positions.get(path)

    @property
    def _fixed_positions(self) -> dict[Path, int]:
        return _positions(self.fixed)

    @property
    def _priced_positions(self) -> dict[Path, int]:
        return _positions(self.priced)


@cache
def _positions(cells: tuple[Cell, ...]) -> dict[Path, int]:
    return {cell.path: number for number, cell in enumerate(cells, start=1)}


def layout_of(entity: Entity) -> Layout:
    """The cells of an entity's rows."""
    return _layout(fields_of(entity))


@cache
def _layout(fields: tuple[Field, ...]) -> Layout:
    found = _cells(fields, ())
    return Layout(
        tuple(cell for cell in found if CURRENCY not in cell.path),
        tuple(cell for cell in found if CURRENCY in cell.path),
    )


def fields_of(entity: Entity) -> tuple[Field, ...]:
    """The declared fields, with the id that every entity has."""
    if any(field.name == "id" for field in entity.fields):
        return entity.fields
    return (Field("id", Kind.ID, required=True), *entity.fields)


def _cells(fields: tuple[Field, ...], above: Path) -> list[Cell]:
    found: list[Cell] = []
    for field in fields:
        path = (*above, field.name, CURRENCY) if field.per_currency else (*above, field.name)
        shape = MONEY if field.kind is Kind.MONEY else field.kind
        if not field.listed or path.count(CURRENCY) > 1:
            continue
        if isinstance(shape, Shape):
            if not field.many:
                found += [Cell(path, None), *_cells(shape.fields, path)]
        elif shape not in _NEVER:
            found.append(Cell(path, shape, field.many))
    return found


def expression(entity: Entity) -> str:
    """SQL of the cells of a source row `s`, from its document."""
    layout = layout_of(entity)
    fixed = f"ARRAY[{', '.join(_written(cell, None) for cell in layout.fixed)}]::text[]"
    if not layout.priced:
        return fixed
    maps = dict.fromkeys(cell.path[: cell.path.index(CURRENCY)] for cell in layout.priced)
    codes = " UNION ".join(
        f"SELECT jsonb_object_keys(CASE jsonb_typeof({_at(path, None)}) WHEN 'object' THEN {_at(path, None)} END)"
        for path in maps
    )
    values = ", ".join(f"({number}, {_written(cell, 'c.code')})" for number, cell in enumerate(layout.priced, start=1))
    return f"""{fixed} || COALESCE((
        SELECT array_agg(x.cell ORDER BY c.code, x.place) FROM ({codes}) c(code)
        CROSS JOIN LATERAL (VALUES (0, c.code), {values}) x(place, cell)), '{{}}')"""


def may_be_missing(kind: object, *, many: bool) -> bool:
    """Whether a value of this kind may be too long for a cell."""
    return kind is Kind.TEXT or many


def _written(cell: Cell, currency: str | None) -> str:
    value = _at(cell.path, currency)
    if cell.kind is None:
        return f"CASE jsonb_typeof({value}) WHEN 'object' THEN '{OBJECT}' ELSE 'null' END"
    written = f"COALESCE(({value})::text, 'null')"
    if cell.many:
        written = f"CASE jsonb_typeof({value}) WHEN 'array' THEN ({value})::text ELSE '[]' END"
    if may_be_missing(cell.kind, many=cell.many):
        return f"CASE WHEN length({written}) <= {LONGEST} THEN {written} END"
    return written


def _at(path: Path, currency: str | None) -> str:
    """A jsonb value of the source row's document."""
    steps = ", ".join(currency or "''" if step == CURRENCY else f"'{step}'" for step in path)
    return f"s.document -> '{path[0]}'" if len(path) == 1 else f"s.document #> ARRAY[{steps}]"
