"""Rows that share something with one row: what a shopper who looks at this may also look at. One SQL statement."""

from typing import Any

import msgspec
from sqlalchemy import text

from rustok.index import tables
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity

Document = dict[str, Any]
PROBED = 60  # neighbours that are looked at; the ones that share most come first


async def to(
    context: Context, entity: Entity, *, by: str, first: int = 4, also: str | None = None, **key: str
) -> list[Document]:
    """Documents whose array column `by` overlaps that of the row with this key, without itself.

    Those that have more in common come first; `also` names a second array column that only counts for this.
    """
    context.require_module(entity.module)
    table, row_id = tables.table_of(entity), entity.id_column
    kinds = {name: tables.base_type(column.sql) for name, column in tables.columns_of(entity).items()}
    match = " AND ".join(f"t.{name} = :key_{name}" for name in key if name in kinds)
    shared = " + ".join(
        f"cardinality(ARRAY(SELECT unnest(t.{column}) INTERSECT SELECT unnest(o.{column})))"
        for column in (by, also)
        if column
    )
    also_column = f", t.{also}" if also else ""
    sql = f"""
    WITH o AS MATERIALIZED (
        SELECT t.{row_id} AS id, t.{by}{also_column} FROM {table} t
        WHERE t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted AND {match or "false"} LIMIT 1
    ), near AS MATERIALIZED (
        SELECT c.id FROM o, LATERAL {table}__candidates(
            :tenant, :locale, NULL, NULL, jsonb_build_object('{by}', jsonb_build_array(to_jsonb(o.{by}))), {PROBED}
        ) c WHERE cardinality(o.{by}) > 0 AND c.id <> o.id
    )
    SELECT COALESCE(json_agg(x.document), '[]')::text FROM (
        SELECT t.document FROM near n JOIN {table} t ON t.{row_id} = n.id CROSS JOIN o
        WHERE t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted
        ORDER BY {shared} DESC, n.id DESC LIMIT {int(first)}
    ) x"""
    values = {"tenant": context.tenant_id, "locale": context.locale, **{f"key_{k}": v for k, v in key.items()}}
    found: list[Document] = msgspec.json.decode(await context.session.scalar(text(sql), values) or "[]")
    return found
