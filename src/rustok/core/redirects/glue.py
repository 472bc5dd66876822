"""Old slugs inside other people's documents, as SQL that a larger select is glued from."""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, SQLColumnExpression, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from rustok.core.redirects.models import Redirect


def previous_of(
    target_type: str | SQLColumnExpression[Any], target_id: SQLColumnExpression[Any] | UUID
) -> ColumnElement[Any]:
    """The slugs that the target had before, as text[]; empty where there are none. An index lookup."""
    row = aliased(Redirect)
    slugs = (
        select(func.array_agg(aggregate_order_by(cast(row.slug, Text), row.slug), type_=ARRAY(Text)))
        .where(row.target_type == target_type, row.target_id == target_id)
        .correlate_except(row)
        .scalar_subquery()
    )
    return func.coalesce(slugs, literal_column("'{}'::text[]"), type_=ARRAY(Text))
