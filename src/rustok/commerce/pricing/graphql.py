"""How staff ask for prices and price lists and change them."""

from datetime import datetime
from typing import cast

import strawberry
from sqlalchemy import select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.pricing import lists, service
from rustok.commerce.pricing.lists import PriceListChanges, PriceListFacts
from rustok.commerce.pricing.models import Price, PriceList
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context

_NULLABLE = frozenset({"currency", "starts_at", "ends_at"})


@strawberry.type(name="Price", description="What one piece costs from a quantity on; without a list, the base price.")
class PriceType:
    price: graphql.Money
    compare_at: graphql.Money | None
    min_quantity: int
    price_list_id: strawberry.ID | None

    @classmethod
    def of(cls, row: Price) -> "PriceType":
        """From the stored row."""
        before = row.compare_at_minor
        return cls(
            price=graphql.Money.of(row.amount_minor, row.currency),
            compare_at=None if before is None else graphql.Money.of(before, row.currency),
            min_quantity=row.min_quantity,
            price_list_id=strawberry.ID(str(row.price_list_id)) if row.price_list_id else None,
        )


@strawberry.type(name="PriceList", description="Prices that hold for a while or for somebody.")
class PriceListType:
    id: strawberry.ID
    code: str
    name: str
    currency: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_active: bool
    metadata: graphql.JSON
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: PriceList) -> "PriceListType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            code=row.code,
            name=row.name,
            currency=row.currency,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            is_active=row.is_active,
            metadata=graphql.JSON(row.details),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(description="The price that holds for somebody now, and where it comes from.")
class ResolvedPrice:
    price: graphql.Money
    compare_at: graphql.Money | None
    min_quantity: int
    price_list_id: strawberry.ID | None


@strawberry.input(description="One price of a variant.")
class PriceInput:
    price: graphql.MoneyInput
    compare_at: graphql.MoneyInput | None = None
    min_quantity: int = 1
    price_list_id: strawberry.ID | None = None

    def to_row(self) -> service.PriceRow:
        """As the service takes it; raises `InvalidMoney`, and `Invalid` for two currencies in one price."""
        if self.compare_at is not None and self.compare_at.currency_code != self.price.currency_code:
            raise errors.Invalid("price and compareAt must have one currency", field="compareAt")
        return service.PriceRow(
            currency=self.price.currency_code,
            amount_minor=self.price.to_minor(),
            compare_at_minor=None if self.compare_at is None else self.compare_at.to_minor(),
            min_quantity=self.min_quantity,
            price_list_id=None if self.price_list_id is None else graphql.to_id(self.price_list_id),
        )


@strawberry.input(description="All prices of one variant.")
class VariantPricesInput:
    variant_id: strawberry.ID
    prices: list[PriceInput]


@strawberry.input(description="A new price list.")
class PriceListCreateInput:
    name: str
    code: str | None = strawberry.UNSET
    currency: str | None = strawberry.UNSET
    starts_at: datetime | None = strawberry.UNSET
    ends_at: datetime | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays.")
class PriceListUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = strawberry.UNSET
    code: str | None = strawberry.UNSET
    currency: str | None = strawberry.UNSET
    starts_at: datetime | None = strawberry.UNSET
    ends_at: datetime | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET


@strawberry.type
class VariantPricesPayload:
    prices: list[PriceType] | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PriceListPayload:
    price_list: PriceListType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PriceListDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


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
    ) -> graphql.Connection[PriceListType]:
        statement = select(PriceList).where(PriceList.tenant_id == context.tenant_id)
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


@strawberry.type
class PricingMutations:
    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Make these the variant's prices, all of them.")
    async def variant_prices_set(
        self, context: Context, variant_id: strawberry.ID, prices: list[PriceInput]
    ) -> VariantPricesPayload:
        rows = await service.set_prices(context, graphql.to_id(variant_id), [one.to_row() for one in prices])
        return VariantPricesPayload(prices=[PriceType.of(row) for row in rows])

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="The same for many variants at once.")
    async def variants_bulk_set_prices(
        self, context: Context, variants: list[VariantPricesInput]
    ) -> graphql.BulkPayload:
        ids = graphql.to_ids([one.variant_id for one in variants])
        if len(set(ids)) < len(ids):
            raise errors.Invalid("a variant is named twice", field="variants")
        prices = {id_: [one.to_row() for one in given.prices] for id_, given in zip(ids, variants, strict=True)}
        return graphql.BulkPayload(count=len(await service.set_many(context, prices)))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Add a price list.")
    async def price_list_create(self, context: Context, input: PriceListCreateInput) -> PriceListPayload:
        given = inputs.changes(input, nullable=_NULLABLE)
        name = given.pop("name")
        made = await lists.create(context, name=name, **cast(PriceListFacts, given))
        return PriceListPayload(price_list=PriceListType.of(made))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Change a price list.")
    async def price_list_update(
        self, context: Context, id: strawberry.ID, input: PriceListUpdateInput
    ) -> PriceListPayload:
        given = inputs.changes(input, nullable=_NULLABLE)
        version = given.pop("version")
        changed = await lists.change(context, graphql.to_id(id), version=version, **cast(PriceListChanges, given))
        return PriceListPayload(price_list=PriceListType.of(changed))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Remove a price list with its prices.")
    async def price_list_delete(self, context: Context, id: strawberry.ID) -> PriceListDeletePayload:
        await lists.remove(context, graphql.to_id(id))
        return PriceListDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))


ADMIN_QUERIES = [PricingQueries]
ADMIN_MUTATIONS = [PricingMutations]
