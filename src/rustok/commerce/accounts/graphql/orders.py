"""Orders of customers: one list for each of them, and one statement for all."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from strawberry.types import Info

from rustok.commerce.orders import service
from rustok.commerce.orders.models import Order
from rustok.kernel import graphql

T = TypeVar("T")


async def orders_of(
    info: Info[graphql.Operation, None],
    customer_id: UUID,
    convert: Callable[[Order], T],
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> graphql.Connection[T]:
    """A page of a customer's orders, the newest first."""
    page = await graphql.together(
        info, service.of_customers, customer_id, first=first, after=after, last=last, before=before
    )
    assert page is not None  # noqa: S101 - who has no orders has an empty page

    async def count() -> tuple[int, bool]:
        return await graphql.together(info, service.count_of_customers, customer_id) or (0, True)

    return graphql.connection(info, page, convert, count=count)
