"""The projector: events in, rows out. Whatever happened, it reads the present and writes that.

Duplicates, reordering and replays therefore change nothing. A row knows the last event that it reflects and is never
replaced by an older one. Everything that writes rows of one tenant and entity holds one advisory lock, taken before
the snapshot that it builds from: a rebuild's page and the projector's batch can never overtake each other.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, TextClause, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from rustok.events.core import ReindexRequested, TenantUpdated
from rustok.index import cells, changes, statements, tables
from rustok.index.changes import Written
from rustok.index.statements import Parameters
from rustok.kernel.consuming import Batch
from rustok.kernel.context import Context
from rustok.kernel.db import driver
from rustok.kernel.events import Envelope
from rustok.kernel.indexing import Entity, IndexSource

CHUNK = 500
MIXED = 2000  # ids that events name: most are of variants, pictures and tags, and write nothing
FEW = 20  # things whose rows one plan can write, whichever they are
EVERYTHING = frozenset({"all", "*", ""})


def consumed_types(sources: Iterable[IndexSource]) -> frozenset[str]:
    """The types of events that can change the read model."""
    types = {event.__name__ for source in sources for event in source.events}
    return frozenset(types | {ReindexRequested.__name__, TenantUpdated.__name__})


async def project(batch: Batch, sources: Mapping[str, IndexSource]) -> int:
    """Bring the rows up to these events, of any number of tenants, in the batch's transaction; returns rows written."""
    by_tenant: dict[UUID, list[Envelope]] = defaultdict(list)
    known = consumed_types(sources.values())
    for envelope in batch.envelopes:
        if envelope.type in known:
            by_tenant[envelope.tenant_id].append(envelope)
    written = 0
    for tenant_id in sorted(by_tenant):
        async with batch.tenant(tenant_id) as context:
            if context is not None:
                written += await project_tenant(context, by_tenant[tenant_id], sources)
    return written


async def project_tenant(context: Context, envelopes: Sequence[Envelope], sources: Mapping[str, IndexSource]) -> int:
    """The same for the events of the context's tenant."""
    written: dict[str, Written] = {}
    last = max(envelope.seq for envelope in envelopes)
    by_type: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for envelope in envelopes:
        by_type[envelope.type].append(envelope.payload)
    relocated = any(payload.get("locales_changed") for payload in by_type[TenantUpdated.__name__])
    for name in sorted(sources):
        source = sources[name]
        named: set[Any] = set()
        everything = relocated
        for payload in by_type[ReindexRequested.__name__]:
            if _is_meant(payload.get("target_type", ""), source.entity):
                target = payload.get("target_id")
                everything = everything or target is None
                named.add(target)
        for event in source.events:
            for payload in by_type.get(event.__name__, ()):
                named.update(_texts(value for key, value in payload.items() if key not in event.unchanged))
        ids = _uuids(named)
        if everything:
            written[name] = await refresh_all(context, source, seq=last)
        elif ids:
            written[name] = await refresh(context, source, ids, seq=last)
    changed = {name: one.ids for name, one in written.items() if one.rows}
    if changed:
        await changes.moved_on(context, last, changed)
    return sum(one.rows for one in written.values())


async def refresh(context: Context, source: IndexSource, ids: Iterable[UUID], *, seq: int) -> Written:
    """Build again every row that is, or was glued from, one of the ids."""
    touched = sorted(set(ids))
    await _lock(context, source.entity, few=len(touched) <= FEW)
    written = Written()
    first = tables.table_of(source.entity)
    building, glued = await _glued(context, source.entity, first, touched[:CHUNK])
    for table in [first, building] if building else [first]:
        wanted = {*touched, *glued} if table == first else set(touched)
        for start in range(CHUNK if table == first else 0, len(touched), CHUNK):
            wanted.update((await _glued(context, source.entity, table, touched[start : start + CHUNK]))[1])
        ordered = sorted(wanted)
        for start in range(0, len(ordered), MIXED):
            await write(context, source, table, ordered[start : start + MIXED], seq=seq, into=written)
    return written


async def _glued(context: Context, entity: Entity, table: str, parts: Sequence[UUID]) -> tuple[str | None, list[UUID]]:
    """The table that is being built, if one is, and the ids of what these are parts of."""
    plain = await driver(await context.session.connection())
    building, glued = await plain.fetchrow(
        f"""SELECT (SELECT building_table FROM index_state WHERE entity = $1),
            ARRAY(SELECT * FROM {table}__glued($2, $3))""",
        entity.name,
        context.tenant_id,
        parts,
    )
    return building, glued


async def refresh_all(context: Context, source: IndexSource, *, seq: int, repair: bool = False) -> Written:
    """Build again every row of the tenant, and remove those whose source is gone."""
    targets = await lock(context, source.entity)
    written = Written()
    for table in targets:
        async for ids in pages(context, source, table):
            await write(context, source, table, ids, seq=seq, repair=repair, into=written)
    return written


async def pages(
    context: Context, source: IndexSource, table: str, *, beyond: UUID | None = None, size: int = CHUNK
) -> AsyncIterator[list[UUID]]:
    """Ids of the tenant's sources and rows together, ascending, in pages."""
    last = beyond or UUID(int=0)
    while ids := await next_ids(context, source, table, beyond=last, size=size):
        yield ids
        last = ids[-1]


async def next_ids(context: Context, source: IndexSource, table: str, *, beyond: UUID, size: int = CHUNK) -> list[UUID]:
    """The next page of ids after one; empty at the end."""
    documents = source.documents(context, None).order_by(None).subquery("d")
    inner = select(documents.c.id).where(documents.c.id > beyond).distinct().order_by(documents.c.id).limit(size)
    compiled, parameters = statements.compile_select(inner)
    column = source.entity.id_column
    statement = text(f"""
        SELECT id FROM (
            SELECT * FROM ({compiled}) a
            UNION
            SELECT * FROM (SELECT DISTINCT {column} AS id FROM {table}
                           WHERE tenant_id = :tenant AND {column} > :beyond AND NOT deleted ORDER BY 1 LIMIT :most) b
        ) both_sides ORDER BY id LIMIT :most""")
    statement = statement.bindparams(*parameters, tenant=context.tenant_id, beyond=beyond, most=size)
    return list(await context.session.scalars(statement))


async def write(
    context: Context,
    source: IndexSource,
    table: str,
    ids: Sequence[UUID],
    *,
    seq: int,
    into: Written,
    repair: bool = False,
) -> None:
    """Upsert the rows of these ids and leave tombstones for rows that their source does not give any more.

    `repair` also replaces rows that claim to be as new as `seq`: a rebuild's answer to a row that somebody damaged.
    """
    sign = "<=" if repair else "<"
    spelled, values = statements.spell(
        source.documents(context, ids),
        (table, sign, id(source.entity)),
        lambda sql, parameters: _writing(source.entity, table, sql, parameters, sign=sign),
        about=source.entity,
    )
    values |= {"ids": list(ids), "tenant": context.tenant_id, "seq": seq}
    plain = await driver(await context.session.connection())
    row = await plain.fetchrow(spelled.sql, *spelled.arguments(values))
    into.add(row["written"], row["ids"])


def _writing(entity: Entity, table: str, documents: str, parameters: Parameters, *, sign: str) -> TextClause:
    key = entity.id_column
    names = column_names(entity)
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in (key, "locale"))
    return text(f"""
        WITH fresh AS MATERIALIZED ({_projected(entity, documents)}),
        upserted AS (
            INSERT INTO {table} AS i (tenant_id, {", ".join(names)}, as_of_seq, deleted, indexed_at)
            SELECT :tenant, {", ".join(f"f.{name}" for name in names)}, :seq, false, clock_timestamp() FROM fresh f
            ON CONFLICT (tenant_id, {key}, locale) DO UPDATE
            SET {updates}, as_of_seq = excluded.as_of_seq, deleted = false, indexed_at = excluded.indexed_at
            WHERE i.as_of_seq {sign} excluded.as_of_seq
            RETURNING i.{key}
        ), buried AS (
            UPDATE {table} i
            SET deleted = true, document = NULL, cells = NULL, refs = '{{}}', search_vector = NULL, search_text = NULL,
                as_of_seq = :seq, indexed_at = clock_timestamp()
            WHERE i.tenant_id = :tenant AND i.{key} = ANY(:ids) AND NOT i.deleted AND i.as_of_seq {sign} :seq
                AND NOT EXISTS (SELECT FROM fresh f WHERE f.{key} = i.{key} AND f.locale = i.locale)
            RETURNING i.{key}
        )
        SELECT count(*) AS written, COALESCE(array_agg(DISTINCT w.{key}), '{{}}') AS ids
        FROM (SELECT {key} FROM upserted UNION ALL SELECT {key} FROM buried) w""").bindparams(
        *parameters,
        bindparam("ids", type_=ARRAY(Uuid)),
        bindparam("tenant", type_=Uuid),
        bindparam("seq", type_=BigInteger),
    )


def column_names(entity: Entity) -> list[str]:
    """The columns that a projection fills, in the table's order."""
    declared = [c.name for c in entity.columns]
    return [entity.id_column, "locale", *declared, "refs", "document", "cells", "search_vector", "search_text"]


def projection(context: Context, source: IndexSource, ids: Sequence[UUID] | None) -> tuple[str, Parameters]:
    """SQL of the rows as they should stand, and its parameters. Verify compares with the very same statement."""
    documents, parameters = statements.compile_select(source.documents(context, ids))
    return _projected(source.entity, documents), parameters


def _projected(entity: Entity, documents: str) -> str:
    vector, likeness = tables.search_expressions(entity)
    arrays = tables.array_columns(entity)
    # OFFSET 0 keeps the planner from writing the whole document's expression into each place that reads it.
    # Arrays that are only searched are kept sorted and without repetition, so that equal means equal.
    columns = ", ".join(
        f"ARRAY(SELECT DISTINCT v FROM unnest(s.{c.name}) v WHERE v IS NOT NULL ORDER BY 1)::{c.sql} AS {c.name}"
        if c.name in arrays
        else f"s.{c.name}::{c.sql} AS {c.name}"
        for c in entity.columns
    )
    return f"""SELECT s.id AS {entity.id_column}, s.locale::text AS locale{", " if columns else ""}{columns},
        ARRAY(SELECT DISTINCT v FROM unnest(s.refs) v WHERE v IS NOT NULL ORDER BY 1)::uuid[] AS refs,
        s.document::jsonb AS document, {cells.expression(entity)} AS cells,
        ({vector})::tsvector AS search_vector, ({likeness})::text AS search_text
        FROM (SELECT * FROM ({documents}) d OFFSET 0) s"""


async def lock(context: Context, entity: Entity) -> list[str]:
    """Become the only writer of the tenant's rows of this entity until the transaction ends; returns the tables to
    write: one, or two while a rebuild runs."""
    await _lock(context, entity)
    building = await context.session.scalar(
        text("SELECT building_table FROM index_state WHERE entity = :entity"), {"entity": entity.name}
    )
    table = tables.table_of(entity)
    return [table, building] if building else [table]


# Planning takes longer than writing a few rows does, so those share one plan. It may have been made when the tables
# were small, and must be right when they are large: the ways by an index are.
_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended($1, 72400)), set_config('plan_cache_mode', $2, true),
    set_config('enable_seqscan', $3, true)"""


async def _lock(context: Context, entity: Entity, *, few: bool = False) -> None:
    plain = await driver(await context.session.connection())
    ways = ("force_generic_plan", "off") if few else ("auto", "on")
    await plain.fetchrow(_LOCK, f"{entity.name}:{context.tenant_id}", *ways)


def _is_meant(target_type: str, entity: Entity) -> bool:
    names = {
        entity.name,
        entity.singular,
        entity.type_name,
        entity.type_name.lower(),
        entity.id_column.removesuffix("_id"),
    }
    return target_type in EVERYTHING or target_type in names


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)


def _uuids(values: Iterable[Any]) -> set[UUID]:
    found = set()
    for value in values:
        if isinstance(value, str) and len(value) in (32, 36):
            try:
                found.add(UUID(value))
            except ValueError:
                continue
    return found
