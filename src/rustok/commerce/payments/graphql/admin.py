"""How staff see payments, take money, and give it back."""

from datetime import datetime
from uuid import UUID

import strawberry
from sqlalchemy import Select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.payments import capturing, listing, refunding, service, voiding
from rustok.commerce.payments.graphql.orders import PaymentDetail, details
from rustok.commerce.payments.graphql.types import (
    PaymentAttemptType,
    PaymentPayload,
    PaymentStateEnum,
    PaymentTransactionKindEnum,
    PaymentTransactionStatusEnum,
    PaymentTransactionType,
    PaymentType,
)
from rustok.commerce.payments.models import Payment, PaymentTransaction
from rustok.kernel import errors, graphql, money, paging
from rustok.kernel.context import Context


@strawberry.input(description="Which payments; what is absent does not matter.")
class PaymentFilter:
    status: list[PaymentStateEnum] | None = None
    provider: str | None = None
    method: str | None = None
    order_id: strawberry.ID | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    stuck: bool | None = strawberry.field(
        default=None, description="Whether the provider was asked many times and has not answered yet."
    )


@strawberry.input(description="Which entries; what is absent does not matter.")
class PaymentTransactionFilter:
    kind: list[PaymentTransactionKindEnum] | None = None
    status: PaymentTransactionStatusEnum | None = None
    provider: str | None = None
    order_id: strawberry.ID | None = None
    payment_id: strawberry.ID | None = None
    reference: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@strawberry.type
class PaymentRefundPayload:
    refund: PaymentAttemptType | None = None
    payment: PaymentType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PaymentAdminQueries:
    @graphql.query(permission=permissions.PAYMENTS_READ, description="A payment, or null.")
    async def payment(self, context: Context, id: strawberry.ID) -> PaymentDetail | None:
        try:
            return (await details(context, [await service.get(context, graphql.to_id(id))]))[0]
        except errors.NotFound:
            return None

    @graphql.query(permission=permissions.PAYMENTS_READ, description="The payments of an order, the oldest first.")
    async def order_payments(self, context: Context, order_id: strawberry.ID) -> list[PaymentDetail]:
        return await details(context, await service.of_order(context, graphql.to_id(order_id)))

    @graphql.query(permission=permissions.PAYMENTS_READ, description="Payments, the newest first.")
    async def payments(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        where: PaymentFilter | None = None,
    ) -> graphql.Connection[PaymentType]:
        statement = _payments(context, where or PaymentFilter())
        keys: list[paging.Key] = [(Payment.created_at, paging.DESC), (Payment.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, PaymentType.of, statement=statement)

    @graphql.query(permission=permissions.PAYMENTS_READ, description="The ledger of all payments, the newest first.")
    async def payment_transactions(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        where: PaymentTransactionFilter | None = None,
    ) -> graphql.Connection[PaymentTransactionType]:
        statement = _transactions(context, where or PaymentTransactionFilter())
        keys: list[paging.Key] = [(PaymentTransaction.created_at, paging.DESC), (PaymentTransaction.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, PaymentTransactionType.of, statement=statement)


@strawberry.type
class PaymentAdminMutations:
    @graphql.mutation(
        permission=permissions.PAYMENTS_WRITE,
        own_units=True,
        description="Take what is authorised: all that is left, or so much. The same key twice is one capture.",
    )
    async def payment_capture(
        self, info: Info, payment_id: strawberry.ID, amount: graphql.MoneyInput | None = None, key: str | None = None
    ) -> PaymentPayload:
        units, id_ = info.context.work, graphql.to_id(payment_id)
        async with units() as context:
            minor = await _minor(context, id_, amount)
        payment = await capturing.capture(units, id_, minor, key=checks.optional_text(key, "key"))
        return PaymentPayload(payment=PaymentType.of(payment))

    @graphql.mutation(
        permission=permissions.PAYMENTS_WRITE,
        own_units=True,
        description="Give up what is authorised and not captured, or a payment that its buyer did not finish.",
    )
    async def payment_void(self, info: Info, payment_id: strawberry.ID, reason: str | None = None) -> PaymentPayload:
        told = checks.optional_text(reason, "reason") or ""
        payment = await voiding.void(info.context.work, graphql.to_id(payment_id), reason=told)
        return PaymentPayload(payment=PaymentType.of(payment))

    @graphql.mutation(
        permission=permissions.PAYMENTS_WRITE,
        description="Say that money has come: all that was missing, or so much. The same key twice is one entry.",
    )
    async def payment_mark_paid(
        self,
        context: Context,
        payment_id: strawberry.ID,
        amount: graphql.MoneyInput | None = None,
        reference: str | None = None,
        key: str | None = None,
    ) -> PaymentPayload:
        id_ = graphql.to_id(payment_id)
        payment = await capturing.mark_paid(
            context,
            id_,
            await _minor(context, id_, amount),
            reference=checks.optional_text(reference, "reference") or "",
            key=checks.optional_text(key, "key"),
        )
        return PaymentPayload(payment=PaymentType.of(payment))

    @graphql.mutation(
        permission=permissions.PAYMENTS_REFUND,
        own_units=True,
        description="Give money back. The same key twice is one refund.",
    )
    async def payment_refund(
        self,
        info: Info,
        payment_id: strawberry.ID,
        amount: graphql.MoneyInput,
        key: str,
        reason: str | None = None,
    ) -> PaymentRefundPayload:
        units, id_ = info.context.work, graphql.to_id(payment_id)
        async with units() as context:
            minor = await _minor(context, id_, amount)
        told = checks.optional_text(reason, "reason") or ""
        attempt = await refunding.refund(units, id_, minor or 0, reason=told, key=checks.text(key, "key"))
        async with units() as context:
            payment = await service.get(context, id_)
        return PaymentRefundPayload(
            refund=PaymentAttemptType.of(attempt, payment.currency), payment=PaymentType.of(payment)
        )


async def _minor(context: Context, payment_id: UUID, amount: graphql.MoneyInput | None) -> int | None:
    """The amount in minor units of the payment's own currency."""
    if amount is None:
        return None
    payment = await service.get(context, payment_id)
    if amount.currency_code != payment.currency:
        raise money.InvalidMoney(f"this payment is in {payment.currency}", field=("amount", "currencyCode"))
    minor = amount.to_minor()
    if minor <= 0:
        raise money.InvalidMoney("the amount must be more than nothing", field="amount")
    return minor


def _payments(context: Context, where: PaymentFilter) -> Select[Payment]:
    return listing.payments(
        context,
        statuses=[one.value for one in where.status] if where.status is not None else None,
        provider=where.provider,
        method=where.method,
        order_id=graphql.to_id(where.order_id) if where.order_id else None,
        since=where.created_from,
        until=where.created_to,
        stuck=where.stuck,
    )


def _transactions(context: Context, where: PaymentTransactionFilter) -> Select[PaymentTransaction]:
    return listing.transactions(
        context,
        kinds=[one.value for one in where.kind] if where.kind is not None else None,
        status=where.status.value if where.status else None,
        provider=where.provider,
        order_id=graphql.to_id(where.order_id) if where.order_id else None,
        payment_id=graphql.to_id(where.payment_id) if where.payment_id else None,
        reference=where.reference,
        since=where.created_from,
        until=where.created_to,
    )
