"""How staff ask for content."""

from typing import Any

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.content import reading
from rustok.core.content.graphql.types import NodeType, Order, StatusEnum, whole
from rustok.core.content.models import Node, Status
from rustok.core.content.reading import COMMENT
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context

_KEYS: dict[Order, tuple[Any, bool]] = {
    Order.CREATED_DESC: (Node.created_at, paging.DESC),
    Order.CREATED_ASC: (Node.created_at, paging.ASC),
    Order.UPDATED_DESC: (Node.updated_at, paging.DESC),
    Order.PUBLISHED_DESC: (Node.published_at, paging.DESC),
    Order.TITLE_ASC: (Node.title, paging.ASC),
}


@strawberry.type
class ContentQueries:
    @graphql.query(permission=permissions.CONTENT_READ, description="One node, with its body, categories and tags.")
    async def content(self, context: Context, id: strawberry.ID) -> NodeType | None:
        try:
            node = await reading.get(context, graphql.to_id(id))
        except errors.NotFound:
            return None
        return await whole(context, node)

    @graphql.query(
        permission=permissions.CONTENT_READ, description="Nodes, comments among them, whatever their status."
    )
    async def contents(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        kind: str | None = None,
        status: list[StatusEnum] | None = None,
        query: str | None = None,
        parent_id: strawberry.ID | None = None,
        root_id: strawberry.ID | None = None,
        category_id: strawberry.ID | None = None,
        author_id: strawberry.ID | None = None,
        sort: Order = Order.CREATED_DESC,
    ) -> graphql.Connection[NodeType]:
        found = reading.every(
            kind=kind,
            statuses=[one.value for one in status or ()],
            parent_id=graphql.to_id(parent_id) if parent_id else None,
            root_id=graphql.to_id(root_id) if root_id else None,
            category_id=graphql.to_id(category_id) if category_id else None,
            author_id=graphql.to_id(author_id) if author_id else None,
            text=query,
        )
        page = await paging.page(
            context,
            found,
            keys=[_KEYS[sort], (Node.id, paging.ASC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, NodeType.of, statement=found)

    @graphql.query(
        permission=permissions.CONTENT_PUBLISH, description="Comments that wait for somebody to look at them."
    )
    async def comments_pending(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        spam: bool = False,
    ) -> graphql.Connection[NodeType]:
        found = reading.every(kind=COMMENT, statuses=[Status.SPAM if spam else Status.PENDING])
        page = await paging.page(
            context, found, keys=[(Node.created_at, paging.ASC), (Node.id, paging.ASC)], first=first, after=after
        )
        bodies = await reading.bodies_of(context, [node.id for node in page.rows])
        return graphql.connection(
            info, page, lambda node: NodeType.of(node).with_body(bodies.get(node.id)), statement=found
        )
