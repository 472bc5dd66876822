"""How staff ask for prices and price lists, and try prices out."""

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import Select, or_, select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.baskets.shapes import Buyer, Destination
from rustok.commerce.catalogue import checks
from rustok.commerce.customers import service as customers
from rustok.commerce.pricing import lists, resolving, service
from rustok.commerce.pricing.graphql.types import PriceExplanation, PriceListType, ResolvedPrice
from rustok.commerce.pricing.models import PriceList
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.input(description="Which price lists; all that is said must hold.")
class PriceListWhere:
    is_active: bool | None = None
    is_automatic: bool | None = None
    currency: str | None = strawberry.field(default=None, description="It holds prices in this currency alone.")
    group_id: strawberry.ID | None = strawberry.field(default=None, description="It names this group of customers.")
    channel: str | None = None
    country: str | None = None


@strawberry.input(description="So many pieces of a variant.")
class PriceQuestion:
    variant_id: strawberry.ID
    quantity: int = 1


def _matching(context: Context, query: str | None, where: PriceListWhere | None) -> Select[Any]:
    statement = select(PriceList).where(PriceList.tenant_id == context.tenant_id)
    words = checks.optional_text(query, "query", most=200)
    if words:
        statement = statement.where(
            or_(PriceList.name.icontains(words, autoescape=True), PriceList.code.icontains(words, autoescape=True))
        )
    if where is None:
        return statement
    if where.is_active is not None:
        statement = statement.where(PriceList.is_active.is_(where.is_active))
    if where.is_automatic is not None:
        statement = statement.where(PriceList.is_automatic.is_(where.is_automatic))
    if where.currency is not None:
        statement = statement.where(PriceList.currency == where.currency)
    if where.group_id is not None:
        statement = statement.where(PriceList.groups.contains([graphql.to_id(where.group_id)]))
    if where.channel is not None:
        statement = statement.where(PriceList.channels.contains([where.channel]))
    if where.country is not None:
        statement = statement.where(PriceList.countries.contains([where.country]))
    return statement


@strawberry.type
class PricingQueries:
    @graphql.query(permission=permissions.PRICES_READ, description="One price list.")
    async def price_list(self, context: Context, id: strawberry.ID) -> PriceListType | None:
        try:
            return PriceListType.of(await lists.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(permission=permissions.PRICES_READ, description="Price lists by code.")
    async def price_lists(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: PriceListWhere | None = None,
    ) -> graphql.Connection[PriceListType]:
        statement = _matching(context, query, where)
        keys: list[paging.Key] = [(PriceList.code, paging.ASC), (PriceList.id, paging.ASC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, PriceListType.of, statement=statement)

    @graphql.query(permission=permissions.PRICES_READ, description="What a piece costs; null without a price.")
    async def resolved_price(
        self,
        context: Context,
        variant_id: strawberry.ID,
        currency: str | None = None,
        quantity: int = 1,
        price_list: str | None = None,
        at: datetime | None = None,
    ) -> ResolvedPrice | None:
        if at is not None and at.tzinfo is None:
            raise errors.Invalid("a date needs a time zone", field="at")
        found = await service.resolve(
            context, graphql.to_id(variant_id), currency=currency, quantity=quantity, price_list=price_list, at=at
        )
        if found is None:
            return None
        before = found.compare_at
        return ResolvedPrice(
            price=graphql.Money.of(found.price.minor, found.price.currency),
            compare_at=None if before is None else graphql.Money.of(before.minor, before.currency),
            min_quantity=found.min_quantity,
            price_list_id=strawberry.ID(str(found.price_list_id)) if found.price_list_id else None,
        )

    @graphql.query(
        permission=permissions.PRICES_READ,
        description="What pieces would cost a customer, or somebody of these groups, and why.",
    )
    async def price_simulate(
        self,
        context: Context,
        variants: list[PriceQuestion],
        currency: str | None = None,
        customer_id: strawberry.ID | None = None,
        group_ids: list[strawberry.ID] | None = None,
        country: str | None = None,
        channel: str | None = None,
        price_list: str | None = None,
        at: datetime | None = None,
    ) -> list[PriceExplanation]:
        if at is not None and at.tzinfo is None:
            raise errors.Invalid("a date needs a time zone", field="at")
        ids = graphql.to_ids([one.variant_id for one in variants], most=500)
        quantities = {id_: one.quantity for id_, one in zip(ids, variants, strict=True)}
        if len(quantities) < len(ids):
            raise errors.Invalid("a variant is named twice", field="variants")
        if customer_id is not None:
            buyer = await customers.buyer_of(context, graphql.to_id(customer_id))
        else:
            buyer = Buyer(groups=frozenset(graphql.to_ids(group_ids or [])))
        wanted = currency or context.currency
        found = await resolving.explain_many(
            context,
            quantities,
            currency=wanted,
            buyer=buyer,
            destination=Destination(country=(country or "").upper()),
            channel=channel,
            at=at or context.now,
            price_list=price_list,
        )
        return [PriceExplanation.of(found[id_], id_, quantities[id_], wanted) for id_ in ids if id_ in found]
