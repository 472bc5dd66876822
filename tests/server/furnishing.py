"""Fills a site with one of everything through the admin API, always under the same names: tenants could clash."""

import io
from typing import Any

from PIL import Image
from tests.server.conftest import Site
from tests.server.furnishing_sales import sell

from rustok.commerce.inventory import reserving
from rustok.core.access import lockouts
from rustok.core.content import comments
from rustok.core.modules import service as switches
from rustok.core.tenants import service as tenants
from rustok.kernel.ids import parse_id


def picture(colour: str = "teal") -> bytes:
    """A small PNG."""
    written = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(written, "PNG")
    return written.getvalue()


async def furnish(site: Site) -> None:
    """One of everything; the ids are in `site.ids` by kind."""
    async with site.host.database.open(site.tenant) as context:
        await tenants.update(context, version=1, settings={"mail": {"attach_invoice": True}})
    await _people(site)
    await _magazine(site)
    await _shop(site)
    await sell(site)


async def _made(site: Site, operation: str, entity: str, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = next(iter((await site.admin(operation, **variables)).values()))
    assert answer[entity] is not None, operation
    found: dict[str, Any] = answer[entity]
    return found


async def _people(site: Site) -> None:
    ids = site.ids
    await _made(
        site,
        'mutation { roleCreate(input: {slug: "editor", name: "Editor", permissions: ["content:read"]})'
        " { role { slug } userErrors { code message } } }",
        "role",
    )
    user = await _made(
        site,
        'mutation { userCreate(input: {email: "ann@example.com", name: "Ann", role: "editor",'
        ' password: "correct horse battery"}) { user { id } userErrors { code message } } }',
        "user",
    )
    key = await _made(
        site,
        'mutation { apiKeyCreate(input: {name: "Robot", permissions: ["content:read"]})'
        " { apiKey { id } userErrors { code message } } }",
        "apiKey",
    )
    sessions = (await site.admin("{ mySessions { id } me { id } }"))["mySessions"]
    ids |= {"user": user["id"], "api_key": key["id"], "session": sessions[0]["id"]}
    await site.admin('mutation { moduleSettingsSet(name: "commerce", settings: {}) { userErrors { code message } } }')
    await site.post("/admin/graphql", 'mutation { passwordResetRequest(email: "ann@example.com") { accepted } }')
    async with site.host.database.open(site.tenant) as context:
        await lockouts.note(context, lockouts.account("nobody@example.com"))
        await switches.enable(context, "commerce")


async def _magazine(site: Site) -> None:
    ids = site.ids
    upload = await site.client.post(
        "/admin/media", files={"file": ("boat.png", picture(), "image/png")}, headers=site.headers()
    )
    assert upload.status_code == 201, upload.text
    ids["media"] = upload.json()["media"]["id"]
    ids["file"] = upload.json()["media"]["url"]
    category = await _made(
        site,
        'mutation { contentCategoryCreate(input: {name: "News", slug: "news"})'
        " { category { id } userErrors { code message } } }",
        "category",
    )
    ids["category"] = category["id"]
    create = """mutation($input: ContentCreateInput!) { contentCreate(input: $input)
      { content { id version } userErrors { code message field } } }"""
    post = await _made(
        site,
        create,
        "content",
        input={
            "kind": "post",
            "title": "Hello boats",
            "slug": "hello",
            "body": "Body of *Hello*",
            "categoryIds": [ids["category"]],
            "tags": ["Sea"],
            "coverMediaId": ids["media"],
        },
    )
    page = await _made(site, create, "content", input={"kind": "page", "title": "About", "slug": "about"})
    ids |= {"node": post["id"], "page": page["id"]}
    publish = "mutation($id: ID!) { contentPublish(id: $id) { content { id } userErrors { code message } } }"
    for one in (post, page):
        await site.admin(publish, id=one["id"])
    async with site.host.database.open(site.tenant) as context:
        comment = await comments.add_comment(
            context, parse_id(post["id"]), body="Nice", author_name="Bo", author_email="bo@example.com"
        )
        ids["comment"] = str(comment.id)
    await site.admin(
        "mutation($ids: [ID!]!) { commentsApprove(ids: $ids) { count userErrors { code message } } }",
        ids=[ids["comment"]],
    )
    await site.admin(
        """mutation($id: ID!) { contentTranslate(id: $id, input: {locale: "ru", title: "Привет"})
          { locale userErrors { code message } } }""",
        id=ids["node"],
    )
    await site.admin(
        """mutation($id: ID!) { redirectCreate(targetType: "node:post", targetId: $id, slug: "old-hello")
          { userErrors { code message } } }""",
        id=ids["node"],
    )
    await site.admin(
        """mutation($id: ID!) { metaSet(targetType: "node", targetId: $id, input: {title: "Meta"})
          { userErrors { code message } } }""",
        id=ids["node"],
    )
    menu = await _made(
        site,
        """mutation($id: ID!) { menuSave(slug: "main", name: "Main", items: [{targetType: "node", targetId: $id}])
          { menu { id items { id } } userErrors { code message } } }""",
        "menu",
        id=ids["page"],
    )
    ids |= {"menu": menu["id"], "menu_item": menu["items"][0]["id"]}
    tags = (await site.admin("{ tags { nodes { id } } }"))["tags"]["nodes"]
    ids["tag"] = tags[0]["id"]


async def _shop(site: Site) -> None:
    ids = site.ids
    category = await _made(
        site,
        'mutation { commerceCategoryCreate(input: {name: "Boats", handle: "boats"})'
        " { category { id } userErrors { code message } } }",
        "category",
    )
    ids["commerce_category"] = category["id"]
    product = await _made(
        site,
        'mutation { productCreate(input: {title: "Red boat", handle: "red-boat", description: "<p>Floats</p>"})'
        " { product { id } userErrors { code message } } }",
        "product",
    )
    ids["product"] = product["id"]
    options = await _made(
        site,
        """mutation($id: ID!) { productOptionsSet(id: $id, options: [{name: "Size", values: ["S", "L"]}])
          { product { options { id } variants { id } } userErrors { code message } } }""",
        "product",
        id=product["id"],
    )
    ids["option"] = options["options"][0]["id"]
    if not options["variants"]:
        await site.admin(
            """mutation($id: ID!) { productVariantCreate(productId: $id, input: {sku: "RB-S",
              options: [{name: "Size", value: "S"}]}) { variant { id } userErrors { code message field } } }""",
            id=product["id"],
        )
    variants = await site.admin("query($id: ID!) { product(id: $id) { variants { id } } }", id=product["id"])
    ids["variant"] = variants["product"]["variants"][0]["id"]
    listed = await _made(
        site,
        'mutation { priceListCreate(input: {name: "Sale", code: "sale"})'
        " { priceList { id } userErrors { code message } } }",
        "priceList",
    )
    location = await _made(
        site,
        'mutation { stockLocationCreate(input: {name: "Shed", code: "shed"})'
        " { location { id } userErrors { code message } } }",
        "location",
    )
    ids |= {"price_list": listed["id"], "location": location["id"]}
    await site.admin(
        """mutation($variant: ID!, $list: ID!) { variantPricesSet(variantId: $variant, prices: [
            {price: {amount: "19.99", currencyCode: "EUR"}},
            {price: {amount: "9.99", currencyCode: "EUR"}, priceListId: $list}])
          { userErrors { code message field } } }""",
        variant=ids["variant"],
        list=ids["price_list"],
    )
    await site.admin(
        """mutation($variant: ID!, $location: ID!) {
          stockSet(input: {variantId: $variant, locationId: $location, quantity: 7}) { userErrors { message } } }""",
        variant=ids["variant"],
        location=ids["location"],
    )
    async with site.host.database.open(site.tenant) as context:
        await reserving.reserve(context, "cart 1", [reserving.Line(parse_id(ids["variant"]), 1)])
    await site.admin(
        """mutation($id: ID!, $categories: [ID!]!, $pictures: [ID!]!) {
          categories: productCategoriesSet(id: $id, categoryIds: $categories) { userErrors { code message } }
          pictures: productImagesSet(id: $id, mediaIds: $pictures) { userErrors { code message } }
          tags: productTagsSet(id: $id, tags: ["Sea"]) { userErrors { code message } }
          seo: productSeoSet(id: $id, meta: {title: "Boat"}) { userErrors { code message } }
          text: productTranslate(id: $id, locale: "ru", fields: {title: "Лодка"}) { userErrors { code message } }
          publish: productPublish(id: $id) { userErrors { code message } } }""",
        id=ids["product"],
        categories=[ids["commerce_category"]],
        pictures=[ids["media"]],
    )
