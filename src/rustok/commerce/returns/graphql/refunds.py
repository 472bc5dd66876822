"""Money back, with a return or without one."""

from uuid import UUID

import strawberry
from sqlalchemy import select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.editing import Added
from rustok.commerce.returns import exchanging, refunding
from rustok.commerce.returns.graphql.types import AdminReturn, RefundType, for_staff, refunds
from rustok.commerce.returns.models import Refund
from rustok.commerce.returns.refunding import Wanted
from rustok.kernel import errors, graphql, money, paging
from rustok.kernel.context import Context


@strawberry.input(description="What goes back. With a return and no amount of goods: what was paid for what came back.")
class RefundCreateInput:
    order_id: strawberry.ID
    key: str = strawberry.field(description="The same one twice is one refund.")
    return_id: strawberry.ID | None = None
    goods: graphql.MoneyInput | None = strawberry.field(default=None, description="At most what the return is worth.")
    shipping: graphql.MoneyInput | None = strawberry.field(default=None, description="Of what shipping cost.")
    other: graphql.MoneyInput | None = strawberry.field(default=None, description="Something for the trouble.")
    reason: str | None = None


@strawberry.type(description="What can still go back of an order.")
class RefundableAmounts:
    total: graphql.Money
    shipping: graphql.Money = strawberry.field(description="At most so much of it for shipping.")
    payments: graphql.Money
    gift_cards: graphql.Money


@strawberry.input(description="Pieces of a variant that are sent instead, at the present price.")
class ReturnExchangeLineInput:
    variant_id: strawberry.ID
    quantity: int


@strawberry.type(description="What is sent instead, and how the difference is settled.")
class ReturnExchangePayload:
    order_return: AdminReturn | None = None
    order_id: strawberry.ID | None = None
    order_number: str | None = None
    due: graphql.Money | None = strawberry.field(default=None, description="What the buyer has still to pay.")
    refund: RefundType | None = None
    credit_code: str | None = strawberry.field(
        default=None,
        description="Of the gift card that paid for the new order; what that gives back later lies on it. Told once.",
    )
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class RefundPayload:
    refund: RefundType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class RefundQueries:
    @graphql.query(permission=permissions.RETURNS_READ, description="Refunds, the newest first.")
    async def refunds(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        order_id: strawberry.ID | None = None,
        return_id: strawberry.ID | None = None,
    ) -> graphql.Connection[RefundType]:
        statement = select(Refund).where(Refund.tenant_id == context.tenant_id)
        if order_id is not None:
            statement = statement.where(Refund.order_id == graphql.to_id(order_id))
        if return_id is not None:
            statement = statement.where(Refund.return_id == graphql.to_id(return_id))
        keys: list[paging.Key] = [(Refund.created_at, paging.DESC), (Refund.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        shown = {one.id: one for one in await refunds(context, page.rows)}

        def of(row: Refund) -> RefundType:
            return shown[strawberry.ID(str(row.id))]

        return graphql.connection(info, page, of, statement=statement)

    @graphql.query(permission=permissions.RETURNS_READ, description="What can still go back of an order, or null.")
    async def refundable(self, context: Context, order_id: strawberry.ID) -> RefundableAmounts | None:
        order = await orders.find(context, graphql.to_id(order_id))
        if order is None:
            return None
        left = await refunding.what_is_left(context, order)
        return RefundableAmounts(
            total=graphql.Money.of(left.minor, order.currency),
            shipping=graphql.Money.of(min(left.shipping_minor, left.minor), order.currency),
            payments=graphql.Money.of(sum(free for _, free in left.payments), order.currency),
            gift_cards=graphql.Money.of(left.gift_cards_minor, order.currency),
        )


@strawberry.type
class RefundMutations:
    @graphql.mutation(
        permission=permissions.PAYMENTS_REFUND,
        own_units=True,
        description="Give money back over the ways it came. The return it belongs to is completed by it.",
    )
    async def refund_create(self, info: Info, input: RefundCreateInput) -> RefundPayload:
        units, order_id = info.context.work, graphql.to_id(input.order_id)
        async with units() as context:
            wanted = await _wanted(context, order_id, input)
        made = await refunding.refund(
            units,
            order_id,
            wanted,
            reason=checks.optional_text(input.reason, "reason") or "",
            key=checks.text(input.key, "key"),
            return_id=None if input.return_id is None else graphql.to_id(input.return_id),
        )
        async with units() as context:
            return RefundPayload(refund=(await refunds(context, [made]))[0])

    @graphql.mutation(
        permission=permissions.PAYMENTS_REFUND,
        own_units=True,
        description="Send something else instead of what is back: more is due then, or the rest goes back.",
    )
    async def return_exchange(
        self,
        info: Info,
        id: strawberry.ID,
        version: int,
        lines: list[ReturnExchangeLineInput],
        payment_method: str | None = None,
    ) -> ReturnExchangePayload:
        units = info.context.work
        wanted = [Added(variant_id=graphql.to_id(one.variant_id), quantity=one.quantity) for one in lines]
        made = await exchanging.exchange(
            units, graphql.to_id(id), wanted, payment_method=payment_method, version=version
        )
        async with units() as context:
            return ReturnExchangePayload(
                order_return=(await for_staff(context, [made.found]))[0],
                order_id=strawberry.ID(str(made.order.id)),
                order_number=str(made.order.number),
                due=graphql.Money.of(made.order.due_minor, made.order.currency),
                refund=(await refunds(context, [made.refund]))[0],
                credit_code=made.credit_code,
            )


async def _wanted(context: Context, order_id: UUID, input: RefundCreateInput) -> Wanted:
    order = await orders.get(context, order_id)

    def minor(amount: graphql.MoneyInput | None, field: str) -> int | None:
        if amount is None:
            return None
        if amount.currency_code != order.currency:
            raise money.InvalidMoney(f"this order is in {order.currency}", field=field)
        if (found := amount.to_minor()) < 0:
            raise errors.Invalid("an amount must not be negative", field=field)
        return found

    return Wanted(
        goods_minor=minor(input.goods, "goods"),
        shipping_minor=minor(input.shipping, "shipping") or 0,
        other_minor=minor(input.other, "other") or 0,
    )
