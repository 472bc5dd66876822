"""Products as the storefront reads them: everything glued, in every language, and right after every change."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.categories import placing
from rustok.commerce.categories import service as categories
from rustok.commerce.inventory import reserving
from rustok.commerce.inventory import service as inventory
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import saving, service, variants
from rustok.commerce.products.drafts import OptionDraft, PriceDraft, ProductDraft, ProductStatus, VariantDraft
from rustok.commerce.products.index_source import ProductSource
from rustok.core.tags import service as tags
from rustok.index import verifying
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.working import Workers
from rustok.server import modules

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


def shirt(handle: str = "shirt") -> ProductDraft:
    """A published shirt in two sizes."""
    return ProductDraft(
        handle=handle,
        title="Shirt",
        status=ProductStatus.PUBLISHED,
        vendor="Loom",
        tags=("Blue",),
        categories=(("Clothing", "Shirts"),),
        options=(OptionDraft(name="Size", values=("S", "M")),),
        variants=tuple(
            VariantDraft(
                options={"Size": size},
                sku=f"{handle}-{size}",
                prices=(
                    PriceDraft(currency="EUR", amount_minor=1999 + position, compare_at_minor=2999),
                    PriceDraft(currency="JPY", amount_minor=3000),
                ),
                quantity=position,
                position=position,
            )
            for position, size in enumerate(("S", "M"))
        ),
    )


async def flat(context: Context, id_: UUID, locale: str = "en") -> dict[str, Any]:
    """The row of the product in a language."""
    rows = (await context.session.execute(ProductSource().documents(context, [id_]))).mappings()
    return next(dict(row) for row in rows if row["locale"] == locale)


async def test_a_row_holds_all_that_a_product_page_shows(context: Context) -> None:
    id_ = (await saving.save_many(context, [shirt()])).ids["shirt"]

    row = await flat(context, id_)

    shown = row["document"]
    assert shown["price_range"] == {
        "EUR": {
            "min": {"amount": "19.99", "currency_code": "EUR"},
            "max": {"amount": "20.00", "currency_code": "EUR"},
        },
        "JPY": {"min": {"amount": "3000", "currency_code": "JPY"}, "max": {"amount": "3000", "currency_code": "JPY"}},
    }
    small, medium = shown["variants"]
    assert (small["title"], small["available_for_sale"], small["quantity_available"]) == ("S", False, 0)
    assert (medium["title"], medium["available_for_sale"], medium["quantity_available"]) == ("M", True, 1)
    assert medium["prices"]["EUR"] == {"amount": "20.00", "currency_code": "EUR"}
    assert medium["compare_at_prices"]["EUR"]["amount"] == "29.99"
    assert medium["options"] == [{"name": "Size", "value": "M"}]
    assert shown["options"] == [{"name": "Size", "values": ["S", "M"]}]
    assert shown["categories"][0]["path"] == [
        {"name": "Clothing", "handle": "clothing"},
        {"name": "Shirts", "handle": "shirts"},
    ]
    assert (shown["total_stock"], shown["has_stock"], shown["tags"]) == (1, True, ["Blue"])
    assert row["prices"] == {"EUR": [1999, 2000], "JPY": [3000, 3000]}
    assert row["category_handles"] == ["clothing", "shirts"]
    assert row["category_labels"] == {"clothing": "Clothing", "shirts": "Shirts"}
    assert row["option_values"] == ["Size\x1fM", "Size\x1fS"]
    assert (row["tag_slugs"], row["tag_labels"]) == (["blue"], {"blue": "Blue"})


async def test_every_text_falls_back_to_the_default_language(context: Context) -> None:
    id_ = (await saving.save_many(context, [shirt()])).ids["shirt"]
    (option,) = (await variants.options_of(context, [id_]))[id_]
    await service.translate(context, id_, locale="ru", fields={"title": "Рубашка"})
    await variants.translate_option(context, option.id, locale="ru", name="Размер", values={"M": "Средний"})
    (category,) = (await placing.places_of(context, [id_]))[id_]
    await categories.translate(context, category, locale="ru", fields={"name": "Рубашки"})

    russian, english = await flat(context, id_, "ru"), await flat(context, id_)

    assert (russian["title"], english["title"]) == ("Рубашка", "Shirt")
    assert russian["document"]["options"] == [{"name": "Размер", "values": ["S", "Средний"]}]
    assert [v["title"] for v in russian["document"]["variants"]] == ["S", "Средний"]
    assert russian["option_values"] == ["Размер\x1fS", "Размер\x1fСредний"]
    assert russian["document"]["categories"][0]["name"] == "Рубашки"
    assert russian["document"]["seo"]["title"] == "Рубашка"
    assert english["document"]["variants"][1]["title"] == "M"


async def test_hidden_categories_are_not_shown_but_are_remembered(context: Context) -> None:
    id_ = (await saving.save_many(context, [shirt()])).ids["shirt"]
    (category,) = (await placing.places_of(context, [id_]))[id_]
    top = (await categories.get(context, category)).path[0]

    await categories.change(context, top, is_active=False)
    row = await flat(context, id_)

    assert (row["document"]["categories"], row["category_handles"]) == ([], [])
    assert {category, top} <= set(row["refs"])


async def test_tiers_are_told_apart_from_the_price_of_one(context: Context) -> None:
    id_ = (await saving.save_many(context, [shirt()])).ids["shirt"]
    small, _ = await catalogue.variants_of(context, [id_])
    await pricing.set_prices(
        context,
        small.id,
        [
            PriceRow(currency="EUR", amount_minor=1000),
            PriceRow(currency="EUR", amount_minor=900, min_quantity=10),
            PriceRow(currency="KWD", amount_minor=1234, min_quantity=2),
        ],
    )

    first = (await flat(context, id_))["document"]["variants"][0]

    assert first["prices"] == {"EUR": {"amount": "10.00", "currency_code": "EUR"}}
    assert first["price_tiers"] == {
        "EUR": [{"min_quantity": 10, "price": {"amount": "9.00", "currency_code": "EUR"}}],
        "KWD": [{"min_quantity": 2, "price": {"amount": "1.234", "currency_code": "KWD"}}],
    }


@pytest.fixture
def fresh(database: Database, workers: Workers, tenant: TenantInfo) -> Callable[[], Any]:
    """Bring the read model up to date and prove that it is what a rebuild would give."""

    async def check() -> None:
        await workers.catch_up()
        verdicts = await verifying.verify(
            database, modules.load().sources, [tenant], entities=["products", "categories"]
        )
        assert [verdict for verdict in verdicts if verdict.differences] == []

    return check


async def test_whatever_changes_reaches_every_row_it_touches(
    open_context: OpenContext, database: Database, tenant: TenantInfo, fresh: Callable[[], Any]
) -> None:
    async def column(name: str) -> Any:
        async with database.read(tenant) as context:
            found = await context.session.execute(
                text(f"SELECT {name} FROM index_products WHERE NOT deleted AND locale = 'en' ORDER BY handle")
            )
            return list(found.scalars())

    async with open_context() as context:
        ids = (await saving.save_many(context, [shirt("a"), shirt("b")])).ids
    await fresh()
    assert await column("handle") == ["a", "b"]

    async with open_context() as context:
        (category,) = (await placing.places_of(context, [ids["a"]]))[ids["a"]]
        await categories.change(context, category, name="Blouses", handle="blouses")
        known = await tags.ensure(context, ["Blue"])
        await tags.rename(context, known["Blue"], name="Navy")
    await fresh()
    assert await column("category_handles") == [["blouses", "clothing"]] * 2
    assert await column("tags") == [["Navy"]] * 2

    async with open_context() as context:
        _, medium = await catalogue.variants_of(context, [ids["a"]])
        await pricing.set_prices(context, medium.id, [PriceRow(currency="EUR", amount_minor=1)])
        await inventory.set_on_hand(context, medium.id, 7)
        await reserving.reserve(context, "cart", [reserving.Line(medium.id, 2)])
        await service.change(context, ids["b"], handle="c")
    await fresh()
    assert await column("total_stock") == [5, 1]
    assert await column("prices -> 'EUR'") == [[1, 1999], [1999, 2000]]
    assert await column("previous_handles") == [[], ["b"]]

    async with open_context() as context:
        await reserving.commit_reservation(context, "cart")
        await variants.remove(context, medium.id)
        await service.remove(context, ids["b"])
        await categories.remove(context, category)
    await fresh()
    assert await column("handle") == ["a"]
    assert await column("category_handles") == [[]]
    assert await column("has_stock") == [False]
