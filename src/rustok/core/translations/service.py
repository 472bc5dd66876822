"""Translations as verbs: set, read and forget the texts of anything in the languages of its tenant.

The table of the thing itself holds the texts of the tenant's default locale; here are the others. Fields that hold
HTML (`description`, `body`) are sanitised when written and get a plain sibling: `description_text`, `body_text`.
`meta_title`, `meta_description`, `meta_keywords`, `og_title` and `og_description` are what search engines are told.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Text, Uuid, cast, delete, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from rustok.core import rows
from rustok.core.rendering import sanitising, texts
from rustok.core.translations.glue import field_of, fields_of
from rustok.core.translations.models import Translation
from rustok.events.core import TranslationUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context

__all__ = [
    "Fields",
    "UnknownLocale",
    "check_fields",
    "delete_all",
    "field_of",
    "fields_of",
    "get",
    "get_many",
    "set_fields",
    "set_many",
]

Fields: TypeAlias = Mapping[str, str | None]
"""Texts by field name; `None` and the empty text take a translation away."""

HTML_FIELDS = frozenset({"body", "description"})
LONGEST_TEXT = 100_000
MOST_FIELDS = 50
_TARGET_TYPE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")


class UnknownLocale(errors.Invalid):
    """The tenant does not have that language."""

    code = "unknown_locale"


async def set_fields(context: Context, target_type: str, target_id: UUID, *, locale: str, fields: Fields) -> None:
    """Merge some texts of one target in one locale; fields that are not named stay."""
    await set_many(context, target_type, [(target_id, locale, fields)])


async def set_many(context: Context, target_type: str, entries: Sequence[tuple[UUID, str, Fields]]) -> None:
    """Merge texts of many targets in a few statements; records `TranslationUpdated` for each that really changed."""
    check_target_type(target_type)
    wanted: dict[tuple[UUID, str], dict[str, str | None]] = defaultdict(dict)
    for target_id, locale, fields in entries:
        wanted[target_id, check_locale(context, locale)].update(check_fields(fields))
    if not wanted:
        return
    stored = {
        (row.target_id, row.locale): dict(row.fields)
        for row in await context.session.execute(
            select(Translation.target_id, Translation.locale, Translation.fields)
            .where(_among(target_type, {target_id for target_id, _ in wanted}))
            .order_by(Translation.target_id, Translation.locale)
            .with_for_update(key_share=True)
        )
    }
    changed = []
    emptied = []
    for (target_id, locale), fields in sorted(wanted.items()):
        before = stored.get((target_id, locale), {})
        after = {name: text for name, text in {**before, **fields}.items() if text}
        if after == before:
            continue
        if after:
            changed.append((target_id, locale, json.dumps(after)))
        else:
            emptied.append((target_id, locale))
        bus.record(context, TranslationUpdated(target_type=target_type, target_id=target_id, locale=locale))
    if changed:
        new = rows.table(changed, target_id=Uuid, locale=Text, fields=Text)
        statement = insert(Translation).from_select(
            ["tenant_id", "target_type", "target_id", "locale", "fields", "updated_at"],
            select(
                literal(context.tenant_id, Uuid),
                literal(target_type),
                new.c.target_id,
                new.c.locale,
                cast(new.c.fields, JSONB),
                literal(context.now, DateTime(timezone=True)),
            ),
        )
        await context.session.execute(
            statement.on_conflict_do_update(
                constraint="pk_translations",
                set_={"fields": statement.excluded.fields, "updated_at": statement.excluded.updated_at},
            )
        )
    for target_id, locale in emptied:
        await context.session.execute(
            delete(Translation).where(_among(target_type, [target_id]), Translation.locale == locale)
        )


async def get(context: Context, target_type: str, target_id: UUID) -> dict[str, dict[str, str]]:
    """The target's texts by locale."""
    return (await get_many(context, target_type, [target_id])).get(target_id, {})


async def get_many(
    context: Context, target_type: str, target_ids: Collection[UUID]
) -> dict[UUID, dict[str, dict[str, str]]]:
    """The texts of several targets by locale, in one statement."""
    found: dict[UUID, dict[str, dict[str, str]]] = {}
    for row in await context.session.execute(
        select(Translation.target_id, Translation.locale, Translation.fields).where(_among(target_type, target_ids))
    ):
        found.setdefault(row.target_id, {})[row.locale] = dict(row.fields)
    return found


async def delete_all(context: Context, target_type: str, target_ids: Iterable[UUID]) -> None:
    """Forget the texts of targets that are gone; their own events tell it."""
    await context.session.execute(delete(Translation).where(_among(target_type, list(target_ids))))


def check_target_type(target_type: str) -> str:
    """Return the kind of target; raise `Invalid` for what is no such name."""
    if not _TARGET_TYPE.fullmatch(target_type):
        raise errors.Invalid(f"{target_type[:40]!r} is not a kind of target", field="targetType")
    return target_type


def check_locale(context: Context, locale: str) -> str:
    """Return the locale if the tenant has it; raise `UnknownLocale` otherwise."""
    if locale not in context.tenant.locales:
        known = ", ".join(context.tenant.locales)
        raise UnknownLocale(f"{locale[:16]!r} is not a language of this tenant: it has {known}", field="locale")
    return locale


def _among(target_type: str, target_ids: Collection[UUID]) -> ColumnElement[bool]:
    return (Translation.target_type == target_type) & rows.is_one_of(Translation.target_id, target_ids)


def check_fields(fields: Fields) -> dict[str, str | None]:
    """Fields fit for storing: names checked, HTML sanitised, plain siblings made."""
    if len(fields) > MOST_FIELDS:
        raise errors.Invalid(f"at most {MOST_FIELDS} fields can be translated at once", field="fields")
    checked: dict[str, str | None] = {}
    for name, text in fields.items():
        if not _FIELD.fullmatch(name):
            raise errors.Invalid(f"{name[:64]!r} is not the name of a field", field="fields")
        if text is not None and not isinstance(text, str):
            raise errors.Invalid(f"the translation of {name} is not a text", field=("fields", name))
        if name in HTML_FIELDS:
            html = sanitising.sanitise(text, field=name) if text else None
            checked[name] = html
            checked[f"{name}_text"] = texts.plain_text(html) if html else None
        elif name.removesuffix("_text") not in HTML_FIELDS:
            checked[name] = _line(name, text)
    return checked


def _line(name: str, text: str | None) -> str | None:
    if not text:
        return None
    if len(text) > LONGEST_TEXT:
        raise errors.Invalid(f"{name} has more than {LONGEST_TEXT} characters", field=("fields", name))
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise errors.Invalid(f"{name} holds characters that cannot be stored", field=("fields", name))
    return text.strip() or None
