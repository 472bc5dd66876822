"""How staff prepare orders."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import strawberry
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.addresses.graphql import AddressInput, AddressType
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.orders import costing, drafts
from rustok.commerce.orders.drafts import DraftDiscount, DraftFacts, DraftShipping
from rustok.commerce.orders.graphql.editing import OrderLineAddInput, minor
from rustok.commerce.orders.graphql.mutations import OrderPayload
from rustok.commerce.orders.graphql.types import AdminOrder, Edge
from rustok.commerce.orders.models import DraftOrder
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.type(description="A line of a draft at its present or agreed price.")
class DraftOrderLine:
    variant_id: strawberry.ID
    title: str
    variant_title: str | None
    sku: str | None
    quantity: int
    is_agreed: bool = strawberry.field(description="Staff said the price.")
    unit_price: graphql.Money
    discount: graphql.Money
    tax: graphql.Money
    total: graphql.Money


@strawberry.type(description="What a draft costs at present prices and taxes.")
class DraftOrderTotals:
    lines: list[DraftOrderLine]
    tax_included: bool
    subtotal: graphql.Money
    discount: graphql.Money
    shipping: graphql.Money
    tax: graphql.Money
    total: graphql.Money

    @classmethod
    def of(cls, costed: costing.Costed) -> "DraftOrderTotals":
        """From the value."""
        totals = costed.totals

        def shown(amount: int) -> graphql.Money:
            return graphql.Money.of(amount, totals.currency)

        return cls(
            lines=[
                DraftOrderLine(
                    variant_id=strawberry.ID(str(one.line.variant_id)),
                    title=costed.facts[one.line.id].title,
                    variant_title=costed.facts[one.line.id].variant_title,
                    sku=costed.facts[one.line.id].sku,
                    quantity=one.line.quantity,
                    is_agreed=bool(one.price_reason.get("agreed")),
                    unit_price=shown(one.line.unit_minor),
                    discount=shown(one.discount_minor),
                    tax=shown(one.tax_minor),
                    total=shown(one.total_minor),
                )
                for one in totals.lines
            ],
            tax_included=totals.tax_included,
            subtotal=shown(totals.subtotal_minor),
            discount=shown(totals.discount_minor),
            shipping=shown(totals.shipping_minor),
            tax=shown(totals.tax_minor),
            total=shown(totals.total_minor),
        )


async def _totals(context: Context, rows: Sequence[DraftOrder]) -> dict[DraftOrder, DraftOrderTotals]:
    costed = await costing.cost_many(context, rows)
    return {row: DraftOrderTotals.of(costed[row.id]) for row in rows if row.id in costed}


@strawberry.type(name="DraftOrder", description="An order that staff prepare for a buyer.")
class DraftOrderType:
    row: strawberry.Private[DraftOrder]
    id: strawberry.ID
    currency_code: str
    customer_id: strawberry.ID | None
    email: str | None
    locale: str
    channel: str | None
    note: str | None
    shipping_name: str | None
    shipping_price: graphql.Money | None
    shipping_address: AddressType | None
    billing_address: AddressType | None
    discount: graphql.JSON | None = strawberry.field(description="A title with a percentage, or an amount.")
    order_id: strawberry.ID | None = strawberry.field(description="The order that it became.")
    version: int
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="Null where something in it has no price any more, or is gone.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def totals(self, info: Edge) -> DraftOrderTotals | None:
        return await graphql.together(info, _totals, self.row)

    @classmethod
    def of(cls, row: DraftOrder) -> "DraftOrderType":
        """From the stored row."""
        shipping = row.shipping
        return cls(
            row=row,
            id=strawberry.ID(str(row.id)),
            currency_code=row.currency,
            customer_id=None if row.customer_id is None else strawberry.ID(str(row.customer_id)),
            email=row.email,
            locale=row.locale,
            channel=row.channel,
            note=row.note,
            shipping_name=shipping["name"] if shipping else None,
            shipping_price=graphql.Money.of(shipping["price_minor"], row.currency) if shipping else None,
            shipping_address=AddressType.of(row.shipping_address, row.locale),
            billing_address=AddressType.of(row.billing_address, row.locale),
            discount=None if row.discount is None else graphql.JSON(row.discount),
            order_id=None if row.order_id is None else strawberry.ID(str(row.order_id)),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.input(description="What is taken off all lines together: `percent` of a hundred, or an amount.")
class DraftDiscountInput:
    title: str = ""
    percent: str | None = None
    amount: graphql.MoneyInput | None = None


@strawberry.input(description="A way of shipping in your own words, with its price.")
class DraftShippingInput:
    name: str
    price: graphql.MoneyInput
    tax_class: str | None = None


@strawberry.input(description="A new draft; amounts are in its currency.")
class DraftOrderCreateInput:
    currency_code: str
    lines: list[OrderLineAddInput]
    customer_id: strawberry.ID | None = strawberry.UNSET
    email: str | None = strawberry.UNSET
    locale: str | None = strawberry.UNSET
    channel: str | None = strawberry.UNSET
    note: str | None = strawberry.UNSET
    discount: DraftDiscountInput | None = strawberry.UNSET
    shipping: DraftShippingInput | None = strawberry.UNSET
    shipping_address: AddressInput | None = strawberry.UNSET
    billing_address: AddressInput | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays, and `lines` replaces all lines.")
class DraftOrderUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    lines: list[OrderLineAddInput] | None = strawberry.UNSET
    customer_id: strawberry.ID | None = strawberry.UNSET
    email: str | None = strawberry.UNSET
    locale: str | None = strawberry.UNSET
    channel: str | None = strawberry.UNSET
    note: str | None = strawberry.UNSET
    discount: DraftDiscountInput | None = strawberry.UNSET
    shipping: DraftShippingInput | None = strawberry.UNSET
    shipping_address: AddressInput | None = strawberry.UNSET
    billing_address: AddressInput | None = strawberry.UNSET


_NULLABLE = (
    *("customer_id", "email", "locale", "channel", "note", "discount", "shipping"),
    *("shipping_address", "billing_address"),
)


def _facts(given: dict[str, Any], currency: str) -> DraftFacts:
    """As the service takes them."""
    found = dict(given)
    for name in ("shipping_address", "billing_address"):
        if found.get(name) is not None:
            found[name] = found[name].value()
    if found.get("discount") is not None:
        said: DraftDiscountInput = found["discount"]
        found["discount"] = DraftDiscount(
            title=said.title,
            percent=None if said.percent is None else _decimal(said.percent),
            amount_minor=minor(said.amount, currency, "discount"),
        )
    if found.get("shipping") is not None:
        way: DraftShippingInput = found["shipping"]
        price = minor(way.price, currency, "shipping") or 0
        found["shipping"] = DraftShipping(name=way.name, price_minor=price, tax_class=way.tax_class)
    if "lines" in found:
        found["lines"] = [one.value(currency) for one in found["lines"]]
    return cast(DraftFacts, found)


def _decimal(said: str) -> Decimal:
    try:
        return Decimal(said)
    except InvalidOperation:
        raise errors.Invalid(f"{said[:32]!r} is no percentage", field="percent") from None


@strawberry.type
class DraftOrderPayload:
    draft_order: DraftOrderType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class DraftOrderDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class DraftOrderQueries:
    @graphql.query(permission=permissions.ORDERS_READ, description="One draft.")
    async def draft_order(self, context: Context, id: strawberry.ID) -> DraftOrderType | None:
        found = await drafts.find(context, graphql.to_id(id))
        return None if found is None else DraftOrderType.of(found)

    @graphql.query(permission=permissions.ORDERS_READ, description="Drafts, the newest first.")
    async def draft_orders(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        placed: bool | None = None,
    ) -> graphql.Connection[DraftOrderType]:
        statement = drafts.matching(context, placed=placed)
        keys: list[paging.Key] = [(DraftOrder.created_at, paging.DESC), (DraftOrder.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, DraftOrderType.of, statement=statement)


@strawberry.type
class DraftOrderMutations:
    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Prepare an order.")
    async def draft_order_create(self, context: Context, input: DraftOrderCreateInput) -> DraftOrderPayload:
        given = inputs.changes(input, nullable=_NULLABLE, ids=("customer_id",))
        currency = given.pop("currency_code")
        made = await drafts.create(context, **{**_facts(given, currency), "currency": currency})
        return DraftOrderPayload(draft_order=DraftOrderType.of(made))

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Change a draft.")
    async def draft_order_update(
        self, context: Context, id: strawberry.ID, input: DraftOrderUpdateInput
    ) -> DraftOrderPayload:
        given = inputs.changes(input, nullable=_NULLABLE, ids=("customer_id",))
        version = given.pop("version")
        draft = await drafts.get(context, graphql.to_id(id))
        changed = await drafts.change(context, draft.id, version=version, **_facts(given, draft.currency))
        return DraftOrderPayload(draft_order=DraftOrderType.of(changed))

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Throw a draft away that is no order yet.")
    async def draft_order_delete(self, context: Context, id: strawberry.ID) -> DraftOrderDeletePayload:
        await drafts.remove(context, graphql.to_id(id))
        return DraftOrderDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(
        permission=permissions.ORDERS_WRITE,
        description="Make an order of a draft: stock is promised and a number taken; it waits for its payment.",
    )
    async def draft_order_place(self, context: Context, id: strawberry.ID, version: int) -> OrderPayload:
        order = await drafts.place(context, graphql.to_id(id), version=version)
        return OrderPayload(order=AdminOrder.of(order))
