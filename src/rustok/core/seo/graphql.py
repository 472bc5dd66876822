"""SEO meta of any target in GraphQL, for staff."""

import dataclasses

import strawberry

from rustok.core import permissions
from rustok.core.seo import service as seo
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.type(name="Meta", description="What search engines and social networks are told about a target.")
class MetaType:
    title: str | None
    description: str | None
    keywords: str | None
    og_title: str | None
    og_description: str | None
    og_image: str | None
    og_type: str | None
    twitter_card: str | None
    no_index: bool
    no_follow: bool
    canonical_url: str | None
    structured_data: graphql.JSON | None

    @classmethod
    def of(cls, meta: seo.Meta) -> "MetaType":
        """From the service's value."""
        return cls(**{field.name: getattr(meta, field.name) for field in dataclasses.fields(meta)})


@strawberry.input(description="What is absent stays as it is; null clears.")
class MetaInput:
    title: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    keywords: str | None = strawberry.UNSET
    og_title: str | None = strawberry.UNSET
    og_description: str | None = strawberry.UNSET
    og_image: str | None = strawberry.UNSET
    og_type: str | None = strawberry.UNSET
    twitter_card: str | None = strawberry.UNSET
    no_index: bool | None = strawberry.UNSET
    no_follow: bool | None = strawberry.UNSET
    canonical_url: str | None = strawberry.UNSET
    structured_data: graphql.JSON | None = strawberry.UNSET


@strawberry.type
class MetaPayload:
    meta: MetaType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MetaQueries:
    @graphql.query(permission=permissions.SEO_READ)
    async def meta(self, context: Context, target_type: str, target_id: strawberry.ID) -> MetaType:
        return MetaType.of(await seo.get(context, target_type, graphql.to_id(target_id)))


@strawberry.type
class MetaMutations:
    @graphql.mutation(permission=permissions.SEO_WRITE)
    async def meta_set(
        self, context: Context, target_type: str, target_id: strawberry.ID, input: MetaInput
    ) -> MetaPayload:
        target = graphql.to_id(target_id)
        said = {
            field.name: value
            for field in dataclasses.fields(seo.Meta)
            if graphql.given(value := getattr(input, field.name))
        }
        for flag in ("no_index", "no_follow"):
            if flag in said:
                said[flag] = bool(said[flag])
        if said.get("structured_data") is not None and not isinstance(said["structured_data"], dict):
            raise errors.Invalid("structuredData must be a JSON object", field="structured_data")
        before = await seo.get(context, target_type, target)
        meta = await seo.set_meta(context, target_type, target, meta=dataclasses.replace(before, **said))
        return MetaPayload(meta=MetaType.of(meta))


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [MetaQueries]
ADMIN_MUTATIONS: list[type] = [MetaMutations]
