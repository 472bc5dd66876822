"""Glue expressions spelled out as SQL text, for documents that are easier to read as one piece of SQL."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, TextClause, Uuid, bindparam, column, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rustok.kernel.context import Context

# Named parameters, because the default style would double every percent sign.
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def spelled(expression: ColumnElement[Any]) -> str:
    """The expression as text in parentheses; all its values are our own constants."""
    return f"({expression.compile(dialect=_DIALECT, compile_kwargs={'literal_binds': True})})"


def documents(
    context: Context, sql: str, columns: tuple[str, ...], *, ids: list[Any] | None, id_column: str
) -> Select[Any]:
    """A select over handwritten SQL that has a `:locales` array and, at its end, a WHERE that can go on.

    Its rows have `id`, `locale`, `refs` and `document` besides the declared columns.
    """
    if ids is not None:
        sql += f" AND {id_column} = ANY (:ids)"
    statement = _read(sql).bindparams(bindparam("locales", list(context.tenant.locales), ARRAY(Text)))
    if ids is not None:
        statement = statement.bindparams(bindparam("ids", ids, ARRAY(Uuid)))
    flat = statement.columns(
        column("id", Uuid),
        column("locale", Text),
        column("refs", ARRAY(Uuid)),
        column("document", JSONB),
        *(column(name) for name in columns),
    ).subquery("flat")
    return flat.select()


@lru_cache(maxsize=100)
def _read(sql: str) -> TextClause:
    # Looking for parameters in so long a text takes longer than anything else here; what is found does not change.
    return text(sql)


def time_of(sql: str) -> str:
    """SQL that writes a timestamp in UTC as documents have it: `2026-01-31T09:05:00Z`."""
    return f"to_char({sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS\"Z\"')"
