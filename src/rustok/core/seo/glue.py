"""SEO fields inside other people's documents, as SQL that a larger select is glued from."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from rustok.core.seo.models import MetaRow
from rustok.core.translations.models import Translation

LONGEST_DESCRIPTION = 300


def meta_of(
    target_type: str,
    target_id: SQLColumnExpression[Any] | UUID,
    locale: SQLColumnExpression[Any] | str,
    fallback_title: SQLColumnExpression[Any] | str | None,
    fallback_description: SQLColumnExpression[Any] | str | None,
) -> ColumnElement[Any]:
    """All fields as jsonb, never NULL: `{title,description,keywords,og_title,…,no_index,no_follow,structured_data}`.

    A translated `meta_title` comes first. Meta of the default locale stands in only where the target itself is not
    translated: a Russian page with a Russian title does not get an English one in search results.
    """
    row, words = aliased(MetaRow), aliased(Translation)
    here = select(literal_column("1").label("one")).subquery()
    translated = or_(words.fields.has_key("title"), words.fields.has_key("name"))
    untranslated = func.coalesce(translated, literal_column("false")).is_(literal_column("false"))

    def of(key: str, stored: ColumnElement[Any] | Any, fallback: Any) -> ColumnElement[Any]:
        return func.coalesce(
            func.nullif(words.fields[key].astext, ""), case((untranslated, func.nullif(stored, ""))), fallback
        )

    title = of("meta_title", row.title, _text(fallback_title))
    description = of(
        "meta_description",
        row.description,
        func.left(func.nullif(_text(fallback_description), ""), LONGEST_DESCRIPTION),
    )
    document = func.jsonb_build_object(
        *_pairs(
            title=title,
            description=description,
            keywords=of("meta_keywords", row.keywords, null()),
            og_title=of("og_title", row.og_title, title),
            og_description=of("og_description", row.og_description, description),
            og_image=row.og_image,
            og_type=row.og_type,
            twitter_card=row.twitter_card,
            no_index=func.coalesce(row.no_index, literal_column("false")),
            no_follow=func.coalesce(row.no_follow, literal_column("false")),
            canonical_url=row.canonical_url,
            structured_data=row.structured_data,
        ),
        type_=JSONB,
    )
    return (
        select(document)
        .select_from(here)
        .outerjoin(row, and_(row.target_type == target_type, row.target_id == target_id))
        .outerjoin(
            words,
            and_(words.target_type == target_type, words.target_id == target_id, words.locale == locale),
        )
        .correlate_except(here, row, words)
        .scalar_subquery()
    )


def _pairs(**fields: Any) -> list[Any]:
    parts: list[Any] = []
    for name, value in fields.items():
        parts += (literal_column(f"'{name}'"), value)
    return parts


def _text(value: SQLColumnExpression[Any] | str | None) -> Any:
    if value is None:
        return cast(null(), String)
    return literal(value) if isinstance(value, str) else value
