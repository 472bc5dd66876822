"""How an order is paid: a field that orders, who know no payments, are given for staff."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from rustok.commerce import permissions
from rustok.commerce.orders.graphql.types import AdminOrder, Edge
from rustok.commerce.payments import service
from rustok.commerce.payments.graphql.types import PaymentAttemptType, PaymentTransactionType, PaymentType
from rustok.commerce.payments.models import Payment
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type(description="A payment with its ledger and all that its provider was asked.")
class PaymentDetail:
    payment: PaymentType
    transactions: list[PaymentTransactionType]
    attempts: list[PaymentAttemptType]


@graphql.addition(
    AdminOrder,
    permission=permissions.PAYMENTS_READ,
    description="Its payments, the oldest first; needs the permission to read payments.",
)
async def payments(self: AdminOrder, info: Edge) -> list[PaymentDetail]:
    """The payments of the order."""
    return await graphql.together(info, of_orders, self.row.id) or []


async def of_orders(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[PaymentDetail]]:
    """The payments of the orders, the oldest first."""
    found = await service.of_orders(context, order_ids)
    shown = iter(await details(context, [one for held in found.values() for one in held]))
    return {id_: [next(shown) for _ in held] for id_, held in found.items()}


async def details(context: Context, payments: Sequence[Payment]) -> list[PaymentDetail]:
    """The payments with all that belongs to them, in the order given."""
    ids = [one.id for one in payments]
    entries, attempts = await service.transactions(context, ids), await service.attempts_of(context, ids)
    return [
        PaymentDetail(
            payment=PaymentType.of(one),
            transactions=[PaymentTransactionType.of(entry) for entry in entries.get(one.id, ())],
            attempts=[PaymentAttemptType.of(attempt, one.currency) for attempt in attempts.get(one.id, ())],
        )
        for one in payments
    ]
