"""GraphQL schemas of parts of the program, asked in process as their edges ask them."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from rustok.kernel import graphql
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database

Ask = Callable[..., Awaitable[dict[str, Any]]]


def schema(queries: Iterable[type], mutations: Iterable[type]) -> strawberry.Schema:
    """What these types offer, with the scalars of the program."""
    return strawberry.Schema(
        query=merge_types("Query", tuple(queries)),
        mutation=merge_types("Mutation", tuple(mutations)),
        config=StrawberryConfig(scalar_map=dict[object, Any](graphql.SCALARS.items())),
    )


def asking(asked: strawberry.Schema, database: Database, tenant: TenantInfo, standard: Actor) -> Ask:
    """`await ask(operation, actor=…, **variables)`: the data, or `{"errors": […]}` with the codes of expected errors.

    Somebody else asks with `actor`, another schema is asked with `of`, another tenant `at`.
    """

    async def ask(
        operation: str,
        *,
        actor: Actor | None = None,
        of: strawberry.Schema = asked,
        at: TenantInfo = tenant,
        locale: str = "en",
        address: str = "192.0.2.1",
        **variables: object,
    ) -> dict[str, Any]:
        who = actor or standard
        edge = graphql.Operation(
            tenant=at,
            actor=who,
            locale=locale,
            currency="EUR",
            work=lambda: database.open(at, actor=who, locale=locale),
            look=lambda: database.read(at, actor=who, locale=locale),
            address=address,
        )
        result = await of.execute(operation, variables, edge)
        if result.errors:
            return {"errors": [str(getattr(error.original_error, "code", error)) for error in result.errors]}
        assert result.data is not None
        return dict(result.data)

    return ask
