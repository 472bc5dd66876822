"""Variants and options: each combination once, and variants follow when options change."""

import pytest

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.inventory import reserving
from rustok.commerce.inventory import service as inventory
from rustok.commerce.products import service, variants
from rustok.commerce.products.models import Product
from rustok.events.commerce import VariantCreated, VariantUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.kernel.money import Money


async def shirt(context: Context) -> Product:
    """A product in two sizes and two colours."""
    product = await service.create(context, title="Shirt")
    return await variants.set_options(
        context,
        product.id,
        [variants.Option("Size", ["S", "M"]), variants.Option("Colour", ["Red", "Blue"])],
    )


async def test_a_variant_is_named_after_its_values_and_has_each_combination_once(context: Context) -> None:
    product = await shirt(context)
    variant = await variants.add(context, product.id, options={"Colour": "Red", "Size": "S"}, cost=Money(500, "EUR"))

    assert variant.title == "S / Red"
    assert (variant.cost_minor, variant.cost_currency) == (500, "EUR")
    assert VariantCreated(variant_id=variant.id, product_id=product.id) in context.recorded
    with pytest.raises(variants.SameOptions):
        async with context.session.begin_nested():
            await variants.add(context, product.id, options={"Size": "S", "Colour": "Red"})
    assert len(await catalogue.variants_of(context, [product.id])) == 1


@pytest.mark.parametrize("options", [{}, {"Size": "S"}, {"Size": "S", "Shape": "Round"}, {"Size": "S", "Colour": ""}])
async def test_a_variant_names_each_option_of_its_product(context: Context, options: dict[str, str]) -> None:
    product = await shirt(context)

    with pytest.raises(errors.Invalid):
        await variants.add(context, product.id, options=options)

    assert await catalogue.variants_of(context, [product.id]) == []


async def test_a_new_value_is_added_to_its_option(context: Context) -> None:
    product = await shirt(context)

    await variants.add(context, product.id, options={"Size": "XL", "Colour": "Red"})

    options = (await variants.options_of(context, [product.id]))[product.id]
    assert options[0].values == ["S", "M", "XL"]


async def test_variants_follow_when_options_are_renamed_added_and_removed(context: Context) -> None:
    product = await shirt(context)
    small = await variants.add(context, product.id, options={"Size": "S", "Colour": "Red"})
    size, _ = (await variants.options_of(context, [product.id]))[product.id]

    await variants.set_options(
        context,
        product.id,
        [variants.Option("Fit", ["S", "M"], size.id), variants.Option("Cloth", ["Linen", "Wool"])],
    )

    (variant,) = await catalogue.variants_of(context, [product.id])
    assert variant.options == {"Fit": "S", "Cloth": "Linen"}
    assert variant.title == "S / Linen"
    assert VariantUpdated(variant_id=small.id, product_id=product.id) in context.recorded
    kept = (await variants.options_of(context, [product.id]))[product.id]
    assert kept[0].id == size.id


async def test_options_that_variants_need_cannot_go(context: Context) -> None:
    product = await shirt(context)
    await variants.add(context, product.id, options={"Size": "S", "Colour": "Red"})
    await variants.add(context, product.id, options={"Size": "M", "Colour": "Red"})

    with pytest.raises(variants.ValueInUse):
        await variants.set_options(
            context, product.id, [variants.Option("Size", ["M"]), variants.Option("Colour", ["Red"])]
        )
    with pytest.raises(variants.SameOptions):
        await variants.set_options(context, product.id, [variants.Option("Colour", ["Red"])])
    with pytest.raises(errors.NotFound):
        await variants.set_options(context, product.id, [variants.Option("Size", ["S", "M"], generate_id())])

    options = (await variants.options_of(context, [product.id]))[product.id]
    assert [option.name for option in options] == ["Size", "Colour"]


async def test_backorders_cannot_be_forbidden_while_some_are_open(context: Context) -> None:
    product = await service.create(context, title="Shirt")
    variant = await variants.add(context, product.id, allow_backorder=True)
    await reserving.reserve(context, "cart-1", [reserving.Line(variant.id, 3)])

    with pytest.raises(inventory.BelowReserved):
        async with context.session.begin_nested():
            await variants.change(context, variant.id, allow_backorder=False)

    await context.session.refresh(variant)
    assert variant.allow_backorder
    await reserving.release(context, "cart-1")
    await variants.change(context, variant.id, allow_backorder=False)
    with pytest.raises(reserving.OutOfStock):
        await reserving.reserve(context, "cart-2", [reserving.Line(variant.id, 1)])


async def test_a_promised_variant_cannot_vanish(context: Context) -> None:
    product = await service.create(context, title="Shirt")
    variant = await variants.add(context, product.id)
    await inventory.set_on_hand(context, variant.id, 1)
    await reserving.reserve(context, "cart-1", [reserving.Line(variant.id, 1)])

    with pytest.raises(variants.VariantPromised):
        await variants.remove(context, variant.id)
    assert len(await catalogue.variants_of(context, [product.id])) == 1

    await reserving.release(context, "cart-1")
    await variants.remove(context, variant.id)
    assert await catalogue.variants_of(context, [product.id]) == []


async def test_variants_are_reordered(context: Context) -> None:
    product = await shirt(context)
    first = await variants.add(context, product.id, options={"Size": "S", "Colour": "Red"})
    second = await variants.add(context, product.id, options={"Size": "M", "Colour": "Red"})

    await variants.reorder(context, product.id, [second.id])

    assert [variant.id for variant in await catalogue.variants_of(context, [product.id])] == [second.id, first.id]
    with pytest.raises(errors.NotFound):
        await variants.reorder(context, product.id, [generate_id()])
