"""Tables of the read model, made from declarations: columns, keys, indexes, policies, and who finds candidates.

Row-level security keeps PostgreSQL from using a GIN index for operators that are not leakproof (`@@`, `&&`, `<%`).
Candidates for those come from one SECURITY DEFINER function per table. It is safe because it answers with ids only,
runs with a pinned search_path, takes its column names from a list written into it, and returns nothing unless its
tenant argument is the tenant that the transaction itself is set to. The rows are then read under the policies.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from rustok.index import cells, languages
from rustok.kernel.db import APP_ROLE, WORKER_ROLE
from rustok.kernel.indexing import Column, Entity, Filter, IndexSource, Kind, Op, Sort
from rustok.kernel.migrating import policy_sql

LONGEST_TEXT = 100_000  # characters of one field that are searchable; a tsvector holds a megabyte
CURRENCIES = ("EUR", "USD")  # of these the price order has an index unless `ensure` is told others
ORDER = "_in_order"  # ends the name of a text column's twin without capitals and accents, by which lists are sorted
LAST_TEXT = "\U0010ffff"

# What stands for "absent" at the end of an ascending and of a descending order, by PostgreSQL type. An order that
# has no NULL is total, and its row comparison is leakproof and so can use the index at any depth.
ENDS: Mapping[str, tuple[str, str]] = {
    "text": (f"'{LAST_TEXT}'", "''"),
    "boolean": ("true", "false"),
    "smallint": ("32767", "'-32768'"),
    "integer": ("2147483647", "'-2147483648'"),
    "bigint": ("9223372036854775807", "'-9223372036854775808'"),
    "numeric": ("'Infinity'", "'-Infinity'"),
    "double precision": ("'Infinity'", "'-Infinity'"),
    "timestamptz": ("'infinity'", "'-infinity'"),
    "date": ("'infinity'", "'-infinity'"),
    "uuid": ("'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'00000000-0000-0000-0000-000000000000'"),
}
_SYNONYMS = {
    "int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean",
    "timestamp with time zone": "timestamptz", "float8": "double precision", "real": "double precision",
}  # fmt: skip
OWN = ("as_of_seq", "deleted", "refs", "document", "cells", "search_vector", "search_text", "indexed_at")

SHARED = [
    """
    CREATE TABLE IF NOT EXISTS index_state (
        entity text PRIMARY KEY, ddl_hash text NOT NULL, status text NOT NULL DEFAULT 'ready',
        built_at timestamptz NOT NULL DEFAULT now(), building_table text, building_since timestamptz,
        progress jsonb NOT NULL DEFAULT '{}'
    )""",
    f"GRANT SELECT ON index_state TO {APP_ROLE}, {WORKER_ROLE}",
]
VERSIONS = """
    CREATE TABLE index_versions (
        tenant_id uuid PRIMARY KEY, version bigint NOT NULL, as_of_seq bigint NOT NULL DEFAULT 0,
        changed_at timestamptz NOT NULL DEFAULT now()
    )"""
CHANGES = """
    CREATE TABLE index_changes (
        tenant_id uuid NOT NULL, version bigint NOT NULL, entity text NOT NULL,
        ids uuid[], -- of the things that changed; NULL is all of them
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, version, entity)
    )"""
# The owner moves every tenant on when it swaps tables; a worker sees the versions of all to know whose to look at.
_MORE_POLICIES = {
    ("index_versions", "owner_builds"): "TO CURRENT_USER USING (true) WITH CHECK (true)",
    ("index_versions", "worker_sees_all"): f"FOR SELECT TO {WORKER_ROLE} USING (true)",
    ("index_changes", "owner_builds"): "TO CURRENT_USER USING (true) WITH CHECK (true)",
}


# Answers to any tenant's question at once: a number that says nothing but how often something changed.
VERSIONS_OF = (
    """
    CREATE OR REPLACE FUNCTION public.index_versions_of(tenants uuid[])
    RETURNS TABLE (tenant_id uuid, version bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
        SELECT v.tenant_id, v.version FROM public.index_versions v WHERE v.tenant_id = ANY(tenants)
    $body$""",
    "REVOKE ALL ON FUNCTION public.index_versions_of(uuid[]) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION public.index_versions_of(uuid[]) TO {APP_ROLE}, {WORKER_ROLE}",
)


@dataclass(frozen=True)
class Report:
    """What `ensure` found: tables made just now (empty until rebuilt) and entities declared otherwise than built."""

    created: tuple[str, ...]
    changed: tuple[str, ...]


def table_of(entity: Entity) -> str:
    """The table's name: `index_products`."""
    return f"index_{entity.name}"


def base_type(sql: str) -> str:
    """PostgreSQL's type reduced to what comparisons need: `varchar(255)` → `text`, `int` → `integer`."""
    name = sql.lower().split("(")[0].strip()
    if name.endswith("[]"):
        return base_type(name[:-2]) + "[]"
    if name in {"varchar", "character varying", "char", "character", "citext"}:
        return "text"
    return _SYNONYMS.get(name, name)


def columns_of(entity: Entity) -> dict[str, Column]:
    """The declared columns by name, `id_column` included."""
    return {entity.id_column: Column(entity.id_column, "uuid", required=True), **{c.name: c for c in entity.columns}}


def filters_of(entity: Entity) -> list[Filter]:
    """The declared filters and the one on ids that every entity has."""
    declared = list(entity.filters)
    if all(f.name != "id" for f in declared):
        declared.insert(0, Filter("id", entity.id_column, Op.EQ))
    return declared


def array_columns(entity: Entity) -> dict[str, str]:
    """Columns that a GIN index answers by overlap, with their types."""
    used = {"previous_handles"}
    used.update(f.column for f in entity.filters if f.op in (Op.ANY, Op.OPTION))
    used.update(f.column for f in entity.facets if f.op in (Op.ANY, Op.OPTION))
    return {c.name: base_type(c.sql) for c in entity.columns if c.name in used and base_type(c.sql).endswith("[]")}


def order_expression(entity: Entity, sort: Sort, currency: str | None = None, prefix: str = "") -> tuple[str, str]:
    """The SQL that a sort orders by, never NULL, and its type. `prefix` is the table's alias with a dot."""
    column = columns_of(entity)[sort.column]
    if sort.per_currency:
        last = ENDS["bigint"][1 if sort.descending else 0]
        return f"COALESCE(({prefix}{column.name} -> '{currency}' ->> 0)::bigint, {last})", "bigint"
    kind = base_type(column.sql)
    name = f"{column.name}{ORDER}" if kind == "text" else column.name
    if column.required:
        return f"{prefix}{name}" + (' COLLATE "C"' if kind == "text" else ""), kind
    end = ENDS[kind][1 if sort.descending else 0]
    # Not COALESCE: PostgreSQL takes that for leaky, and would walk the order from its beginning up to a cursor.
    whole = f"(CASE WHEN {prefix}{name} IS NULL THEN {end}::{kind} ELSE {prefix}{name} END)"
    return whole + (' COLLATE "C"' if kind == "text" else ""), kind


def create_statements(entity: Entity, table: str, currencies: Sequence[str] = CURRENCIES) -> list[str]:
    """All DDL of one table under the given name."""
    declared = "\n".join(f"    {c.name} {c.sql}{' NOT NULL' if c.required else ''}," for c in entity.columns)
    sorted_by = dict.fromkeys(sort.column for sort in entity.sorts if not sort.per_currency)
    for name in sorted_by:
        if base_type(columns_of(entity)[name].sql) == "text":
            folded = f"left(public.index_folded({name}), 200)"
            declared += f"\n    {name}{ORDER} text GENERATED ALWAYS AS ({folded}) STORED,"
    ddl = f"""
CREATE TABLE {table} (
    tenant_id uuid NOT NULL,
    {entity.id_column} uuid NOT NULL,
    locale text NOT NULL,
{declared}
    as_of_seq bigint NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    refs uuid[] NOT NULL DEFAULT '{{}}',
    document jsonb,
    cells text[] STORAGE MAIN,
    search_vector tsvector,
    search_text text,
    indexed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT {table}__pkey PRIMARY KEY (tenant_id, {entity.id_column}, locale)
) WITH (fillfactor = 85)"""
    return [
        ddl,
        *(f"CREATE INDEX {table}__{name} ON {table} {body}" for name, body in indexes(entity, currencies).items()),
        *policy_sql(table),
        f"CREATE POLICY owner_builds ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)",
        f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {APP_ROLE}",
        *function_statements(entity, table),
    ]


def indexes(entity: Entity, currencies: Sequence[str]) -> dict[str, str]:
    """Index bodies by short name; two sorts that can share an index do."""
    found: dict[str, str] = {}
    for sort in entity.sorts:
        for currency in currencies if sort.per_currency else (None,):
            expression, _ = order_expression(entity, sort, currency)
            body = f"(tenant_id, locale, ({expression}), {entity.id_column}) WHERE NOT deleted"
            if body not in found.values():
                name = f"by_{sort.column}_{currency.lower()}" if currency else f"by_{sort.column}"
                found[f"{name}_last" if name in found else name] = body
    # Uniqueness is the owner's promise. It is not enforced here: two rows that swap their handles would otherwise
    # stop the projector half-way, and a mirror must show what is there.
    for number, key in enumerate(dict.fromkeys(k for k in (entity.unique, entity.key) if k)):
        found[f"key_{number}"] = f"(tenant_id, locale, {', '.join(key)}) WHERE NOT deleted"
    keys = {key[0] for key in (entity.unique, entity.key) if key}
    for column in dict.fromkeys(f.column for f in entity.filters if f.op in (Op.EQ, Op.TEXT, Op.RANGE)):
        covered = (
            column in keys or f"(tenant_id, locale, ({column}), {entity.id_column}) WHERE NOT deleted" in found.values()
        )
        if not covered:
            found[f"is_{column}"] = f"(tenant_id, locale, {column}) WHERE NOT deleted"
    for column in array_columns(entity):
        found[f"has_{column}"] = f"USING gin ({column}) WHERE NOT deleted"
    # The projector asks this one for hundreds of ids at a time while rows are being added: each question would read the
    # whole list of pending entries again and again, 200 ms in the middle of an import of 10,000 products.
    found["refs"] = "USING gin (refs) WITH (fastupdate = off)"
    if entity.search:
        found["words"] = "USING gin (search_vector) WHERE NOT deleted"
        found["likeness"] = "USING gin (search_text gin_trgm_ops) WHERE NOT deleted"
    return found


def function_statements(entity: Entity, table: str) -> list[str]:
    """The definer functions of one table: ids that match words or overlap arrays, and ids glued from other things."""
    types = array_columns(entity)
    known = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in types.items()) or "WHEN '' THEN ''"
    guard = "tenant IS NULL OR tenant IS DISTINCT FROM NULLIF(current_setting('app.tenant', true), '')::uuid"
    signature = "(tenant uuid, row_locale text, words tsquery, typed text, holding jsonb, most integer)"
    head = "LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
    found = f"{table}__candidates"
    glued = f"{table}__glued"
    return [
        f"""
CREATE OR REPLACE FUNCTION {found} {signature} RETURNS TABLE (id uuid, rank bigint) {head} ROWS 100 AS $body$
DECLARE
    scope text;
    kind text;
    one record;
    few bigint;
    alike text;
BEGIN
    IF {guard} THEN
        RETURN;
    END IF;
    scope := format(
        ' FROM public.{table} r WHERE r.tenant_id = %L AND r.locale = %L AND NOT r.deleted', tenant, row_locale
    );
    FOR one IN SELECT h.key, g.value FROM jsonb_each(holding) h, jsonb_array_elements(h.value) g LOOP
        kind := CASE one.key {known} END;
        CONTINUE WHEN kind IS NULL;
        scope := scope || format(
            ' AND r.%I && %L::%s', one.key, ARRAY(SELECT jsonb_array_elements_text(one.value)), kind
        );
    END LOOP;
    IF words IS NULL THEN
        RETURN QUERY EXECUTE format('SELECT r.{entity.id_column}, 0::bigint %s LIMIT %s', scope, most);
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT r.{entity.id_column}, 1000 + (ts_rank(r.search_vector, %1$L::tsquery, 1) * 1000000)::bigint %2$s'
        ' AND r.search_vector @@ %1$L::tsquery LIMIT %3$s', words, scope, most
    );
    GET DIAGNOSTICS few = ROW_COUNT;
    -- Little was found: perhaps a slip of the keys. Every word must then be like some word of the row; where something
    -- was found after all, very much so. Words of one or two letters are like everything and are not looked at.
    SELECT string_agg(format(' AND %L <%% r.search_text', w), '') INTO alike
    FROM regexp_split_to_table(typed, '\\s+') w WHERE length(w) > 2;
    IF few < 3 AND alike IS NOT NULL THEN
        PERFORM set_config('pg_trgm.word_similarity_threshold', CASE few WHEN 0 THEN '0.32' ELSE '0.6' END, true);
        RETURN QUERY EXECUTE format(
            'SELECT r.{entity.id_column}, (word_similarity(%1$L, r.search_text) * 999)::bigint %2$s'
            '%4$s AND NOT r.search_vector @@ %3$L::tsquery ORDER BY 2 DESC, 1 LIMIT 100', typed, scope, words, alike
        );
    END IF;
END
$body$""",
        f"""
CREATE OR REPLACE FUNCTION {glued} (tenant uuid, parts uuid[]) RETURNS SETOF uuid
{head} SET enable_seqscan = off AS $body$
BEGIN
    IF {guard} THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE
        -- Before the table is analysed, the key's index would look as good as the one on refs and be read as a whole.
        'SELECT DISTINCT r.{entity.id_column} FROM public.{table} r WHERE (r.tenant_id = $1) IS TRUE AND r.refs && $2'
        USING tenant, parts;
END
$body$""",
        f"REVOKE ALL ON FUNCTION {found}, {glued} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {found} TO {APP_ROLE}, {WORKER_ROLE}",
        f"GRANT EXECUTE ON FUNCTION {glued} TO {WORKER_ROLE}",
    ]


def drop_statements(table: str) -> list[str]:
    """DDL that removes a table with its functions, if they are there."""
    return [
        f"DROP TABLE IF EXISTS {table}",
        f"DROP FUNCTION IF EXISTS {table}__candidates(uuid, text, tsquery, text, jsonb, integer)",
        f"DROP FUNCTION IF EXISTS {table}__glued(uuid, uuid[])",
    ]


def rename_statements(entity: Entity, old: str, new: str, currencies: Sequence[str] = CURRENCIES) -> list[str]:
    """DDL that gives a table and everything named after it another name; its functions are made anew."""
    return [
        f"ALTER TABLE {old} RENAME TO {new}",
        f"ALTER INDEX {old}__pkey RENAME TO {new}__pkey",
        *(f"ALTER INDEX {old}__{name} RENAME TO {new}__{name}" for name in indexes(entity, currencies)),
        *drop_statements(old),
        *function_statements(entity, new),
    ]


def ddl_hash(entity: Entity, currencies: Sequence[str] = CURRENCIES) -> str:
    """Changes whenever rows built from the old declaration would differ from rows built from the new one."""
    ddl = create_statements(entity, table_of(entity), currencies)
    shape = msgspec.json.encode([sorted(entity.search.items()), repr(entity.fields), cells.expression(entity)])
    return hashlib.sha256("\n".join(ddl).encode() + shape).hexdigest()


def searched_text(entity: Entity, name: str, row: str) -> str:
    """SQL of one text that is searched, of a row with columns and a document; NULL where there is none."""
    columns, fields = columns_of(entity), {f.name: f for f in entity.fields}
    if name in columns:
        is_array = base_type(columns[name].sql).endswith("[]")
        return f"array_to_string({row}.{name}, ' ')" if is_array else f"{row}.{name}::text"
    if name in fields and fields[name].many and fields[name].kind in (Kind.TEXT, Kind.ID):
        items = f"CASE jsonb_typeof({row}.document -> '{name}') WHEN 'array' THEN {row}.document -> '{name}' END"
        return f"(SELECT string_agg(v, ' ') FROM jsonb_array_elements_text({items}) v)"
    return f"({row}.document ->> '{name}')"


def searched_texts(entity: Entity, row: str) -> dict[str, list[str]]:
    """SQL of all of them by weight."""
    by_weight: dict[str, list[str]] = {}
    for name, weight in entity.search.items():
        by_weight.setdefault(weight, []).append(f"left({searched_text(entity, name, row)}, {LONGEST_TEXT})")
    return by_weight


def search_expressions(entity: Entity) -> tuple[str, str]:
    """SQL for `search_vector` and `search_text` of a source row `s` in that row's language.

    Fields of weight A and B are also kept unstemmed, so that a half-typed word is found by its beginning and a SKU by
    itself; they alone make up the text that slips of the keys are compared with.
    """
    by_weight = searched_texts(entity, "s")
    vectors: list[str] = []
    texts: list[str] = []
    for weight, values in by_weight.items():
        # Fields of one weight are read together: each call of the parser costs, whatever it reads.
        joined = values[0] if len(values) == 1 else f"concat_ws(' ', {', '.join(values)})"
        joined = f"COALESCE({joined}, '')"
        vectors.append(f"setweight(to_tsvector(public.index_language(s.locale), {joined}), '{weight}')")
        if weight in ("A", "B"):
            vectors.append(f"setweight(to_tsvector('{languages.SIMPLE}'::regconfig, {joined}), '{weight}')")
            texts += values
    if not vectors:
        return "NULL::tsvector", "NULL::text"
    return " || ".join(vectors), f"public.index_folded(concat_ws(' ', {', '.join(texts) or 'NULL'}))"


async def ensure(
    connection: AsyncConnection, sources: Iterable[IndexSource], *, currencies: Sequence[str] = CURRENCIES
) -> Report:
    """Make what is missing, as the owner; a table whose declaration changed is left to an online rebuild."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(7240010)"))
    await run(connection, SHARED)
    await _ensure_versions(connection)
    await run(connection, VERSIONS_OF)
    await run(connection, languages.statements())
    known = {row[0]: row[1] for row in await connection.execute(text("SELECT entity, ddl_hash FROM index_state"))}
    created, changed = [], []
    for source in sources:
        entity, table = source.entity, table_of(source.entity)
        wanted = ddl_hash(entity, currencies)
        if await connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"public.{table}"}) is None:
            await run(connection, create_statements(entity, table, currencies))
            await connection.execute(
                text(
                    "INSERT INTO index_state (entity, ddl_hash) VALUES (:entity, :hash) ON CONFLICT (entity)"
                    " DO UPDATE SET ddl_hash = :hash, status = 'ready', built_at = now(), building_table = NULL"
                ),
                {"entity": entity.name, "hash": wanted},
            )
            created.append(entity.name)
        elif known.get(entity.name) != wanted:
            await connection.execute(
                text("UPDATE index_state SET status = 'outdated' WHERE entity = :entity AND status = 'ready'"),
                {"entity": entity.name},
            )
            changed.append(entity.name)
    return Report(tuple(created), tuple(changed))


async def _ensure_versions(connection: AsyncConnection) -> None:
    for table, ddl in (("index_versions", VERSIONS), ("index_changes", CHANGES)):
        if await connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"public.{table}"}) is None:
            await run(connection, [ddl, *policy_sql(table)])
            await run(connection, [f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {APP_ROLE}"])
    present = await connection.execute(
        text("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")
    )
    missing = _MORE_POLICIES.keys() - {(row[0], row[1]) for row in present}
    await run(connection, [f"CREATE POLICY {name} ON {table} {_MORE_POLICIES[table, name]}" for table, name in missing])


async def run(connection: AsyncConnection, statements: Iterable[str]) -> None:
    """Execute DDL as it stands; SQLAlchemy's text() would take a colon for a parameter."""
    for statement in statements:
        await connection.exec_driver_sql(statement)
