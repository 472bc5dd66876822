"""Menus: saved whole, with addresses that a browser may follow."""

from typing import Any

import pytest

from rustok.core.menus import service as menus
from rustok.core.menus.service import Item
from rustok.events.content import MenuDeleted, MenuUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def test_a_menu_is_saved_whole_and_keeps_the_ids_that_are_given_back(context: Context) -> None:
    menu = await menus.save(
        context,
        "main",
        name="Main",
        items=[Item(title="A", url="/a", children=(Item(title="B", url="https://b.test"),)), Item(title="C", url="#c")],
    )
    items = await menus.tree(context, menu.id)
    assert [(item.title, [child.title for child in item.children]) for item in items] == [("A", ["B"]), ("C", [])]
    context.recorded.clear()

    same = await menus.save(context, "main", name="Main", items=items, version=1)
    assert (same.version, context.recorded) == (1, [])
    await menus.save(context, "main", name="Main", items=[items[1], items[0]], version=1)

    after = await menus.tree(context, menu.id)
    assert [item.id for item in after] == [items[1].id, items[0].id]
    assert context.recorded == [MenuUpdated(menu_id=menu.id)]
    with pytest.raises(errors.Stale):
        await menus.save(context, "main", name="x", version=1)
    await menus.delete(context, menu.id)
    assert MenuDeleted(menu_id=menu.id) in context.recorded
    assert await menus.find(context, "main") is None


def nested(levels: int) -> Item:
    """An item with others below it."""
    return Item(title="x", url="/x", children=(nested(levels - 1),) if levels > 1 else ())


@pytest.mark.parametrize(
    "items",
    [
        [Item(title="x", url="javascript:alert(1)")],
        [Item(title="x", url="//evil.test")],
        [Item(title="x", url='/a"onclick=')],
        [Item(title="x", url="relative")],
        [Item(title="", url="/x")],
        [Item(url="/x")],
        [Item(title="x", target_type="node")],
        [Item(title="x", target_type="product", url="data:text/html,x", target_id=generate_id())],
        [nested(5)],
        [Item(title="x", url="/x")] * 501,
        [Item(title="x" * 256, url="/x")],
        [Item(title="x", url="/x", translations={"de": "x"})],
    ],
)
async def test_items_that_break_a_rule_leave_the_menu_as_it_was(context: Context, items: list[Any]) -> None:
    menu_id = (await menus.save(context, "main", name="Main", items=[Item(title="A", url="/a")])).id

    with pytest.raises(errors.Invalid):
        async with context.session.begin_nested():
            await menus.save(context, "main", name="Main", items=items)

    assert [item.title for item in await menus.tree(context, menu_id)] == ["A"]
