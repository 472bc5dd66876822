"""Carts, wish lists and what lies in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel, created_at, updated_at


class CartKind(StrEnum):
    """What a customer keeps it for."""

    CART = "cart"
    WISH_LIST = "wish_list"


class CartStatus(StrEnum):
    """Whether it can still be changed."""

    OPEN = "open"
    COMPLETED = "completed"  # it became an order
    MERGED = "merged"  # its lines lie in a customer's cart


class Cart(TenantModel):
    """What somebody means to buy. Without a customer, whoever knows the id (random, not a ULID) may use it.

    Amounts are nowhere in it: they are worked out from present prices whenever somebody looks.
    """

    __tablename__ = "commerce_carts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_carts_tenant", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["users.tenant_id", "users.id"],
            name="fk_commerce_carts_customer",
            ondelete="CASCADE",
        ),
        CheckConstraint("kind IN ('cart', 'wish_list')", name="kind_known"),
        CheckConstraint("status IN ('open', 'completed', 'merged')", name="status_known"),
        CheckConstraint("(status = 'completed') = (order_id IS NOT NULL)", name="completed_whole"),
        CheckConstraint("kind = 'cart' OR customer_id IS NOT NULL", name="wish_list_owned"),
        Index(
            "ix_commerce_carts_customer_id",
            "customer_id",
            "tenant_id",
            "id",
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        # Neither changes with every edit of a cart: its row is rewritten in its page, without touching an index.
        Index("ix_commerce_carts_expires_at", "expires_at", "tenant_id"),
        Index("ix_commerce_carts_created_at", "tenant_id", "created_at", "id"),
    )

    kind: Mapped[str] = mapped_column(String(16), default="cart", server_default=text("'cart'"))
    name: Mapped[str | None] = mapped_column(String(255))
    customer_id: Mapped[UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(16), default="open", server_default=text("'open'"))
    order_id: Mapped[UUID | None] = mapped_column(Uuid)
    merged_into: Mapped[UUID | None] = mapped_column(Uuid)
    currency: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str] = mapped_column(String(64), default="web", server_default=text("'web'"))
    email: Mapped[str | None] = mapped_column(String(320))
    note: Mapped[str | None] = mapped_column(Text)
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'::text[]"))
    gift_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'::text[]"))
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shipping_method_id: Mapped[UUID | None] = mapped_column(Uuid)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CartLine(TenantModel):
    """Some pieces of a variant. No foreign key to it: what is not sold any more is shown as that, and not just gone.

    `seen_minor` and `title` are what the buyer saw when the line was changed last.
    """

    __tablename__ = "commerce_cart_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "cart_id"],
            ["commerce_carts.tenant_id", "commerce_carts.id"],
            name="fk_commerce_cart_lines_cart",
            ondelete="CASCADE",
        ),
        UniqueConstraint("cart_id", "tenant_id", "variant_id", name="uq_commerce_cart_lines_variant"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
    )

    cart_id: Mapped[UUID] = mapped_column(Uuid)
    variant_id: Mapped[UUID] = mapped_column(Uuid)
    quantity: Mapped[int] = mapped_column(Integer)
    seen_minor: Mapped[int | None] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(String(600))
