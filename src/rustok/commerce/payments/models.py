"""Ways to pay, payments with their phases and their ledger, what providers told us, and the test provider's books."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel

_NO_JSON = text("'{}'::jsonb")


def _amount() -> Mapped[int]:
    return mapped_column(BigInteger, default=0, server_default=text("0"))


class PaymentMethod(TenantModel):
    """A way to pay that a shop offers. `sealed` holds its provider's secrets, which are opened for calls only."""

    __tablename__ = "commerce_payment_methods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_commerce_payment_methods_tenant", ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "code", name="uq_commerce_payment_methods_code"),
        CheckConstraint("capture IN ('automatic', 'manual')", name="capture_known"),
    )

    code: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(64))
    names: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_NO_JSON)  # by locale
    instructions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_NO_JSON)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    position: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    limits: Mapped[dict[str, Any]] = mapped_column(  # {"EUR": {"least": 100, "most": 50000}}
        JSONB, default=dict, server_default=_NO_JSON
    )
    countries: Mapped[list[str]] = mapped_column(ARRAY(String(2)), default=list, server_default=text("'{}'"))
    currencies: Mapped[list[str]] = mapped_column(ARRAY(String(3)), default=list, server_default=text("'{}'"))
    capture: Mapped[str] = mapped_column(String(16), default="automatic", server_default="automatic")
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_NO_JSON)
    sealed: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_NO_JSON)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class Payment(TenantModel):
    """An amount to be paid for an order. The four sums are counted by the ledger's own trigger and by nobody else."""

    __tablename__ = "commerce_payments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["commerce_order_claims.tenant_id", "commerce_order_claims.id"],
            name="fk_commerce_payments_order",
            ondelete="CASCADE",
        ),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_formed"),
        CheckConstraint("capture IN ('automatic', 'manual')", name="capture_known"),
        CheckConstraint(
            "status IN ('pending', 'processing', 'requires_action', 'awaiting', 'authorized', 'partially_captured',"
            " 'captured', 'partially_refunded', 'refunded', 'declined', 'voided')",
            name="status_known",
        ),
        CheckConstraint(
            "authorized_minor BETWEEN 0 AND amount_minor AND capturing_minor >= 0 AND captured_minor >= 0"
            " AND voided_minor >= 0 AND captured_minor + capturing_minor + voided_minor <= authorized_minor",
            name="captured_within_authorized",
        ),
        CheckConstraint(
            "refunded_minor >= 0 AND refunding_minor >= 0 AND refunded_minor + refunding_minor <= captured_minor",
            name="refunded_within_captured",
        ),
        Index("ix_commerce_payments_order_id", "order_id", "tenant_id"),
        Index("ix_commerce_payments_created_at", "created_at", "tenant_id", "id"),
        Index("ix_commerce_payments_reference", "reference", "tenant_id", postgresql_where=text("reference <> ''")),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    method_code: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    capture: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(32), default="pending", server_default="pending")
    authorized_minor: Mapped[int] = _amount()
    captured_minor: Mapped[int] = _amount()
    voided_minor: Mapped[int] = _amount()
    refunded_minor: Mapped[int] = _amount()
    capturing_minor: Mapped[int] = _amount()  # promised to captures whose outcome is not known
    refunding_minor: Mapped[int] = _amount()  # the same for refunds
    reference: Mapped[str] = mapped_column(String(255), default="", server_default="")  # the provider's name for it
    next_action: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error_code: Mapped[str] = mapped_column(String(64), default="", server_default="")
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # its order was
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class PaymentAttempt(TenantModel):
    """Something that a provider is to do: written before it is asked, finished when its answer is known."""

    __tablename__ = "commerce_payment_attempts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["commerce_payments.tenant_id", "commerce_payments.id"],
            name="fk_commerce_payment_attempts_payment",
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "key", name="uq_commerce_payment_attempts_key"),
        CheckConstraint("kind IN ('authorize', 'capture', 'void', 'refund')", name="kind_known"),
        CheckConstraint("state IN ('open', 'waiting', 'succeeded', 'failed')", name="state_known"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(state IN ('open', 'waiting')) = (finished_at IS NULL)", name="finished_whole"),
        Index("ix_commerce_payment_attempts_payment_id", "tenant_id", "payment_id", "id"),
        Index(
            "ix_commerce_payment_attempts_due",
            "tenant_id",
            "next_try_at",
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "uq_commerce_payment_attempts_one",
            "tenant_id",
            "payment_id",
            "kind",
            unique=True,
            postgresql_where=text("finished_at IS NULL AND kind IN ('authorize', 'void')"),
        ),
    )

    payment_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="open", server_default="open")
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(128))  # the provider's idempotency key
    reason: Mapped[str] = mapped_column(String(255), default="", server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_NO_JSON)
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    next_try_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    leased_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # somebody is asking just now
    reference: Mapped[str] = mapped_column(String(255), default="", server_default="")
    error_code: Mapped[str] = mapped_column(String(64), default="", server_default="")
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PaymentTransaction(TenantModel):
    """One entry of the ledger; only ever added. Every sum of a payment is the sum of its entries that succeeded.

    A refund that came back is taken back by an entry of its own, whose amount is negative.
    """

    __tablename__ = "commerce_payment_transactions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["commerce_payments.tenant_id", "commerce_payments.id"],
            name="fk_commerce_payment_transactions_payment",
            ondelete="CASCADE",
        ),
        CheckConstraint("kind IN ('authorize', 'capture', 'void', 'refund')", name="kind_known"),
        CheckConstraint("status IN ('succeeded', 'failed')", name="status_known"),
        CheckConstraint("amount_minor > 0 OR (kind = 'refund' AND amount_minor < 0)", name="amount_signed"),
        UniqueConstraint(
            "tenant_id", "payment_id", "kind", "reference", "status", name="uq_commerce_payment_transactions_reference"
        ),
        Index("ix_commerce_payment_transactions_created_at", "tenant_id", "created_at", "id"),
    )

    payment_id: Mapped[UUID] = mapped_column(Uuid)
    order_id: Mapped[UUID] = mapped_column(Uuid)
    attempt_id: Mapped[UUID | None] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    provider: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(255))
    key: Mapped[str] = mapped_column(String(128), default="", server_default="")
    reason: Mapped[str] = mapped_column(String(255), default="", server_default="")
    error_code: Mapped[str] = mapped_column(String(64), default="", server_default="")
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_NO_JSON)
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PaymentNotice(TenantModel):
    """Something that a provider told us on its own; its event id is taken once."""

    __tablename__ = "commerce_payment_notices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_commerce_payment_notices_tenant", ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "method_code", "event_id", name="uq_commerce_payment_notices_event"),
        CheckConstraint(
            "outcome IN ('received', 'applied', 'ignored', 'unknown_payment', 'mismatch')", name="outcome_known"
        ),
        Index("ix_commerce_payment_notices_payment_id", "tenant_id", "payment_id"),
    )

    method_code: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(255))
    reference: Mapped[str] = mapped_column(String(255), default="", server_default="")
    payment_id: Mapped[UUID | None] = mapped_column(Uuid)
    outcome: Mapped[str] = mapped_column(String(32), default="received", server_default="received")
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    handled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class TestPayment(TenantModel):
    """A payment in the test provider's own books: what a remote provider would know, and we would not."""

    __test__ = False  # for pytest, which takes the name for a test's
    __tablename__ = "commerce_test_payments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_commerce_test_payments_tenant", ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "token", name="uq_commerce_test_payments_token"),
    )

    method_code: Mapped[str] = mapped_column(String(64))
    payment_id: Mapped[UUID] = mapped_column(Uuid)
    token: Mapped[str] = mapped_column(String(64))  # whoever has it may approve
    scenario: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(32))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    capture: Mapped[bool] = mapped_column(Boolean)
    return_url: Mapped[str] = mapped_column(Text, default="", server_default="")
    movements: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class TestRequest(TenantModel):
    """A request that the test provider has seen: the same key is answered as before."""

    __test__ = False
    __tablename__ = "commerce_test_requests"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "test_payment_id"],
            ["commerce_test_payments.tenant_id", "commerce_test_payments.id"],
            name="fk_commerce_test_requests_payment",
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "key", name="uq_commerce_test_requests_key"),
    )

    test_payment_id: Mapped[UUID] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    times: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))  # how often it was asked


class TestNotice(TenantModel):
    """A webhook that the test provider has not sent yet."""

    __test__ = False
    __tablename__ = "commerce_test_notices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "test_payment_id"],
            ["commerce_test_payments.tenant_id", "commerce_test_payments.id"],
            name="fk_commerce_test_notices_payment",
            ondelete="CASCADE",
        ),
        Index("ix_commerce_test_notices_due_at", "tenant_id", "due_at", postgresql_where=text("sent_at IS NULL")),
    )

    test_payment_id: Mapped[UUID] = mapped_column(Uuid)
    event_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
