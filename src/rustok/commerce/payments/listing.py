"""Payments and their ledger as lists, and as a table that staff take away."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select

from rustok.commerce import permissions
from rustok.commerce.payments.models import Payment, PaymentAttempt, PaymentTransaction
from rustok.commerce.payments.planning import MANY_TRIES
from rustok.commerce.payments.shapes import Kind
from rustok.kernel import filtering, money, paging
from rustok.kernel.context import Context
from rustok.kernel.module import Export


def payments(
    context: Context,
    *,
    statuses: Sequence[str] | None = None,
    provider: str | None = None,
    method: str | None = None,
    order_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    stuck: bool | None = None,
) -> Select[Payment]:
    """A select of the payments that fit. Stuck are those whose provider was asked often and has not answered."""
    found = select(Payment).where(Payment.tenant_id == context.tenant_id)
    if statuses is not None:
        found = found.where(Payment.status.in_(statuses))
    if provider is not None:
        found = found.where(Payment.provider == provider)
    if method is not None:
        found = found.where(Payment.method_code == method)
    if order_id is not None:
        found = found.where(Payment.order_id == order_id)
    if since is not None:
        found = found.where(Payment.created_at >= since)
    if until is not None:
        found = found.where(Payment.created_at < until)
    if stuck is not None:
        silent = exists().where(
            PaymentAttempt.tenant_id == Payment.tenant_id,
            PaymentAttempt.payment_id == Payment.id,
            PaymentAttempt.finished_at.is_(None),
            PaymentAttempt.error_code != "",
            PaymentAttempt.tries >= MANY_TRIES,
        )
        found = found.where(silent if stuck else ~silent)
    return found


def transactions(
    context: Context,
    *,
    kinds: Sequence[str] | None = None,
    status: str | None = None,
    provider: str | None = None,
    order_id: UUID | None = None,
    payment_id: UUID | None = None,
    reference: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Select[PaymentTransaction]:
    """A select of the entries that fit."""
    entry = PaymentTransaction
    found = select(entry).where(entry.tenant_id == context.tenant_id)
    if kinds is not None:
        found = found.where(entry.kind.in_(kinds))
    for column, wanted in (
        (entry.status, status),
        (entry.provider, provider),
        (entry.order_id, order_id),
        (entry.payment_id, payment_id),
        (entry.reference, reference),
    ):
        if wanted is not None:
            found = found.where(column == wanted)
    if since is not None:
        found = found.where(entry.created_at >= since)
    if until is not None:
        found = found.where(entry.created_at < until)
    return found


async def rows(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """The ledger from its beginning; times are ISO 8601."""
    statement = transactions(
        context,
        kinds=None if (kind := filtering.choice(filters, "kind", Kind)) is None else [kind],
        status=filters.get("status"),
        provider=filters.get("provider"),
        order_id=filtering.id_of(filters, "order_id"),
        since=filtering.moment(filters, "from"),
        until=filtering.moment(filters, "to"),
    )
    keys: list[paging.Key] = [(PaymentTransaction.created_at, paging.ASC), (PaymentTransaction.id, paging.ASC)]
    async for page in paging.pages(context, statement, keys=keys):
        for one in page:
            amount = money.Money(one.amount_minor, one.currency).amount
            yield [
                *(one.id, one.created_at, one.order_id, one.payment_id, one.kind, one.status, amount, one.currency),
                *(one.provider, one.reference, one.reason, one.error_code),
            ]


TRANSACTIONS = Export(
    name="payment_transactions",
    permission=permissions.PAYMENTS_READ,
    columns=(
        *("id", "created_at", "order_id", "payment_id", "kind", "status", "amount", "currency"),
        *("provider", "reference", "reason", "error_code"),
    ),
    rows=rows,
    filters=("kind", "status", "provider", "order_id", "from", "to"),
)
