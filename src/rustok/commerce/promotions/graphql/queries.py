"""Promotions, one or a page of them, for staff, and what they cost."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import Select, or_, select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.promotions import service
from rustok.commerce.promotions.applying import TARGET, key_of
from rustok.commerce.promotions.graphql.types import (
    PromotionClassEnum,
    PromotionKindEnum,
    PromotionTitleType,
    PromotionType,
    PromotionUsageType,
)
from rustok.commerce.promotions.models import Promotion, PromotionCode
from rustok.core.translations import service as translations
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(description="How a list of promotions is ordered.")
class PromotionSort(Enum):
    CREATED_DESC = "created_desc"
    CREATED_ASC = "created_asc"
    NAME_ASC = "name_asc"
    PRIORITY_DESC = "priority_desc"


# Ids are ULIDs: their order is the order of creation.
_KEYS: dict[PromotionSort, list[paging.Key]] = {
    PromotionSort.CREATED_DESC: [(Promotion.id, paging.DESC)],
    PromotionSort.CREATED_ASC: [(Promotion.id, paging.ASC)],
    PromotionSort.NAME_ASC: [(Promotion.name, paging.ASC), (Promotion.id, paging.ASC)],
    PromotionSort.PRIORITY_DESC: [(Promotion.priority, paging.DESC), (Promotion.id, paging.DESC)],
}


@strawberry.input(description="Which promotions; all that is said must hold.")
class PromotionWhere:
    ids: list[strawberry.ID] | None = None
    kind: PromotionKindEnum | None = None
    promotion_class: PromotionClassEnum | None = None
    needs_code: bool | None = None
    is_active: bool | None = None
    running_at: datetime | None = strawberry.field(default=None, description="Its dates hold at that moment.")


def _matching(context: Context, query: str | None, where: PromotionWhere | None) -> Select[Any]:
    statement = select(Promotion).where(Promotion.tenant_id == context.tenant_id)
    words = checks.optional_text(query, "query", most=200)
    if words:
        coded = select(PromotionCode.promotion_id).where(
            PromotionCode.tenant_id == context.tenant_id, PromotionCode.key == key_of(words)
        )
        statement = statement.where(
            or_(
                Promotion.name.icontains(words, autoescape=True),
                Promotion.title.icontains(words, autoescape=True),
                Promotion.id.in_(coded),
            )
        )
    if where is None:
        return statement
    if where.ids is not None:
        statement = statement.where(Promotion.id.in_(graphql.to_ids(where.ids)))
    if where.kind is not None:
        statement = statement.where(Promotion.kind == where.kind.value)
    if where.promotion_class is not None:
        statement = statement.where(Promotion.stack == where.promotion_class.value)
    if where.needs_code is not None:
        statement = statement.where(Promotion.needs_code.is_(where.needs_code))
    if where.is_active is not None:
        statement = statement.where(Promotion.is_active.is_(where.is_active))
    if where.running_at is not None:
        if where.running_at.tzinfo is None:
            raise errors.Invalid("a date needs a time zone", field="runningAt")
        statement = statement.where(
            or_(Promotion.starts_at.is_(None), Promotion.starts_at <= where.running_at),
            or_(Promotion.ends_at.is_(None), Promotion.ends_at > where.running_at),
        )
    return statement


@strawberry.type
class PromotionQueries:
    @graphql.query(permission=permissions.PROMOTIONS_READ, description="One promotion.")
    async def promotion(self, context: Context, id: strawberry.ID) -> PromotionType | None:
        try:
            return PromotionType.of(await service.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(permission=permissions.PROMOTIONS_READ, description="Promotions; `query` finds codes as well.")
    async def promotions(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: PromotionWhere | None = None,
        sort: PromotionSort = PromotionSort.CREATED_DESC,
    ) -> graphql.Connection[PromotionType]:
        statement = _matching(context, query, where)
        page = await paging.page(
            context, statement, keys=_KEYS[sort], first=first, after=after, last=last, before=before
        )
        return graphql.connection(info, page, PromotionType.of, statement=statement)

    @graphql.query(permission=permissions.PROMOTIONS_READ, description="A promotion's titles in other languages.")
    async def promotion_titles(self, context: Context, id: strawberry.ID) -> list[PromotionTitleType]:
        stored = await translations.get(context, TARGET, graphql.to_id(id))
        return [
            PromotionTitleType(locale=locale, title=fields["title"])
            for locale, fields in sorted(stored.items())
            if fields.get("title")
        ]

    @graphql.query(
        permission=permissions.PROMOTIONS_READ,
        description="What promotions were used for, by promotion and currency. Cancelled orders are not counted.",
    )
    async def promotion_usage(
        self,
        context: Context,
        ids: list[strawberry.ID] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[PromotionUsageType]:
        wanted = None if ids is None else graphql.to_ids(ids)
        return [PromotionUsageType.of(one) for one in await service.usage(context, wanted, since=since, until=until)]
