"""Orders and what belongs to them.

`commerce_orders` is partitioned by quarter. A unique key of such a table must contain its partition key, so a small
table of claims holds what must be unique (id, cart, number, token), and everything that belongs to an order refers to
its claim. Of that table, too, only the primary key begins with the tenant: see catalogue/models.py.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.service import Address
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from rustok.kernel.db import Model, TenantModel, created_at, updated_at


def _known(column: str, values: type[OrderStatus | PaymentStatus | FulfilmentStatus]) -> str:
    return f"{column} IN ({', '.join(repr(one.value) for one in values)})"


def _of_an_order(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "order_id"],
        ["commerce_order_claims.tenant_id", "commerce_order_claims.id"],
        name=f"fk_{table}_order",
        ondelete="CASCADE",
    )


def _of_a_line(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "line_id"],
        ["commerce_order_lines.tenant_id", "commerce_order_lines.id"],
        name=f"fk_{table}_line",
        ondelete="CASCADE",
    )


class OrderCounter(Model):
    """The last number that a tenant's orders have; its row is written last in a transaction, for all wait there."""

    __tablename__ = "commerce_order_counters"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_commerce_order_counters_tenant", ondelete="CASCADE"
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger)


class OrderClaim(TenantModel):
    """What of an order must be unique, and where its row is. Whoever changes an order locks its claim first."""

    __tablename__ = "commerce_order_claims"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_order_claims_tenant", ondelete="CASCADE"),
        UniqueConstraint("cart_id", "tenant_id", name="uq_commerce_order_claims_cart"),
        UniqueConstraint("number", "tenant_id", name="uq_commerce_order_claims_number"),
        UniqueConstraint("token", "tenant_id", name="uq_commerce_order_claims_token"),
    )

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cart_id: Mapped[UUID | None] = mapped_column(Uuid)  # the cart or draft that became this order
    number: Mapped[int] = mapped_column(BigInteger)
    token: Mapped[str] = mapped_column(String(64))


class Order(TenantModel):
    """What a buyer committed to. All amounts are minor units of `currency`; `total` is the sum of its parts."""

    __tablename__ = "commerce_orders"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["commerce_order_claims.tenant_id", "commerce_order_claims.id"],
            name="fk_commerce_orders_claim",
            ondelete="CASCADE",
        ),
        CheckConstraint(_known("status", OrderStatus), name="status_known"),
        CheckConstraint(_known("payment_status", PaymentStatus), name="payment_status_known"),
        CheckConstraint(_known("fulfilment_status", FulfilmentStatus), name="fulfilment_status_known"),
        CheckConstraint(
            "least(subtotal_minor, discount_minor, shipping_price_minor, shipping_discount_minor, shipping_tax_minor,"
            " tax_minor, total_minor, gift_card_minor, due_minor, authorized_minor, captured_minor, refunded_minor)"
            " >= 0",
            name="amounts_positive",
        ),
        CheckConstraint("discount_minor <= subtotal_minor", name="discount_bounded"),
        CheckConstraint("shipping_minor = shipping_price_minor - shipping_discount_minor", name="shipping_whole"),
        CheckConstraint(
            "total_minor = subtotal_minor - discount_minor + shipping_minor"
            " + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
            name="total_whole",
        ),
        CheckConstraint("due_minor = total_minor - gift_card_minor", name="due_whole"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_whole"),
        Index("ix_commerce_orders_created_at", "tenant_id", "created_at", "id"),
        Index("ix_commerce_orders_status", "tenant_id", "status", "created_at", "id"),
        Index("ix_commerce_orders_payment_status", "tenant_id", "payment_status", "created_at", "id"),
        Index("ix_commerce_orders_fulfilment_status", "tenant_id", "fulfilment_status", "created_at", "id"),
        Index("ix_commerce_orders_total", "tenant_id", "total_minor", "id"),
        Index("ix_commerce_orders_email", "tenant_id", "email", "created_at"),
        Index(
            "ix_commerce_orders_customer_id",
            "tenant_id",
            "customer_id",
            "created_at",
            "id",
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "ix_commerce_orders_payment_due",
            "tenant_id",
            "payment_due",
            postgresql_where=text("status = 'pending' AND payment_due IS NOT NULL"),
        ),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    token: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(16))  # cart | draft | exchange
    status: Mapped[str] = mapped_column(String(16))
    payment_status: Mapped[str] = mapped_column(String(24))
    fulfilment_status: Mapped[str] = mapped_column(String(24))
    customer_id: Mapped[UUID | None] = mapped_column(Uuid)  # None: a guest's, until it is claimed
    email: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(255))
    locale: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str | None] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    tax_included: Mapped[bool] = mapped_column(Boolean)
    subtotal_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)  # of the lines
    shipping_price_minor: Mapped[int] = mapped_column(BigInteger)
    shipping_discount_minor: Mapped[int] = mapped_column(BigInteger)
    shipping_minor: Mapped[int] = mapped_column(BigInteger)  # after its discounts
    shipping_tax_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)  # of lines and shipping
    total_minor: Mapped[int] = mapped_column(BigInteger)
    gift_card_minor: Mapped[int] = mapped_column(BigInteger)
    due_minor: Mapped[int] = mapped_column(BigInteger)
    authorized_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    captured_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    # The chosen way of shipping as it was: method_id, code, name, tax_class, pickup, facts. None: nothing to ship.
    shipping: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shipping_stored: Mapped[dict[str, Any] | None] = mapped_column("shipping_address", JSONB(none_as_null=True))
    billing_stored: Mapped[dict[str, Any] | None] = mapped_column("billing_address", JSONB(none_as_null=True))
    note: Mapped[str | None] = mapped_column(Text)  # the buyer's
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'::text[]"))
    payment_due: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    updated_at: Mapped[datetime] = updated_at()

    @property
    def shipping_address(self) -> Address | None:
        """Where the goods go."""
        return addresses.of(self.shipping_stored)

    @property
    def billing_address(self) -> Address | None:
        """Who is billed."""
        return addresses.of(self.billing_stored)

    @property
    def outstanding_minor(self) -> int:
        """What is still to be paid; negative for what was paid too much.

        What goes back beyond that, for goods that came back or for the trouble, is not owed again.
        """
        too_much = max(self.captured_minor - self.due_minor, 0)
        return self.due_minor - self.captured_minor + min(self.refunded_minor, too_much)


class OrderLine(TenantModel):
    """Some pieces of a variant as they were sold: texts and prices are copies, and outlive the product."""

    __tablename__ = "commerce_order_lines"
    __table_args__ = (
        _of_an_order("commerce_order_lines"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("subtotal_minor = unit_minor * quantity", name="subtotal_whole"),
        CheckConstraint("discount_minor BETWEEN 0 AND subtotal_minor", name="discount_bounded"),
        CheckConstraint("unit_minor >= 0 AND tax_minor >= 0", name="amounts_positive"),
        CheckConstraint(
            "total_minor = subtotal_minor - discount_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
            name="total_whole",
        ),
        CheckConstraint("fulfilled_quantity BETWEEN 0 AND quantity", name="fulfilled_bounded"),
        CheckConstraint("returned_quantity BETWEEN 0 AND fulfilled_quantity", name="returned_bounded"),
        Index("ix_commerce_order_lines_order_id", "order_id", "tenant_id"),
        Index("ix_commerce_order_lines_sku", "sku", "tenant_id", postgresql_where=text("sku IS NOT NULL")),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer)
    variant_id: Mapped[UUID] = mapped_column(Uuid)  # no key: the books outlive the catalogue
    product_id: Mapped[UUID] = mapped_column(Uuid)
    title: Mapped[str] = mapped_column(String(255))
    variant_title: Mapped[str | None] = mapped_column(String(255))
    sku: Mapped[str | None] = mapped_column(String(64))
    options: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    image_url: Mapped[str | None] = mapped_column(Text)
    product_handle: Mapped[str | None] = mapped_column(String(255))
    quantity: Mapped[int] = mapped_column(Integer)
    fulfilled_quantity: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    returned_quantity: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    unit_minor: Mapped[int] = mapped_column(BigInteger)
    compare_at_minor: Mapped[int | None] = mapped_column(BigInteger)
    tax_included: Mapped[bool] = mapped_column(Boolean)  # the order's, copied here so that a CHECK can see it
    subtotal_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    price_reason: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    weight: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))  # of one piece, in grams
    requires_shipping: Mapped[bool] = mapped_column(Boolean)
    taxable: Mapped[bool] = mapped_column(Boolean)
    tax_class: Mapped[str | None] = mapped_column(String(64))
    discountable: Mapped[bool] = mapped_column(Boolean)


class OrderAdjustment(TenantModel):
    """What was taken off a line, or off the shipping where `line_id` is None; the amount is positive."""

    __tablename__ = "commerce_order_adjustments"
    __table_args__ = (
        _of_an_order("commerce_order_adjustments"),
        _of_a_line("commerce_order_adjustments"),
        CheckConstraint("amount_minor >= 0", name="amount_positive"),
        Index("ix_commerce_order_adjustments_order_id", "order_id", "tenant_id"),
        Index(
            "ix_commerce_order_adjustments_line_id",
            "line_id",
            "tenant_id",
            postgresql_where=text("line_id IS NOT NULL"),
        ),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    line_id: Mapped[UUID | None] = mapped_column(Uuid)
    promotion_id: Mapped[UUID | None] = mapped_column(Uuid)  # None: staff gave it
    code: Mapped[str | None] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class OrderTax(TenantModel):
    """One tax on a line, or on the shipping where `line_id` is None. `rate` is a fraction: 0.19 is 19 %."""

    __tablename__ = "commerce_order_taxes"
    __table_args__ = (
        _of_an_order("commerce_order_taxes"),
        _of_a_line("commerce_order_taxes"),
        CheckConstraint("amount_minor >= 0", name="amount_positive"),
        Index("ix_commerce_order_taxes_order_id", "order_id", "tenant_id"),
        Index("ix_commerce_order_taxes_line_id", "line_id", "tenant_id", postgresql_where=text("line_id IS NOT NULL")),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    line_id: Mapped[UUID | None] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(String(255))
    rate: Mapped[Decimal] = mapped_column(Numeric(12, 8))
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class OrderTerm(Model):
    """A word by which staff find an order: of the buyer's name and address book, or the e-mail address."""

    __tablename__ = "commerce_order_terms"
    __table_args__ = (
        _of_an_order("commerce_order_terms"),
        Index("ix_commerce_order_terms_order_id", "order_id", "tenant_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    # In the order of bytes, so that a beginning is a range of the index.
    term: Mapped[str] = mapped_column(String(320, collation="C"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class TimelineEntry(TenantModel):
    """Who did what to an order, and when; only ever added. Holds nothing that a buyer may want erased."""

    __tablename__ = "commerce_order_timeline"
    __table_args__ = (
        _of_an_order("commerce_order_timeline"),
        Index("ix_commerce_order_timeline_order_id", "order_id", "tenant_id", "id"),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(64))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OrderNote(TenantModel):
    """What staff wrote about an order, for themselves or for the buyer."""

    __tablename__ = "commerce_order_notes"
    __table_args__ = (
        _of_an_order("commerce_order_notes"),
        Index("ix_commerce_order_notes_order_id", "order_id", "tenant_id", "id"),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    body: Mapped[str] = mapped_column(Text)
    to_customer: Mapped[bool] = mapped_column(Boolean)
    author_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = created_at()


class Fulfilment(TenantModel):
    """A parcel, or goods handed over: some pieces of an order that left the shelf together."""

    __tablename__ = "commerce_fulfilments"
    __table_args__ = (
        _of_an_order("commerce_fulfilments"),
        CheckConstraint("status IN ('shipped', 'delivered', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_whole"),
        Index("ix_commerce_fulfilments_order_id", "order_id", "tenant_id", "id"),
        Index(
            "ix_commerce_fulfilments_tracking_number",
            "tracking_number",
            "tenant_id",
            postgresql_where=text("tracking_number IS NOT NULL"),
        ),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(16))
    carrier: Mapped[str | None] = mapped_column(String(64))
    tracking_number: Mapped[str | None] = mapped_column(String(128))
    tracking_url: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class FulfilmentLine(TenantModel):
    """How many pieces of a line are in a parcel."""

    __tablename__ = "commerce_fulfilment_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "fulfilment_id"],
            ["commerce_fulfilments.tenant_id", "commerce_fulfilments.id"],
            name="fk_commerce_fulfilment_lines_fulfilment",
            ondelete="CASCADE",
        ),
        _of_a_line("commerce_fulfilment_lines"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        UniqueConstraint("fulfilment_id", "line_id", "tenant_id", name="uq_commerce_fulfilment_lines_line"),
        Index("ix_commerce_fulfilment_lines_line_id", "line_id", "tenant_id"),
    )

    fulfilment_id: Mapped[UUID] = mapped_column(Uuid)
    line_id: Mapped[UUID] = mapped_column(Uuid)
    quantity: Mapped[int] = mapped_column(Integer)


class DraftOrder(TenantModel):
    """An order that staff prepare for a buyer; once placed it names the order that it became."""

    __tablename__ = "commerce_draft_orders"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_draft_orders_tenant", ondelete="CASCADE"),
        Index("ix_commerce_draft_orders_created_at", "tenant_id", "created_at", "id"),
    )

    currency: Mapped[str] = mapped_column(String(3))
    customer_id: Mapped[UUID | None] = mapped_column(Uuid)
    email: Mapped[str | None] = mapped_column(String(320))
    locale: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str | None] = mapped_column(String(64))
    # [{id, variant_id, quantity, unit_minor | null}]: null is the present price
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    # {title, percent} or {title, amount_minor}
    discount: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # {name, price_minor, method_id, code, tax_class}
    shipping: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shipping_stored: Mapped[dict[str, Any] | None] = mapped_column("shipping_address", JSONB(none_as_null=True))
    billing_stored: Mapped[dict[str, Any] | None] = mapped_column("billing_address", JSONB(none_as_null=True))
    note: Mapped[str | None] = mapped_column(Text)
    order_id: Mapped[UUID | None] = mapped_column(Uuid)  # what it became
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()

    @property
    def shipping_address(self) -> Address | None:
        """Where the goods shall go."""
        return addresses.of(self.shipping_stored)

    @property
    def billing_address(self) -> Address | None:
        """Who is to be billed."""
        return addresses.of(self.billing_stored)
