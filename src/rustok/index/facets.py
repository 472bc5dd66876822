"""Facets: how many matches each value has. A facet's own filter does not narrow its own counts, so that a shopper who
chose "M" still sees how many "L" there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from rustok.index import filters
from rustok.index.filters import Condition
from rustok.kernel import money
from rustok.kernel.indexing import Entity, Facet, Op

MOST_VALUES = 100  # of one facet, the most frequent first
BUCKETS = 5  # about as many ranges as a price facet has


@dataclass(frozen=True)
class Wanted:
    """One count to make: the facet, the option it is narrowed to or must leave out, and the conditions that apply."""

    facet: Facet
    conditions: tuple[Condition, ...]
    option: str | None = None
    without: tuple[str, ...] = ()


def plan(entity: Entity, conditions: Sequence[Condition], names: Sequence[str] | None) -> list[Wanted]:
    """The counts of the wanted facets (all, when `names` is None), in the order of the declaration."""
    chosen = [f for f in entity.facets if names is None or f.name in names]
    found = []
    for facet in chosen:
        own = [c for c in conditions if c.column == facet.column]
        if facet.op is not Op.OPTION:
            found.append(Wanted(facet, tuple(c for c in conditions if c not in own)))
            continue
        active = tuple(dict.fromkeys(c.option for c in own))
        found.append(Wanted(facet, tuple(conditions), without=active))
        for option in active:
            rest = tuple(c for c in conditions if c not in own or c.option != option)
            found.append(Wanted(facet, rest, option=option))
    return found


def columns(entity: Entity) -> list[str]:
    """The columns that a set of matches must carry for every facet of the entity to be counted."""
    wanted = [f.column for f in entity.facets] + [f.labels for f in entity.facets if f.labels]
    return list(dict.fromkeys(wanted))


def expression(entity: Entity, wanted: Wanted, matches: str, currency: str, bound: filters.Bound) -> str:
    """A scalar subquery: a JSON array of facets, each with name, label, kind and values, over the set `matches`."""
    facet = wanted.facet
    if facet.op is Op.OPTION:
        return _options(wanted, matches, bound)
    if facet.op is Op.PRICE:
        return _prices(facet, matches, currency)
    column = f"m.{facet.column}"
    if facet.op is Op.RANGE:
        return (
            f"(SELECT json_build_array(json_build_object('name', '{facet.name}', 'kind', 'RANGE',"
            f" 'values', json_build_array(), 'lowest', min({column})::text, 'highest', max({column})::text))"
            f" FROM {matches} m)"
        )
    return f"""(SELECT json_build_array(json_build_object('name', '{facet.name}', 'kind', '{kind_of(facet)}', 'values',
        COALESCE(json_agg(json_build_object('value', x.v, 'label', x.l, 'count', x.c) ORDER BY {ORDER}), '[]'::json)))
    FROM ({values(facet, matches)}) x)"""


ORDER = "x.c DESC, x.l, x.v"  # of a facet's values


def values(facet: Facet, matches: str) -> str:
    """A SELECT of the values of a facet that counts values: v, their label l, and how many have it, c."""
    column = f"m.{facet.column}"
    source, value = f"{matches} m", f"{column}::text"
    if facet.op is Op.ANY:
        source, value = f"{matches} m CROSS JOIN LATERAL unnest({column}) AS u(v)", "u.v::text"
    # Every row that has a value calls it by the same name: one of them is asked, not each.
    label = f"any_value(m.{facet.labels}) ->> ({value})" if facet.labels else "NULL::text"
    return f"""SELECT w.v, COALESCE(w.l, w.v) AS l, w.c
        FROM (SELECT {value} AS v, {label} AS l, count(*) AS c FROM {source} WHERE {value} IS NOT NULL
              GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT {MOST_VALUES}) w"""


def options(wanted: Wanted, matches: str, bound: filters.Bound) -> str:
    """A SELECT of the values of options: the option's name n, v, and how many have it, c."""
    facet = wanted.facet
    name = "split_part(u.v, E'\\x1f', 1)"
    only = ""
    if wanted.option is not None:
        only = f"WHERE {name} = {bound.add(wanted.option, 'text')}"
    elif wanted.without:
        only = f"WHERE NOT {name} = ANY({bound.add(list(wanted.without), 'text[]')})"
    return f"""SELECT w.n, w.v, w.c FROM (
        SELECT {name} AS n, split_part(u.v, E'\\x1f', 2) AS v, count(*) AS c,
            row_number() OVER (PARTITION BY {name} ORDER BY count(*) DESC, u.v) AS place
        FROM {matches} m CROSS JOIN LATERAL unnest(m.{facet.column}) AS u(v) {only} GROUP BY u.v) w
        WHERE w.place <= {MOST_VALUES}"""


def _options(wanted: Wanted, matches: str, bound: filters.Bound) -> str:
    return f"""(SELECT json_agg(json_build_object('name', '{wanted.facet.name}:' || y.n, 'label', y.n, 'kind', 'OPTION',
        'values', y.vs) ORDER BY y.n)
    FROM (SELECT x.n,
              json_agg(json_build_object('value', x.v, 'label', x.v, 'count', x.c) ORDER BY x.c DESC, x.v) AS vs
          FROM ({options(wanted, matches, bound)}) x GROUP BY x.n) y)"""


def _prices(facet: Facet, matches: str, currency: str) -> str:
    """Ranges of a round width (1, 2 or 5 times a power of ten); a row counts in each range that its own one touches."""
    unit = 10 ** money.exponent(currency)
    decimals = money.exponent(currency)

    def amount(minor: str) -> str:
        return f"round(({minor})::numeric / {unit}, {decimals})::text"

    def price(minor: str) -> str:
        return f"json_build_object('amount', {amount(minor)}, 'currency_code', '{currency}')"

    return f"""(WITH spans AS MATERIALIZED (
        SELECT (m.{facet.column} -> '{currency}' ->> 0)::bigint AS low,
               (m.{facet.column} -> '{currency}' ->> 1)::bigint AS high
        FROM {matches} m WHERE m.{facet.column} -> '{currency}' IS NOT NULL
    ), whole AS (SELECT min(low) AS low, max(high) AS high FROM spans), raw AS (
        SELECT low, high, greatest((high - low)::numeric / {BUCKETS}, 1) AS width,
               10 ^ floor(log(greatest((high - low)::numeric / {BUCKETS}, 1))) AS power FROM whole WHERE low IS NOT NULL
    ), step AS MATERIALIZED (
        SELECT low, high, (power * CASE WHEN width <= power THEN 1 WHEN width <= 2 * power THEN 2
                           WHEN width <= 5 * power THEN 5 ELSE 10 END)::bigint AS step FROM raw
    ), ranges AS MATERIALIZED (
        SELECT b * step AS first, b * step + step - 1 AS last
        FROM step, generate_series(floor(low::numeric / step)::bigint, floor(high::numeric / step)::bigint) b
    )
    SELECT json_build_array(json_build_object('name', '{facet.name}', 'kind', 'PRICE',
        'min', (SELECT {price("low")} FROM whole WHERE low IS NOT NULL),
        'max', (SELECT {price("high")} FROM whole WHERE high IS NOT NULL),
        'values', COALESCE((SELECT json_agg(json_build_object('value', v.l, 'label', v.l, 'count', v.c,
                                 'min', v.least, 'max', v.most) ORDER BY v.first)
            FROM (SELECT r.first, {amount("r.first")} || '-' || {amount("r.last")} AS l, {price("r.first")} AS least,
                         {price("r.last")} AS most,
                         (SELECT count(*) FROM spans s WHERE s.high >= r.first AND s.low <= r.last) AS c
                  FROM ranges r) v WHERE v.c > 0), '[]'::json))))"""


def kind_of(facet: Facet) -> str:
    """What GraphQL calls a facet whose values are counted one by one."""
    return "FLAG" if facet.op is Op.FLAG else "VALUE"
