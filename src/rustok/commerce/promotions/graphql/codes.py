"""The codes of promotions, for staff."""

import strawberry
from sqlalchemy import select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.promotions import codes
from rustok.commerce.promotions.applying import key_of
from rustok.commerce.promotions.graphql.types import PromotionCodePayload, PromotionCodesPayload, PromotionCodeType
from rustok.commerce.promotions.models import PromotionCode
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context


@strawberry.input(description="Which codes; all that is said must hold.")
class PromotionCodeWhere:
    promotion_id: strawberry.ID | None = None
    is_active: bool | None = None
    starts_with: str | None = None


@strawberry.type
class PromotionCodeQueries:
    @graphql.query(permission=permissions.PROMOTIONS_READ, description="Codes of promotions, the newest first.")
    async def promotion_codes(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        where: PromotionCodeWhere | None = None,
    ) -> graphql.Connection[PromotionCodeType]:
        statement = select(PromotionCode).where(PromotionCode.tenant_id == context.tenant_id)
        if where is not None and where.promotion_id is not None:
            statement = statement.where(PromotionCode.promotion_id == graphql.to_id(where.promotion_id))
        if where is not None and where.is_active is not None:
            statement = statement.where(PromotionCode.is_active.is_(where.is_active))
        if where is not None and where.starts_with:
            statement = statement.where(PromotionCode.key.startswith(key_of(where.starts_with), autoescape=True))
        keys: list[paging.Key] = [(PromotionCode.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        uses = await codes.uses(context, [row.id for row in page.rows])

        def of(row: PromotionCode) -> PromotionCodeType:
            return PromotionCodeType.of(row, uses.get(row.id, 0))

        return graphql.connection(info, page, of, statement=statement)


@strawberry.type
class PromotionCodeMutations:
    @graphql.mutation(permission=permissions.PROMOTIONS_WRITE, description="Give a promotion one more code.")
    async def promotion_code_add(
        self, context: Context, promotion_id: strawberry.ID, code: str, usage_limit: int | None = None
    ) -> PromotionCodePayload:
        made = await codes.add(context, graphql.to_id(promotion_id), code, usage_limit=usage_limit)
        return PromotionCodePayload(code=PromotionCodeType.of(made, 0))

    @graphql.mutation(
        permission=permissions.PROMOTIONS_WRITE,
        description="Make random codes, at most 10,000 at once; each for one use where nothing else is said.",
    )
    async def promotion_codes_generate(
        self,
        context: Context,
        promotion_id: strawberry.ID,
        count: int,
        prefix: str = "",
        length: int = 10,
        usage_limit: int | None = 1,
    ) -> PromotionCodesPayload:
        made = await codes.generate(
            context, graphql.to_id(promotion_id), count, prefix=prefix, length=length, usage_limit=usage_limit
        )
        return PromotionCodesPayload(codes=made)

    @graphql.mutation(permission=permissions.PROMOTIONS_WRITE, description="Let codes work.")
    async def promotion_codes_bulk_enable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await codes.switch(context, graphql.to_ids(ids), active=True))

    @graphql.mutation(permission=permissions.PROMOTIONS_WRITE, description="Let codes work no more.")
    async def promotion_codes_bulk_disable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await codes.switch(context, graphql.to_ids(ids), active=False))

    @graphql.mutation(
        permission=permissions.PROMOTIONS_DELETE, description="Delete codes that no order has: all or none."
    )
    async def promotion_codes_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await codes.remove(context, graphql.to_ids(ids)))
