"""Content in GraphQL: nodes, comments and leaving categories for staff; comments and unlocking for readers."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.content import comments, filing, reading, service
from rustok.core.content.models import Body, Node, Status
from rustok.core.content.reading import COMMENT, TARGET
from rustok.core.keeping import KEEP
from rustok.core.tags import service as tags
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(name="ContentStatus")
class StatusEnum(Enum):
    DRAFT = Status.DRAFT.value
    PUBLISHED = Status.PUBLISHED.value
    ARCHIVED = Status.ARCHIVED.value
    SCHEDULED = Status.SCHEDULED.value
    PRIVATE = Status.PRIVATE.value
    PENDING = Status.PENDING.value
    SPAM = Status.SPAM.value


@strawberry.enum(name="ContentFormat")
class FormatEnum(Enum):
    MARKDOWN = "markdown"
    HTML = "html"


@strawberry.enum(name="ContentOrder")
class Order(Enum):
    CREATED_DESC = "created_desc"
    CREATED_ASC = "created_asc"
    UPDATED_DESC = "updated_desc"
    PUBLISHED_DESC = "published_desc"
    TITLE_ASC = "title_asc"


_KEYS: dict[Order, tuple[Any, bool]] = {
    Order.CREATED_DESC: (Node.created_at, paging.DESC),
    Order.CREATED_ASC: (Node.created_at, paging.ASC),
    Order.UPDATED_DESC: (Node.updated_at, paging.DESC),
    Order.PUBLISHED_DESC: (Node.published_at, paging.DESC),
    Order.TITLE_ASC: (Node.title, paging.ASC),
}


@strawberry.type(name="ContentNode", description="A page, a post, a comment or a node of another kind.")
class NodeType:
    id: strawberry.ID
    kind: str
    title: str | None
    slug: str | None
    excerpt: str | None
    status: StatusEnum
    parent_id: strawberry.ID | None
    root_id: strawberry.ID | None
    author_id: strawberry.ID | None
    author_name: str | None
    author_url: str | None
    category_id: strawberry.ID | None
    cover_media_id: strawberry.ID | None
    position: int
    depth: int
    reply_count: int
    sticky: bool
    comments_open: bool
    protected: bool
    metadata: graphql.JSON
    version: int
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    body: str | None = strawberry.field(default=None, description="As it was written; only of single nodes.")
    format: FormatEnum | None = None
    html: str | None = None
    reading_minutes: int | None = None
    category_ids: list[strawberry.ID] | None = strawberry.field(default=None, description="Only of single nodes.")
    tags: list[str] | None = strawberry.field(default=None, description="Only of single nodes.")

    @classmethod
    def of(cls, node: Node) -> "NodeType":
        """From the stored row, without what is kept elsewhere."""
        return cls(
            id=strawberry.ID(str(node.id)),
            kind=node.kind,
            title=node.title,
            slug=node.slug,
            excerpt=node.excerpt,
            status=StatusEnum(node.status),
            parent_id=_id(node.parent_id),
            root_id=_id(node.root_id),
            author_id=_id(node.author_id),
            author_name=node.author_name,
            author_url=node.author_url,
            category_id=_id(node.category_id),
            cover_media_id=_id(node.cover_media_id),
            position=node.position,
            depth=node.depth,
            reply_count=node.reply_count,
            sticky=node.sticky,
            comments_open=node.comments_open,
            protected=node.password_hash is not None,
            metadata=graphql.JSON(node.metadata_),
            version=node.version,
            created_at=node.created_at,
            updated_at=node.updated_at,
            published_at=node.published_at,
        )

    def with_body(self, body: Body | None) -> "NodeType":
        """The same with its body."""
        if body is not None:
            self.body, self.html, self.reading_minutes = body.body, body.html, body.reading_minutes
            self.format = FormatEnum(body.format)
        return self


@strawberry.input
class ContentCreateInput:
    kind: str
    title: str | None = None
    slug: str | None = None
    body: str = ""
    format: FormatEnum = FormatEnum.MARKDOWN
    excerpt: str | None = None
    parent_id: strawberry.ID | None = None
    author_id: strawberry.ID | None = strawberry.UNSET
    author_name: str | None = None
    category_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    tags: list[str] = strawberry.field(default_factory=list)
    cover_media_id: strawberry.ID | None = None
    position: int | None = None
    sticky: bool = False
    comments_open: bool = True
    password: str | None = None
    metadata: graphql.JSON | None = None


@strawberry.input(description="What is absent stays as it is; null clears.")
class ContentUpdateInput:
    version: int
    title: str | None = strawberry.UNSET
    slug: str | None = None
    body: str | None = None
    format: FormatEnum | None = None
    excerpt: str | None = strawberry.UNSET
    author_id: strawberry.ID | None = strawberry.UNSET
    author_name: str | None = strawberry.UNSET
    category_ids: list[strawberry.ID] | None = None
    tags: list[str] | None = None
    cover_media_id: strawberry.ID | None = strawberry.UNSET
    position: int | None = None
    sticky: bool | None = None
    comments_open: bool | None = None
    password: str | None = strawberry.UNSET
    metadata: graphql.JSON | None = None
    published_at: datetime | None = None


@strawberry.input
class ContentTranslateInput:
    locale: str
    title: str | None = strawberry.UNSET
    excerpt: str | None = strawberry.UNSET
    body: str | None = strawberry.UNSET
    format: FormatEnum = FormatEnum.MARKDOWN


@strawberry.type
class ContentPayload:
    content: NodeType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ContentDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ContentTranslatePayload:
    locale: str | None = None
    fields: graphql.JSON | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ContentQueries:
    @graphql.query(permission=permissions.CONTENT_READ, description="One node, with its body, categories and tags.")
    async def content(self, context: Context, id: strawberry.ID) -> NodeType | None:
        try:
            node = await reading.get(context, graphql.to_id(id))
        except errors.NotFound:
            return None
        return await _whole(context, node)

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


@strawberry.type
class ContentMutations:
    @graphql.mutation(permission=permissions.CONTENT_WRITE, description="Write a draft.")
    async def content_create(self, context: Context, input: ContentCreateInput) -> ContentPayload:
        node = await service.create(
            context,
            kind=input.kind,
            title=input.title,
            slug=input.slug,
            body=input.body,
            format=input.format.value,
            excerpt=input.excerpt,
            parent_id=graphql.to_id(input.parent_id) if input.parent_id else None,
            author_id=_id_or_keep(input.author_id),
            author_name=input.author_name,
            category_ids=graphql.to_ids(input.category_ids),
            tag_names=input.tags,
            cover_media_id=graphql.to_id(input.cover_media_id) if input.cover_media_id else None,
            position=input.position,
            sticky=input.sticky,
            comments_open=input.comments_open,
            password=input.password,
            metadata=_object(input.metadata),
        )
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_WRITE)
    async def content_update(self, context: Context, id: strawberry.ID, input: ContentUpdateInput) -> ContentPayload:
        node = await service.update(
            context,
            graphql.to_id(id),
            version=input.version,
            title=_or_keep(input.title),
            slug=input.slug,
            body=input.body,
            format=input.format.value if input.format else None,
            excerpt=_or_keep(input.excerpt),
            author_id=_id_or_keep(input.author_id),
            author_name=_or_keep(input.author_name),
            category_ids=graphql.to_ids(input.category_ids) if input.category_ids is not None else None,
            tag_names=input.tags,
            cover_media_id=_id_or_keep(input.cover_media_id),
            position=input.position,
            sticky=input.sticky,
            comments_open=input.comments_open,
            password=_or_keep(input.password),
            metadata=_object(input.metadata),
            published_at=_aware(input.published_at),
        )
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(
        permission=permissions.CONTENT_PUBLISH, description="Show it to readers, now or at a time to come."
    )
    async def content_publish(
        self, context: Context, id: strawberry.ID, at: datetime | None = None, version: int | None = None
    ) -> ContentPayload:
        node = await service.publish(context, graphql.to_id(id), at=_aware(at), version=version)
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Take it back from readers.")
    async def content_unpublish(
        self, context: Context, id: strawberry.ID, version: int | None = None
    ) -> ContentPayload:
        node = await service.unpublish(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH)
    async def content_archive(self, context: Context, id: strawberry.ID, version: int | None = None) -> ContentPayload:
        node = await service.archive(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Take it out of the archive or the spam.")
    async def content_restore(self, context: Context, id: strawberry.ID, version: int | None = None) -> ContentPayload:
        node = await service.restore(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Keep it for staff.")
    async def content_make_private(
        self, context: Context, id: strawberry.ID, version: int | None = None
    ) -> ContentPayload:
        node = await service.make_private(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_WRITE, description="Put a page below another one, or to the top.")
    async def content_move(
        self,
        context: Context,
        id: strawberry.ID,
        parent_id: strawberry.ID | None = None,
        position: int | None = None,
        version: int | None = None,
    ) -> ContentPayload:
        parent = graphql.to_id(parent_id) if parent_id else None
        node = await service.move(context, graphql.to_id(id), parent_id=parent, position=position, version=version)
        return ContentPayload(content=await _whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_DELETE, description="Delete for good, comments included.")
    async def content_delete(
        self, context: Context, id: strawberry.ID, cascade: bool = False, version: int | None = None
    ) -> ContentDeletePayload:
        await service.delete(context, graphql.to_id(id), cascade=cascade, version=version)
        return ContentDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.CONTENT_WRITE, description="Write its texts in another language.")
    async def content_translate(
        self, context: Context, id: strawberry.ID, input: ContentTranslateInput
    ) -> ContentTranslatePayload:
        fields = await service.translate(
            context,
            graphql.to_id(id),
            locale=input.locale,
            title=_or_keep(input.title),
            excerpt=_or_keep(input.excerpt),
            body=_or_keep(input.body),
            format=input.format.value,
        )
        return ContentTranslatePayload(locale=input.locale, fields=graphql.JSON(fields))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH)
    async def contents_bulk_publish(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await _each(context, ids, service.publish))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH)
    async def contents_bulk_unpublish(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await _each(context, ids, service.unpublish))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH)
    async def contents_bulk_archive(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await _each(context, ids, service.archive))

    @graphql.mutation(permission=permissions.CONTENT_DELETE)
    async def contents_bulk_delete(
        self, context: Context, ids: list[strawberry.ID], cascade: bool = False
    ) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.delete_many(context, graphql.to_ids(ids), cascade=cascade))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Show comments to readers.")
    async def comments_approve(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await comments.approve(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH)
    async def comments_mark_spam(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await comments.mark_spam(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Let comments wait for approval again.")
    async def comments_hold(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await comments.hold(context, graphql.to_ids(ids)))

    @graphql.mutation(
        permission=permissions.CATEGORIES_DELETE,
        description="Delete a category; its content moves to another one, if one is named.",
    )
    async def content_category_delete(
        self, context: Context, id: strawberry.ID, merge_into: strawberry.ID | None = None
    ) -> ContentDeletePayload:
        other = graphql.to_id(merge_into) if merge_into else None
        await filing.delete_category(context, graphql.to_id(id), merge_into=other)
        return ContentDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))


@strawberry.input
class CommentCreateInput:
    content_id: strawberry.ID
    body: str = strawberry.field(description="Markdown; tags are shown as they are typed.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="The comment that it answers.")
    author_name: str | None = None
    author_url: str | None = None
    author_email: str | None = strawberry.field(default=None, description="Only a hash of it is kept.")


@strawberry.type(description="What became of a comment.")
class CommentCreatePayload:
    comment_id: strawberry.ID | None = None
    pending: bool | None = strawberry.field(default=None, description="Whether somebody has to approve it first.")
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ContentUnlockPayload:
    body: str | None = strawberry.field(default=None, description="Sanitised HTML.")
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReaderMutations:
    @graphql.mutation(public="readers comment; what they write waits for approval")
    async def comment_create(self, context: Context, input: CommentCreateInput) -> CommentCreatePayload:
        comment = await comments.add_comment(
            context,
            graphql.to_id(input.content_id),
            body=input.body,
            parent_id=graphql.to_id(input.parent_id) if input.parent_id else None,
            author_name=input.author_name,
            author_url=input.author_url,
            author_email=input.author_email,
        )
        return CommentCreatePayload(
            comment_id=strawberry.ID(str(comment.id)), pending=comment.status != Status.PUBLISHED
        )

    @graphql.mutation(public="whoever knows the password of a page may read it")
    async def content_unlock(self, context: Context, id: strawberry.ID, password: str) -> ContentUnlockPayload:
        return ContentUnlockPayload(body=await service.unlock(context, graphql.to_id(id), password=password))


async def _whole(context: Context, node: Node) -> NodeType:
    made = NodeType.of(node).with_body(await reading.body_of(context, node.id))
    filed = await reading.categories_of(context, [node.id])
    made.category_ids = [strawberry.ID(str(one)) for one in filed[node.id]]
    made.tags = (await tags.names(context, TARGET, [node.id]))[node.id]
    return made


async def _each(context: Context, ids: list[strawberry.ID], verb: Any) -> int:
    """Say a verb to each node; returns how many changed by it."""
    nodes = await reading.get_many(context, graphql.to_ids(ids), lock=True)
    versions = {node.id: node.version for node in nodes}
    changed = 0
    for node_id, version in versions.items():
        after: Node = await verb(context, node_id)
        changed += after.version != version
    return changed


def _id(value: Any) -> strawberry.ID | None:
    return strawberry.ID(str(value)) if value is not None else None


def _or_keep(value: Any) -> Any:
    return value if graphql.given(value) else KEEP


def _id_or_keep(value: Any) -> Any:
    if not graphql.given(value):
        return KEEP
    return graphql.to_id(value) if value is not None else None


def _object(value: Any) -> Any:
    if value is not None and not isinstance(value, dict):
        raise errors.Invalid("metadata must be a JSON object", field="metadata")
    return value


def _aware(value: datetime | None) -> datetime | None:
    """A time without a zone is taken as UTC."""
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


QUERIES: list[type] = []
MUTATIONS: list[type] = [ReaderMutations]
ADMIN_QUERIES: list[type] = [ContentQueries]
ADMIN_MUTATIONS: list[type] = [ContentMutations]
