"""Facets as SQL: counts rendered in the shape of a selection, where they are made."""

from collections.abc import Sequence
from dataclasses import dataclass

from rustok.index import cells, facets
from rustok.index.compiling.rendering import Element, Part, Sql, joined, members_of
from rustok.index.compiling.selecting import Chosen
from rustok.index.compiling.work import Place, Work
from rustok.index.listing import Listing
from rustok.kernel.indexing import Field, Kind, Op, Shape

FACET_VALUE = Shape(
    "FacetValue",
    (
        Field("value", Kind.TEXT), Field("label", Kind.TEXT), Field("count", Kind.INT),
        Field("min", Kind.MONEY), Field("max", Kind.MONEY),
    ),
)  # fmt: skip
FACET = Shape(
    "Facet",
    (
        Field("name", Kind.TEXT), Field("label", Kind.TEXT), Field("kind", Kind.TEXT),
        Field("values", FACET_VALUE, many=True), Field("precision", Kind.TEXT), Field("min", Kind.MONEY),
        Field("max", Kind.MONEY), Field("lowest", Kind.TEXT), Field("highest", Kind.TEXT),
    ),
)  # fmt: skip


def counted(work: Work, listed: Listing, chosen: Chosen, type_name: str, place: Place) -> list[Part]:
    """The facets that one selection names, in the order of the declaration."""
    names = work.arguments(type_name, chosen)["names"]
    selection = work.selector.choose(chosen.sets, FACET.name)
    groups = []
    for wanted, matches, more in listed.counts(names):
        precision = f"""CASE WHEN {more} THEN '"AT_LEAST"' ELSE '"EXACT"' END"""
        if wanted.facet.op is Op.OPTION:
            rows = facets.options(wanted, matches, listed.bound)
            groups.append(_options(work, wanted.facet.name, rows, selection, precision))
        elif wanted.facet.op in (Op.PRICE, Op.RANGE):
            groups.append(_ranges(work, listed.facet(wanted, matches), selection, place, precision))
        else:
            rows = facets.values(wanted.facet, matches)
            known = {"name": wanted.facet.name, "label": wanted.facet.name, "kind": facets.kind_of(wanted.facet)}
            values = _members(work, selection, known, precision, "to_json(x.l)", facets.ORDER)
            groups.append(f"(SELECT {joined(['{', *members_of(values), '}'])} FROM ({rows}) x HAVING true)")
    return ["[", Sql(f"concat_ws(',', {', '.join(groups)})"), "]"] if groups else ["[]"]


def _members(
    work: Work, selection: Sequence[Chosen], known: dict[str, str], precision: str, label: str, order: str
) -> list[tuple[str, list[Part]]]:
    """The keys of a facet over the rows `x` of its values."""
    found: list[tuple[str, list[Part]]] = []
    for one in selection:
        value: list[Part] = ["null"]
        if one.name == "__typename":
            value = ['"Facet"']
        elif one.name in known:
            value = [f'"{known[one.name]}"']
        elif one.name == "precision":
            value = [Sql(precision)]
        elif one.name == "values":
            value = ["[", Sql(f"string_agg({_value(work, one, label)}, ',' ORDER BY {order})"), "]"]
        found.append((one.key, value))
    return found


def _value(work: Work, chosen: Chosen, label: str) -> str:
    """SQL of one value of a facet, from a row `x`."""
    columns = {"value": "to_json(x.v)", "label": label, "count": "x.c"}
    values: list[tuple[str, list[Part]]] = []
    for one in work.selector.choose(chosen.sets, FACET_VALUE.name):
        value: list[Part] = ["null"]
        if one.name == "__typename":
            value = ['"FacetValue"']
        elif one.name in columns:
            value = [Sql(f"({columns[one.name]})::text")]
        values.append((one.key, value))
    return joined(["{", *members_of(values), "}"])


def _options(work: Work, name: str, rows: str, selection: Sequence[Chosen], precision: str) -> str:
    """One facet for each option: the values are put together for each, then what stands around them."""
    gathered: list[str] = []
    members: list[tuple[str, list[Part]]] = []
    for key, value in _members(work, selection, {"kind": "OPTION"}, precision, "to_json(x.v)", "x.c DESC, x.v"):
        chosen = next(one for one in selection if one.key == key)
        if chosen.name == "values":
            column = f"v{len(gathered)}"
            gathered.append(f", {joined(value)} AS {column}")
            members.append((key, [Sql(f"y.{column}")]))
        elif chosen.name in ("name", "label"):
            text = f"'{name}:' || y.n" if chosen.name == "name" else "y.n"
            members.append((key, [Sql(f"to_json({text})::text")]))
        else:
            members.append((key, value))
    inside = f"SELECT x.n{''.join(gathered)} FROM ({rows}) x GROUP BY x.n"
    return f"(SELECT string_agg({joined(['{', *members_of(members), '}'])}, ',' ORDER BY y.n) FROM ({inside}) y)"


@dataclass(frozen=True)
class _Range(Element):
    """A facet of ranges, which has no label of its own, and whose precision is known elsewhere."""

    precision: str = ""

    def text(self, path: cells.Path, field: Field) -> str:
        """From the jsonb, or from what is known elsewhere."""
        if path == ("label",):
            return super().text(("name",), field)
        return self.precision if path == ("precision",) else super().text(path, field)


def _ranges(work: Work, values: str, selection: Sequence[Chosen], place: Place, precision: str) -> str:
    alias = work.alias()
    source = _Range(f"{alias}.v", place.currency, precision)
    members = work.renderer.members(FACET, selection, source, ())
    elements = f"jsonb_array_elements(({values})::jsonb) {alias}(v)"
    return f"(SELECT string_agg({joined(['{', *members, '}'])}, ',') FROM {elements})"
