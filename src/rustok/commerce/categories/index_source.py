"""How categories look when flattened: their place in the tree and how many products a shopper finds there."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, literal_column

from rustok.core import spelling
from rustok.core.media.glue import image_of
from rustok.core.media.shapes import IMAGE
from rustok.core.redirects.glue import previous_of
from rustok.core.seo.glue import meta_of
from rustok.core.seo.shapes import SEO
from rustok.core.spelling import spelled
from rustok.events.commerce import (
    CommerceCategoryCreated,
    CommerceCategoryDeleted,
    CommerceCategoryRecounted,
    CommerceCategoryUpdated,
)
from rustok.events.content import RedirectCreated, RedirectDeleted
from rustok.events.core import MediaDeleted, MediaUpdated, MetaUpdated, TranslationUpdated
from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import Column, Entity, Field, Filter, Kind, Link, Op, Shape, Sort

TARGET = "commerce_category"
STEP = Shape("CategoryStep", (Field("name", Kind.TEXT, required=True), Field("handle", Kind.TEXT, required=True)))
CHILD = Shape(
    "CategoryChild",
    (
        Field("id", Kind.ID, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("handle", Kind.TEXT, required=True),
        Field("product_count", Kind.INT, required=True),
    ),
    description="A category that stands below another one.",
)

CATEGORIES = Entity(
    name="categories",
    type_name="Category",
    id_column="category_id",
    singular="category",
    plural="categories",
    key=("handle",),
    unique=("handle",),
    handle="handle",
    module="commerce",
    description="A shelf of the shop.",
    columns=(
        Column("name", "varchar(255)", required=True),
        Column("handle", "varchar(255)", required=True),
        Column("description", "text"),
        Column("parent_id", "uuid"),
        Column("parent_handle", "varchar(255)"),
        Column("depth", "integer", required=True),
        Column("rank", "integer", required=True),
        Column("product_count", "integer", required=True),
        Column("meta_title", "text"),
        Column("meta_description", "text"),
        Column("previous_handles", "text[]", required=True),
    ),
    fields=(
        Field("id", Kind.ID, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("handle", Kind.TEXT, required=True),
        Field("description", Kind.HTML, description="Sanitised HTML."),
        Field("description_text", Kind.TEXT, listed=False),
        Field("parent", STEP),
        Field("path", STEP, many=True, required=True, description="From the root down to itself."),
        Field("children", CHILD, many=True, required=True),
        Field("product_count", Kind.INT, required=True, description="Published products in it and below it."),
        Field("image", IMAGE),
        Field("seo", SEO, required=True, listed=False),
        Field("depth", Kind.INT, required=True),
        Field("rank", Kind.INT, required=True),
    ),
    filters=(
        Filter("handle", "handle", Op.TEXT),
        Filter("parent_id", "parent_id", Op.EQ),
        Filter("parent", "parent_handle", Op.TEXT),
        Filter("depth", "depth", Op.RANGE),
        Filter("product_count", "product_count", Op.RANGE),
    ),
    sorts=(
        Sort("RANK_ASC", "rank"),
        Sort("NAME_ASC", "name"),
        Sort("PRODUCT_COUNT_DESC", "product_count", descending=True),
    ),
    links=(Link("products", "products", "category_id"),),
)

_VISIBLE = "{0}.is_active AND NOT {0}.is_internal"


def _seen(alias: str) -> str:
    """Whether a shopper sees the category: it and all above it are active and not internal."""
    return f"""NOT EXISTS (
        SELECT 1 FROM commerce_categories h WHERE h.tenant_id = {alias}.tenant_id AND h.id = ANY ({alias}.path)
            AND NOT ({_VISIBLE.format("h")})
    )"""


def _name(alias: str, words: str) -> str:
    return f"left(coalesce(nullif({words}.fields ->> 'name', ''), {alias}.name), 255)"


def _words(alias: str, target: str) -> str:
    return (
        f"LEFT JOIN translations {alias} ON {alias}.tenant_id = {target}.tenant_id"
        f" AND {alias}.target_type = '{TARGET}' AND {alias}.target_id = {target}.id AND {alias}.locale = l.locale"
    )


def _count(alias: str) -> str:
    """Published products in a category and below it, each once."""
    return f"""(
        SELECT count(DISTINCT pc.product_id)::int
        FROM commerce_categories d
        JOIN commerce_product_categories pc ON pc.tenant_id = d.tenant_id AND pc.category_id = d.id
        JOIN commerce_products q ON q.tenant_id = pc.tenant_id AND q.id = pc.product_id AND q.status = 'published'
        WHERE d.tenant_id = {alias}.tenant_id AND {alias}.id = ANY (d.path) AND {_seen("d")}
    )"""


@cache
def _sql() -> str:
    category_id, locale = literal_column("c.id", Uuid), literal_column("l.locale", Text)
    name, plain = literal_column("t.name", Text), literal_column("t.description_text", Text)
    return f"""
    SELECT c.id, l.locale,
        array_remove(c.path[\\:cardinality(c.path) - 1] || coalesce(ch.ids, '{{}}') || ARRAY[c.image_id], NULL) AS refs,
        jsonb_build_object(
            'id', c.id, 'name', t.name, 'handle', c.handle,
            'description', t.description, 'description_text', t.description_text,
            'parent', pa.path -> -2, 'path', pa.path, 'children', coalesce(ch.document, '[]'),
            'product_count', n.products, 'image', {spelled(image_of(literal_column("c.image_id", Uuid)))},
            'seo', m.seo, 'depth', c.depth, 'rank', c.rank
        ) AS document,
        t.name, c.handle, t.description, c.parent_id, pa.path -> -2 ->> 'handle' AS parent_handle, c.depth, c.rank,
        n.products AS product_count, m.seo ->> 'title' AS meta_title, m.seo ->> 'description' AS meta_description,
        {spelled(previous_of(TARGET, category_id))} AS previous_handles
    FROM commerce_categories c
    CROSS JOIN unnest(CAST(:locales AS text[])) AS l(locale)
    {_words("w", "c")}
    CROSS JOIN LATERAL (
        SELECT {_name("c", "w")} AS name,
            coalesce(nullif(w.fields ->> 'description', ''), c.description) AS description,
            coalesce(nullif(w.fields ->> 'description_text', ''), c.description_text) AS description_text
    ) t
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('name', {_name("a", "aw")}, 'handle', a.handle) ORDER BY a.depth) AS path
        FROM commerce_categories a {_words("aw", "a")}
        WHERE a.tenant_id = c.tenant_id AND a.id = ANY (c.path)
    ) pa
    CROSS JOIN LATERAL (
        SELECT array_agg(b.id) AS ids,
            jsonb_agg(jsonb_build_object(
                'id', b.id, 'name', {_name("b", "bw")}, 'handle', b.handle, 'product_count', {_count("b")}
            ) ORDER BY b.rank, {_name("b", "bw")}, b.id) FILTER (WHERE {_VISIBLE.format("b")}) AS document
        FROM commerce_categories b {_words("bw", "b")}
        WHERE b.tenant_id = c.tenant_id AND b.parent_id = c.id
    ) ch
    CROSS JOIN LATERAL (SELECT {_count("c")} AS products OFFSET 0) n
    CROSS JOIN LATERAL (SELECT {spelled(meta_of(TARGET, category_id, locale, name, plain))} AS seo OFFSET 0) m
    WHERE {_seen("c")}
    """


class CategorySource:
    """Categories that shoppers see, counted."""

    entity = CATEGORIES
    events: Collection[type[Event]] = (
        CommerceCategoryCreated,
        CommerceCategoryUpdated,
        CommerceCategoryRecounted,
        CommerceCategoryDeleted,
        RedirectCreated,
        RedirectDeleted,
        MetaUpdated,
        TranslationUpdated,
        MediaUpdated,
        MediaDeleted,
    )

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[Any]:
        """One row per category that shoppers see, and language."""
        columns = tuple(column.name for column in CATEGORIES.columns)
        return spelling.documents(context, _sql(), columns, ids=None if ids is None else list(ids), id_column="c.id")
