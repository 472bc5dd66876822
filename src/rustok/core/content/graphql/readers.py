"""What readers may do: comment, and unlock."""

import strawberry

from rustok.core.content import comments, service
from rustok.core.content.models import Status
from rustok.kernel import graphql
from rustok.kernel.context import Context


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
