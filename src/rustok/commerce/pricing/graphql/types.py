"""Prices and price lists as GraphQL shows them and takes them."""

from datetime import datetime
from uuid import UUID

import strawberry

from rustok.commerce.pricing import service
from rustok.commerce.pricing.models import Price, PriceList
from rustok.commerce.pricing.resolving import Candidate, Explained
from rustok.kernel import errors, graphql


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
    is_automatic: bool = strawberry.field(description="Found by itself; otherwise it counts only for who names it.")
    is_sale: bool = strawberry.field(description="Beside its prices the base price is shown.")
    priority: int = strawberry.field(description="The highest wins.")
    group_ids: list[strawberry.ID] = strawberry.field(description="Of customers; none means everybody.")
    channels: list[str]
    countries: list[str]
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
            is_automatic=row.is_automatic,
            is_sale=row.is_sale,
            priority=row.priority,
            group_ids=[strawberry.ID(str(one)) for one in row.groups],
            channels=list(row.channels),
            countries=list(row.countries),
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


@strawberry.type(
    description="A price that was looked at. The verdict is `chosen`, or why it is not: inactive, not_started, ended,"
    " not_named, other_group, other_channel, other_country, quantity, lower_tier, lower_priority, dearer, later_code,"
    " base."
)
class PriceCandidate:
    price_list: str | None = strawberry.field(description="Its code; null is the base price.")
    name: str
    min_quantity: int
    price: graphql.Money
    compare_at: graphql.Money | None
    verdict: str

    @classmethod
    def of(cls, one: Candidate, currency: str) -> "PriceCandidate":
        """From the value."""
        before = one.compare_at_minor
        return cls(
            price_list=one.price_list,
            name=one.name,
            min_quantity=one.min_quantity,
            price=graphql.Money.of(one.price_minor, currency),
            compare_at=None if before is None else graphql.Money.of(before, currency),
            verdict=one.verdict,
        )


@strawberry.type(description="What one piece costs, and why: the chosen candidate stands first.")
class PriceExplanation:
    variant_id: strawberry.ID
    quantity: int
    price: graphql.Money
    compare_at: graphql.Money | None
    price_list: str | None
    min_quantity: int
    candidates: list[PriceCandidate]

    @classmethod
    def of(
        cls, found: Explained, variant_id: UUID, quantity: int, currency: str, *, public: bool = False
    ) -> "PriceExplanation":
        """From the value; `public` leaves out what is for others."""
        before = found.compare_at_minor
        shown = found.public if public else found.candidates
        return cls(
            variant_id=strawberry.ID(str(variant_id)),
            quantity=quantity,
            price=graphql.Money.of(found.price_minor, currency),
            compare_at=None if before is None else graphql.Money.of(before, currency),
            price_list=found.price_list,
            min_quantity=found.min_quantity,
            candidates=[PriceCandidate.of(one, currency) for one in shown],
        )


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
    is_automatic: bool | None = strawberry.UNSET
    is_sale: bool | None = strawberry.UNSET
    priority: int | None = strawberry.UNSET
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    channels: list[str] | None = strawberry.UNSET
    countries: list[str] | None = strawberry.UNSET
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
    is_automatic: bool | None = strawberry.UNSET
    is_sale: bool | None = strawberry.UNSET
    priority: int | None = strawberry.UNSET
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    channels: list[str] | None = strawberry.UNSET
    countries: list[str] | None = strawberry.UNSET
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
