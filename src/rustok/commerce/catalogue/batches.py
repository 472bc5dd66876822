"""Many rows in one statement: the rows travel as one JSON text and PostgreSQL takes it apart."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import msgspec
from sqlalchemy import Table, TextClause
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql

from rustok.kernel.context import Context
from rustok.kernel.db import TenantModel
from rustok.kernel.ids import generate_ids

# Measured for 1,500 variants: 26 ms this way, 61 ms with a VALUES list of bound parameters, 95 ms with executemany.


def _recordset(table: Table, columns: Sequence[str]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    typed = ", ".join(f'"{name}" {table.c[name].type.compile(dialect)}' for name in columns)
    return f"json_to_recordset(CAST(:rows AS json)) AS r({typed})"


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...]) -> TextClause:
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(f'r."{name}"' for name in columns)
    return sql(
        f"INSERT INTO {table.name} (tenant_id, {names}) SELECT CAST(:tenant_id AS uuid), {values}"
        f" FROM {_recordset(table, columns)}"
    )


@lru_cache(maxsize=256)
def _update(table: Table, columns: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f'"{name}" = r."{name}"' for name in columns if name != "id")
    return sql(
        f"UPDATE {table.name} AS t SET {changes} FROM {_recordset(table, columns)}"
        " WHERE t.tenant_id = CAST(:tenant_id AS uuid) AND t.id = r.id"
    )


def _parameters(context: Context, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"tenant_id": context.tenant_id, "rows": msgspec.json.encode(rows).decode()}


async def insert(context: Context, model: type[TenantModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same keys (names of columns); they get an `id` here unless they have one."""
    if not rows:
        return
    if "id" not in rows[0]:
        for row, id_ in zip(rows, generate_ids(len(rows)), strict=True):
            row["id"] = id_
    statement = _insert(cast(Table, model.__table__), tuple(rows[0]))
    await context.session.execute(statement, _parameters(context, rows))


async def update(context: Context, model: type[TenantModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the given columns of the rows found by `id`."""
    if rows:
        statement = _update(cast(Table, model.__table__), tuple(rows[0]))
        await context.session.execute(statement, _parameters(context, rows))
