"""Products: made, changed, published, copied and removed; a refusal changes nothing."""

from typing import Any
from uuid import UUID

import pytest

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.categories import service as categories
from rustok.commerce.inventory import reserving
from rustok.commerce.inventory import service as inventory
from rustok.commerce.products import duplicating, service, variants
from rustok.commerce.products.drafts import ProductStatus
from rustok.commerce.products.index_source import ProductSource
from rustok.core.media import service as media
from rustok.core.redirects import service as redirects
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.events.commerce import ProductCreated, ProductDeleted, ProductPublished, ProductUpdated, VariantDeleted
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def document(context: Context, product_id: UUID, locale: str = "en") -> dict[str, Any] | None:
    """The product as the read model would show it."""
    rows = (await context.session.execute(ProductSource().documents(context, [product_id]))).mappings()
    return next((row["document"] for row in rows if row["locale"] == locale), None)


async def test_a_new_product_is_a_draft_with_a_handle_of_its_own(context: Context) -> None:
    first = await service.create(context, title="Linen Shirt")
    second = await service.create(context, title="Linen Shirt")

    assert (first.handle, second.handle) == ("linen-shirt", "linen-shirt-2")
    assert first.status == ProductStatus.DRAFT
    assert context.recorded == [ProductCreated(product_id=first.id), ProductCreated(product_id=second.id)]
    assert await document(context, first.id) is None


async def test_a_handle_is_given_once(context: Context) -> None:
    await service.create(context, title="One", handle="same")
    other = await service.create(context, title="Two", handle="other")

    with pytest.raises(service.HandleTaken):
        async with context.session.begin_nested():
            await service.change(context, other.id, handle="same")
    with pytest.raises(service.HandleTaken):
        async with context.session.begin_nested():
            await service.create(context, title="Three", handle="same")

    await context.session.refresh(other)
    assert other.handle == "other"


async def test_a_description_is_sanitised_when_it_is_written(context: Context) -> None:
    product = await service.create(
        context, title="Trap", description='<p onclick="x()">Fine <script>alert(1)</script>linen</p>'
    )

    assert product.description == "<p>Fine linen</p>"
    assert product.description_text == "Fine linen"


async def test_a_lost_update_is_refused(context: Context) -> None:
    product = await service.create(context, title="Shirt")
    await service.change(context, product.id, version=1, title="Blue shirt")

    with pytest.raises(errors.Stale):
        await service.change(context, product.id, version=1, title="Red shirt")

    assert (product.title, product.version) == ("Blue shirt", 2)


async def test_a_renamed_handle_leaves_a_redirect(context: Context) -> None:
    product = await service.create(context, title="Shirt", handle="old")

    await service.change(context, product.id, handle="new")

    assert await redirects.find(context, "product", "old") == product.id
    newcomer = await service.create(context, title="Another", handle="old")
    assert newcomer.handle == "old"
    assert await redirects.find(context, "product", "old") is None


@pytest.mark.parametrize("title", ["", "   ", "x" * 256, "half \ud800 character"])
async def test_a_title_that_cannot_be_kept_is_refused(context: Context, title: str) -> None:
    with pytest.raises(errors.Invalid):
        await service.create(context, title=title)

    assert context.recorded == []


async def test_publishing_and_archiving_tell_and_count(context: Context) -> None:
    shelf = await categories.create(context, name="Shirts")
    product = await service.create(context, title="Shirt")
    await service.set_categories(context, product.id, [shelf.id])
    context.recorded.clear()

    await service.publish(context, product.id)
    assert [type(event).__name__ for event in context.recorded] == ["ProductPublished", "CommerceCategoryRecounted"]
    assert product.published_at == context.now
    context.recorded.clear()

    await service.publish(context, product.id)
    assert context.recorded == []

    await service.archive(context, product.id)
    assert ProductUpdated(product_id=product.id) in context.recorded
    assert await document(context, product.id) is None


async def test_a_product_with_nothing_but_a_title_can_be_published(context: Context) -> None:
    product = await service.create(context, title="Bare")
    await service.publish(context, product.id)

    shown = await document(context, product.id)

    assert shown is not None
    assert (shown["variants"], shown["images"], shown["options"], shown["categories"]) == ([], [], [], [])
    assert (shown["price_range"], shown["total_stock"], shown["has_stock"]) == ({}, 0, False)
    assert shown["seo"]["title"] == "Bare"


async def test_removing_leaves_nothing_behind(context: Context) -> None:
    product = await service.create(context, title="Shirt", handle="old")
    await service.change(context, product.id, handle="new")
    variant = await variants.add(context, product.id, sku="S")
    await service.set_tags(context, product.id, ["blue"])
    await service.set_seo(context, product.id, seo.Meta(title="Buy"))
    await service.translate(context, product.id, locale="ru", fields={"title": "Рубашка"})
    context.recorded.clear()

    await service.remove(context, product.id)

    assert VariantDeleted(variant_id=variant.id, product_id=product.id) in context.recorded
    assert context.recorded[-1] == ProductDeleted(product_id=product.id)
    with pytest.raises(errors.NotFound):
        await catalogue.get_product(context, product.id)
    assert await tags.names(context, "product", [product.id]) == {product.id: []}
    assert await seo.get_many(context, "product", [product.id]) == {}
    assert await redirects.find(context, "product", "old") is None


async def test_a_promised_product_cannot_vanish(context: Context) -> None:
    product = await service.create(context, title="Shirt")
    variant = await variants.add(context, product.id)
    await inventory.set_on_hand(context, variant.id, 1)
    await reserving.reserve(context, "cart-1", [reserving.Line(variant.id, 1)])

    with pytest.raises(service.ProductPromised):
        await service.remove_many(context, [product.id])

    assert (await catalogue.get_product(context, product.id)).id == product.id


async def test_many_are_published_at_once_and_strangers_are_passed_over(context: Context) -> None:
    ids = [(await service.create(context, title=f"Shirt {number}")).id for number in range(3)]
    context.recorded.clear()

    count = await service.set_status_many(context, [*ids, generate_id()], ProductStatus.PUBLISHED)

    assert count == 3
    assert context.recorded == [ProductPublished(product_id=id_) for id_ in sorted(ids)]


async def test_tags_are_added_to_and_taken_from_many(context: Context) -> None:
    first, second = [await service.create(context, title=f"Shirt {number}") for number in range(2)]
    await service.set_tags(context, first.id, ["blue"])

    await service.add_tags_many(context, [first.id, second.id], ["new", "Blue"])
    assert await tags.names(context, "product", [first.id, second.id]) == {
        first.id: ["blue", "new"],
        second.id: ["blue", "new"],
    }

    await service.remove_tags_many(context, [first.id, second.id], ["NEW"])
    assert (await tags.names(context, "product", [second.id]))[second.id] == ["blue"]


async def test_pictures_stand_in_the_order_given(context: Context) -> None:
    product = await service.create(context, title="Shirt")
    await service.publish(context, product.id)
    found = await media.register_remote_many(context, [(f"https://pictures.example/{n}.jpg", f"No {n}") for n in "ab"])
    first, second = found.values()

    await service.set_images(context, product.id, [second, first])
    shown = await document(context, product.id)
    assert shown is not None
    assert [image["alt_text"] for image in shown["images"]] == ["No b", "No a"]

    with pytest.raises(errors.NotFound):
        async with context.session.begin_nested():
            await service.set_images(context, product.id, [generate_id()])
    shown = await document(context, product.id)
    assert shown is not None
    assert len(shown["images"]) == 2


async def test_a_copy_is_a_draft_without_stock_or_address(context: Context) -> None:
    product = await service.create(context, title="Shirt", vendor="Loom", description="<p>Linen</p>")
    await variants.set_options(context, product.id, [variants.Option("Size", ["S", "M"])])
    original = await variants.add(context, product.id, options={"Size": "M"}, sku="M-1")
    await inventory.set_on_hand(context, original.id, 5)
    await service.set_tags(context, product.id, ["blue"])
    await service.publish(context, product.id)

    copy = await duplicating.duplicate(context, product.id)

    assert (copy.title, copy.handle, copy.status) == ("Shirt (copy)", "shirt-copy", "draft")
    assert (copy.vendor, copy.description) == ("Loom", "<p>Linen</p>")
    (variant,) = await catalogue.variants_of(context, [copy.id])
    assert (variant.options, variant.sku) == ({"Size": "M"}, "M-1")
    assert await inventory.levels_of(context, [variant.id]) == {}
    assert (await tags.names(context, "product", [copy.id]))[copy.id] == ["blue"]
