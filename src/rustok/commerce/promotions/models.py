"""Promotions, their codes, and who used them how often."""

from datetime import datetime
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
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import Model, TenantModel

KINDS = ("percentage", "fixed_amount", "fixed_price", "shipping", "buy_x_get_y")
STACKS = ("item", "order", "shipping")


class Promotion(TenantModel):
    """What is taken off, of what, under which conditions. `shapes` says how the three JSON columns are read.

    `uses` is kept only while there is a limit: a counter that nobody needs would make all checkouts wait for one row.
    """

    __tablename__ = "commerce_promotions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_promotions_tenant", ondelete="CASCADE"),
        CheckConstraint(
            "kind IN ('percentage', 'fixed_amount', 'fixed_price', 'shipping', 'buy_x_get_y')", name="kind_known"
        ),
        CheckConstraint("stack IN ('item', 'order', 'shipping')", name="stack_known"),
        CheckConstraint("starts_at < ends_at", name="dates_in_order"),
        CheckConstraint("uses >= 0 AND (usage_limit IS NULL OR uses <= usage_limit)", name="uses_within_limit"),
        CheckConstraint("per_customer_limit >= 1", name="per_customer_limit_positive"),
        Index("ix_commerce_promotions_created_at", "created_at", "tenant_id", "id"),
    )

    name: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(255))  # what buyers read
    kind: Mapped[str] = mapped_column(String(16))
    reward: Mapped[dict[str, Any]] = mapped_column(JSONB)
    target: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    conditions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    needs_code: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    starts_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    priority: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    stack: Mapped[str] = mapped_column(String(16))
    combines_with: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'::text[]"))
    usage_limit: Mapped[int | None] = mapped_column(Integer)
    per_customer_limit: Mapped[int | None] = mapped_column(Integer)
    uses: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class PromotionCode(TenantModel):
    """A word that switches a promotion on. `key` is the code as codes are compared; `uses` is kept under a limit."""

    __tablename__ = "commerce_promotion_codes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "promotion_id"],
            ["commerce_promotions.tenant_id", "commerce_promotions.id"],
            name="fk_commerce_promotion_codes_promotion",
            ondelete="CASCADE",
        ),
        UniqueConstraint("key", "tenant_id", name="uq_commerce_promotion_codes_key"),
        CheckConstraint("uses >= 0 AND (usage_limit IS NULL OR uses <= usage_limit)", name="uses_within_limit"),
        Index("ix_commerce_promotion_codes_promotion_id", "promotion_id", "tenant_id", "id"),
    )

    promotion_id: Mapped[UUID] = mapped_column(Uuid)
    code: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    usage_limit: Mapped[int | None] = mapped_column(Integer)
    uses: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PromotionUse(TenantModel):
    """A promotion in an order. `buyers` are hashes of the account and the address: no list of who bought what."""

    __tablename__ = "commerce_promotion_uses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "promotion_id"],
            ["commerce_promotions.tenant_id", "commerce_promotions.id"],
            name="fk_commerce_promotion_uses_promotion",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "code_id"],
            ["commerce_promotion_codes.tenant_id", "commerce_promotion_codes.id"],
            name="fk_commerce_promotion_uses_code",
        ),
        CheckConstraint("amount_minor >= 0", name="amount_positive"),
        Index(
            "uq_commerce_promotion_uses_order",
            "order_id",
            "tenant_id",
            "promotion_id",
            unique=True,
            postgresql_where=text("released_at IS NULL"),
        ),
        Index("ix_commerce_promotion_uses_promotion_id", "promotion_id", "tenant_id", "created_at"),
        Index(
            "ix_commerce_promotion_uses_code_id", "code_id", "tenant_id", postgresql_where=text("code_id IS NOT NULL")
        ),
    )

    promotion_id: Mapped[UUID] = mapped_column(Uuid)
    code_id: Mapped[UUID | None] = mapped_column(Uuid)
    order_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    buyers: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary), default=list, server_default=text("'{}'::bytea[]"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    released_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PromotionBuyer(Model):
    """How often one account or address used a promotion that has a limit for each of them."""

    __tablename__ = "commerce_promotion_buyers"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "promotion_id", "buyer", name="pk_commerce_promotion_buyers"),
        ForeignKeyConstraint(
            ["tenant_id", "promotion_id"],
            ["commerce_promotions.tenant_id", "commerce_promotions.id"],
            name="fk_commerce_promotion_buyers_promotion",
            ondelete="CASCADE",
        ),
        CheckConstraint("uses >= 0", name="uses_positive"),
    )

    tenant_id: Mapped[UUID] = mapped_column(Uuid)
    promotion_id: Mapped[UUID] = mapped_column(Uuid)
    buyer: Mapped[bytes] = mapped_column(LargeBinary)
    uses: Mapped[int] = mapped_column(Integer)
