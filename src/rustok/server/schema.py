"""The two GraphQL schemas, made of what the modules declare."""

from collections.abc import Sequence

import strawberry
import strawberry.federation
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from rustok.kernel import graphql
from rustok.kernel.module import Registry


def storefront(registry: Registry) -> strawberry.federation.Schema:
    """`/graphql`: what shoppers and readers may see and do."""
    queries = [kind for module in registry.modules for kind in module.queries]
    mutations = [kind for module in registry.modules for kind in module.mutations]
    return _build(registry, "Query", queries, mutations)


def admin(registry: Registry) -> strawberry.federation.Schema:
    """`/admin/graphql`: what staff and apps may see and do."""
    queries = [kind for module in registry.modules for kind in module.admin_queries]
    mutations = [kind for module in registry.modules for kind in module.admin_mutations]
    return _build(registry, "Query", queries, mutations)


def _build(
    registry: Registry, name: str, queries: Sequence[type], mutations: Sequence[type]
) -> strawberry.federation.Schema:
    for module in registry.modules:
        if module.optional:
            for kind in (*module.queries, *module.mutations, *module.admin_queries, *module.admin_mutations):
                graphql.assign_module(kind, module.name)
    graphql.seal_error_codes()
    return strawberry.federation.Schema(
        query=merge_types(name, tuple(queries)),
        mutation=merge_types("Mutation", tuple(mutations)) if mutations else None,
        config=StrawberryConfig(scalar_map=graphql.SCALARS),
    )


def core_schema(schema: strawberry.federation.Schema) -> GraphQLSchema:
    """The schema as graphql-core sees it, which is what runs."""
    made: GraphQLSchema = schema._schema
    return made
