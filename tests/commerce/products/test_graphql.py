"""The catalogue through the admin's GraphQL: what staff do, what they may not, and what hostile inputs get."""

import pytest
from tests.commerce.asking import Ask, admin

from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id

STRANGER = str(generate_id())


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """Run an operation; an expected error of a query is answered as its code."""

    return admin(database, tenant)


async def made(ask: Ask, title: str = "Shirt") -> str:
    """A product's id."""
    answer = await ask(
        "mutation($t: String!) { productCreate(input: {title: $t}) { product { id } userErrors { code } } }", t=title
    )
    id_: str = answer["productCreate"]["product"]["id"]
    return id_


async def test_a_product_is_made_filled_and_read_back(ask: Ask) -> None:
    id_ = await made(ask)
    await ask(
        'mutation($i: ID!) { productOptionsSet(id: $i, options: [{name: "Size", values: ["S", "M"]}])'
        " { userErrors { message } } }",
        i=id_,
    )
    answer = await ask(
        'mutation($i: ID!) { productVariantCreate(productId: $i, input: {options: [{name: "Size", value: "M"}],'
        ' sku: "M-1", cost: {amount: "5.00", currencyCode: "EUR"}}) { variant { id title } userErrors { message } } }',
        i=id_,
    )
    variant = answer["productVariantCreate"]["variant"]
    assert variant["title"] == "M"
    await ask(
        'mutation($v: ID!) { variantPricesSet(variantId: $v, prices: [{price: {amount: "19.99", currencyCode:'
        ' "EUR"}}]) { userErrors { message } } stockSet(input: {variantId: $v, quantity: 3}) { level { available } } }',
        v=variant["id"],
    )
    category = await ask('mutation { commerceCategoryCreate(input: {name: "Shirts"}) { category { id } } }')
    await ask(
        "mutation($i: ID!, $c: [ID!]!) { productCategoriesSet(id: $i, categoryIds: $c) { userErrors { message } }"
        ' productTagsSet(id: $i, tags: ["blue"]) { userErrors { message } }'
        ' productSeoSet(id: $i, meta: {title: "Buy"}) { userErrors { message } }'
        ' productTranslate(id: $i, locale: "ru", fields: {title: "Рубашка"}) { userErrors { message } }'
        " productPublish(id: $i) { userErrors { message } } }",
        i=id_,
        c=[category["commerceCategoryCreate"]["category"]["id"]],
    )

    found = await ask(
        '{ products(first: 5, query: "M-1", where: {status: PUBLISHED}) { totalCount nodes { title status version'
        " options { name values } categories { name } tags seo { title }"
        " variants { sku cost { amount } prices { price { amount currencyCode } } stockLevels { onHand } } } } }"
    )

    (product,) = found["products"]["nodes"]
    assert found["products"]["totalCount"] == 1
    assert product["options"] == [{"name": "Size", "values": ["S", "M"]}]
    assert (product["categories"], product["tags"]) == ([{"name": "Shirts"}], ["blue"])
    assert product["seo"] == {"title": "Buy"}
    assert product["variants"] == [
        {
            "sku": "M-1",
            "cost": {"amount": "5.00"},
            "prices": [{"price": {"amount": "19.99", "currencyCode": "EUR"}}],
            "stockLevels": [{"onHand": 3}],
        }
    ]


async def test_a_lost_update_is_told_as_a_user_error(ask: Ask) -> None:
    id_ = await made(ask)
    update = (
        "mutation($i: ID!, $v: Int!, $t: String) { productUpdate(id: $i, input: {version: $v, title: $t})"
        " { product { title } userErrors { code field } } }"
    )

    assert (await ask(update, i=id_, v=1, t="Blouse"))["productUpdate"]["product"] == {"title": "Blouse"}
    stale = (await ask(update, i=id_, v=1, t="Other"))["productUpdate"]
    null = (await ask(update, i=id_, v=2, t=None))["productUpdate"]

    assert stale == {"product": None, "userErrors": [{"code": "STALE_VERSION", "field": ["version"]}]}
    assert null == {"product": None, "userErrors": [{"code": "INVALID", "field": ["title"]}]}
    assert (await ask("query($i: ID!) { product(id: $i) { title } }", i=id_))["product"] == {"title": "Blouse"}


async def test_many_are_changed_at_once(ask: Ask) -> None:
    ids = [await made(ask), await made(ask), STRANGER]
    bulk = "mutation($i: [ID!]!) {{ {0} {{ count userErrors {{ code }} }} }}"

    for call in (
        "productsBulkPublish(ids: $i)",
        'productsBulkAddTags(ids: $i, tags: ["new"])',
        "productsBulkArchive(ids: $i)",
        "productsBulkDelete(ids: $i)",
    ):
        answer = await ask(bulk.format(call), i=ids)
        assert list(answer.values()) == [{"count": 2, "userErrors": []}]

    assert (await ask("{ products { nodes { id } } }"))["products"]["nodes"] == []


async def test_each_field_needs_its_permission(ask: Ask) -> None:
    reader = Actor(kind="user", permissions=frozenset({"products:read"}))
    id_ = await made(ask)

    assert "product" in await ask("query($i: ID!) { product(id: $i) { id } }", actor=reader, i=id_)
    for operation in (
        'mutation { productCreate(input: {title: "X"}) { product { id } } }',
        "mutation($i: ID!) { productPublish(id: $i) { product { id } } }",
        "mutation($i: ID!) { productDelete(id: $i) { deletedId } }",
        "mutation($i: ID!) { stockSet(input: {variantId: $i, quantity: 1}) { level { onHand } } }",
        "mutation($i: ID!) { variantPricesSet(variantId: $i, prices: []) { prices { minQuantity } } }",
        "{ stockReservations { nodes { id } } }",
        "{ priceLists { nodes { id } } }",
        "{ commerceCategories { nodes { id } } }",
    ):
        variables = {"i": id_} if "$i" in operation else {}
        assert await ask(operation, actor=reader, **variables) == {"errors": ["forbidden"]}
        assert await ask(operation, actor=Actor(), **variables) == {"errors": ["unauthenticated"]}

    product = (await ask("query($i: ID!) { product(id: $i) { status } }", i=id_))["product"]
    assert product == {"status": "DRAFT"}


@pytest.mark.parametrize(
    "call",
    [
        'productUpdate(id: $i, input: {version: 1, title: "X"})',
        "productPublish(id: $i)",
        "productUnpublish(id: $i)",
        "productArchive(id: $i)",
        "productDelete(id: $i)",
        "productDuplicate(id: $i)",
        "productOptionsSet(id: $i, options: [])",
        "productImagesSet(id: $i, mediaIds: [])",
        "productCategoriesSet(id: $i, categoryIds: [])",
        "productTagsSet(id: $i, tags: [])",
        "productSeoSet(id: $i, meta: {})",
        'productTranslate(id: $i, locale: "ru", fields: {title: "X"})',
        'productOptionTranslate(id: $i, locale: "ru", name: "X")',
        "productVariantCreate(productId: $i, input: {})",
        "productVariantUpdate(id: $i, input: {})",
        "productVariantDelete(id: $i)",
        "productVariantsReorder(productId: $i, variantIds: [])",
        "productsBulkAddToCategory(ids: [], categoryId: $i)",
        "productsBulkRemoveFromCategory(ids: [], categoryId: $i)",
        "variantPricesSet(variantId: $i, prices: [])",
        "variantsBulkSetPrices(variants: [{variantId: $i, prices: []}])",
        "priceListUpdate(id: $i, input: {version: 1})",
        "priceListDelete(id: $i)",
        "stockLocationUpdate(id: $i, input: {version: 1})",
        "stockLocationDelete(id: $i)",
        "stockSet(input: {variantId: $i, quantity: 1})",
        "stockBulkSet(quantities: [{variantId: $i, quantity: 1}])",
        'stockAdjust(variantId: $i, delta: 1, reason: "x")',
        'commerceCategoryCreate(input: {name: "X", parentId: $i})',
        "commerceCategoryUpdate(id: $i, input: {version: 1})",
        "commerceCategoryMove(id: $i)",
        "commerceCategoryDelete(id: $i)",
        "commerceCategorySeoSet(id: $i, meta: {})",
        'commerceCategoryTranslate(id: $i, locale: "ru", fields: {name: "X"})',
    ],
)
async def test_what_there_is_not_is_not_found(ask: Ask, call: str) -> None:
    answer = await ask(f"mutation($i: ID!) {{ {call} {{ userErrors {{ code }} }} }}", i=STRANGER)
    malformed = await ask(f"mutation($i: ID!) {{ {call} {{ userErrors {{ code }} }} }}", i="1' OR '1'='1")

    assert list(answer.values()) == [{"userErrors": [{"code": "NOT_FOUND"}]}]
    assert list(malformed.values()) == [{"userErrors": [{"code": "INVALID_ID"}]}]


HOSTILE = [
    "\x00",
    "a\x00b",
    "x" * 100_000,
    "'; DROP TABLE commerce_products; --",
    "<script>alert(1)</script>",
    "\u202e",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_are_kept_as_texts_or_refused(ask: Ask, text: str) -> None:
    for operation in (
        "mutation($t: String!) { productCreate(input: {title: $t, subtitle: $t, vendor: $t, description: $t})"
        " { userErrors { code } } }",
        'mutation($t: String!) { productCreate(input: {title: "A", handle: $t}) { userErrors { code } } }',
        'mutation($t: String!) { productCreate(input: {title: "A", metadata: {a: $t}}) { userErrors { code } } }',
        "mutation($t: String!) { commerceCategoryCreate(input: {name: $t, handle: $t}) { userErrors { code } } }",
        "mutation($t: String!) { priceListCreate(input: {name: $t, code: $t, currency: $t}) { userErrors { code } } }",
        "mutation($t: String!) { stockLocationCreate(input: {name: $t}) { userErrors { code } } }",
        "mutation($t: String!) { stockReservationsRelease(reference: $t) { userErrors { code } } }",
        "query($t: String!) { products(query: $t, where: {vendor: $t}) { nodes { id } } }",
        "query($t: String!) { product(handle: $t) { id } }",
        "query($t: String!) { stockReservations(reference: $t) { nodes { id } } }",
        "query($t: String!) { commerceCategories(query: $t, after: $t) { nodes { id } } }",
    ):
        answer = await ask(operation, t=text)
        assert set(answer.get("errors", [])) <= {"invalid", "invalid_page", "invalid_slug"}, (operation, answer)


@pytest.mark.parametrize("metadata", [[1], "text", 7, True])
async def test_metadata_is_an_object(ask: Ask, metadata: object) -> None:
    answer = await ask(
        'mutation($m: JSON) { productCreate(input: {title: "A", metadata: $m}) { userErrors { code field } } }',
        m=metadata,
    )

    assert answer["productCreate"]["userErrors"] == [{"code": "INVALID", "field": ["metadata"]}]
