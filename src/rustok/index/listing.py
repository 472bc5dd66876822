"""A list as SQL: which rows match, in which order, from where on, how many, and the counts of their facets.

Nothing here knows what is made of the rows: `reads` takes their documents, a compiled read renders what was selected.
A `Listing` grows by what is asked of it; its `parts` are the common table expressions that the answers stand on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rustok.index import facets, filters, tables
from rustok.index.filters import Bound, Condition
from rustok.index.pages import COUNTED
from rustok.kernel import errors
from rustok.kernel.indexing import Entity, Sort

PROBED = 2_000  # overlaps with fewer rows are sorted; with more, the order's index is walked and filtered
RELEVANCE = "RELEVANCE"
Source = Callable[[str, int], str]  # (overlaps as SQL of a jsonb or NULL, most) → a table function of id and rank


@dataclass(frozen=True)
class Beyond:
    """From where a page goes on: SQL of the key and of the id of the row before it, or behind it."""

    key: str
    id: str


@dataclass(frozen=True)
class Link:
    """The rows that hold the id of a row outside: a column, and SQL of that id."""

    column: str
    id: str


class Listing:
    """One list of one entity's rows."""

    def __init__(
        self,
        entity: Entity,
        bound: Bound,
        *,
        currency: str,
        where: Mapping[str, Any] | None = None,
        sort: str | None = None,
        words: Source | None = None,
        link: Link | None = None,
    ) -> None:
        """`words` finds the rows that match a query. Raises `Invalid`, which names the argument."""
        self.entity, self.bound, self.currency, self.words = entity, bound, currency, words
        self.table, self.id = tables.table_of(entity), entity.id_column
        if words and not entity.search:
            raise errors.Invalid(f"{entity.name} cannot be searched", field="query")
        self.conditions = tuple(filters.Compiler(entity, currency, bound).conditions(where))
        if link:
            self.conditions += (_linked(entity, link),)
        self.sort = self._sort(sort)
        self.parts: dict[str, str] = {}
        self._sets: dict[tuple[Condition, ...], str] = {}

    def _sort(self, name: str | None) -> Sort | None:
        """The chosen sort; None is relevance."""
        if name is None or name.upper() == RELEVANCE:
            if self.words:
                return None
            return self.entity.sorts[0] if self.entity.sorts else Sort("ID_ASC", self.id)
        for sort in self.entity.sorts:
            if sort.name.upper() == name.upper():
                return sort
        raise errors.Invalid(f"{self.entity.name} cannot be sorted by {name[:64]!r}", field="sort")

    def order(self, query: str | None) -> str:
        """What a cursor is valid for."""
        if self.sort is None:
            return f"{self.entity.name}|{RELEVANCE}|{query}"
        return f"{self.entity.name}|{self.sort.name}|{self.currency if self.sort.per_currency else ''}"

    @property
    def descending(self) -> bool:
        """Whether the greatest key comes first."""
        return self.sort is None or self.sort.descending

    def key(self) -> tuple[str, str]:
        """SQL of the sort key and its type."""
        if self.sort is None:
            return "f.rank", "bigint"
        return tables.order_expression(self.entity, self.sort, self.currency, "t.")

    def with_parts(self, select: str) -> str:
        """A SELECT with everything that it stands on."""
        ctes = ", ".join(f"{name} AS MATERIALIZED ({body})" for name, body in self.parts.items())
        return f"WITH {ctes} {select}" if ctes else select

    def page(
        self,
        columns: str,
        *,
        limit: int,
        backward: bool = False,
        after: Beyond | None = None,
        before: Beyond | None = None,
    ) -> str:
        """SQL of a page in the order of walking, backward from its end: `columns` of the table `t`, then k and id."""
        key, kind = self.key()
        way = "DESC" if self.descending != backward else "ASC"
        collation = ' COLLATE "C"' if key.endswith('COLLATE "C"') else ""
        bounds = []
        for beyond, is_after in ((after, True), (before, False)):
            if beyond:
                sign = ">" if is_after != self.descending else "<"
                bounds.append((sign, f"(CAST({beyond.key} AS {kind}){collation}, {beyond.id})"))

        def keyset(key_sql: str, id_sql: str) -> str:
            return "".join(f" AND ({key_sql}, {id_sql}) {sign} {place}" for sign, place in bounds)

        if self.words:
            name = self.matches(self.conditions)
            return (
                f"SELECT {columns}, p.k, p.id FROM (SELECT s.k, s.id FROM {name} s WHERE true{keyset('s.k', 's.id')}"
                f" ORDER BY s.k {way}, s.id {way} LIMIT {limit}) p JOIN {self.table} t ON t.{self.id} = p.id"
                f" WHERE {self.scope(())} ORDER BY p.k {way}, p.id {way}"
            )
        rows = f" WHERE {self.scope(self.conditions)}{keyset(key, f't.{self.id}')}"
        tail = f" ORDER BY {key} {way}, t.{self.id} {way} LIMIT {limit}"
        head = f"SELECT {columns}, {key} AS k, t.{self.id} AS id FROM"
        walk = f"{head} {self.table} t{rows}"
        overlap = self.candidates(self.conditions, PROBED + 1)
        if overlap is None:
            return walk + tail
        # Few rows overlap: fetch and sort them. Many: walk the order's index until the page is full. The planner
        # cannot know which, but a one-time filter can ask.
        self.parts["probe"] = f"SELECT f.id FROM {overlap} f(id, rank)"
        self.parts["many"] = f"SELECT count(*) > {PROBED} AS many FROM probe"
        pick = f"{head} probe f JOIN {self.table} t ON t.{self.id} = f.id{rows}"
        return f"({walk} AND (SELECT many FROM many){tail}) UNION ALL ({pick} AND NOT (SELECT many FROM many){tail})"

    def scope(self, conditions: Sequence[Condition]) -> str:
        """The WHERE of the table's rows."""
        row = f"t.tenant_id = {self.bound.tenant} AND t.locale = {self.bound.locale} AND NOT t.deleted"
        return " AND ".join([row, *(c.sql for c in conditions)])

    def candidates(self, conditions: Sequence[Condition], most: int) -> str | None:
        """A call of what answers words or overlaps, when there are any."""
        holding: dict[str, list[tuple[str, ...] | str]] = {}
        for condition in conditions:
            if condition.holding:
                holding.setdefault(condition.column, []).append(condition.holding)
        if self.words:
            return self.words(self._held(holding), most)
        if not holding:
            return None
        held = self._held(holding)
        return f"{self.table}__candidates({self.bound.tenant}, {self.bound.locale}, NULL, NULL, {held}, {most})"

    def _held(self, holding: Mapping[str, Sequence[tuple[str, ...] | str]]) -> str:
        """Overlaps by column as SQL of one jsonb; a text among them is SQL of an id outside."""
        if not holding:
            return "NULL"
        fixed = {c: [g for g in groups if not isinstance(g, str)] for c, groups in holding.items()}
        held = self.bound.add(msgspec.json.encode(fixed).decode(), "jsonb")
        for column, groups in holding.items():
            for outside in groups:
                if isinstance(outside, str):
                    one = f"jsonb_build_array(jsonb_build_array({outside}))"
                    held = f"({held} || jsonb_build_object('{column}', {held} -> '{column}' || {one}))"
        return held

    def matches(self, conditions: tuple[Condition, ...]) -> str:
        """The name of a set of at most 10,001 matches with key, id and what facets count."""
        if conditions not in self._sets:
            name = f"set_{len(self._sets)}"
            self._sets[conditions] = name
            carried = "".join(f", t.{column}" for column in facets.columns(self.entity))
            source = self.candidates(conditions, COUNTED + 1)
            key, _ = self.key()
            if source:
                self.parts[f"{name}_found"] = f"SELECT f.id, f.rank FROM {source} f(id, rank)"
                joined = f"{name}_found f JOIN {self.table} t ON t.{self.id} = f.id"
            else:
                joined = f"{self.table} t"
            self.parts[name] = (
                f"SELECT t.{self.id} AS id, {key} AS k{carried} FROM {joined}"
                f" WHERE {self.scope(conditions)} LIMIT {COUNTED + 1}"
            )
            seen = f"{name}_found" if source else name
            self.parts[f"{name}_size"] = (
                f"SELECT (SELECT count(*) FROM {name}) AS n, (SELECT count(*) FROM {seen}) > {COUNTED} AS more"
            )
        return self._sets[conditions]

    def count(self) -> tuple[str, str]:
        """SQL of how many match, and of whether there are more than that."""
        name = self.matches(self.conditions)
        return f"(SELECT least(n, {COUNTED}) FROM {name}_size)", f"(SELECT more FROM {name}_size)"

    def counts(self, names: Sequence[str] | None) -> list[tuple[facets.Wanted, str, str]]:
        """The counts to make: each with the name of the set of matches, and SQL of whether there are more."""
        found = []
        for wanted in facets.plan(self.entity, self.conditions, names):
            name = self.matches(wanted.conditions)
            found.append((wanted, name, f"(SELECT more FROM {name}_size)"))
        return found

    def facet(self, wanted: facets.Wanted, matches: str) -> str:
        """SQL of a JSON array of facets: one, or one for each option."""
        return facets.expression(self.entity, wanted, matches, self.currency, self.bound)


def _linked(entity: Entity, link: Link) -> Condition:
    kind = tables.base_type(tables.columns_of(entity)[link.column].sql)
    if not kind.endswith("[]"):
        return Condition(f"t.{link.column} = ({link.id})::{kind}", link.column)
    outside: Any = f"({link.id})::text"
    sql = f"t.{link.column} && ARRAY[({link.id})::{kind.removesuffix('[]')}]"
    return Condition(sql, link.column, holding=outside if link.column in tables.array_columns(entity) else ())
