"""How pages and posts look when flattened: everything that a reader's page shows, in each of the tenant's languages."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, literal_column

from rustok.core import spelling
from rustok.core.content.reading import TARGET
from rustok.core.media.glue import image_of
from rustok.core.media.shapes import IMAGE
from rustok.core.redirects.glue import previous_of
from rustok.core.seo.glue import meta_of
from rustok.core.seo.shapes import SEO
from rustok.core.spelling import spelled, time_of
from rustok.core.tags.shapes import TAG_LINK
from rustok.events.content import (
    CategoryDeleted,
    CategoryUpdated,
    NodeCreated,
    NodeDeleted,
    NodePublished,
    NodeUpdated,
    RedirectCreated,
    RedirectDeleted,
)
from rustok.events.core import (
    MediaDeleted,
    MediaUpdated,
    MetaUpdated,
    TagAttached,
    TagDeleted,
    TagDetached,
    TagUpdated,
    TranslationUpdated,
    UserDeleted,
    UserUpdated,
)
from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import Column, Entity, Facet, Field, Filter, Kind, Op, Shape, Sort

MOST_COMMENTS = 500

AUTHOR = Shape("ContentAuthor", (Field("id", Kind.ID), Field("name", Kind.TEXT)))
CATEGORY_LINK = Shape(
    "ContentCategoryLink",
    (
        Field("id", Kind.ID, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("slug", Kind.TEXT, required=True),
    ),
)
NODE_LINK = Shape("ContentLink", (Field("title", Kind.TEXT), Field("slug", Kind.TEXT, required=True)))
COMMENT_SHAPE = Shape(
    "ContentComment",
    (
        Field("id", Kind.ID, required=True),
        Field("parent_id", Kind.ID),
        Field("author_name", Kind.TEXT),
        Field("author_url", Kind.TEXT),
        Field("body", Kind.HTML),
        Field("depth", Kind.INT, required=True),
        Field("created_at", Kind.TIME, required=True),
    ),
)

CONTENT = Entity(
    name="content",
    type_name="Content",
    id_column="node_id",
    singular="content",
    plural="contents",
    key=("kind", "slug"),
    unique=("kind", "slug"),
    handle="slug",
    description="A published page, post or node of another kind.",
    columns=(
        Column("kind", "varchar(32)", required=True),
        Column("title", "varchar(500)"),
        Column("slug", "varchar(255)"),
        Column("excerpt", "text"),
        Column("body_preview", "text"),
        Column("status", "varchar(32)", required=True),
        Column("author_id", "uuid"),
        Column("author_name", "varchar(255)"),
        Column("category_id", "uuid"),
        Column("category_name", "varchar(255)"),
        Column("category_slug", "varchar(255)"),
        Column("tags", "text[]"),
        Column("parent_id", "uuid"),
        Column("reply_count", "integer"),
        Column("meta_title", "text"),
        Column("meta_description", "text"),
        Column("published_at", "timestamptz"),
        Column("previous_handles", "text[]"),
        Column("sticky", "boolean", required=True),
        Column("protected", "boolean", required=True),
        Column("category_slugs", "text[]"),
        Column("category_labels", "jsonb"),
        Column("tag_slugs", "text[]"),
        Column("tag_labels", "jsonb"),
    ),
    fields=(
        Field("id", Kind.ID, required=True),
        Field("kind", Kind.TEXT, required=True),
        Field("title", Kind.TEXT),
        Field("slug", Kind.TEXT, required=True),
        Field("excerpt", Kind.TEXT),
        Field("body", Kind.HTML, description="Sanitised HTML; absent where a password protects it."),
        Field("body_text", Kind.TEXT, listed=False),
        Field("status", Kind.TEXT, required=True),
        Field("author", AUTHOR),
        Field("category", CATEGORY_LINK),
        Field("categories", CATEGORY_LINK, many=True, required=True),
        Field("tags", Kind.TEXT, many=True, required=True),
        Field("tag_links", TAG_LINK, many=True, required=True),
        Field("parent", NODE_LINK),
        Field("path", NODE_LINK, many=True, required=True),
        Field("children", NODE_LINK, many=True, required=True),
        Field("reply_count", Kind.INT, required=True),
        Field("comments", COMMENT_SHAPE, many=True, required=True, description="At most 500, in thread order."),
        Field("comments_open", Kind.BOOL, required=True),
        Field("cover", IMAGE),
        Field("protected", Kind.BOOL, required=True),
        Field("sticky", Kind.BOOL, required=True),
        Field("reading_minutes", Kind.INT, required=True),
        Field("seo", SEO, required=True, listed=False),
        Field("published_at", Kind.TIME),
        Field("updated_at", Kind.TIME, required=True),
    ),
    filters=(
        Filter("kind", "kind", Op.TEXT),
        Filter("category", "category_slugs", Op.ANY),
        Filter("tag", "tag_slugs", Op.ANY),
        Filter("author", "author_id", Op.EQ),
        Filter("parent", "parent_id", Op.EQ),
        Filter("published", "published_at", Op.RANGE),
        Filter("sticky", "sticky", Op.FLAG),
    ),
    sorts=(
        Sort("PUBLISHED_DESC", "published_at", descending=True),
        Sort("PUBLISHED_ASC", "published_at"),
        Sort("TITLE_ASC", "title"),
    ),
    facets=(
        Facet("category", "category_slugs", Op.ANY, labels="category_labels"),
        Facet("tag", "tag_slugs", Op.ANY, labels="tag_labels"),
    ),
    search={"title": "A", "tags": "B", "excerpt": "B", "body_text": "C"},
)


def _above(what: str) -> str:
    """Something of the node's ancestors, from the nearest (step 1) up to the root; nothing is done for roots."""
    return f"""(
        WITH RECURSIVE up AS (
            SELECT p.tenant_id, p.id, p.parent_id, p.title, p.slug, p.status, 1 AS step
            FROM nodes p WHERE p.tenant_id = n.tenant_id AND p.id = n.parent_id
            UNION ALL
            SELECT p.tenant_id, p.id, p.parent_id, p.title, p.slug, p.status, up.step + 1
            FROM up JOIN nodes p ON p.tenant_id = up.tenant_id AND p.id = up.parent_id WHERE up.step < 50
        )
        {what}
    )"""


def _words(alias: str, target: str, target_type: str = TARGET) -> str:
    return (
        f"LEFT JOIN translations {alias} ON {alias}.tenant_id = {target}.tenant_id"
        f" AND {alias}.target_type = '{target_type}' AND {alias}.target_id = {target}.id AND {alias}.locale = l.locale"
    )


def _auto_excerpt(text: str) -> str:
    flat = rf"regexp_replace(left({text}, 400), '\s+', ' ', 'g')"
    return (
        f"CASE WHEN length({flat}) <= 280 THEN {flat}"
        rf" ELSE regexp_replace(left({flat}, 280), '[\s,;\:.-]+\S*$', '') || '…' END"
    )


@cache
def _sql() -> str:
    node_id, locale = literal_column("n.id", Uuid), literal_column("l.locale", Text)
    translated = {name: f"nullif(w.fields ->> '{name}', '')" for name in ("title", "excerpt", "body", "body_text")}
    title = f"coalesce({translated['title']}, n.title)"
    is_open = "n.password_hash IS NULL"
    plain = f"CASE WHEN {is_open} THEN coalesce({translated['body_text']}, b.plain, '') ELSE '' END"
    html = f"CASE WHEN {is_open} THEN coalesce({translated['body']}, b.html, '') END"
    own_excerpt = _auto_excerpt("coalesce(b.plain, '')")
    excerpt = (
        f"CASE WHEN {is_open} THEN nullif(coalesce({translated['excerpt']},"
        f" CASE WHEN {translated['body_text']} IS NOT NULL THEN {_auto_excerpt(translated['body_text'])} END,"
        f" nullif(n.excerpt, ''), {own_excerpt}), '') END"
    )
    author_name = "coalesce(nullif(u.name, ''), n.author_name)"
    seo = spelled(
        meta_of(TARGET, node_id, locale, literal_column(f"({title})", Text), literal_column(f"({excerpt})", Text))
    )
    primary = "coalesce(nullif(cw.fields ->> 'name', ''), c.name)"
    filed = """LEFT JOIN LATERAL (
        SELECT array_agg(f.category_id) AS ids, array_agg(k.slug::text ORDER BY f.position, k.id) AS slugs,
            jsonb_agg(jsonb_build_object('id', k.id, 'name', k.name, 'slug', k.slug) ORDER BY f.position, k.id)
                AS links,
            jsonb_object_agg(k.slug, k.name) AS labels
        FROM node_categories f
        CROSS JOIN LATERAL (
            SELECT k.id, k.slug, coalesce((
                SELECT nullif(kw.fields ->> 'name', '') FROM translations kw WHERE kw.tenant_id = k.tenant_id
                    AND kw.target_type = 'category' AND kw.target_id = k.id AND kw.locale = l.locale
            ), k.name) AS name
            FROM categories k WHERE k.tenant_id = f.tenant_id AND k.id = f.category_id OFFSET 0
        ) k
        WHERE f.tenant_id = n.tenant_id AND f.node_id = n.id
    ) filed ON true"""
    carried = f"""LEFT JOIN LATERAL (
        SELECT array_agg(g.tag_id) AS ids, array_agg(k.slug::text ORDER BY k.name_key) AS slugs,
            array_agg(k.name::text ORDER BY k.name_key) AS names,
            jsonb_agg(jsonb_build_object('name', k.name, 'slug', k.slug) ORDER BY k.name_key) AS links,
            jsonb_object_agg(k.slug, k.name) AS labels
        FROM taggables g
        CROSS JOIN LATERAL (
            SELECT k.slug, k.name_key, coalesce((
                SELECT nullif(kw.fields ->> 'name', '') FROM translations kw WHERE kw.tenant_id = k.tenant_id
                    AND kw.target_type = 'tag' AND kw.target_id = k.id AND kw.locale = l.locale
            ), k.name) AS name
            FROM tags k WHERE k.tenant_id = g.tenant_id AND k.id = g.tag_id OFFSET 0
        ) k
        WHERE g.tenant_id = n.tenant_id AND g.target_type = '{TARGET}' AND g.target_id = n.id
    ) carried ON true"""
    children = "FROM nodes d {words} WHERE d.tenant_id = n.tenant_id AND d.parent_id = n.id"
    children += " AND d.kind <> 'comment' AND d.status = 'published'"
    comments = f"""(
        SELECT jsonb_agg(jsonb_build_object(
            'id', m.id,
            'parent_id', CASE WHEN m.parent_id <> n.id AND EXISTS (
                SELECT FROM nodes p WHERE p.tenant_id = m.tenant_id AND p.id = m.parent_id AND p.status = 'published'
            ) THEN m.parent_id END,
            'author_name', coalesce((
                SELECT nullif(mu.name, '') FROM users mu WHERE mu.tenant_id = m.tenant_id AND mu.id = m.author_id
            ), m.author_name),
            'author_url', m.author_url,
            'body', coalesce((
                SELECT nullif(mw.fields ->> 'body', '') FROM translations mw
                WHERE mw.tenant_id = m.tenant_id AND mw.target_type = '{TARGET}' AND mw.target_id = m.id
                AND mw.locale = l.locale
            ), (
                SELECT mb.html FROM bodies mb WHERE mb.tenant_id = m.tenant_id AND mb.node_id = m.id
            ), ''),
            'depth', greatest(m.depth - n.depth - 1, 0),
            'created_at', {time_of("m.created_at")}
        ) ORDER BY m.thread_path, m.id)
        FROM (
            SELECT * FROM nodes r
            WHERE r.tenant_id = n.tenant_id AND r.root_id = n.id AND r.kind = 'comment' AND r.status = 'published'
            ORDER BY r.thread_path, r.id LIMIT {MOST_COMMENTS}
        ) m
    )"""
    # The comments themselves as well: a translation of one is an event that names nothing else.
    commenters = f"""ARRAY(
        SELECT DISTINCT r.author_id FROM nodes r
        WHERE r.tenant_id = n.tenant_id AND r.root_id = n.id AND r.status = 'published' AND r.author_id IS NOT NULL
    ) || ARRAY(
        SELECT r.id FROM nodes r
        WHERE r.tenant_id = n.tenant_id AND r.root_id = n.id AND r.status = 'published' AND r.kind = 'comment'
        ORDER BY r.thread_path, r.id LIMIT {MOST_COMMENTS}
    )"""
    above_title = "coalesce(nullif(uw.fields ->> 'title', ''), up.title)"
    above = (
        "SELECT {what} FROM up LEFT JOIN translations uw ON uw.tenant_id = up.tenant_id"
        f" AND uw.target_type = '{TARGET}' AND uw.target_id = up.id AND uw.locale = l.locale"
    )
    above_link = f"jsonb_build_object('title', {above_title}, 'slug', up.slug)"
    path = _above(above.format(what=f"jsonb_agg({above_link} ORDER BY up.step DESC)"))
    parent = _above(above.format(what=above_link) + " WHERE up.step = 1")
    ancestors = _above("SELECT array_agg(up.id ORDER BY up.step) FROM up")
    child_title = "coalesce(nullif(dw.fields ->> 'title', ''), d.title)"
    return f"""
    SELECT n.id, l.locale,
        array_remove(
            ARRAY[n.parent_id, n.author_id, n.cover_media_id]
            || coalesce(CASE WHEN n.parent_id IS NOT NULL THEN {ancestors} END, '{{}}')
            || ARRAY(SELECT d.id {children.format(words="")})
            || coalesce(filed.ids, '{{}}') || coalesce(carried.ids, '{{}}') || {commenters},
            NULL
        ) AS refs,
        jsonb_build_object(
            'id', n.id, 'kind', n.kind, 'title', {title}, 'slug', n.slug, 'status', n.status,
            'excerpt', {excerpt}, 'body', {html}, 'body_text', {plain},
            'author', CASE WHEN n.author_id IS NOT NULL OR n.author_name IS NOT NULL
                THEN jsonb_build_object('id', n.author_id, 'name', {author_name}) END,
            'category', CASE WHEN c.id IS NOT NULL
                THEN jsonb_build_object('id', c.id, 'name', {primary}, 'slug', c.slug) END,
            'categories', coalesce(filed.links, '[]'),
            'tags', coalesce(carried.names, '{{}}'), 'tag_links', coalesce(carried.links, '[]'),
            'parent', CASE WHEN n.parent_id IS NOT NULL THEN {parent} END,
            'path', coalesce(CASE WHEN n.parent_id IS NOT NULL THEN {path} END, '[]'),
            'children', coalesce((
                SELECT jsonb_agg(jsonb_build_object('title', {child_title}, 'slug', d.slug)
                    ORDER BY d.position, d.title, d.id) {children.format(words=_words("dw", "d"))}), '[]'),
            'reply_count', n.reply_count,
            'comments', coalesce(CASE WHEN {is_open} AND n.reply_count > 0 THEN {comments} END, '[]'),
            'comments_open', n.comments_open,
            'cover', {spelled(image_of(literal_column("n.cover_media_id")))},
            'protected', NOT {is_open}, 'sticky', n.sticky,
            'reading_minutes', CASE WHEN {is_open} THEN coalesce(b.reading_minutes, 0) ELSE 0 END,
            'seo', s.seo,
            'published_at', {time_of("n.published_at")}, 'updated_at', {time_of("n.updated_at")}
        ) AS document,
        n.kind, {title} AS title, n.slug, {excerpt} AS excerpt, left({plain}, 500) AS body_preview, n.status,
        n.author_id, {author_name} AS author_name,
        c.id AS category_id, {primary} AS category_name, c.slug AS category_slug,
        coalesce(carried.names, '{{}}') AS tags, n.parent_id, n.reply_count,
        s.seo ->> 'title' AS meta_title, s.seo ->> 'description' AS meta_description, n.published_at,
        {spelled(previous_of(literal_column("'node' || chr(58) || n.kind"), node_id))} AS previous_handles,
        n.sticky, NOT {is_open} AS protected,
        coalesce(filed.slugs, '{{}}') AS category_slugs, coalesce(filed.labels, '{{}}') AS category_labels,
        coalesce(carried.slugs, '{{}}') AS tag_slugs, coalesce(carried.labels, '{{}}') AS tag_labels
    FROM nodes n
    CROSS JOIN unnest(CAST(:locales AS text[])) AS l(locale)
    LEFT JOIN bodies b ON b.tenant_id = n.tenant_id AND b.node_id = n.id
    LEFT JOIN users u ON u.tenant_id = n.tenant_id AND u.id = n.author_id
    LEFT JOIN categories c ON c.tenant_id = n.tenant_id AND c.id = n.category_id
    {_words("cw", "c", "category")}
    {_words("w", "n")}
    {filed}
    {carried}
    LEFT JOIN LATERAL (SELECT {seo} AS seo OFFSET 0) s ON true
    WHERE n.kind <> 'comment' AND n.status = 'published' AND n.slug IS NOT NULL
        AND (n.parent_id IS NULL OR {_above("SELECT bool_and(up.status = 'published') FROM up")})
    """


class ContentSource:
    """Published nodes with everything that they were glued from; comments stand in the document of their node."""

    entity = CONTENT
    events: Collection[type[Event]] = (
        NodeCreated,
        NodeUpdated,
        NodePublished,
        NodeDeleted,
        CategoryUpdated,
        CategoryDeleted,
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
        UserUpdated,
        UserDeleted,
    )

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[Any]:
        """One row per public node and language."""
        columns = tuple(column.name for column in CONTENT.columns)
        return spelling.documents(context, _sql(), columns, ids=None if ids is None else list(ids), id_column="n.id")
