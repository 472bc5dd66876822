"""Orders, one or a page of them, for staff."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.orders import searching, service
from rustok.commerce.orders.graphql.types import (
    AdminOrder,
    OrderFulfilmentStatusEnum,
    OrderPaymentStatusEnum,
    OrderStatusEnum,
)
from rustok.commerce.orders.searching import Filter, Sort
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from rustok.core.users import emails
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(name="OrderSort", description="How a list of orders is ordered.")
class OrderSort(Enum):
    CREATED_DESC = Sort.CREATED_DESC.value
    CREATED_ASC = Sort.CREATED_ASC.value
    TOTAL_DESC = Sort.TOTAL_DESC.value
    TOTAL_ASC = Sort.TOTAL_ASC.value


@strawberry.input(name="OrderWhere", description="Which orders; all that is said must hold.")
class OrderWhere:
    ids: list[strawberry.ID] | None = None
    status: list[OrderStatusEnum] | None = None
    payment_status: list[OrderPaymentStatusEnum] | None = None
    fulfilment_status: list[OrderFulfilmentStatusEnum] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = strawberry.field(default=None, description="Exclusive.")
    total_from: graphql.MoneyInput | None = None
    total_to: graphql.MoneyInput | None = None
    customer_id: strawberry.ID | None = None
    email: str | None = None
    channel: str | None = None
    tag: str | None = None
    archived: bool | None = None

    def to_filter(self, query: str | None) -> Filter:
        """As the search takes it."""
        bounds = [bound for bound in (self.total_from, self.total_to) if bound is not None]
        currencies = {bound.currency_code for bound in bounds}
        if len(currencies) > 1:
            raise errors.Invalid("both totals must be of one currency", field="totalTo")
        return Filter(
            query=query,
            ids=None if self.ids is None else graphql.to_ids(self.ids),
            status=[OrderStatus(one.value) for one in self.status or ()],
            payment_status=[PaymentStatus(one.value) for one in self.payment_status or ()],
            fulfilment_status=[FulfilmentStatus(one.value) for one in self.fulfilment_status or ()],
            created_from=_moment(self.created_from, "createdFrom"),
            created_until=_moment(self.created_until, "createdUntil"),
            total_from_minor=None if self.total_from is None else self.total_from.to_minor(),
            total_to_minor=None if self.total_to is None else self.total_to.to_minor(),
            currency=next(iter(currencies), None),
            customer_id=None if self.customer_id is None else graphql.to_id(self.customer_id),
            email=None if self.email is None else (emails.normalise(self.email) or ""),
            channel=self.channel,
            tag=self.tag,
            archived=self.archived,
        )


def _moment(given: datetime | None, field: str) -> datetime | None:
    if given is not None and given.tzinfo is None:
        raise errors.Invalid("a moment needs its offset from UTC, such as Z", field=field)
    return given


@strawberry.type
class OrderQueries:
    @graphql.query(permission=permissions.ORDERS_READ, description="One order, by id or by number.")
    async def order(
        self, context: Context, id: strawberry.ID | None = None, number: str | None = None
    ) -> AdminOrder | None:
        if (id is None) == (number is None):
            raise errors.Invalid("ask by id or by number", field="id")
        if id is not None:
            found = await service.find(context, graphql.to_id(id))
        else:
            told = (number or "").removeprefix("#")
            found = await service.by_number(context, int(told) if told.isascii() and told.isdecimal() else 0)
        return None if found is None else AdminOrder.of(found)

    @graphql.query(
        permission=permissions.ORDERS_READ,
        description="Orders; `query` is a number, an e-mail address, a name, a SKU or a tracking number.",
    )
    async def orders(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: OrderWhere | None = None,
        sort: OrderSort = OrderSort.CREATED_DESC,
    ) -> graphql.Connection[AdminOrder]:
        statement = searching.matching(context, (where or OrderWhere()).to_filter(query))
        page = await paging.page(
            context,
            statement,
            keys=searching.KEYS[Sort(sort.value)],
            first=first,
            after=after,
            last=last,
            before=before,
            plan_once=query is None,  # what somebody typed is rare or common: that wants a plan of its own
        )
        return graphql.connection(info, page, AdminOrder.of, statement=statement)
