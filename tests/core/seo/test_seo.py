"""SEO meta: checked when written, glued in the reader's language."""

from typing import Any

import pytest
from sqlalchemy import select

from rustok.core.seo import service as seo
from rustok.core.translations import service as translations
from rustok.events.core import MetaUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def test_meta_is_kept_and_only_changes_are_told(context: Context) -> None:
    target = generate_id()
    meta = seo.Meta(title=" A  title ", og_image="https://a.test/x.png", structured_data={"@type": "Thing"})

    kept = await seo.set_meta(context, "product", target, meta=meta)
    await seo.set_meta(context, "product", target, meta=meta)

    assert (kept.title, kept.og_image, kept.structured_data) == ("A title", meta.og_image, {"@type": "Thing"})
    assert context.recorded == [MetaUpdated(target_type="product", target_id=target)]
    await seo.set_meta(context, "product", target, meta=seo.Meta())
    assert await seo.get_many(context, "product", [target]) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"og_image": "javascript:alert(1)"},
        {"og_image": "data:image/png;base64,xx"},
        {"canonical_url": "//evil.test/"},
        {"canonical_url": "ftp://a.test/"},
        {"canonical_url": "https://user:secret@a.test/"},
        {"canonical_url": 'https://a.test/"onload="x'},
        {"canonical_url": "https://a.test/" + "x" * 500},
        {"title": "x" * 256},
        {"title": "a\x00b"},
        {"twitter_card": "huge"},
        {"og_type": "<script>"},
        {"structured_data": {"x": "y" * 30_000}},
        {"structured_data": {"x": float("nan")}},
        {"structured_data": ["no", "object"]},
    ],
)
async def test_what_a_page_must_not_carry_is_refused(context: Context, fields: dict[str, Any]) -> None:
    target = generate_id()
    await seo.set_meta(context, "product", target, meta=seo.Meta(title="before"))
    context.recorded.clear()

    with pytest.raises(errors.Invalid):
        await seo.set_meta(context, "product", target, meta=seo.Meta(**fields))

    assert await seo.get(context, "product", target) == seo.Meta(title="before")
    assert context.recorded == []


async def test_glue_prefers_the_readers_language_over_meta_in_another_one(context: Context) -> None:
    target = generate_id()
    await seo.set_meta(context, "product", target, meta=seo.Meta(title="English meta", no_index=True))

    async def shown(locale: str) -> Any:
        return await context.session.scalar(select(seo.meta_of("product", target, locale, "Own", "Text " * 100)))

    assert (await shown("en"))["title"] == "English meta"
    assert len((await shown("en"))["description"]) == 300
    assert (await shown("ru"))["title"] == "English meta"
    await translations.set_fields(context, "product", target, locale="ru", fields={"title": "Товар"})
    assert (await shown("ru"))["title"] == "Own"
    await translations.set_fields(context, "product", target, locale="ru", fields={"meta_title": "Мета"})
    assert ((await shown("ru"))["title"], (await shown("ru"))["no_index"]) == ("Мета", True)
    nothing = await context.session.scalar(select(seo.meta_of("product", generate_id(), "en", None, None)))
    assert nothing["title"] is None
    assert nothing["no_index"] is False
