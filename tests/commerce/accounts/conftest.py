"""Both schemas as customers and staff ask them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from tests.commerce.customers.conftest import HOME, acting, made_in, make_customer

from rustok.commerce.module import module
from rustok.kernel import graphql
from rustok.kernel.context import SYSTEM, Actor, TenantInfo
from rustok.kernel.db import Database

__all__ = ["HOME", "acting", "made_in", "make_customer"]
_CONFIG = StrawberryConfig(scalar_map=dict[object, Any](graphql.SCALARS.items()))
ADMIN = strawberry.Schema(
    merge_types("Query", tuple(module.admin_queries)),
    merge_types("Mutation", tuple(module.admin_mutations)),
    config=_CONFIG,
)
STOREFRONT = strawberry.Schema(
    merge_types("Query", tuple(module.queries)), merge_types("Mutation", tuple(module.mutations)), config=_CONFIG
)
Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """Run an operation of the admin, or of the storefront with `of=STOREFRONT`; errors are answered as their codes."""

    async def asked(
        operation: str,
        *,
        actor: Actor = SYSTEM,
        of: strawberry.Schema = ADMIN,
        at: TenantInfo | None = None,
        **variables: object,
    ) -> dict[str, Any]:
        place = at or tenant
        edge = graphql.Operation(
            tenant=place,
            actor=actor,
            locale="en",
            currency="EUR",
            work=lambda: database.open(place, actor=actor),
            look=lambda: database.read(place, actor=actor),
        )
        result = await of.execute(operation, variables, edge)
        if result.errors:
            return {"errors": [str(getattr(error.original_error, "code", error)) for error in result.errors]}
        assert result.data is not None
        return result.data

    return asked
