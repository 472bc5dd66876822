"""What shoppers ask for: once as the platform's GraphQL, once as the yardstick's addresses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

EMAIL = "bench@example.com"
PASSWORD = "a password for the bench only"  # noqa: S105 - the shop lives for a minute
Request = dict[str, Any]

FRESH = {"Cache-Control": "no-cache"}  # past the response cache
ORDINARY = {**FRESH, "RusToK-Executor": "ordinary"}  # through the resolvers

CARD = """id title handle priceRange { min { amount currencyCode } max { amount currencyCode } }
  featuredImage { url altText width height } hasStock"""
FACETS = 'facets(names: ["category", "tag", "option"]) { name values { value label count } }'
LIST = f"{{ products(first: 24, sort: PUBLISHED_DESC) {{ nodes {{ {CARD} }} }} }}"
DETAIL = """query ($handle: String!) { product(handle: $handle) { id title handle description vendor
  priceRange { min { amount currencyCode } max { amount currencyCode } }
  images { url altText width height } tags options { name values }
  categories { id name handle } variants { id title sku price { amount currencyCode } availableForSale
  options { name value } } seo { title description } } }"""
SEARCH = f"""query ($query: String!) {{ products(first: 24, query: $query, sort: RELEVANCE) {{
  nodes {{ {CARD} }} {FACETS} }} }}"""
CATEGORY = f"""query ($handle: String!) {{ category(handle: $handle) {{ id name handle description
    children {{ name handle }} path {{ name handle }} }}
  products(first: 24, sort: PUBLISHED_DESC, where: {{ category: {{ in: [$handle] }} }}) {{
    nodes {{ {CARD} }} totalCount pageInfo {{ hasNextPage endCursor }}
    facets {{ name label values {{ value label count }} }} }} }}"""
AFTER = f"""query ($after: String) {{ products(first: 24, sort: PUBLISHED_DESC, after: $after) {{
  nodes {{ {CARD} }} }} }}"""
STRIDE = """query ($first: Int!, $after: String) { products(first: $first, sort: PUBLISHED_DESC, after: $after) {
  nodes { id } pageInfo { endCursor hasNextPage } } }"""


@dataclass(frozen=True)
class Question:
    """One kind of thing that shoppers ask, and the same asked of the yardstick."""

    name: str
    ours: tuple[Request, ...]
    theirs: tuple[Request, ...]

    def with_headers(self, headers: dict[str, str]) -> "Question":
        """The same, ours with other headers."""
        return replace(self, ours=tuple({**one, "headers": headers} for one in self.ours))


def ask(document: str, /, headers: dict[str, str] | None = None, **variables: Any) -> Request:
    """A GraphQL request to the storefront's endpoint; past the cache unless other headers are given."""
    body = {"query": document, "variables": variables} if variables else {"query": document}
    return {"path": "/graphql", "body": body, "headers": FRESH if headers is None else headers}


def ask_by_address(document: str, headers: dict[str, str] | None = None) -> Request:
    """The same as GET, as a CDN would ask; what is cached may be answered unless the headers say otherwise."""
    return {"path": "/graphql?" + urlencode({"query": " ".join(document.split())}), "headers": headers or {}}


def questions(handles: Sequence[str], words: Sequence[str]) -> list[Question]:
    """What is measured against the yardstick: a list, product pages, searches."""
    return [
        Question("list24", (ask(LIST),), ({"path": "/list", "body": {}},)),
        Question(
            "detail",
            tuple(ask(DETAIL, handle=one) for one in handles),
            tuple({"path": "/detail", "body": {"handle": one}} for one in handles),
        ),
        Question(
            "search24",
            tuple(ask(SEARCH, query=one) for one in words),
            tuple({"path": "/search", "body": {"query": one}} for one in words),
        ),
    ]


def category_page(handle: str) -> Question:
    """A category's page, and in the yardstick's place the query that asks for what it shows."""
    page = {"path": f"/categories/{quote(handle)}", "headers": {**FRESH, "Accept": "text/html"}}
    return Question("page.category", (page,), (ask(CATEGORY, handle=handle),))
