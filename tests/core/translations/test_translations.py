"""Translations: merged, sanitised, in the tenant's languages only."""

from typing import Any

import pytest
from sqlalchemy import func, select

from rustok.core.translations import service as translations
from rustok.core.translations.models import Translation
from rustok.events.core import TranslationUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def test_fields_are_merged_and_only_changes_are_told(context: Context) -> None:
    target = generate_id()
    await translations.set_fields(context, "product", target, locale="ru", fields={"title": "а", "subtitle": "б"})
    await translations.set_fields(context, "product", target, locale="ru", fields={"subtitle": "в"})
    await translations.set_fields(context, "product", target, locale="ru", fields={"subtitle": "в"})

    assert await translations.get(context, "product", target) == {"ru": {"title": "а", "subtitle": "в"}}
    told = TranslationUpdated(target_type="product", target_id=target, locale="ru")
    assert context.recorded == [told, told]
    await translations.set_fields(context, "product", target, locale="ru", fields={"title": None, "subtitle": ""})
    assert await translations.get(context, "product", target) == {}
    assert await context.session.scalar(select(func.count()).select_from(Translation)) == 0


async def test_html_is_sanitised_and_gets_a_plain_sibling(context: Context) -> None:
    target = generate_id()

    await translations.set_fields(
        context,
        "product",
        target,
        locale="ru",
        fields={"description": "<p onclick=x>да<script>нет</script></p>", "description_text": "ложь"},
    )

    fields = (await translations.get(context, "product", target))["ru"]
    assert fields == {"description": "<p>да</p>", "description_text": "да"}


@pytest.mark.parametrize(
    ("target_type", "locale", "fields"),
    [
        ("product", "de", {"title": "x"}),
        ("product", "<script>", {"title": "x"}),
        ("Product!", "ru", {"title": "x"}),
        ("product", "ru", {"Bad name": "x"}),
        ("product", "ru", {"title": 7}),
        ("product", "ru", {"title": "x" * 100_001}),
        ("product", "ru", {"title": "a\x00b"}),
        ("product", "ru", {"description": "<div>" * 300}),
        ("product", "ru", {f"f{number}": "x" for number in range(51)}),
    ],
)
async def test_what_breaks_a_rule_changes_nothing(
    context: Context, target_type: str, locale: str, fields: dict[str, Any]
) -> None:
    target = generate_id()
    await translations.set_fields(context, "product", target, locale="ru", fields={"title": "до"})
    context.recorded.clear()

    with pytest.raises(errors.Invalid):
        await translations.set_fields(context, target_type, target, locale=locale, fields=fields)

    assert await translations.get(context, "product", target) == {"ru": {"title": "до"}}
    assert context.recorded == []


async def test_glue_gives_null_where_there_is_nothing(context: Context) -> None:
    target = generate_id()
    await translations.set_fields(context, "product", target, locale="ru", fields={"title": "да"})

    async def shown(expression: Any) -> Any:
        return await context.session.scalar(select(expression))

    assert await shown(translations.field_of("product", target, "ru", "title")) == "да"
    assert await shown(translations.field_of("product", target, "en", "title")) is None
    assert await shown(translations.field_of("product", target, "ru", "subtitle")) is None
    assert await shown(translations.fields_of("product", target, "ru")) == {"title": "да"}
    assert await shown(translations.fields_of("product", target, "en")) == {}
