"""Tags in GraphQL, for staff. Things get their tags with their own mutations, or with `tagsSet` for any target."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.tags import service as tags
from rustok.core.tags.models import Tag
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.type(name="Tag", description="A label and how many things carry it.")
class TagType:
    id: strawberry.ID
    name: str
    slug: str
    use_count: int
    version: int
    created_at: datetime

    @classmethod
    def of(cls, tag: Tag) -> "TagType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(tag.id)),
            name=tag.name,
            slug=tag.slug,
            use_count=tag.use_count,
            version=tag.version,
            created_at=tag.created_at,
        )


@strawberry.input(description="What is absent stays as it is.")
class TagUpdateInput:
    version: int
    name: str | None = None
    slug: str | None = None


@strawberry.type
class TagPayload:
    tag: TagType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TagDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TagsSetPayload:
    tags: list[str] | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TagQueries:
    @graphql.query(permission=permissions.TAGS_READ)
    async def tag(self, context: Context, id: strawberry.ID) -> TagType | None:
        try:
            return TagType.of(await tags.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(permission=permissions.TAGS_READ, description="Tags, the most used first.")
    async def tags(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
    ) -> graphql.Connection[TagType]:
        found = tags.every(text=query)
        page = await paging.page(
            context,
            found,
            keys=[(Tag.use_count, paging.DESC), (Tag.name_key, paging.ASC), (Tag.id, paging.ASC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, TagType.of, statement=found)


@strawberry.type
class TagMutations:
    @graphql.mutation(permission=permissions.TAGS_WRITE, description="Make a tag that nothing carries yet.")
    async def tag_create(self, context: Context, name: str, slug: str | None = None) -> TagPayload:
        ids = await tags.ensure(context, [name])
        tag = await tags.get(context, ids[name])
        if slug is not None and slug != tag.slug:
            tag = await tags.rename(context, tag.id, slug=slug)
        return TagPayload(tag=TagType.of(tag))

    @graphql.mutation(permission=permissions.TAGS_WRITE, description="Rename; the old address redirects.")
    async def tag_update(self, context: Context, id: strawberry.ID, input: TagUpdateInput) -> TagPayload:
        tag = await tags.rename(context, graphql.to_id(id), name=input.name, slug=input.slug, version=input.version)
        return TagPayload(tag=TagType.of(tag))

    @graphql.mutation(permission=permissions.TAGS_DELETE, description="What carries the one carries the other instead.")
    async def tag_merge(self, context: Context, id: strawberry.ID, into: strawberry.ID) -> TagPayload:
        return TagPayload(tag=TagType.of(await tags.merge(context, graphql.to_id(id), into=graphql.to_id(into))))

    @graphql.mutation(permission=permissions.TAGS_DELETE)
    async def tag_delete(self, context: Context, id: strawberry.ID) -> TagDeletePayload:
        await tags.delete_many(context, [graphql.to_id(id)])
        return TagDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.TAGS_DELETE)
    async def tags_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await tags.delete_many(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.TAGS_WRITE, description="Let any target carry exactly these tags.")
    async def tags_set(
        self, context: Context, target_type: str, target_id: strawberry.ID, names: list[str]
    ) -> TagsSetPayload:
        target = graphql.to_id(target_id)
        await tags.set_tags(context, target_type, target, names=names)
        return TagsSetPayload(tags=(await tags.names(context, target_type, [target]))[target])


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [TagQueries]
ADMIN_MUTATIONS: list[type] = [TagMutations]
