"""Every operation asks for exactly the permission that it names, and for nothing where it says that it is public."""

from typing import Any

import pytest
from tests.server import asking
from tests.server.asking import Document, Operation
from tests.server.conftest import OpenSite, Site
from tests.test_architecture import root_fields

REQUIRED: dict[tuple[str, str, str], str | None] = {}
for _, where, one in root_fields():
    _module, part, python_name = where.split(".")
    head, *rest = python_name.split("_")
    shown = one.graphql_name or head + "".join(piece.title() for piece in rest)
    endpoint = "/admin/graphql" if part.startswith("admin_") else "/graphql"
    REQUIRED[endpoint, "mutation" if part.endswith("mutations") else "query", shown] = one.metadata["permission"]
OPERATIONS = list(asking.operations())


def required(operation: Operation) -> str | None:
    """The permission that its field names."""
    return REQUIRED[operation.path, operation.kind, operation.name]


@pytest.fixture(scope="module")
async def shop(open_site: OpenSite) -> Site:
    """A site of which nothing is read or changed."""
    return await open_site()


async def _code(site: Site, operation: Operation, token: str) -> str | None:
    """The code of the error that an operation is answered with, if any."""
    document = Document(operation.kind)
    document.call(operation, asking.arguments(operation, asking.plausible), alias="one")
    response = await site.client.post(operation.path, json=document.body(), headers=site.headers(token))
    found: list[Any] = response.json().get("errors", [])
    return str(found[0]["extensions"]["code"]) if found else None


def test_every_operation_is_declared() -> None:
    assert [str(one) for one in OPERATIONS if (one.path, one.kind, one.name) not in REQUIRED] == []
    assert sum(1 for one in OPERATIONS if required(one)) > 100


async def test_nobody_may_do_what_needs_a_permission(shop: Site) -> None:
    open_doors = [str(one) for one in OPERATIONS if required(one) and await _code(shop, one, "") != "unauthenticated"]
    assert open_doors == []


async def test_all_permissions_but_the_one_are_not_enough(shop: Site) -> None:
    everything = (await shop.admin("{ permissions }"))["permissions"]
    wrong = []
    for missing in sorted({required(one) or "" for one in OPERATIONS} - {""}):
        held = [one for one in everything if one not in (missing, f"{missing.split(':')[0]}:manage")]
        made = await shop.admin(
            """mutation($held: [String!]!) { apiKeyCreate(input: {name: "All but one", permissions: $held})
              { secret userErrors { code message } } }""",
            held=held,
        )
        for operation in OPERATIONS:
            if required(operation) == missing:
                code = await _code(shop, operation, made["apiKeyCreate"]["secret"])
                if code != "forbidden":
                    wrong.append(f"{operation} without {missing}: {code}")
    assert wrong == []
