"""How content categories look when flattened."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, literal_column

from rustok.core import spelling
from rustok.core.categories.service import TARGET
from rustok.core.redirects.glue import previous_of
from rustok.core.seo.glue import meta_of
from rustok.core.seo.shapes import SEO
from rustok.core.spelling import spelled
from rustok.events.content import (
    CategoryCounted,
    CategoryCreated,
    CategoryDeleted,
    CategoryUpdated,
    RedirectCreated,
    RedirectDeleted,
)
from rustok.events.core import MetaUpdated, TranslationUpdated
from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import Column, Entity, Field, Filter, Kind, Op, Shape, Sort

LINK = Shape("ContentCategoryStep", (Field("name", Kind.TEXT, required=True), Field("slug", Kind.TEXT, required=True)))

CATEGORIES = Entity(
    name="content_categories",
    type_name="ContentCategory",
    id_column="category_id",
    singular="content_category",
    plural="content_categories",
    key=("slug",),
    unique=("slug",),
    handle="slug",
    description="A category of posts and pages.",
    columns=(
        Column("name", "varchar(255)", required=True),
        Column("slug", "varchar(255)", required=True),
        Column("parent_id", "uuid"),
        Column("position", "integer", required=True),
        Column("node_count", "integer", required=True),
        Column("previous_handles", "text[]"),
    ),
    fields=(
        Field("id", Kind.ID, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("slug", Kind.TEXT, required=True),
        Field("description", Kind.HTML),
        Field("parent", LINK),
        Field("path", LINK, many=True, required=True),
        Field("children", LINK, many=True, required=True),
        Field("node_count", Kind.INT, required=True),
        Field("position", Kind.INT, required=True),
        Field("seo", SEO, required=True),
    ),
    filters=(Filter("parent", "parent_id", Op.EQ), Filter("slug", "slug", Op.TEXT)),
    sorts=(
        Sort("POSITION_ASC", "position"),
        Sort("NAME_ASC", "name"),
        Sort("COUNT_DESC", "node_count", descending=True),
    ),
)


@cache
def _sql() -> str:
    category_id, locale = literal_column("c.id", Uuid), literal_column("l.locale", Text)
    name = "coalesce(nullif(w.fields ->> 'name', ''), c.name)"
    description = "coalesce(nullif(w.fields ->> 'description', ''), c.description)"
    words = (
        "LEFT JOIN translations {alias} ON {alias}.tenant_id = {of}.tenant_id"
        f" AND {{alias}}.target_type = '{TARGET}' AND {{alias}}.target_id = {{of}}.id AND {{alias}}.locale = l.locale"
    )
    up = f"""
        WITH RECURSIVE up AS (
            SELECT p.tenant_id, p.id, p.parent_id, p.name, p.slug, 1 AS step
            FROM categories p WHERE p.tenant_id = c.tenant_id AND p.id = c.parent_id
            UNION ALL
            SELECT p.tenant_id, p.id, p.parent_id, p.name, p.slug, up.step + 1
            FROM up JOIN categories p ON p.tenant_id = up.tenant_id AND p.id = up.parent_id WHERE up.step < 50
        )
        SELECT {{what}} FROM up {words.format(alias="uw", of="up")}"""
    step = "jsonb_build_object('name', coalesce(nullif(uw.fields ->> 'name', ''), up.name), 'slug', up.slug)"
    plain = r"regexp_replace(" + description + r", '<[^>]*>', ' ', 'g')"
    seo = spelled(
        meta_of(TARGET, category_id, locale, literal_column(f"({name})", Text), literal_column(f"({plain})", Text))
    )
    return f"""
    SELECT c.id, l.locale,
        coalesce(({up.format(what="array_agg(up.id ORDER BY up.step)")}), '{{}}')
            || ARRAY(SELECT d.id FROM categories d WHERE d.tenant_id = c.tenant_id AND d.parent_id = c.id) AS refs,
        jsonb_build_object(
            'id', c.id, 'name', {name}, 'slug', c.slug, 'description', {description},
            'parent', ({up.format(what=step)} WHERE up.step = 1),
            'path', coalesce(({up.format(what=f"jsonb_agg({step} ORDER BY up.step DESC)")}), '[]'),
            'children', coalesce((
                SELECT jsonb_agg(jsonb_build_object(
                    'name', coalesce(nullif(dw.fields ->> 'name', ''), d.name), 'slug', d.slug
                ) ORDER BY d.position, d.name, d.id)
                FROM categories d {words.format(alias="dw", of="d")}
                WHERE d.tenant_id = c.tenant_id AND d.parent_id = c.id), '[]'),
            'node_count', c.node_count, 'position', c.position, 'seo', {seo}
        ) AS document,
        {name} AS name, c.slug, c.parent_id, c.position, c.node_count,
        {spelled(previous_of(TARGET, category_id))} AS previous_handles
    FROM categories c
    CROSS JOIN unnest(CAST(:locales AS text[])) AS l(locale)
    {words.format(alias="w", of="c")}
    WHERE true
    """


class CategorySource:
    """All content categories: those without nodes too, for they hold others."""

    entity = CATEGORIES
    events: Collection[type[Event]] = (
        CategoryCreated,
        CategoryUpdated,
        CategoryDeleted,
        CategoryCounted,
        RedirectCreated,
        RedirectDeleted,
        MetaUpdated,
        TranslationUpdated,
    )

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[Any]:
        """One row per category and language."""
        columns = tuple(column.name for column in CATEGORIES.columns)
        return spelling.documents(context, _sql(), columns, ids=None if ids is None else list(ids), id_column="c.id")
