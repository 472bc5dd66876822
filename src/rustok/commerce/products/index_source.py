"""How products look when flattened: all that a product page shows, one row for each of the tenant's languages."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, literal_column

from rustok.commerce.products import flattening, shapes
from rustok.core import spelling
from rustok.core.media.glue import image_of
from rustok.core.redirects.glue import previous_of
from rustok.core.seo.glue import meta_of
from rustok.core.spelling import spelled, time_of
from rustok.core.tags.glue import ids_of, links_of
from rustok.events.commerce import (
    CommerceCategoryDeleted,
    CommerceCategoryUpdated,
    InventoryUpdated,
    PriceChanged,
    ProductCreated,
    ProductDeleted,
    ProductPublished,
    ProductUpdated,
    StockReserved,
    VariantCreated,
    VariantDeleted,
    VariantUpdated,
)
from rustok.events.content import RedirectCreated, RedirectDeleted
from rustok.events.core import (
    MediaDeleted,
    MediaUpdated,
    MetaUpdated,
    TagAttached,
    TagDeleted,
    TagDetached,
    TagUpdated,
    TranslationUpdated,
)
from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import Column, Entity, Facet, Filter, Op, Sort

TARGET = "product"

PRODUCTS = Entity(
    name="products",
    type_name="Product",
    id_column="product_id",
    singular="product",
    plural="products",
    key=("handle",),
    unique=("handle",),
    handle="handle",
    module="commerce",
    description="A published product with its variants.",
    columns=(
        Column("title", "varchar(255)", required=True),
        Column("subtitle", "varchar(255)"),
        Column("handle", "varchar(255)", required=True),
        Column("description", "text"),
        Column("status", "varchar(32)", required=True),
        Column("vendor", "varchar(255)"),
        Column("product_type", "varchar(255)"),
        Column("featured", "boolean", required=True),
        Column("prices", "jsonb", required=True),
        Column("currencies", "text[]", required=True),
        Column("total_stock", "integer", required=True),
        Column("has_stock", "boolean", required=True),
        Column("categories", "jsonb", required=True),
        Column("category_ids", "uuid[]", required=True),
        Column("category_handles", "text[]", required=True),
        Column("category_labels", "jsonb", required=True),
        Column("tags", "text[]", required=True),
        Column("tag_slugs", "text[]", required=True),
        Column("tag_labels", "jsonb", required=True),
        Column("option_values", "text[]", required=True),
        Column("codes", "text"),
        Column("meta_title", "text"),
        Column("meta_description", "text"),
        Column("published_at", "timestamptz"),
        Column("created_at", "timestamptz", required=True),
        Column("previous_handles", "text[]", required=True),
    ),
    fields=shapes.FIELDS,
    filters=(
        Filter("handle", "handle", Op.TEXT),
        Filter("title", "title", Op.TEXT),
        Filter("category", "category_handles", Op.ANY),
        Filter("category_id", "category_ids", Op.ANY),
        Filter("tag", "tag_slugs", Op.ANY),
        Filter("price", "prices", Op.PRICE),
        Filter("availability", "has_stock", Op.FLAG),
        Filter("vendor", "vendor", Op.TEXT),
        Filter("type", "product_type", Op.TEXT),
        Filter("option", "option_values", Op.OPTION),
        Filter("featured", "featured", Op.FLAG),
    ),
    sorts=(
        Sort("TITLE_ASC", "title"),
        Sort("TITLE_DESC", "title", descending=True),
        Sort("PRICE_ASC", "prices", per_currency=True),
        Sort("PRICE_DESC", "prices", descending=True, per_currency=True),
        Sort("CREATED_DESC", "created_at", descending=True),
        Sort("PUBLISHED_DESC", "published_at", descending=True),
    ),
    facets=(
        Facet("category", "category_handles", Op.ANY, labels="category_labels"),
        Facet("tag", "tag_slugs", Op.ANY, labels="tag_labels"),
        Facet("price", "prices", Op.PRICE),
        Facet("option", "option_values", Op.OPTION),
        Facet("availability", "has_stock", Op.FLAG),
        Facet("vendor", "vendor", Op.TEXT),
    ),
    search={
        "title": "A",
        "subtitle": "B",
        "codes": "B",
        "tags": "B",
        "vendor": "B",
        "description_text": "C",
    },
)


@cache
def _sql() -> str:
    product_id, locale = literal_column("p.id", Uuid), literal_column("l.locale", Text)
    title, plain = literal_column("t.title", Text), literal_column("t.description_text", Text)
    picture = spelled(image_of(literal_column("i.media_id", Uuid)))
    return f"""
    SELECT p.id, l.locale,
        array_remove(
            coalesce(v.ids, '{{}}') || coalesce(v.pictures, '{{}}') || coalesce(op.ids, '{{}}')
            || coalesce(im.ids, '{{}}') || tg.ids || c.refs,
            NULL
        ) AS refs,
        jsonb_build_object(
            'id', p.id, 'title', t.title, 'subtitle', t.subtitle, 'handle', p.handle,
            'description', t.description, 'description_text', t.description_text,
            'status', p.status, 'vendor', p.vendor, 'product_type', p.product_type, 'featured', p.featured,
            'price_range', coalesce(r.ranges, '{{}}'), 'compare_at_range', coalesce(r.before, '{{}}'),
            'featured_image', im.pictures -> 0, 'images', coalesce(im.pictures, '[]'),
            'options', coalesce(op.document, '[]'), 'variants', coalesce(v.variants, '[]'),
            'categories', coalesce(c.document, '[]'),
            'tags', to_jsonb(tn.names), 'tag_links', tg.links,
            'total_stock', coalesce(v.total_stock, 0), 'has_stock', coalesce(v.has_stock, false),
            'seo', m.seo,
            'published_at', {time_of("p.published_at")}, 'created_at', {time_of("p.created_at")},
            'updated_at', {time_of("p.updated_at")}
        ) AS document,
        t.title, t.subtitle, p.handle, t.description, p.status, p.vendor, p.product_type, p.featured,
        coalesce(r.prices, '{{}}') AS prices, coalesce(r.currencies, '{{}}') AS currencies,
        coalesce(v.total_stock, 0) AS total_stock, coalesce(v.has_stock, false) AS has_stock,
        coalesce(c.document, '[]') AS categories, c.ids AS category_ids, c.handles AS category_handles,
        c.labels AS category_labels,
        tn.names AS tags, tn.slugs AS tag_slugs, tn.labels AS tag_labels,
        coalesce(ov.chosen, '{{}}') AS option_values, v.codes,
        m.seo ->> 'title' AS meta_title, m.seo ->> 'description' AS meta_description,
        p.published_at, p.created_at,
        {spelled(previous_of(TARGET, product_id))} AS previous_handles
    FROM commerce_products p
    CROSS JOIN unnest(CAST(:locales AS text[])) AS l(locale)
    LEFT JOIN translations w ON w.tenant_id = p.tenant_id
        AND w.target_type = '{TARGET}' AND w.target_id = p.id AND w.locale = l.locale
    CROSS JOIN LATERAL (
        SELECT left(coalesce(nullif(w.fields ->> 'title', ''), p.title), 255) AS title,
            left(coalesce(nullif(w.fields ->> 'subtitle', ''), p.subtitle), 255) AS subtitle,
            coalesce(nullif(w.fields ->> 'description', ''), p.description) AS description,
            coalesce(nullif(w.fields ->> 'description_text', ''), p.description_text) AS description_text
    ) t
    LEFT JOIN LATERAL ({flattening.OPTIONS}) op ON true
    LEFT JOIN LATERAL ({flattening.variants()}) v ON true
    LEFT JOIN LATERAL ({flattening.RANGES}) r ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(x.picture ORDER BY x.position, x.id) FILTER (WHERE x.picture IS NOT NULL) AS pictures,
            array_agg(x.media_id) AS ids
        FROM (
            SELECT i.id, i.position, i.media_id, {picture} AS picture
            FROM commerce_product_images i WHERE i.tenant_id = p.tenant_id AND i.product_id = p.id
        ) x
    ) im ON true
    CROSS JOIN LATERAL ({flattening.CATEGORIES}) c
    CROSS JOIN LATERAL (
        SELECT {spelled(links_of(TARGET, product_id, locale))} AS links, {spelled(ids_of(TARGET, product_id))} AS ids
        OFFSET 0
    ) tg
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(x.link ->> 'name' ORDER BY x.place), '{{}}') AS names,
            coalesce(array_agg(x.link ->> 'slug' ORDER BY x.place), '{{}}') AS slugs,
            coalesce(jsonb_object_agg(x.link ->> 'slug', x.link ->> 'name'), '{{}}') AS labels
        FROM jsonb_array_elements(tg.links) WITH ORDINALITY AS x(link, place)
    ) tn
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT (o.chosen ->> 'name') || chr(31) || (o.chosen ->> 'value')) AS chosen
        FROM jsonb_array_elements(v.variants) AS x(variant), jsonb_array_elements(x.variant -> 'options') AS o(chosen)
    ) ov ON true
    CROSS JOIN LATERAL (SELECT {spelled(meta_of(TARGET, product_id, locale, title, plain))} AS seo OFFSET 0) m
    WHERE p.status = 'published'
    """


class ProductSource:
    """Published products with everything that they were glued from."""

    entity = PRODUCTS
    events: Collection[type[Event]] = (
        ProductCreated,
        ProductUpdated,
        ProductPublished,
        ProductDeleted,
        VariantCreated,
        VariantUpdated,
        VariantDeleted,
        PriceChanged,
        InventoryUpdated,
        StockReserved,
        CommerceCategoryUpdated,
        CommerceCategoryDeleted,
        RedirectCreated,
        RedirectDeleted,
        TagAttached,
        TagDetached,
        TagUpdated,
        TagDeleted,
        MetaUpdated,
        TranslationUpdated,
        MediaUpdated,
        MediaDeleted,
    )

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[Any]:
        """One row per published product and language."""
        columns = tuple(column.name for column in PRODUCTS.columns)
        return spelling.documents(context, _sql(), columns, ids=None if ids is None else list(ids), id_column="p.id")
