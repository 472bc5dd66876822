"""Returns with their lines, and refunds with what they are made of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from rustok.commerce.returns.states import Condition, Reason, ReturnStatus
from rustok.kernel.db import TenantModel, created_at, updated_at


def _known(column: str, values: type[ReturnStatus | Reason | Condition]) -> str:
    return f"{column} IN ({', '.join(repr(one.value) for one in values)})"


def _of_an_order(table: str, *, column: str = "order_id", name: str = "order") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", column],
        ["commerce_order_claims.tenant_id", "commerce_order_claims.id"],
        name=f"fk_{table}_{name}",
        ondelete="CASCADE" if column == "order_id" else None,
    )


def _amount() -> Mapped[int]:
    return mapped_column(BigInteger, default=0, server_default=text("0"))


class OrderReturn(TenantModel):
    """Goods of one order that somebody wants to send back, or has sent back. `number` counts within the order."""

    __tablename__ = "commerce_returns"
    __table_args__ = (
        _of_an_order("commerce_returns"),
        _of_an_order("commerce_returns", column="exchange_order_id", name="exchange"),
        UniqueConstraint("order_id", "tenant_id", "number", name="uq_commerce_returns_number"),
        CheckConstraint(_known("status", ReturnStatus), name="status_known"),
        CheckConstraint("requested_by IN ('buyer', 'staff')", name="requester_known"),
        Index("ix_commerce_returns_created_at", "created_at", "tenant_id", "id"),
        Index("ix_commerce_returns_status", "status", "tenant_id", "created_at", "id"),
        Index(
            "ix_commerce_returns_exchange_order_id",
            "exchange_order_id",
            "tenant_id",
            postgresql_where=text("exchange_order_id IS NOT NULL"),
        ),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(16), default="requested", server_default=text("'requested'"))
    requested_by: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)  # the buyer's
    answer: Mapped[str | None] = mapped_column(Text)  # what the shop told the buyer
    exchange_order_id: Mapped[UUID | None] = mapped_column(Uuid)  # what is sent instead
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class ReturnLine(TenantModel):
    """Pieces of an order line that come back; their worth is known when they are received."""

    __tablename__ = "commerce_return_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "return_id"],
            ["commerce_returns.tenant_id", "commerce_returns.id"],
            name="fk_commerce_return_lines_return",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "line_id"],
            ["commerce_order_lines.tenant_id", "commerce_order_lines.id"],
            name="fk_commerce_return_lines_line",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["commerce_stock_locations.tenant_id", "commerce_stock_locations.id"],
            name="fk_commerce_return_lines_location",
        ),
        UniqueConstraint("return_id", "tenant_id", "line_id", name="uq_commerce_return_lines_line"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("received_quantity BETWEEN 0 AND quantity", name="received_bounded"),
        CheckConstraint("restocked_quantity BETWEEN 0 AND received_quantity", name="restocked_bounded"),
        CheckConstraint("amount_minor >= 0", name="amount_positive"),
        CheckConstraint(_known("reason", Reason), name="reason_known"),
        CheckConstraint(_known("condition", Condition), name="condition_known"),
        Index("ix_commerce_return_lines_line_id", "line_id", "tenant_id"),
        Index(
            "ix_commerce_return_lines_location_id",
            "location_id",
            "tenant_id",
            postgresql_where=text("location_id IS NOT NULL"),
        ),
    )

    return_id: Mapped[UUID] = mapped_column(Uuid)
    line_id: Mapped[UUID] = mapped_column(Uuid)
    quantity: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(Text)
    received_quantity: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    restocked_quantity: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    condition: Mapped[str | None] = mapped_column(String(16))
    location_id: Mapped[UUID | None] = mapped_column(Uuid)  # where the restocked pieces lie
    amount_minor: Mapped[int] = _amount()  # what was paid for the received pieces, with tax


class Refund(TenantModel):
    """Money, or its worth, that goes back to a buyer. Goods, shipping and the rest are its reasons; payments, gift
    cards and an exchange are its ways."""

    __tablename__ = "commerce_refunds"
    __table_args__ = (
        _of_an_order("commerce_refunds"),
        ForeignKeyConstraint(
            ["tenant_id", "return_id"],
            ["commerce_returns.tenant_id", "commerce_returns.id"],
            name="fk_commerce_refunds_return",
        ),
        UniqueConstraint("order_id", "tenant_id", "key", name="uq_commerce_refunds_key"),
        CheckConstraint("least(goods_minor, shipping_minor, other_minor) >= 0", name="reasons_positive"),
        CheckConstraint("least(payments_minor, gift_cards_minor, exchange_minor) >= 0", name="ways_positive"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("amount_minor = goods_minor + shipping_minor + other_minor", name="reasons_whole"),
        CheckConstraint("amount_minor = payments_minor + gift_cards_minor + exchange_minor", name="ways_whole"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_formed"),
        Index("ix_commerce_refunds_created_at", "created_at", "tenant_id", "id"),
        Index(
            "ix_commerce_refunds_return_id", "return_id", "tenant_id", postgresql_where=text("return_id IS NOT NULL")
        ),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    return_id: Mapped[UUID | None] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(String(255))  # the same one twice is one refund
    reason: Mapped[str] = mapped_column(String(255), default="", server_default=text("''"))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    goods_minor: Mapped[int] = _amount()
    shipping_minor: Mapped[int] = _amount()
    other_minor: Mapped[int] = _amount()  # without goods: for the trouble
    payments_minor: Mapped[int] = _amount()
    gift_cards_minor: Mapped[int] = _amount()
    exchange_minor: Mapped[int] = _amount()
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = created_at()


class RefundPart(TenantModel):
    """What of a refund goes back over one payment; the attempt says how that went."""

    __tablename__ = "commerce_refund_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "refund_id"],
            ["commerce_refunds.tenant_id", "commerce_refunds.id"],
            name="fk_commerce_refund_parts_refund",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "attempt_id"],
            ["commerce_payment_attempts.tenant_id", "commerce_payment_attempts.id"],
            name="fk_commerce_refund_parts_attempt",
            ondelete="CASCADE",
        ),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_commerce_refund_parts_refund_id", "refund_id", "tenant_id"),
        Index("ix_commerce_refund_parts_attempt_id", "attempt_id", "tenant_id"),
    )

    refund_id: Mapped[UUID] = mapped_column(Uuid)
    attempt_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
