"""The two GraphQL schemas, made of what the modules declare."""

from collections.abc import Sequence
from typing import Any

import strawberry
import strawberry.federation
from graphql import GraphQLSchema
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import Info

from rustok.kernel import errors, graphql
from rustok.kernel.module import Registry

MOST_REFERENCES = 100  # of one `_entities`: each is looked up by itself


class Federated(strawberry.federation.Schema):
    """Federation's schema, whose `_entities` believes nothing of what it is sent: anybody may ask it."""

    def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:
        """Resolve references that name a federated type and its key, at most so many."""
        if len(representations) > MOST_REFERENCES:
            raise errors.Invalid(f"at most {MOST_REFERENCES} representations at once", field="representations")
        return super().entities_resolver(info, [self._reference(one) for one in representations])

    def _reference(self, given: Any) -> Any:
        name, key = (given.get("__typename"), given.get("id")) if isinstance(given, dict) else (None, None)
        known = self.schema_converter.type_map.get(name) if isinstance(name, str) else None
        if known is None or not hasattr(getattr(known.definition, "origin", None), "resolve_reference"):
            raise errors.Invalid("a representation names a federated type as __typename", field="representations")
        if not isinstance(key, str):
            raise errors.Invalid(f"a representation of {name} holds its id as a text", field="representations")
        return {"__typename": name, "id": key}


def storefront(registry: Registry) -> strawberry.federation.Schema:
    """`/graphql`: what shoppers and readers may see and do."""
    queries = [kind for module in registry.modules for kind in module.queries]
    mutations = [kind for module in registry.modules for kind in module.mutations]
    subscriptions = [kind for module in registry.modules for kind in module.subscriptions]
    return _build(registry, "Query", queries, mutations, subscriptions)


def admin(registry: Registry) -> strawberry.federation.Schema:
    """`/admin/graphql`: what staff and apps may see and do."""
    queries = [kind for module in registry.modules for kind in module.admin_queries]
    mutations = [kind for module in registry.modules for kind in module.admin_mutations]
    return _build(registry, "Query", queries, mutations)


def prepare(registry: Registry) -> None:
    """Complete the types of which the schemas are made: twice is as good as once."""
    for module in registry.modules:
        graphql.add(module.additions, module.name if module.optional else None)
        if module.optional:
            parts = (*module.queries, *module.mutations, *module.subscriptions)
            for kind in (*parts, *module.admin_queries, *module.admin_mutations):
                graphql.assign_module(kind, module.name)
    graphql.seal_error_codes()


def _build(
    registry: Registry,
    name: str,
    queries: Sequence[type],
    mutations: Sequence[type],
    subscriptions: Sequence[type] = (),
) -> strawberry.federation.Schema:
    prepare(registry)
    return Federated(
        query=merge_types(name, tuple(queries)),
        mutation=merge_types("Mutation", tuple(mutations)) if mutations else None,
        subscription=merge_types("Subscription", tuple(subscriptions)) if subscriptions else None,
        config=StrawberryConfig(scalar_map=graphql.SCALARS),
    )


def core_schema(schema: strawberry.federation.Schema) -> GraphQLSchema:
    """The schema as graphql-core sees it, which is what runs."""
    made: GraphQLSchema = schema._schema
    return made
