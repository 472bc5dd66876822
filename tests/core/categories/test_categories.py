"""Content categories: a tree without circles."""

import pytest
from sqlalchemy import func, select

from rustok.core.categories import service as categories
from rustok.core.categories.models import Category
from rustok.core.content import filing
from rustok.core.redirects import service as redirects
from rustok.events.content import CategoryDeleted, CategoryUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def test_a_category_cannot_be_below_itself(context: Context) -> None:
    a = await categories.create(context, name="a")
    b = await categories.create(context, name="b", parent_id=a.id)

    for parent in (a.id, b.id):
        with pytest.raises(errors.Invalid) as refused:
            await categories.move(context, a.id, parent_id=parent)
        assert refused.value.code == "cyclic_parent"
    with pytest.raises(errors.NotFound):
        await categories.move(context, a.id, parent_id=generate_id())

    assert (await categories.get(context, a.id)).parent_id is None
    assert [event for event in context.recorded if isinstance(event, CategoryUpdated)] == []


async def test_a_tree_has_an_end(context: Context) -> None:
    parent = None
    for number in range(20):
        parent = (await categories.create(context, name=f"c{number}", parent_id=parent)).id

    with pytest.raises(errors.Invalid) as refused:
        await categories.create(context, name="deeper", parent_id=parent)

    assert refused.value.code == "too_deep"
    assert await context.session.scalar(select(func.count()).select_from(Category)) == 20


async def test_deleting_moves_those_below_up(context: Context) -> None:
    a = await categories.create(context, name="a")
    b = await categories.create(context, name="b", parent_id=a.id)
    c = await categories.create(context, name="c", parent_id=b.id)

    await filing.delete_category(context, b.id)

    c = await categories.get(context, c.id)
    assert (c.parent_id, c.depth) == (a.id, 1)
    assert CategoryDeleted(category_id=b.id) in context.recorded
    with pytest.raises(errors.NotFound):
        await filing.delete_category(context, b.id)
    with pytest.raises(errors.Invalid):
        await filing.delete_category(context, a.id, merge_into=a.id)
    with pytest.raises(errors.NotFound):
        await filing.delete_category(context, a.id, merge_into=generate_id())
    assert (await categories.get(context, a.id)).name == "a"


async def test_slugs_are_checked_and_redirect(context: Context) -> None:
    a = await categories.create(context, name="A & B")
    await categories.create(context, name="other")
    await categories.update(context, a.id, slug="c", version=1)

    assert await redirects.find(context, "category", "a-b") == a.id
    for attempt, error in (
        (categories.update(context, a.id, slug="other"), errors.Conflict),
        (categories.update(context, a.id, name="x", version=1), errors.Stale),
        (categories.create(context, name="x", slug="x" * 10_000), errors.Invalid),
        (categories.create(context, name=""), errors.Invalid),
        (categories.create(context, name="x", slug="c"), errors.Conflict),
        (categories.create(context, name="x", description="<div>" * 300), errors.Invalid),
    ):
        with pytest.raises(error):
            await attempt
    assert (await categories.get(context, a.id)).slug == "c"
    assert await context.session.scalar(select(func.count()).select_from(Category)) == 2


async def test_descriptions_are_sanitised(context: Context) -> None:
    made = await categories.create(context, name="a", description="<p onclick=x>fine</p><script>bad</script>")
    assert made.description == "<p>fine</p>"

    changed = await categories.update(context, made.id, description=None)
    assert changed.description is None
