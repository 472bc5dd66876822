"""Saving many drafts: created, updated or left alone; a draft that cannot be saved fails alone."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.categories import placing
from rustok.commerce.inventory import reserving
from rustok.commerce.inventory import service as inventory
from rustok.commerce.pricing import service as pricing
from rustok.commerce.products import pictures, saving, service, variants
from rustok.commerce.products.drafts import (
    ImageDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    ProductStatus,
    SeoDraft,
    VariantDraft,
)
from rustok.commerce.products.models import Product
from rustok.core.redirects import service as redirects
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.events.commerce import ProductCreated, ProductPublished, ProductUpdated
from rustok.kernel.context import Context

SIZES = ("S", "M")


def shirt(handle: str = "shirt", **said: Any) -> ProductDraft:
    """A whole product in two sizes."""
    whole: dict[str, Any] = {
        "title": "Shirt",
        "description_html": "<p>Linen</p>",
        "status": ProductStatus.PUBLISHED,
        "tags": ("blue", "new"),
        "categories": (("Clothing", "Shirts"), ("Sale",)),
        "options": (OptionDraft(name="Size", values=SIZES),),
        "variants": tuple(
            VariantDraft(
                options={"Size": size},
                sku=f"{handle}-{size}",
                prices=(PriceDraft(currency="EUR", amount_minor=1999),),
                quantity=5,
                position=position,
            )
            for position, size in enumerate(SIZES)
        ),
        "images": (ImageDraft(url=f"https://pictures.example/{handle}.jpg", alt_text="A shirt"),),
        "seo": SeoDraft(title="Buy a shirt"),
        "external_key": f"shopify:{handle}",
    }
    return ProductDraft(handle=handle, **{**whole, **said})


async def save(context: Context, *drafts: ProductDraft, dry_run: bool = False) -> tuple[int, int, int, list[str]]:
    """What became of the drafts, in numbers and reasons."""
    context.recorded.clear()
    outcome = await saving.save_many(context, drafts, dry_run=dry_run)
    return outcome.created, outcome.updated, outcome.unchanged, [reason for _, reason in outcome.failed]


async def saved(context: Context, handle: str = "shirt") -> UUID:
    """The id of the product with this handle."""
    found = await context.session.scalar(
        select(Product.id).where(Product.tenant_id == context.tenant_id, Product.handle == handle)
    )
    assert found is not None
    return found


async def rows(context: Context) -> dict[str, int]:
    """How many rows the catalogue has, by table."""
    names = ("products", "variants", "product_options", "product_images", "prices", "stock_levels", "categories")
    counted = {}
    for name in names:
        counted[name] = await context.session.scalar(text(f"SELECT count(*) FROM commerce_{name}")) or 0
    return counted


async def test_a_whole_product_is_there_after_saving(context: Context) -> None:
    assert await save(context, shirt()) == (1, 0, 0, [])

    id_ = await saved(context)
    product = await catalogue.get_product(context, id_)
    assert (product.status, product.published_at, product.description_text) == ("published", context.now, "Linen")
    small, medium = await catalogue.variants_of(context, [id_])
    assert (small.title, small.sku, medium.options) == ("S", "shirt-S", {"Size": "M"})
    assert [p.amount_minor for p in (await pricing.prices_of(context, [small.id]))[small.id]] == [1999]
    assert (await inventory.available(context, [small.id]))[small.id].quantity == 5
    assert (await tags.names(context, "product", [id_]))[id_] == ["blue", "new"]
    assert len((await placing.places_of(context, [id_]))[id_]) == 2
    assert len((await pictures.of(context, [id_]))[id_]) == 1
    assert (await seo.get(context, "product", id_)).title == "Buy a shirt"
    assert context.recorded.count(ProductCreated(product_id=id_)) == 1
    assert context.recorded.count(ProductPublished(product_id=id_)) == 1


async def test_saving_again_changes_nothing_and_tells_nothing(context: Context) -> None:
    drafts = [shirt(f"shirt-{number}") for number in range(5)]
    await save(context, *drafts)
    before = await rows(context)

    assert await save(context, *drafts) == (0, 0, 5, [])

    assert context.recorded == []
    assert await rows(context) == before


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Blouse"},
        {"description_html": "<p>Wool</p>"},
        {"status": ProductStatus.DRAFT},
        {"tags": ("red",)},
        {"categories": (("Sale",),)},
        {"images": ()},
        {"seo": SeoDraft(title="Buy now")},
        {"variants": shirt().variants[:1] if (shirt().variants) else ()},
        {"variants": tuple(replace(v, quantity=9) for v in shirt().variants or ())},
        {
            "variants": tuple(
                replace(v, prices=(PriceDraft(currency="EUR", amount_minor=1),)) for v in shirt().variants or ()
            )
        },
        {"variants": tuple(replace(v, sku="else" + v.options["Size"]) for v in shirt().variants or ())},
    ],
)
async def test_one_change_is_one_update_of_one_product(context: Context, change: dict[str, Any]) -> None:
    await save(context, shirt(), shirt("other"))

    assert await save(context, shirt(**change), shirt("other")) == (0, 1, 1, [])

    id_ = await saved(context)
    assert ProductUpdated(product_id=id_) in context.recorded
    assert (await catalogue.get_product(context, id_)).version == 2
    assert await save(context, shirt(**change), shirt("other")) == (0, 0, 2, [])


async def test_what_a_draft_does_not_state_stays(context: Context) -> None:
    await save(context, shirt())
    id_ = await saved(context)
    small, medium = await catalogue.variants_of(context, [id_])

    partial = ProductDraft(
        handle="shirt",
        title="Shirt",
        variants=(VariantDraft(sku="shirt-M", prices=(PriceDraft(currency="EUR", amount_minor=1500),)),),
    )
    assert await save(context, partial) == (0, 1, 0, [])

    prices = await pricing.prices_of(context, [small.id, medium.id])
    assert [price.amount_minor for price in prices[medium.id]] == [1500]
    assert [price.amount_minor for price in prices[small.id]] == [1999]
    product = await catalogue.get_product(context, id_)
    assert (product.status, product.description, product.external_key) == (
        "published",
        "<p>Linen</p>",
        "shopify:shirt",
    )
    assert (await tags.names(context, "product", [id_]))[id_] == ["blue", "new"]
    assert len(await catalogue.variants_of(context, [id_])) == 2


async def test_prices_in_other_currencies_stay(context: Context) -> None:
    await save(context, shirt())
    small, _ = await catalogue.variants_of(context, [await saved(context)])
    await pricing.set_prices(
        context,
        small.id,
        [pricing.PriceRow(currency="EUR", amount_minor=1), pricing.PriceRow(currency="USD", amount_minor=2)],
    )

    assert await save(context, shirt()) == (0, 1, 0, [])

    prices = {p.currency: p.amount_minor for p in (await pricing.prices_of(context, [small.id]))[small.id]}
    assert prices == {"EUR": 1999, "USD": 2}


async def test_one_bad_draft_fails_alone(context: Context) -> None:
    bad = (
        shirt("long", title="x" * 300),
        shirt("cheap", variants=(VariantDraft(prices=(PriceDraft(currency="EUR", amount_minor=-1),)),)),
        shirt("twice", options=(), variants=(VariantDraft(), VariantDraft())),
        shirt("tagged", tags=("x" * 101,)),
        shirt("listed", variants=(), options=None, categories=tuple((str(n),) for n in range(101))),
        shirt("no list", title="No list"),
    )
    priced = VariantDraft(prices=(PriceDraft(currency="EUR", amount_minor=1, price_list="unknown"),))
    late = shirt("late", options=(), variants=(priced,))

    created, updated, unchanged, reasons = await save(context, shirt("good"), *bad, late, shirt("fine"))

    assert (created, updated, unchanged) == (2, 0, 0)
    assert len(reasons) == len(bad) + 1
    assert any("unknown" in reason for reason in reasons)
    handles = await context.session.scalars(select(Product.handle).where(Product.tenant_id == context.tenant_id))
    assert sorted(handles) == ["fine", "good"]
    created_events = [event for event in context.recorded if isinstance(event, ProductCreated)]
    assert len(created_events) == 2


async def test_a_dry_run_tries_everything_and_keeps_nothing(context: Context) -> None:
    await save(context, shirt())
    before = await rows(context)

    outcome = await save(context, shirt(title="Other"), shirt("new"), shirt("bad", title=""), dry_run=True)

    assert outcome[:3] == (1, 1, 0)
    assert len(outcome[3]) == 1
    assert await rows(context) == before
    assert context.recorded == []
    assert (await catalogue.get_product(context, await saved(context))).title == "Shirt"


async def test_products_of_two_origins_with_one_handle_are_two(context: Context) -> None:
    await save(context, shirt())
    other = shirt(external_key="woocommerce:44", title="Another shirt")

    assert await save(context, other) == (1, 0, 0, [])
    assert await save(context, other, shirt()) == (0, 0, 2, [])

    assert (await catalogue.get_product(context, await saved(context, "shirt-2"))).title == "Another shirt"


async def test_a_product_found_by_its_key_takes_its_new_handle(context: Context) -> None:
    await save(context, shirt())
    id_ = await saved(context)

    assert await save(context, shirt("blouse", external_key="shopify:shirt")) == (0, 1, 0, [])

    assert await saved(context, "blouse") == id_
    assert await redirects.find(context, "product", "shirt") == id_


async def test_the_later_of_two_drafts_of_one_product_wins(context: Context) -> None:
    assert await save(context, shirt(title="First"), shirt(title="Second")) == (1, 1, 0, [])

    assert (await catalogue.get_product(context, await saved(context))).title == "Second"


async def test_variants_keep_their_stock_when_their_options_are_renamed(context: Context) -> None:
    await save(context, shirt())
    small, medium = await catalogue.variants_of(context, [await saved(context)])

    renamed = shirt(
        options=(OptionDraft(name="Fit", values=("Small", "Medium")),),
        variants=(
            VariantDraft(options={"Fit": "Small"}, sku="shirt-S", position=0),
            VariantDraft(options={"Fit": "Medium"}, sku="shirt-M", position=1),
        ),
    )
    assert await save(context, renamed) == (0, 1, 0, [])

    found = await catalogue.variants_of(context, [await saved(context)])
    assert [variant.id for variant in found] == [small.id, medium.id]
    assert found[0].options == {"Fit": "Small"}
    assert (await inventory.available(context, [small.id]))[small.id].quantity == 5


async def test_promised_stock_is_not_taken_away_by_a_file(context: Context) -> None:
    await save(context, shirt(), shirt("other"))
    small, _ = await catalogue.variants_of(context, [await saved(context)])
    await reserving.reserve(context, "cart", [reserving.Line(small.id, 4)])
    fewer = shirt(title="Changed", variants=tuple(replace(v, quantity=1) for v in shirt().variants or ()))
    none = shirt(title="Changed", variants=())

    for draft in (fewer, none):
        created, updated, unchanged, reasons = await save(context, draft, shirt("other"))
        assert (created, updated, unchanged, len(reasons)) == (0, 0, 1, 1)

    assert (await catalogue.get_product(context, await saved(context))).title == "Shirt"
    assert (await inventory.available(context, [small.id]))[small.id].on_hand == 5


async def test_negative_quantities_of_an_export_are_none(context: Context) -> None:
    assert await save(context, shirt(variants=tuple(replace(v, quantity=-3) for v in shirt().variants or ()))) == (
        1,
        0,
        0,
        [],
    )

    small, _ = await catalogue.variants_of(context, [await saved(context)])
    assert (await inventory.available(context, [small.id]))[small.id].on_hand == 0


async def test_what_staff_changed_is_said_again_by_the_file(context: Context) -> None:
    await save(context, shirt())
    id_ = await saved(context)
    await service.change(context, id_, title="By hand", subtitle="Kept")
    (option,) = (await variants.options_of(context, [id_]))[id_]

    assert await save(context, shirt()) == (0, 1, 0, [])

    product = await catalogue.get_product(context, id_)
    assert (product.title, product.subtitle) == ("Shirt", "Kept")
    assert [one.id for one in (await variants.options_of(context, [id_]))[id_]] == [option.id]


async def test_pictures_without_a_usable_address_are_left_out(context: Context) -> None:
    images = (ImageDraft(url="javascript:alert(1)"), ImageDraft(url="https://pictures.example/a.jpg", position=1))

    assert await save(context, shirt(images=images)) == (1, 0, 0, [])

    id_ = await saved(context)
    assert len((await pictures.of(context, [id_]))[id_]) == 1
