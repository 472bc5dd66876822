"""Prices are rows: one per variant, currency, price list and minimum quantity; a list says whom it is for."""

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
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel


class PriceList(TenantModel):
    """Prices that hold for a while or for somebody; without a currency it may hold prices in all.

    Whom it is for stands in arrays, and an empty one means everybody. They are no foreign keys: a list whose last group
    is deleted must become a list for nobody, where a cascade would make it one for everybody.
    """

    __tablename__ = "commerce_price_lists"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_price_lists_tenant", ondelete="CASCADE"),
        UniqueConstraint("code", "tenant_id", name="uq_commerce_price_lists_code"),
        CheckConstraint("starts_at < ends_at", name="dates_in_order"),
    )

    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    currency: Mapped[str | None] = mapped_column(String(3))
    starts_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    # Found by itself; otherwise it counts only for who names it.
    is_automatic: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    # Its prices are reduced ones: beside them the base price is shown.
    is_sale: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    priority: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    groups: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list, server_default=text("'{}'::uuid[]"))
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'::text[]"))
    countries: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'::text[]"))
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, default=dict, server_default=text("'{}'::jsonb"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class Price(TenantModel):
    """What one piece costs from `min_quantity` pieces on, in minor units; no price list means the base price."""

    __tablename__ = "commerce_prices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["commerce_variants.tenant_id", "commerce_variants.id"],
            name="fk_commerce_prices_variant",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "price_list_id"],
            ["commerce_price_lists.tenant_id", "commerce_price_lists.id"],
            name="fk_commerce_prices_price_list",
            ondelete="CASCADE",
        ),
        UniqueConstraint(
            "tenant_id",
            "variant_id",
            "currency",
            "price_list_id",
            "min_quantity",
            name="uq_commerce_prices_row",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("amount_minor >= 0", name="amount_positive"),
        CheckConstraint("compare_at_minor >= 0", name="compare_at_positive"),
        CheckConstraint("min_quantity >= 1", name="min_quantity_positive"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_formed"),
        Index(
            "ix_commerce_prices_price_list_id",
            "tenant_id",
            "price_list_id",
            postgresql_where=text("price_list_id IS NOT NULL"),
        ),
    )

    variant_id: Mapped[UUID] = mapped_column(Uuid)
    currency: Mapped[str] = mapped_column(String(3))
    price_list_id: Mapped[UUID | None] = mapped_column(Uuid)
    min_quantity: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    compare_at_minor: Mapped[int | None] = mapped_column(BigInteger)
