"""What content looks like in GraphQL."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from rustok.core.content import reading
from rustok.core.content.models import Body, Node, Status
from rustok.core.content.reading import TARGET
from rustok.core.tags import service as tags
from rustok.kernel import graphql
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


def _id(value: Any) -> strawberry.ID | None:
    return strawberry.ID(str(value)) if value is not None else None


async def whole(context: Context, node: Node) -> NodeType:
    """The node with its body, categories and tags."""
    made = NodeType.of(node).with_body(await reading.body_of(context, node.id))
    filed = await reading.categories_of(context, [node.id])
    made.category_ids = [strawberry.ID(str(one)) for one in filed[node.id]]
    made.tags = (await tags.names(context, TARGET, [node.id]))[node.id]
    return made
