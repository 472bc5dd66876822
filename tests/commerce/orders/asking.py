"""Asks both schemas of the shop in process, as staff or as a buyer."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from graphql import get_named_type, is_leaf_type
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from rustok.commerce.module import module
from rustok.kernel import graphql
from rustok.kernel.context import ANONYMOUS, SYSTEM, Actor, TenantInfo
from rustok.kernel.db import Database

_CONFIG = StrawberryConfig(scalar_map=dict[object, Any](graphql.SCALARS.items()))
ADMIN = strawberry.Schema(
    query=merge_types("Query", tuple(module.admin_queries)),
    mutation=merge_types("Mutation", tuple(module.admin_mutations)),
    config=_CONFIG,
)
STOREFRONT = strawberry.Schema(query=merge_types("Query", tuple(module.queries)), config=_CONFIG)
Ask = Callable[..., Awaitable[dict[str, Any]]]


def asking(schema: strawberry.Schema, database: Database, tenant: TenantInfo, standard: Actor) -> Ask:
    """A function that runs an operation; an expected error of a query is answered as its code."""

    async def asked(operation: str, *, actor: Actor = standard, **variables: object) -> dict[str, Any]:
        edge = graphql.Operation(
            tenant=tenant,
            actor=actor,
            locale="en",
            currency="EUR",
            work=lambda: database.open(tenant, actor=actor),
            look=lambda: database.read(tenant, actor=actor),
        )
        result = await schema.execute(operation, variables, edge)
        if result.errors:
            return {"errors": [str(getattr(error.original_error, "code", error)) for error in result.errors]}
        assert result.data is not None
        return result.data

    return asked


def admin(database: Database, tenant: TenantInfo) -> Ask:
    """Staff who may do everything."""
    return asking(ADMIN, database, tenant, SYSTEM)


def everything(kind: str, *, within: tuple[str, ...] = ()) -> str:
    """A selection of all fields that staff can ask of a type and of what is in it, where no type is in itself."""
    selected = []
    for name, field in ADMIN._schema.type_map[kind].fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            selected.append(name)
        elif inner.name not in (*within, kind):
            selected.append(f"{name} {everything(inner.name, within=(*within, kind))}")
    return "{ " + " ".join(selected) + " }"


def buyer(database: Database, tenant: TenantInfo) -> Ask:
    """Somebody who is not logged in."""
    return asking(STOREFRONT, database, tenant, ANONYMOUS)
