"""What shoppers ask for, once as the platform's GraphQL and once as the yardstick's addresses."""

import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

EMAIL = "bench@example.com"
PASSWORD = "a password for the bench only"  # noqa: S105 - the shop lives for a minute
Request = dict[str, Any]

CARD = """id title handle priceRange { min { amount currencyCode } max { amount currencyCode } }
  images { url altText } hasStock"""
LIST = f"{{ products(first: 24, sort: PUBLISHED_DESC) {{ nodes {{ {CARD} }} }} }}"
DETAIL = """query ($handle: String!) { product(handle: $handle) { id title handle description vendor
  priceRange { min { amount currencyCode } max { amount currencyCode } } images { url altText } tags
  variants { id title sku price { amount currencyCode } availableForSale options { name value } }
  seo { title description } } }"""
SEARCH = f"""query ($query: String!) {{ products(first: 24, query: $query, sort: RELEVANCE) {{
  nodes {{ {CARD} }} facets {{ name values {{ value label count }} }} }} }}"""
CATEGORY = f"""query ($handle: String!, $in: [String!]) {{ category(handle: $handle) {{ id name handle description }}
  products(first: 24, where: {{ category: {{ in: $in }} }}) {{
    nodes {{ {CARD} }} totalCount facets {{ name values {{ value label count }} }} }} }}"""


def ask(document: str, /, **variables: Any) -> Request:
    """A GraphQL request to the storefront's endpoint."""
    return {"path": "/graphql", "body": {"query": document, "variables": variables}}


def pairs(
    handles: Sequence[str], words: Sequence[str], category: str
) -> list[tuple[str, list[Request], list[Request]]]:
    """Name, what we are asked, and what the yardstick is asked for the same."""
    return [
        ("list24", [ask(LIST)], [{"path": "/list"}]),
        (
            "detail",
            [ask(DETAIL, handle=one) for one in handles],
            [{"path": f"/detail?handle={quote(one)}"} for one in handles],
        ),
        (
            "search24",
            [ask(SEARCH, query=one) for one in words],
            [{"path": f"/search?query={quote(one)}"} for one in words],
        ),
        (
            "page.category",
            [{"path": f"/categories/{quote(category)}", "accept": "text/html"}],
            [ask(CATEGORY, handle=category, **{"in": [category]})],
        ),
    ]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
