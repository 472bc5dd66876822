"""Categories: a tree that stays one, products in several, and counts that are right."""

from typing import Any
from uuid import UUID

import pytest

from rustok.commerce.categories import growing, placing, service
from rustok.commerce.categories.index_source import CategorySource
from rustok.commerce.products import service as products
from rustok.core.redirects import service as redirects
from rustok.events.commerce import CommerceCategoryDeleted, CommerceCategoryRecounted, CommerceCategoryUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def documents(context: Context, locale: str = "en") -> dict[str, dict[str, Any]]:
    """Every category that shoppers see, by handle."""
    rows = (await context.session.execute(CategorySource().documents(context))).mappings()
    return {row["handle"]: row["document"] for row in rows if row["locale"] == locale}


async def chain(context: Context, *names: str) -> list[UUID]:
    """Categories that stand below each other."""
    ids: list[UUID] = []
    for name in names:
        made = await service.create(context, name=name, parent_id=ids[-1] if ids else None)
        ids.append(made.id)
    context.recorded.clear()
    return ids


async def test_a_category_knows_its_path_and_gets_a_handle(context: Context) -> None:
    top, below = await chain(context, "Clothing", "Shirts & Co")
    again = await service.create(context, name="Clothing")

    child = await service.get(context, below)
    assert (child.path, child.depth, child.handle) == ([top, below], 1, "shirts-co")
    assert again.handle == "clothing-2"
    with pytest.raises(service.HandleTaken):
        await service.create(context, name="Third", handle="clothing")
    with pytest.raises(errors.NotFound):
        await service.create(context, name="Orphan", parent_id=generate_id())


async def test_a_category_cannot_stand_below_itself(context: Context) -> None:
    a, b, c = await chain(context, "A", "B", "C")

    for target in (a, b, c):
        with pytest.raises(service.CyclicCategory):
            await service.move(context, a, parent_id=target)

    assert (await service.get(context, c)).path == [a, b, c]
    assert context.recorded == []


async def test_moving_takes_everything_below_along(context: Context) -> None:
    a, b, c = await chain(context, "A", "B", "C")
    (other,) = await chain(context, "Other")

    await service.move(context, b, parent_id=other)

    assert (await service.get(context, b)).path == [other, b]
    moved = await service.get(context, c)
    assert (moved.path, moved.depth) == ([other, b, c], 2)
    told = {event.category_id for event in context.recorded if isinstance(event, CommerceCategoryUpdated)}
    assert told == {a, b, c, other}


async def test_the_tree_has_a_bottom(context: Context) -> None:
    ids = await chain(context, *(f"Level {level}" for level in range(service.DEEPEST)))

    with pytest.raises(service.TooDeep):
        await service.create(context, name="Deeper", parent_id=ids[-1])
    (other,) = await chain(context, "Other")
    with pytest.raises(service.TooDeep):
        await service.move(context, ids[0], parent_id=other)

    assert (await service.get(context, ids[-1])).depth == service.DEEPEST - 1


async def test_removing_one_lifts_what_stood_below(context: Context) -> None:
    a, b, c = await chain(context, "A", "B", "C")
    product = await products.create(context, title="Shirt")
    await products.set_categories(context, product.id, [b, c])

    await service.remove(context, b)

    assert (await service.get(context, c)).path == [a, c]
    assert await placing.places_of(context, [product.id]) == {product.id: [c]}
    assert CommerceCategoryDeleted(category_id=b) in context.recorded
    assert await service.remove_many(context, [a, b, c]) == 2


async def test_renaming_redirects_and_stale_updates_are_refused(context: Context) -> None:
    (id_,) = await chain(context, "Shirts")
    await service.change(context, id_, name="Blouses", handle="blouses", version=1)

    with pytest.raises(errors.Stale):
        await service.change(context, id_, name="Else", version=1)
    with pytest.raises(errors.Invalid):
        await service.change(context, id_, handle="x" * 10_000)

    assert await redirects.find(context, "commerce_category", "shirts") == id_
    assert set(await documents(context)) == {"blouses"}


async def test_products_are_counted_once_with_all_that_stands_below(context: Context) -> None:
    top, low = await chain(context, "Clothing", "Shirts")
    shirt = await products.create(context, title="Shirt")
    await products.set_categories(context, shirt.id, [low, top])
    draft = await products.create(context, title="Draft")
    await products.set_categories(context, draft.id, [low])
    context.recorded.clear()
    await products.publish(context, shirt.id)

    shown = await documents(context)
    assert (shown["clothing"]["product_count"], shown["shirts"]["product_count"]) == (1, 1)
    assert shown["clothing"]["children"] == [{"id": str(low), "name": "Shirts", "handle": "shirts", "product_count": 1}]
    assert shown["shirts"]["parent"] == {"name": "Clothing", "handle": "clothing"}
    told = {event.category_id for event in context.recorded if isinstance(event, CommerceCategoryRecounted)}
    assert told == {top, low}

    await products.archive(context, shirt.id)
    assert (await documents(context))["clothing"]["product_count"] == 0


async def test_what_is_internal_is_hidden_with_all_below(context: Context) -> None:
    top, low = await chain(context, "Clothing", "Shirts")

    await service.change(context, top, is_internal=True)
    assert await documents(context) == {}
    await service.change(context, top, is_internal=False)
    await service.change(context, low, is_active=False)

    shown = await documents(context)
    assert set(shown) == {"clothing"}
    assert shown["clothing"]["children"] == []


async def test_paths_are_found_in_any_case_and_made_once(context: Context) -> None:
    (top,) = await chain(context, "Clothing")

    found = await growing.get_or_create(context, [("clothing", "Hoodies"), ("Clothing",), ("Toys", "Hoodies")])
    again = await growing.get_or_create(context, [("CLOTHING", "HOODIES")])

    assert found["Clothing",] == top
    assert again["CLOTHING", "HOODIES"] == found["clothing", "Hoodies"]
    handles = {(await service.get(context, id_)).handle for id_ in found.values()}
    assert handles == {"clothing", "hoodies", "toys-hoodies"}


async def test_a_category_is_shown_in_every_language(context: Context) -> None:
    (id_,) = await chain(context, "Shirts")
    await service.translate(context, id_, locale="ru", fields={"name": "Рубашки"})

    assert (await documents(context, "ru"))["shirts"]["name"] == "Рубашки"
    assert (await documents(context, "en"))["shirts"]["name"] == "Shirts"
    with pytest.raises(errors.Invalid):
        await service.translate(context, id_, locale="de", fields={"name": "Hemden"})
