"""Translated texts inside other people's documents, as SQL that a larger select is glued from."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from rustok.core.translations.models import Translation


def field_of(
    target_type: str,
    target_id: SQLColumnExpression[Any] | UUID,
    locale: SQLColumnExpression[Any] | str,
    field: str,
) -> ColumnElement[Any]:
    """One text of the target in that locale; SQL NULL where there is none or it is empty. A primary key lookup."""
    row = aliased(Translation)
    return (
        select(func.nullif(row.fields[field].astext, ""))
        .where(row.target_type == target_type, row.target_id == target_id, row.locale == locale)
        .correlate_except(row)
        .scalar_subquery()
    )


def fields_of(
    target_type: str, target_id: SQLColumnExpression[Any] | UUID, locale: SQLColumnExpression[Any] | str
) -> ColumnElement[Any]:
    """All texts of the target in that locale as jsonb, `{}` where there are none: for sources that need several.

    Put it into a lateral subquery once and take `fields ->> 'title'` from it.
    """
    row = aliased(Translation)
    one = (
        select(row.fields)
        .where(row.target_type == target_type, row.target_id == target_id, row.locale == locale)
        .correlate_except(row)
        .scalar_subquery()
    )
    return func.coalesce(one, func.jsonb_build_object(type_=JSONB), type_=JSONB)
