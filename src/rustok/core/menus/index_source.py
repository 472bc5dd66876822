"""How menus look when flattened: titles and addresses as they are now, in each language."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from rustok.core import spelling
from rustok.core.menus.service import DEEPEST, ITEM
from rustok.events.content import (
    CategoryDeleted,
    CategoryUpdated,
    MenuDeleted,
    MenuUpdated,
    NodeDeleted,
    NodePublished,
    NodeUpdated,
)
from rustok.events.core import TagDeleted, TagUpdated, TranslationUpdated
from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import Column, Entity, Field, Kind, Shape


def _shape(level: int) -> Shape:
    fields = [Field("title", Kind.TEXT, required=True), Field("url", Kind.TEXT)]
    if level < DEEPEST:
        fields.append(Field("children", _shape(level + 1), many=True, required=True))
    return Shape(f"MenuItemLevel{level}" if level > 1 else "MenuItem", tuple(fields))


MENUS = Entity(
    name="menus",
    type_name="Menu",
    id_column="menu_id",
    singular="menu",
    plural="menus",
    key=("slug",),
    unique=("slug",),
    handle="slug",
    description="A tree of links, such as `main` or `footer`.",
    columns=(Column("slug", "varchar(64)", required=True), Column("name", "varchar(255)", required=True)),
    fields=(
        Field("id", Kind.ID, required=True),
        Field("slug", Kind.TEXT, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("items", _shape(1), many=True, required=True),
    ),
)


def _items(level: int, where: str) -> str:
    """The items of one level with all below them. What points at a hidden node is left out, with what is below it."""
    i, w, n, nw, c, cw, t, tw = (f"{letter}{level}" for letter in ("i", "w", "n", "nw", "c", "cw", "t", "tw"))
    children = _items(level + 1, f"parent_id = {i}.id") if level < DEEPEST else "'[]'::jsonb"
    of_node = f"""CASE {n}.kind WHEN 'page' THEN '/' || {n}.slug WHEN 'post' THEN '/blog/' || {n}.slug
                ELSE '/' || {n}.kind || '/' || {n}.slug END"""

    def words(alias: str, of: str, target: str) -> str:
        return (
            f"LEFT JOIN translations {alias} ON {alias}.tenant_id = {of}.tenant_id AND {alias}.target_type = '{target}'"
            f" AND {alias}.target_id = {of}.id AND {alias}.locale = l.locale"
        )

    return f"""coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'title', coalesce(nullif({w}.fields ->> 'title', ''), {i}.title,
                nullif({nw}.fields ->> 'title', ''), {n}.title,
                nullif({cw}.fields ->> 'name', ''), {c}.name, nullif({tw}.fields ->> 'name', ''), {t}.name, ''),
            'url', coalesce({of_node}, '/blog/category/' || {c}.slug, '/tags/' || {t}.slug, {i}.url),
            'children', {children}
        ) ORDER BY {i}.position, {i}.id)
        FROM menu_items {i}
        {words(w, i, ITEM)}
        LEFT JOIN nodes {n} ON {i}.target_type = 'node' AND {n}.tenant_id = {i}.tenant_id AND {n}.id = {i}.target_id
            AND {n}.status = 'published'
        {words(nw, n, "node")}
        LEFT JOIN categories {c} ON {i}.target_type = 'category' AND {c}.tenant_id = {i}.tenant_id
            AND {c}.id = {i}.target_id
        {words(cw, c, "category")}
        LEFT JOIN tags {t} ON {i}.target_type = 'tag' AND {t}.tenant_id = {i}.tenant_id AND {t}.id = {i}.target_id
        {words(tw, t, "tag")}
        WHERE {i}.tenant_id = m.tenant_id AND {i}.menu_id = m.id AND {i}.{where}
            AND ({i}.target_type IS NULL OR {i}.target_type NOT IN ('node', 'category', 'tag')
                OR coalesce({n}.id, {c}.id, {t}.id) IS NOT NULL)
    ), '[]')"""


@cache
def _sql() -> str:
    return f"""
    SELECT m.id, l.locale,
        ARRAY(SELECT i.id FROM menu_items i WHERE i.tenant_id = m.tenant_id AND i.menu_id = m.id)
            || ARRAY(SELECT i.target_id FROM menu_items i
                WHERE i.tenant_id = m.tenant_id AND i.menu_id = m.id AND i.target_id IS NOT NULL) AS refs,
        jsonb_build_object('id', m.id, 'slug', m.slug, 'name', m.name, 'items', {_items(1, "parent_id IS NULL")})
            AS document,
        m.slug, m.name
    FROM menus m
    CROSS JOIN unnest(CAST(:locales AS text[])) AS l(locale)
    WHERE true
    """


class MenuSource:
    """All menus."""

    entity = MENUS
    events: Collection[type[Event]] = (
        MenuUpdated,
        MenuDeleted,
        NodeUpdated,
        NodePublished,
        NodeDeleted,
        CategoryUpdated,
        CategoryDeleted,
        TagUpdated,
        TagDeleted,
        TranslationUpdated,
    )

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[Any]:
        """One row per menu and language."""
        columns = tuple(column.name for column in MENUS.columns)
        return spelling.documents(context, _sql(), columns, ids=None if ids is None else list(ids), id_column="m.id")
