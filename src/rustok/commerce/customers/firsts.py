"""Whether somebody has ordered before: a look into two indexes of orders, whose feature stands above this one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, Uuid, column, exists, or_, select, table

from rustok.kernel.context import Context

# Named rather than imported: orders know customers. `tests/commerce/customers` places a real order.
_orders = table(
    "commerce_orders",
    column("tenant_id", Uuid),
    column("customer_id", Uuid),
    column("email", Text),
    column("status", Text),
)


def ordered_before(context: Context, *, customer_id: Any | None, addresses: Sequence[Any]) -> ColumnElement[bool]:
    """Whether there is an order of this account, or with one of these addresses, that was not cancelled.

    They are values, or columns of the statement around; nobody has ordered with an address that is null.
    """
    theirs = [_orders.c.email == address for address in addresses]
    if customer_id is not None:
        theirs.append(_orders.c.customer_id == customer_id)
    # One EXISTS for each: together they would be a condition that no index answers.
    return or_(
        *(
            exists(
                select(1)
                .select_from(_orders)
                .where(_orders.c.tenant_id == context.tenant_id, one, _orders.c.status != "cancelled")
            )
            for one in theirs
        )
    )
