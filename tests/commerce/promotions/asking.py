"""Both schemas of the shop, asked as their edges ask them."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from rustok.commerce.module import module
from rustok.kernel import graphql
from rustok.kernel.context import ANONYMOUS, SYSTEM, Actor, TenantInfo
from rustok.kernel.db import Database

CONFIG = StrawberryConfig(scalar_map=dict[object, Any](graphql.SCALARS.items()))
ADMIN = strawberry.Schema(
    query=merge_types("Query", tuple(module.admin_queries)),
    mutation=merge_types("Mutation", tuple(module.admin_mutations)),
    config=CONFIG,
)
STOREFRONT = strawberry.Schema(
    query=merge_types("Query", tuple(module.queries)),
    mutation=merge_types("Mutation", tuple(module.mutations)),
    config=CONFIG,
)
Ask = Callable[..., Awaitable[Any]]


def asking(database: Database, tenant: TenantInfo, *, staff: bool) -> Ask:
    """Run an operation and answer its only field; an expected error of a query is answered as its code."""

    async def asked(operation: str, *, actor: Actor | None = None, address: str = "192.0.2.1", **variables: Any) -> Any:
        who = actor or (SYSTEM if staff else ANONYMOUS)
        edge = graphql.Operation(
            tenant=tenant,
            actor=who,
            locale="en",
            currency="EUR",
            work=lambda: database.open(tenant, actor=who),
            look=lambda: database.read(tenant, actor=who),
            address=address,
        )
        result = await (ADMIN if staff else STOREFRONT).execute(operation, variables, edge)
        if result.errors:
            return [str(getattr(error.original_error, "code", error)) for error in result.errors]
        assert result.data is not None
        (answer,) = result.data.values()
        return answer

    return asked
