"""How tags look when flattened: a name and an address, so that old addresses lead to new ones."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal_column

from rustok.core import spelling
from rustok.core.redirects.glue import previous_of
from rustok.core.spelling import spelled
from rustok.core.tags.glue import TARGET
from rustok.events.content import RedirectCreated, RedirectDeleted
from rustok.events.core import TagDeleted, TagUpdated, TranslationUpdated
from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import Column, Entity, Field, Kind, Sort

TAGS = Entity(
    name="tags",
    type_name="Tag",
    id_column="tag_id",
    singular="tag",
    plural="tags",
    key=("slug",),
    unique=("slug",),
    handle="slug",
    description="A label that products, posts and other things carry.",
    columns=(
        Column("name", "varchar(255)", required=True),
        Column("slug", "varchar(100)", required=True),
        Column("previous_handles", "text[]"),
    ),
    fields=(
        Field("id", Kind.ID, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("slug", Kind.TEXT, required=True),
    ),
    sorts=(Sort("NAME_ASC", "name"),),
)


@cache
def _sql() -> str:
    name = "coalesce(nullif(w.fields ->> 'name', ''), t.name)"
    return f"""
    SELECT t.id, l.locale, '{{}}'::uuid[] AS refs,
        jsonb_build_object('id', t.id, 'name', {name}, 'slug', t.slug) AS document,
        left({name}, 255) AS name, t.slug,
        {spelled(previous_of(TARGET, literal_column("t.id")))} AS previous_handles
    FROM tags t
    CROSS JOIN unnest(CAST(:locales AS text[])) AS l(locale)
    LEFT JOIN translations w ON w.tenant_id = t.tenant_id AND w.target_type = '{TARGET}' AND w.target_id = t.id
        AND w.locale = l.locale
    WHERE true
    """


class TagSource:
    """All tags, whether anything carries them or not."""

    entity = TAGS
    events: Collection[type[Event]] = (
        TagUpdated,
        TagDeleted,
        TranslationUpdated,
        RedirectCreated,
        RedirectDeleted,
    )

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[Any]:
        """One row per tag and language."""
        columns = tuple(column.name for column in TAGS.columns)
        return spelling.documents(context, _sql(), columns, ids=None if ids is None else list(ids), id_column="t.id")
