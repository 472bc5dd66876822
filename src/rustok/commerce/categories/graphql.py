"""How staff ask for the shop's categories and change them."""

from datetime import datetime
from enum import Enum
from typing import cast

import strawberry
from sqlalchemy import select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.categories import service
from rustok.commerce.categories.models import Category
from rustok.commerce.categories.service import CategoryChanges, CategoryFacts
from rustok.core.seo import service as seo
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context

_NULLABLE = frozenset({"description", "image_id"})


@strawberry.type(description="A shelf of the shop.")
class CommerceCategory:
    id: strawberry.ID
    parent_id: strawberry.ID | None
    name: str
    handle: str
    description: str | None
    is_active: bool
    is_internal: bool
    rank: int
    depth: int
    path: list[strawberry.ID] = strawberry.field(description="Ids from the root down to itself.")
    image_id: strawberry.ID | None
    metadata: graphql.JSON
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Category) -> "CommerceCategory":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            parent_id=strawberry.ID(str(row.parent_id)) if row.parent_id else None,
            name=row.name,
            handle=row.handle,
            description=row.description,
            is_active=row.is_active,
            is_internal=row.is_internal,
            rank=row.rank,
            depth=row.depth,
            path=[strawberry.ID(str(id_)) for id_ in row.path],
            image_id=strawberry.ID(str(row.image_id)) if row.image_id else None,
            metadata=graphql.JSON(row.details),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.enum(description="How a list of categories is ordered.")
class CommerceCategorySort(Enum):
    RANK_ASC = "rank_asc"
    NAME_ASC = "name_asc"


_KEYS: dict[CommerceCategorySort, list[paging.Key]] = {
    CommerceCategorySort.RANK_ASC: [
        (Category.depth, paging.ASC),
        (Category.rank, paging.ASC),
        (Category.name, paging.ASC),
        (Category.id, paging.ASC),
    ],
    CommerceCategorySort.NAME_ASC: [(Category.name, paging.ASC), (Category.id, paging.ASC)],
}


@strawberry.input(description="A new category; without a parent it stands at the top.")
class CommerceCategoryCreateInput:
    name: str
    parent_id: strawberry.ID | None = None
    handle: str | None = strawberry.field(default=strawberry.UNSET, description="Made from the name if absent.")
    description: str | None = strawberry.field(default=strawberry.UNSET, description="HTML; sanitised when written.")
    is_active: bool | None = strawberry.UNSET
    is_internal: bool | None = strawberry.UNSET
    rank: int | None = strawberry.UNSET
    image_id: strawberry.ID | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays.")
class CommerceCategoryUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = strawberry.UNSET
    handle: str | None = strawberry.UNSET
    description: str | None = strawberry.field(default=strawberry.UNSET, description="HTML; sanitised when written.")
    is_active: bool | None = strawberry.UNSET
    is_internal: bool | None = strawberry.UNSET
    rank: int | None = strawberry.UNSET
    image_id: strawberry.ID | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET


@strawberry.input(description="What search engines are told; absent fields follow the category's texts.")
class CommerceCategorySeoInput:
    title: str | None = None
    description: str | None = None
    keywords: str | None = None
    og_title: str | None = None
    og_description: str | None = None
    og_image: str | None = None
    no_index: bool = False
    no_follow: bool = False
    canonical_url: str | None = None


@strawberry.input(description="Texts in another language; null takes one away, what is absent stays.")
class CommerceCategoryTranslationInput:
    name: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    meta_title: str | None = strawberry.UNSET
    meta_description: str | None = strawberry.UNSET


@strawberry.type
class CommerceCategoryPayload:
    category: CommerceCategory | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CommerceCategoryDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CommerceCategoryQueries:
    @graphql.query(permission=permissions.COMMERCE_CATEGORIES_READ, description="One category of the shop.")
    async def commerce_category(self, context: Context, id: strawberry.ID) -> CommerceCategory | None:
        found = await service.find(context, graphql.to_id(id))
        return None if found is None else CommerceCategory.of(found)

    @graphql.query(permission=permissions.COMMERCE_CATEGORIES_READ, description="Categories of the shop.")
    async def commerce_categories(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        parent_id: strawberry.ID | None = strawberry.UNSET,
        sort: CommerceCategorySort = CommerceCategorySort.RANK_ASC,
    ) -> graphql.Connection[CommerceCategory]:
        statement = select(Category).where(Category.tenant_id == context.tenant_id)
        if words := checks.optional_text(query, "query", most=200):
            statement = statement.where(Category.name.icontains(words, autoescape=True))
        if graphql.given(parent_id):
            wanted = None if parent_id is None else graphql.to_id(parent_id)
            statement = statement.where(Category.parent_id.is_not_distinct_from(wanted))
        page = await paging.page(
            context, statement, keys=_KEYS[sort], first=first, after=after, last=last, before=before
        )
        return graphql.connection(info, page, CommerceCategory.of, statement=statement)


@strawberry.type
class CommerceCategoryMutations:
    @graphql.mutation(permission=permissions.COMMERCE_CATEGORIES_WRITE, description="Add a category.")
    async def commerce_category_create(
        self, context: Context, input: CommerceCategoryCreateInput
    ) -> CommerceCategoryPayload:
        given = inputs.changes(input, nullable={*_NULLABLE, "handle", "parent_id"}, ids={"parent_id", "image_id"})
        name, parent_id = given.pop("name"), given.pop("parent_id")
        category = await service.create(context, name=name, parent_id=parent_id, **cast(CategoryFacts, given))
        return CommerceCategoryPayload(category=CommerceCategory.of(category))

    @graphql.mutation(permission=permissions.COMMERCE_CATEGORIES_WRITE, description="Change a category.")
    async def commerce_category_update(
        self, context: Context, id: strawberry.ID, input: CommerceCategoryUpdateInput
    ) -> CommerceCategoryPayload:
        given = inputs.changes(input, nullable=_NULLABLE, ids={"image_id"})
        version = given.pop("version")
        category = await service.change(context, graphql.to_id(id), version=version, **cast(CategoryChanges, given))
        return CommerceCategoryPayload(category=CommerceCategory.of(category))

    @graphql.mutation(
        permission=permissions.COMMERCE_CATEGORIES_WRITE, description="Put it with all below it somewhere else."
    )
    async def commerce_category_move(
        self,
        context: Context,
        id: strawberry.ID,
        parent_id: strawberry.ID | None = None,
        rank: int | None = None,
        version: int | None = None,
    ) -> CommerceCategoryPayload:
        target = None if parent_id is None else graphql.to_id(parent_id)
        category = await service.move(context, graphql.to_id(id), parent_id=target, rank=rank, version=version)
        return CommerceCategoryPayload(category=CommerceCategory.of(category))

    @graphql.mutation(
        permission=permissions.COMMERCE_CATEGORIES_DELETE,
        description="Remove it: what stands below it moves up, its products only leave it.",
    )
    async def commerce_category_delete(self, context: Context, id: strawberry.ID) -> CommerceCategoryDeletePayload:
        await service.remove(context, graphql.to_id(id))
        return CommerceCategoryDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.COMMERCE_CATEGORIES_DELETE, description="Remove those that there are.")
    async def commerce_categories_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.remove_many(context, graphql.to_ids(ids)))

    @graphql.mutation(
        permission=permissions.COMMERCE_CATEGORIES_WRITE, description="Replace what search engines are told."
    )
    async def commerce_category_seo_set(
        self, context: Context, id: strawberry.ID, meta: CommerceCategorySeoInput
    ) -> CommerceCategoryPayload:
        category = await service.set_seo(context, graphql.to_id(id), seo.Meta(**vars(meta)))
        return CommerceCategoryPayload(category=CommerceCategory.of(category))

    @graphql.mutation(
        permission=permissions.COMMERCE_CATEGORIES_WRITE, description="Say its texts in another language."
    )
    async def commerce_category_translate(
        self, context: Context, id: strawberry.ID, locale: str, fields: CommerceCategoryTranslationInput
    ) -> CommerceCategoryPayload:
        said = inputs.changes(fields, nullable=vars(fields).keys())
        category = await service.translate(context, graphql.to_id(id), locale=locale, fields=said)
        return CommerceCategoryPayload(category=CommerceCategory.of(category))


ADMIN_QUERIES = [CommerceCategoryQueries]
ADMIN_MUTATIONS = [CommerceCategoryMutations]
