"""Content categories in GraphQL, for staff; deleting one is among the content's mutations."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.categories import service as categories
from rustok.core.categories.models import Category
from rustok.core.keeping import KEEP
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.type(name="ContentCategory", description="A category of posts and pages.")
class CategoryType:
    id: strawberry.ID
    name: str
    slug: str
    description: str | None
    parent_id: strawberry.ID | None
    position: int
    depth: int
    node_count: int
    settings: graphql.JSON
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, category: Category) -> "CategoryType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(category.id)),
            name=category.name,
            slug=category.slug,
            description=category.description,
            parent_id=strawberry.ID(str(category.parent_id)) if category.parent_id else None,
            position=category.position,
            depth=category.depth,
            node_count=category.node_count,
            settings=graphql.JSON(category.settings),
            version=category.version,
            created_at=category.created_at,
            updated_at=category.updated_at,
        )


@strawberry.input
class ContentCategoryCreateInput:
    name: str
    slug: str | None = None
    parent_id: strawberry.ID | None = None
    description: str | None = None
    position: int | None = None
    settings: graphql.JSON | None = None


@strawberry.input(description="What is absent stays as it is; null clears.")
class ContentCategoryUpdateInput:
    version: int
    name: str | None = None
    slug: str | None = None
    description: str | None = strawberry.UNSET
    position: int | None = None
    settings: graphql.JSON | None = None


@strawberry.type
class ContentCategoryPayload:
    category: CategoryType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CategoryQueries:
    @graphql.query(permission=permissions.CATEGORIES_READ)
    async def content_category(self, context: Context, id: strawberry.ID) -> CategoryType | None:
        try:
            return CategoryType.of(await categories.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(permission=permissions.CATEGORIES_READ, description="Categories level by level.")
    async def content_categories(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        parent_id: strawberry.ID | None = None,
    ) -> graphql.Connection[CategoryType]:
        found = categories.every(text=query, parent_id=graphql.to_id(parent_id) if parent_id else None)
        keys: list[Any] = [(Category.depth, paging.ASC), (Category.position, paging.ASC), (Category.id, paging.ASC)]
        page = await paging.page(context, found, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, CategoryType.of, statement=found)


@strawberry.type
class CategoryMutations:
    @graphql.mutation(permission=permissions.CATEGORIES_WRITE)
    async def content_category_create(
        self, context: Context, input: ContentCategoryCreateInput
    ) -> ContentCategoryPayload:
        category = await categories.create(
            context,
            name=input.name,
            slug=input.slug,
            parent_id=graphql.to_id(input.parent_id) if input.parent_id else None,
            description=input.description,
            position=input.position,
            settings=_object(input.settings),
        )
        return ContentCategoryPayload(category=CategoryType.of(category))

    @graphql.mutation(permission=permissions.CATEGORIES_WRITE)
    async def content_category_update(
        self, context: Context, id: strawberry.ID, input: ContentCategoryUpdateInput
    ) -> ContentCategoryPayload:
        category = await categories.update(
            context,
            graphql.to_id(id),
            version=input.version,
            name=input.name,
            slug=input.slug,
            description=input.description if graphql.given(input.description) else KEEP,
            position=input.position,
            settings=_object(input.settings),
        )
        return ContentCategoryPayload(category=CategoryType.of(category))

    @graphql.mutation(
        permission=permissions.CATEGORIES_WRITE, description="Put it below another category, or to the top."
    )
    async def content_category_move(
        self,
        context: Context,
        id: strawberry.ID,
        parent_id: strawberry.ID | None = None,
        position: int | None = None,
    ) -> ContentCategoryPayload:
        parent = graphql.to_id(parent_id) if parent_id else None
        category = await categories.move(context, graphql.to_id(id), parent_id=parent, position=position)
        return ContentCategoryPayload(category=CategoryType.of(category))


def _object(value: Any) -> Any:
    if value is not None and not isinstance(value, dict):
        raise errors.Invalid("settings must be a JSON object", field="settings")
    return value


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [CategoryQueries]
ADMIN_MUTATIONS: list[type] = [CategoryMutations]
