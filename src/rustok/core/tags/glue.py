"""Tags inside other people's documents, as SQL that a larger select is glued from."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    SQLColumnExpression,
    Text,
    Uuid,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

from rustok.core.tags.models import Tag, Taggable
from rustok.core.translations.glue import field_of

TARGET = "tag"
_ZERO: ColumnElement[int] = literal_column("0")


def names_of(
    target_type: str, target_id: SQLColumnExpression[Any] | UUID, locale: SQLColumnExpression[Any] | str
) -> ColumnElement[Any]:
    """The names in that locale as text[], in the alphabetical order of the tags; empty where there are none."""
    return _gathered(target_type, target_id, lambda tag: cast(_name(tag, locale), Text), ARRAY(Text))


def links_of(
    target_type: str, target_id: SQLColumnExpression[Any] | UUID, locale: SQLColumnExpression[Any] | str
) -> ColumnElement[Any]:
    """`[{"name", "slug"}]` in the same order as jsonb; `[]` where there are none."""

    def link(tag: Any) -> ColumnElement[Any]:
        return func.jsonb_build_object(
            literal_column("'name'"), _name(tag, locale), literal_column("'slug'"), tag.slug, type_=JSONB
        )

    return _gathered(target_type, target_id, link, JSONB())


def slugs_of(target_type: str, target_id: SQLColumnExpression[Any] | UUID) -> ColumnElement[Any]:
    """The slugs as text[], in the same order."""
    return _gathered(target_type, target_id, lambda tag: cast(tag.slug, Text), ARRAY(Text))


def ids_of(target_type: str, target_id: SQLColumnExpression[Any] | UUID) -> ColumnElement[Any]:
    """The tags' ids as uuid[], for `refs`."""
    taggable = aliased(Taggable)
    ids = (
        select(func.array_agg(aggregate_order_by(taggable.tag_id, taggable.tag_id), type_=ARRAY(Uuid)))
        .where(taggable.target_type == target_type, taggable.target_id == target_id)
        .correlate_except(taggable)
        .scalar_subquery()
    )
    return func.coalesce(ids, literal_column("'{}'::uuid[]"), type_=ARRAY(Uuid))


def _name(tag: Any, locale: SQLColumnExpression[Any] | str) -> ColumnElement[Any]:
    return func.coalesce(field_of(TARGET, tag.id, locale, "name"), tag.name)


def _gathered(target_type: str, target_id: SQLColumnExpression[Any] | UUID, what: Any, kind: Any) -> ColumnElement[Any]:
    """One aggregate over the target's tags.

    `OFFSET 0` fences each tag's lookup, so that it is one by primary key for each link, whatever the planner believes
    about tables that were filled a second ago.
    """
    taggable, tag = aliased(Taggable), aliased(Tag)
    each = (
        select(tag.id, tag.name, tag.name_key, tag.slug)
        .where(tag.tenant_id == taggable.tenant_id, tag.id == taggable.tag_id)
        .offset(_ZERO)
        .correlate(taggable)
        .lateral()
    )
    aggregate = func.jsonb_agg if isinstance(kind, JSONB) else func.array_agg
    gathered = (
        select(aggregate(aggregate_order_by(what(each.c), each.c.name_key), type_=kind))
        .select_from(taggable)
        .join(each, true())
        .where(taggable.target_type == target_type, taggable.target_id == target_id)
        .correlate_except(taggable, each)
        .scalar_subquery()
    )
    empty: ColumnElement[Any] = literal_column("'[]'::jsonb" if isinstance(kind, JSONB) else "'{}'::text[]")
    return func.coalesce(gathered, empty, type_=kind)
