"""Returns, one or a page of them, for staff."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.returns import searching, service
from rustok.commerce.returns.graphql.types import AdminReturn, ReturnReasonEnum, ReturnStatusEnum, for_staff
from rustok.commerce.returns.models import OrderReturn
from rustok.commerce.returns.searching import Filter
from rustok.commerce.returns.states import Reason, ReturnStatus
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.input(name="ReturnWhere", description="Which returns; all that is said must hold.")
class ReturnWhere:
    status: list[ReturnStatusEnum] | None = None
    reason: ReturnReasonEnum | None = None
    requested_by: str | None = strawberry.field(default=None, description="buyer or staff.")
    order_id: strawberry.ID | None = None
    created_from: datetime | None = None
    created_until: datetime | None = strawberry.field(default=None, description="Exclusive.")

    def to_filter(self, query: str | None) -> Filter:
        """As the search takes it."""
        return Filter(
            query=query,
            status=[ReturnStatus(one.value) for one in self.status or ()],
            reason=Reason(self.reason.value) if self.reason else None,
            requested_by=self.requested_by,
            order_id=graphql.to_id(self.order_id) if self.order_id else None,
            created_from=_moment(self.created_from, "createdFrom"),
            created_until=_moment(self.created_until, "createdUntil"),
        )


def _moment(given: datetime | None, field: str) -> datetime | None:
    if given is not None and given.tzinfo is None:
        raise errors.Invalid("a moment needs its offset from UTC, such as Z", field=field)
    return given


@strawberry.type
class ReturnQueries:
    @graphql.query(permission=permissions.RETURNS_READ, description="One return, or null.")
    async def order_return(self, context: Context, id: strawberry.ID) -> AdminReturn | None:
        try:
            return (await for_staff(context, [await service.get(context, graphql.to_id(id))]))[0]
        except errors.NotFound:
            return None

    @graphql.query(
        permission=permissions.RETURNS_READ,
        description="Returns, the newest first; `query` is the number of an order, or a SKU.",
    )
    async def order_returns(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: ReturnWhere | None = None,
    ) -> graphql.Connection[AdminReturn]:
        statement = searching.matching(context, (where or ReturnWhere()).to_filter(query))
        keys: list[paging.Key] = [(OrderReturn.created_at, paging.DESC), (OrderReturn.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        shown = {one.id: one for one in await for_staff(context, page.rows)}

        def of(row: OrderReturn) -> AdminReturn:
            return shown[strawberry.ID(str(row.id))]

        return graphql.connection(info, page, of, statement=statement)
