"""Rows and ids handed to PostgreSQL as arrays: one statement and a few parameters, whatever their number."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    SQLColumnExpression,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    func,
    literal,
)
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine


def table(rows: Collection[Sequence[Any]], **columns: TypeEngine[Any] | type[TypeEngine[Any]]) -> TableValuedAlias:
    """The rows as something to select from; `columns` names and types their values in order."""
    arrays = [literal([row[position] for row in rows], ARRAY(kind)) for position, kind in enumerate(columns.values())]
    return func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in columns.items())).render_derived()


def is_one_of(expression: SQLColumnExpression[Any], ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Whether the column holds one of the ids."""
    return expression == any_(literal(list(ids), ARRAY(Uuid)))


def is_one_of_texts(expression: SQLColumnExpression[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether the column holds one of the texts."""
    return expression == any_(literal(list(values), ARRAY(Text)))


def ids_parameter(name: str, ids: Iterable[UUID]) -> BindParameter[Any]:
    """The ids as a bound array for SQL that is written by hand."""
    return bindparam(name, list(ids), ARRAY(Uuid))
