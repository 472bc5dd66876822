"""How staff write content."""

from datetime import UTC, datetime
from typing import Any

import strawberry

from rustok.core import permissions
from rustok.core.content import comments, filing, reading, service
from rustok.core.content.graphql.types import (
    ContentCreateInput,
    ContentDeletePayload,
    ContentPayload,
    ContentTranslateInput,
    ContentTranslatePayload,
    ContentUpdateInput,
    whole,
)
from rustok.core.content.models import Node
from rustok.core.keeping import KEEP
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


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
        return ContentPayload(content=await whole(context, node))

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
        return ContentPayload(content=await whole(context, node))

    @graphql.mutation(
        permission=permissions.CONTENT_PUBLISH, description="Show it to readers, now or at a time to come."
    )
    async def content_publish(
        self, context: Context, id: strawberry.ID, at: datetime | None = None, version: int | None = None
    ) -> ContentPayload:
        node = await service.publish(context, graphql.to_id(id), at=_aware(at), version=version)
        return ContentPayload(content=await whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Take it back from readers.")
    async def content_unpublish(
        self, context: Context, id: strawberry.ID, version: int | None = None
    ) -> ContentPayload:
        node = await service.unpublish(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH)
    async def content_archive(self, context: Context, id: strawberry.ID, version: int | None = None) -> ContentPayload:
        node = await service.archive(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Take it out of the archive or the spam.")
    async def content_restore(self, context: Context, id: strawberry.ID, version: int | None = None) -> ContentPayload:
        node = await service.restore(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await whole(context, node))

    @graphql.mutation(permission=permissions.CONTENT_PUBLISH, description="Keep it for staff.")
    async def content_make_private(
        self, context: Context, id: strawberry.ID, version: int | None = None
    ) -> ContentPayload:
        node = await service.make_private(context, graphql.to_id(id), version=version)
        return ContentPayload(content=await whole(context, node))

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
        return ContentPayload(content=await whole(context, node))

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


async def _each(context: Context, ids: list[strawberry.ID], verb: Any) -> int:
    """Say a verb to each node; returns how many changed by it."""
    nodes = await reading.get_many(context, graphql.to_ids(ids), lock=True)
    versions = {node.id: node.version for node in nodes}
    changed = 0
    for node_id, version in versions.items():
        after: Node = await verb(context, node_id)
        changed += after.version != version
    return changed


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
