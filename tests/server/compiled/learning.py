"""What a tenant has, read from its own answers: ids, handles, words, and cursors of every list in every order."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from graphql import GraphQLEnumType, GraphQLField
from tests.server import asking
from tests.server.compiled.comparing import ORDINARY
from tests.server.compiled.values import NOBODY, PER_CURRENCY, WORDS, Known, order_of
from tests.server.conftest import Site

EVERYTHING = (
    """products(first: 100) { nodes { id handle title vendor productType tagLinks { slug } options { name values }
      categories { id handle } } }""",
    "categories(first: 100) { nodes { id handle parent { handle } depth productCount } }",
    """contents(first: 100) { nodes { id kind slug author { id } publishedAt tagLinks { slug }
      categories { slug } } }""",
    "contentCategories { nodes { id slug } } tags { nodes { id slug } } menus { nodes { id slug } }",
)
LISTS = ("products", "categories", "contents", "contentCategories", "tags", "menus", "search")


async def learn(shops: Mapping[str, Site]) -> dict[str, Known]:
    """Everything the generator wants to know of each shop; each also knows ids of another one."""
    found = {}
    for name, site in shops.items():
        tenant = site.tenant
        known = Known(name, tenant.hosts[0], tenant.locales, tenant.currencies, tenant.default_currency)
        for locale in tenant.locales:
            for query in EVERYTHING:
                _learn_values(known, await _data(site, f"{{ {query} }}", {}, **{"X-Locale": locale}))
        for field_name in LISTS:
            await _learn_cursors(site, known, field_name)
        found[name] = known
    strange = {key: values[:2] for key, values in found["small"].values.items() if key.endswith(".id")}
    for key, values in strange.items():
        if found["large"].values.get(key):
            found["large"].values[key] += [value for value in values if value != NOBODY]
    return found


async def _data(site: Site, query: str, variables: Mapping[str, Any], **headers: str) -> dict[str, Any]:
    body = {"query": query, "variables": dict(variables)}
    answer = (await site.client.post("/graphql", json=body, headers={**ORDINARY, **headers})).json()
    if "errors" in answer:  # commerce is switched off, and its lists are what cannot be null
        assert answer["errors"][0]["extensions"]["code"] in ("module_disabled", "invalid"), answer["errors"]
    data: dict[str, Any] = answer["data"] or {}
    return data


def _nodes(data: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    yield from (data.get(name) or {}).get("nodes", ())


def _learn_values(known: Known, data: Mapping[str, Any]) -> None:
    for one in _nodes(data, "products"):
        known.learn("Product", id=one["id"], handle=one["handle"], title=one["title"], vendor=one["vendor"])
        known.learn("Product", type=one["productType"])
        for shelf in one["categories"]:
            known.learn("Product", category=shelf["handle"], categoryId=shelf["id"])
        for tag in one["tagLinks"]:
            known.learn("Product", tag=tag["slug"])
        for option in one["options"]:
            known.values.setdefault("Product.option.name", []).append(option["name"])
            known.values.setdefault("Product.option.values", []).extend(option["values"])
    known.learn("Product", handle="thing-3")  # a former one
    for one in _nodes(data, "categories"):
        known.learn("Category", id=one["id"], handle=one["handle"], depth=one["depth"], parentId=one["id"])
        known.learn("Category", productCount=one["productCount"], parent=(one["parent"] or {}).get("handle"))
    for one in _nodes(data, "contents"):
        known.learn("Content", id=one["id"], kind=one["kind"], slug=one["slug"], published=one["publishedAt"])
        known.learn("Content", author=(one["author"] or {}).get("id"), parent=one["id"])
        for tag in one["tagLinks"]:
            known.learn("Content", tag=tag["slug"])
        for topic in one["categories"]:
            known.learn("Content", category=topic["slug"])
    known.learn("Content", slug="post-1")  # a former one
    for name, kind in (("contentCategories", "ContentCategory"), ("tags", "Tag"), ("menus", "Menu")):
        for one in _nodes(data, name):
            known.learn(kind, id=one["id"], slug=one["slug"])
            known.learn(kind, parent=one["id"])


async def _learn_cursors(site: Site, known: Known, name: str) -> None:
    query = asking.STOREFRONT.query_type
    assert query is not None
    declared: GraphQLField = query.fields[name]
    sorts = declared.args["sort"].type if "sort" in declared.args else None
    orders = [None, *(sorts.values if isinstance(sorts, GraphQLEnumType) else ())]
    listed = [] if name == "search" else [*product(orders, [known.default_currency], [None])]
    listed += [(sort, currency, None) for sort, currency in product(orders, known.currencies) if sort in PER_CURRENCY]
    if "query" in declared.args:
        listed += [(None, known.default_currency, words) for words in WORDS]
    for sort, currency, words in listed:
        arguments = [f"{key}: ${key}" for key, value in (("query", words), ("sort", sort)) if value is not None]
        types = {"query": "String!" if name == "search" else "String", "sort": str(sorts)}
        heads = [f"${key}: {types[key]}" for key, value in (("query", words), ("sort", sort)) if value is not None]
        heading = f"query({', '.join(heads)})" if heads else ""
        text = f"{heading} {{ {name}({', '.join(['first: 100', *arguments])}) {{ edges {{ cursor }} }} }}"
        given = {key: value for key, value in (("query", words), ("sort", sort)) if value is not None}
        data = await _data(site, text, given, **{"X-Currency": currency})
        cursors = [edge["cursor"] for edge in (data.get(name) or {}).get("edges", ())]
        if cursors:
            known.cursors[order_of(declared, given, currency)] = cursors
