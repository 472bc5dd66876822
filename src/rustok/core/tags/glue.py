"""Tags inside other people's documents, as SQL that a larger select is glued from."""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, SQLColumnExpression, Text, Uuid, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

from rustok.core.tags.models import Tag, Taggable
from rustok.core.translations.glue import field_of

TARGET = "tag"


def names_of(
    target_type: str, target_id: SQLColumnExpression[Any] | UUID, locale: SQLColumnExpression[Any] | str
) -> ColumnElement[Any]:
    """The names in that locale as text[], in alphabetical order of the names; empty where there are none."""
    tag, taggable = aliased(Tag), aliased(Taggable)
    name = cast(func.coalesce(field_of(TARGET, tag.id, locale, "name"), tag.name), Text)
    names = (
        select(func.array_agg(aggregate_order_by(name, tag.name_key), type_=ARRAY(Text)))
        .join_from(taggable, tag, (tag.tenant_id == taggable.tenant_id) & (tag.id == taggable.tag_id))
        .where(taggable.target_type == target_type, taggable.target_id == target_id)
        .correlate_except(tag, taggable)
        .scalar_subquery()
    )
    return func.coalesce(names, literal_column("'{}'::text[]"), type_=ARRAY(Text))


def links_of(
    target_type: str, target_id: SQLColumnExpression[Any] | UUID, locale: SQLColumnExpression[Any] | str
) -> ColumnElement[Any]:
    """`[{"name", "slug"}]` in the same order as jsonb; `[]` where there are none."""
    tag, taggable = aliased(Tag), aliased(Taggable)
    name = func.coalesce(field_of(TARGET, tag.id, locale, "name"), tag.name)
    link = func.jsonb_build_object(literal_column("'name'"), name, literal_column("'slug'"), tag.slug)
    links = (
        select(func.jsonb_agg(aggregate_order_by(link, tag.name_key), type_=JSONB))
        .join_from(taggable, tag, (tag.tenant_id == taggable.tenant_id) & (tag.id == taggable.tag_id))
        .where(taggable.target_type == target_type, taggable.target_id == target_id)
        .correlate_except(tag, taggable)
        .scalar_subquery()
    )
    return func.coalesce(links, literal_column("'[]'::jsonb"), type_=JSONB)


def slugs_of(target_type: str, target_id: SQLColumnExpression[Any] | UUID) -> ColumnElement[Any]:
    """The slugs as text[], in the same order."""
    tag, taggable = aliased(Tag), aliased(Taggable)
    slugs = (
        select(func.array_agg(aggregate_order_by(cast(tag.slug, Text), tag.name_key), type_=ARRAY(Text)))
        .join_from(taggable, tag, (tag.tenant_id == taggable.tenant_id) & (tag.id == taggable.tag_id))
        .where(taggable.target_type == target_type, taggable.target_id == target_id)
        .correlate_except(tag, taggable)
        .scalar_subquery()
    )
    return func.coalesce(slugs, literal_column("'{}'::text[]"), type_=ARRAY(Text))


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
