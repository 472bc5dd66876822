"""Suggestions while somebody types: words that go on as the query does, and things whose names do. One SQL statement.

What begins with the query comes from the index that lists are sorted by; only when that is little, the words are
searched for, slips of the keys included. Words are taken from the names of what was found, so that nothing is suggested
that is not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import text

from rustok.index import searching, tables
from rustok.index.filters import Bound
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity, Sort

USUAL = 10
MOST = 25
SEEN = 60  # rows of one entity that words and names are taken from
LOOKED_THROUGH = 1_000  # rows of an entity that cannot be searched
SURE = 1_000  # ranks below are of slips of the keys
PERHAPS = 450  # what is less like the query than this is no suggestion
LIKE_ENOUGH = 0.4  # of a word to what was typed, for a slip of the keys
_EDGES = """E'.,;:!?()[]{}<>"«»“”„‘’…–—-/|*+&\\''"""


class Suggestion(msgspec.Struct, frozen=True):
    """Words to search for, or a thing to go to: then its type, id and handle are given too."""

    text: str
    type_name: str | None = None
    id: UUID | None = None
    handle: str | None = None


@dataclass(frozen=True)
class _Named:
    """An entity whose rows have names, and the order that they are listed in by these."""

    entity: Entity
    sort: Sort


def named(entities: Sequence[Entity]) -> list[Entity]:
    """Those of which something can be suggested: they have addresses, and names that lists are sorted by."""
    return [one.entity for one in map(_named, entities) if one]


async def suggest(context: Context, entities: Sequence[Entity], query: str, *, first: int = USUAL) -> list[Suggestion]:
    """At most `first` suggestions, words before things, and what begins as the query does before what is like it."""
    if not 0 <= first <= MOST:
        raise errors.Invalid(f"first must lie between 0 and {MOST}", field="first")
    asked = searching.check_query(query)
    shown = [one for one in map(_named, entities) if one and one.entity.module not in context.tenant.disabled_modules]
    if not asked or not first or not shown:
        return []
    bound = Bound({"tenant": context.tenant_id, "locale": context.locale, "first": first, "query": asked})
    parts, found = [], []
    for one in shown:
        source = await searching.source(context, one.entity, bound, asked, most=SEEN) if one.entity.search else None
        parts += _rows(one, source("NULL", SEEN) if source else None)
        found.append(f"SELECT * FROM {one.entity.name}_found")
    row = (await context.session.execute(text(_statement(parts, found)), bound.values)).one()
    words = [Suggestion(word) for word in msgspec.json.decode(row[0] or "[]", type=list[str])]
    things = msgspec.json.decode(row[1] or "[]", type=list[Suggestion])
    return [*words[: max(first // 2, first - len(things))], *things][:first]


def _named(entity: Entity) -> _Named | None:
    columns = tables.columns_of(entity)
    for sort in entity.sorts:
        is_text = not sort.per_currency and tables.base_type(columns[sort.column].sql) == "text"
        if is_text and entity.handle and sort.column != entity.handle and entity.singular:
            return _Named(entity, sort)
    return None


def _rows(one: _Named, source: str | None) -> list[str]:
    """CTEs, the last `<entity>_found`: rows whose names begin with the query, and other matches."""
    entity, table = one.entity, tables.table_of(one.entity)
    order, _ = tables.order_expression(entity, one.sort, prefix="t.")
    name = f"t.{one.sort.column}"
    shown = (
        f"'{entity.type_name}' AS kind, t.{entity.id_column} AS id, {name}::text AS name, t.{entity.handle} AS handle"
    )
    row = f"t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted AND {name} IS NOT NULL"
    begins = f"""{entity.name}_begins AS MATERIALIZED (
        SELECT {shown}, 2000000::bigint AS rank FROM {table} t
        WHERE {row} AND {order} >= (SELECT low FROM asked) AND {order} < (SELECT high FROM asked)
        ORDER BY {order}, t.{entity.id_column} LIMIT {SEEN})"""
    if source:
        others = f"""SELECT {shown}, c.rank FROM {source} c(id, rank) JOIN {table} t ON t.{entity.id_column} = c.id
            WHERE {row} AND (SELECT count(*) < {SEEN} FROM {entity.name}_begins)"""
    else:
        others = f"""SELECT {shown}, {SURE}::bigint FROM (
                SELECT * FROM {table} t WHERE {row} ORDER BY {order}, t.{entity.id_column} LIMIT {LOOKED_THROUGH}
            ) t WHERE strpos({order}, ' ' || (SELECT low FROM asked)) > 0"""
    found = f"""{entity.name}_found AS MATERIALIZED (
        SELECT * FROM {entity.name}_begins
        UNION ALL
        SELECT * FROM ({others} LIMIT {SEEN}) o WHERE NOT EXISTS (SELECT FROM {entity.name}_begins b WHERE b.id = o.id)
    )"""
    return [begins, found]


def _statement(parts: Sequence[str], found: Sequence[str]) -> str:
    """The last word that was typed may be half of one, or mistyped: it gives way to words of the names."""
    return f"""
    WITH asked AS MATERIALIZED (
        SELECT left(f, 200) AS low, left(f, 200) || '{tables.LAST_TEXT}' AS high,
            (regexp_match(f, '(\\S+)$'))[1] AS tail, COALESCE((regexp_match(:query, '^(.*\\s)\\S+$'))[1], '') AS head
        FROM (SELECT public.index_folded(:query) AS f) q
    ), {", ".join(parts)},
    matching AS MATERIALIZED ({" UNION ALL ".join(found)}),
    found AS MATERIALIZED (
        SELECT * FROM matching
        WHERE rank >= CASE WHEN EXISTS (SELECT FROM matching WHERE rank >= {SURE}) THEN {SURE} ELSE {PERHAPS} END
    ),
    words AS MATERIALIZED (
        SELECT w.word, w.folded, count(*) AS times FROM found n,
            LATERAL (SELECT DISTINCT lower(btrim(v, {_EDGES})) AS word,
                                     public.index_folded(btrim(v, {_EDGES})) AS folded
                     FROM regexp_split_to_table(n.name, '\\s+') v) w
        WHERE length(w.word) > 2 GROUP BY 1, 2
    ), completed AS MATERIALIZED (
        SELECT a.head || w.word AS whole, starts_with(w.folded, a.tail) AS begins, w.times,
            similarity(w.folded, a.tail) AS likeness
        FROM words w, asked a
        WHERE w.folded <> a.tail AND (starts_with(w.folded, a.tail) OR similarity(w.folded, a.tail) >= {LIKE_ENOUGH})
            AND numnode(plainto_tsquery(public.index_language(:locale), w.word)) > 0
    ), best AS (
        SELECT whole, begins, times, likeness FROM completed
        WHERE begins OR NOT EXISTS (SELECT FROM completed WHERE begins)
        ORDER BY begins DESC, CASE WHEN begins THEN 0 ELSE likeness END DESC, times DESC, length(whole), whole
        LIMIT :first
    ), things AS (
        SELECT n.kind, n.id, n.name, n.handle, n.rank FROM found n
        ORDER BY n.rank DESC, length(n.name), n.name, n.id LIMIT :first
    )
    SELECT (SELECT json_agg(b.whole ORDER BY b.begins DESC, CASE WHEN b.begins THEN 0 ELSE b.likeness END DESC,
                            b.times DESC, length(b.whole), b.whole)::text FROM best b),
        (SELECT json_agg(json_build_object('text', t.name, 'type_name', t.kind, 'id', t.id, 'handle', t.handle)
                         ORDER BY t.rank DESC, length(t.name), t.name, t.id)::text FROM things t)"""
