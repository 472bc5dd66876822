"""Tags: one per name, counted exactly, renamed and merged with their addresses."""

import asyncio

import pytest
from sqlalchemy import select

from rustok.core.redirects import service as redirects
from rustok.core.tags import service as tags
from rustok.core.tags.models import Tag
from rustok.core.translations import service as translations
from rustok.events.core import TagAttached, TagDeleted, TagDetached, TagUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id


async def counts(context: Context) -> dict[str, int]:
    found = await context.session.execute(select(Tag.name, Tag.use_count))
    return {name: count for name, count in found}  # noqa: C416 - rows are no pairs to mypy


async def test_names_that_differ_by_case_or_gaps_are_one_tag_and_others_are_not(context: Context) -> None:
    target = generate_id()

    await tags.set_tags(context, "product", target, names=["T-Shirt", "t shirt", "C", "C++", "Обувь", "👟", "🎩"])

    assert (await tags.names(context, "product", [target]))[target] == ["C", "C++", "T-Shirt", "Обувь", "🎩", "👟"]
    slugs = set(await context.session.scalars(select(Tag.slug)))
    assert {"t-shirt", "c", "c-2", "обувь"} < slugs


async def test_use_counts_are_exact_and_only_changes_are_told(context: Context) -> None:
    one, two = generate_id(), generate_id()
    await tags.set_many(context, "product", {one: ["a", "b"], two: ["b", "c"]})
    assert await counts(context) == {"a": 1, "b": 2, "c": 1}
    assert sum(isinstance(event, TagAttached) for event in context.recorded) == 4
    context.recorded.clear()

    await tags.set_many(context, "product", {one: ["b"], two: ["c", "b"]})

    assert await counts(context) == {"a": 0, "b": 2, "c": 1}
    assert [type(event) for event in context.recorded] == [TagDetached]
    await tags.detach_all(context, "product", [one, two])
    assert await counts(context) == {"a": 0, "b": 0, "c": 0}


async def test_renaming_redirects_and_refuses_a_name_that_is_taken(context: Context) -> None:
    ids = await tags.ensure(context, ["Red", "Blue"])

    renamed = await tags.rename(context, ids["Red"], name="Crimson", version=1)

    assert (renamed.name, renamed.slug, renamed.version) == ("Crimson", "crimson", 2)
    assert await redirects.find(context, "tag", "red") == ids["Red"]
    assert TagUpdated(tag_id=ids["Red"]) in context.recorded
    for attempt in (
        tags.rename(context, ids["Red"], name="blue"),
        tags.rename(context, ids["Red"], slug="blue"),
        tags.rename(context, ids["Red"], name="x", version=1),
    ):
        with pytest.raises(errors.Conflict):
            await attempt
    assert (await tags.get(context, ids["Red"])).name == "Crimson"


async def test_merging_counts_what_carried_both_once(context: Context) -> None:
    both, first = generate_id(), generate_id()
    await tags.set_many(context, "product", {both: ["a", "b"], first: ["a"]})
    ids = await tags.ensure(context, ["a", "b"])

    await tags.merge(context, ids["a"], into=ids["b"])

    assert await counts(context) == {"b": 2}
    assert await redirects.find(context, "tag", "a") == ids["b"]
    assert TagDeleted(tag_id=ids["a"]) in context.recorded
    with pytest.raises(errors.Invalid):
        await tags.merge(context, ids["b"], into=ids["b"])


async def test_what_is_no_name_is_refused_before_anything_is_written(context: Context) -> None:
    for wrong in ("", "  ", "x" * 101, "a\x00b", "\ud800"):
        with pytest.raises(errors.Invalid):
            await tags.set_many(context, "product", {generate_id(): ["fine", wrong]})
    with pytest.raises(errors.Invalid):
        await tags.set_tags(context, "Not A Type", generate_id(), names=["fine"])
    with pytest.raises(errors.Invalid):
        await tags.set_tags(context, "product", generate_id(), names=[f"n{i}" for i in range(251)])

    assert await counts(context) == {}
    assert context.recorded == []


async def test_glue_shows_names_in_the_language_of_the_reader(context: Context) -> None:
    target = generate_id()
    await tags.set_tags(context, "product", target, names=["Red", "Blue"])
    ids = await tags.ensure(context, ["Red"])
    await translations.set_fields(context, "tag", ids["Red"], locale="ru", fields={"name": "Красный"})

    async def shown(expression: object) -> object:
        return await context.session.scalar(select(expression))  # type: ignore[call-overload]

    assert await shown(tags.names_of("product", target, "en")) == ["Blue", "Red"]
    assert await shown(tags.names_of("product", target, "ru")) == ["Blue", "Красный"]
    assert await shown(tags.links_of("product", target, "ru")) == [
        {"name": "Blue", "slug": "blue"},
        {"name": "Красный", "slug": "red"},
    ]
    assert await shown(tags.slugs_of("product", target)) == ["blue", "red"]
    assert await shown(tags.ids_of("product", generate_id())) == []


async def test_writers_at_the_same_time_neither_fail_nor_miscount(database: Database, tenant: TenantInfo) -> None:
    async def write(number: int) -> None:
        async with database.open(tenant) as context:
            wanted = [f"tag {(number + step) % 5}" for step in range(3)]
            await tags.set_many(context, "product", {generate_id(): wanted for _ in range(3)})

    await asyncio.gather(*(write(number) for number in range(10)))

    async with database.open(tenant) as context:
        assert await counts(context) == {f"tag {number}": 18 for number in range(5)}


async def test_tags_of_another_tenant_are_not_there(database: Database, tenant: TenantInfo, make_tenant) -> None:  # type: ignore[no-untyped-def]
    async with database.open(tenant) as context:
        ids = await tags.ensure(context, ["Mine"])
    async with database.open(await make_tenant()) as context:
        for attempt in (
            tags.get(context, ids["Mine"]),
            tags.rename(context, ids["Mine"], name="x"),
            tags.delete_many(context, [ids["Mine"]]),
        ):
            with pytest.raises(errors.NotFound):
                await attempt
    async with database.open(tenant) as context:
        assert await counts(context) == {"Mine": 0}
