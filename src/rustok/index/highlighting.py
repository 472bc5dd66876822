"""Highlights: where the words of a search stand in the texts of what it found, as HTML that is safe to show.

PostgreSQL reads the texts in the row's language, whichever engine found the rows. It marks words with two characters
that no text may hold; everything is escaped before these become tags.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from rustok.index import searching, tables
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity, Kind

OPEN, CLOSE = "\ue000", "\ue001"  # of Unicode's private use
LONGEST = 20_000  # characters of a text that are looked at
_MARKS = f'StartSel="{OPEN}", StopSel="{CLOSE}"'
_WHOLE = f"{_MARKS}, HighlightAll=true"
_PARTS = f'{_MARKS}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=" … "'


@dataclass(frozen=True)
class Highlight:
    """A text of a row in which words of the query stand. `snippet` is HTML: escaped, the words in `<mark>`."""

    field: str
    snippet: str


Marked = Mapping[UUID, Sequence[Highlight]]  # by the id of the row


async def highlights(context: Context, entity: Entity, ids: Sequence[UUID], query: str | None) -> Marked:
    """The highlights of these rows, the weightiest first; of what GraphQL shows only."""
    asked = searching.check_query(query) if query else ""
    names = _shown(entity)
    if not ids or not asked or not names:
        return {}
    columns = ", ".join(
        f"ts_headline(l.language, translate(left({tables.searched_text(entity, name, 't')}, {LONGEST}), :marks, ''),"
        f" l.words, {':whole' if _is_short(entity, name) else ':parts'})"
        for name in names
    )
    statement = text(f"""
        SELECT t.{entity.id_column}, {columns} FROM {tables.table_of(entity)} t,
            (SELECT public.index_language(:locale) AS language,
                    public.index_query(:locale, :query, CAST(CAST(:places AS text) AS jsonb)) AS words OFFSET 0) l
        WHERE t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted AND t.{entity.id_column} = ANY(:ids)
    """).bindparams(bindparam("ids", list(ids), type_=ARRAY(Uuid)))
    values = {
        "tenant": context.tenant_id,
        "locale": context.locale,
        "query": asked,
        "places": searching.places_of(context.tenant, context.locale, asked),
        "marks": OPEN + CLOSE,
        "whole": _WHOLE,
        "parts": _PARTS,
    }
    found = {}
    for row in await context.session.execute(statement, values):
        marked = zip(names, row[1:], strict=True)
        found[row[0]] = [Highlight(name, _safe(words)) for name, words in marked if words and OPEN in words]
    return found


def _shown(entity: Entity) -> list[str]:
    """Searched fields that GraphQL shows, by weight."""
    fields = {field.name: field for field in entity.fields if field.public}
    texts = [name for name in entity.search if name in fields and fields[name].kind in (Kind.TEXT, Kind.HTML)]
    return sorted(texts, key=lambda name: entity.search[name])


def _is_short(entity: Entity, name: str) -> bool:
    """Names, tags and the like are shown as a whole."""
    return entity.search[name] in ("A", "B")


def _safe(words: str) -> str:
    escaped = html.escape(html.unescape(words))
    return escaped.replace(OPEN, "<mark>").replace(CLOSE, "</mark>")
