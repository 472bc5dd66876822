"""Redirects in GraphQL, for staff."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.redirects import service as redirects
from rustok.core.redirects.models import Redirect
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context


@strawberry.type(name="Redirect", description="An old slug or handle and the thing that it leads to.")
class RedirectType:
    target_type: str
    slug: str
    target_id: strawberry.ID
    created_at: datetime

    @classmethod
    def of(cls, entry: "redirects.Entry | Redirect") -> "RedirectType":
        """From the stored row or the service's value."""
        return cls(
            target_type=entry.target_type,
            slug=entry.slug,
            target_id=strawberry.ID(str(entry.target_id)),
            created_at=entry.created_at,
        )


@strawberry.type
class RedirectPayload:
    redirect: RedirectType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class RedirectDeletePayload:
    deleted_slug: str | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class RedirectQueries:
    @graphql.query(permission=permissions.REDIRECTS_READ)
    async def redirects(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        target_type: str | None = None,
        target_id: strawberry.ID | None = None,
    ) -> graphql.Connection[RedirectType]:
        found = redirects.every(target_type=target_type, target_id=graphql.to_id(target_id) if target_id else None)
        page = await paging.page(
            context,
            found,
            keys=[(Redirect.target_type, paging.ASC), (Redirect.slug, paging.ASC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, RedirectType.of, statement=found)


@strawberry.type
class RedirectMutations:
    @graphql.mutation(
        permission=permissions.REDIRECTS_WRITE,
        description="Let an address that nothing has lead to a target (product, node:page, node:post, category, tag).",
    )
    async def redirect_create(
        self, context: Context, target_type: str, target_id: strawberry.ID, slug: str
    ) -> RedirectPayload:
        entry = await redirects.create(context, target_type, graphql.to_id(target_id), slug=slug)
        return RedirectPayload(redirect=RedirectType.of(entry))

    @graphql.mutation(permission=permissions.REDIRECTS_DELETE)
    async def redirect_delete(self, context: Context, target_type: str, slug: str) -> RedirectDeletePayload:
        await redirects.remove(context, target_type, slug=slug)
        return RedirectDeletePayload(deleted_slug=slug)


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [RedirectQueries]
ADMIN_MUTATIONS: list[type] = [RedirectMutations]
