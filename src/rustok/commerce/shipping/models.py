"""Zones and the places that they hold, and the ways of shipping there with their prices and conditions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.commerce.places.service import PlaceColumns
from rustok.kernel.db import TenantModel, created_at, updated_at


class ShippingZone(TenantModel):
    """Places with the same ways of shipping."""

    __tablename__ = "commerce_shipping_zones"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_commerce_shipping_zones_tenant", ondelete="CASCADE"
        ),
        UniqueConstraint("code", "tenant_id", name="uq_commerce_shipping_zones_code"),
    )

    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class ShippingZonePlace(PlaceColumns, TenantModel):
    """A place of a zone; no other zone has the same one."""

    __tablename__ = "commerce_shipping_zone_places"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "zone_id"],
            ["commerce_shipping_zones.tenant_id", "commerce_shipping_zones.id"],
            name="fk_commerce_shipping_zone_places_zone",
            ondelete="CASCADE",
        ),
        UniqueConstraint(
            "tenant_id",
            "country",
            "region",
            "postcode_from",
            "postcode_to",
            name="uq_commerce_shipping_zone_places_place",
        ),
        CheckConstraint("length(postcode_from) = length(postcode_to)", name="range_even"),
        Index("ix_commerce_shipping_zone_places_zone_id", "tenant_id", "zone_id"),
    )

    zone_id: Mapped[UUID] = mapped_column(Uuid)


class ShippingMethod(TenantModel):
    """A way of shipping to a zone. The provider, by its name, says what it costs."""

    __tablename__ = "commerce_shipping_methods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "zone_id"],
            ["commerce_shipping_zones.tenant_id", "commerce_shipping_zones.id"],
            name="fk_commerce_shipping_methods_zone",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["commerce_stock_locations.tenant_id", "commerce_stock_locations.id"],
            name="fk_commerce_shipping_methods_location",
        ),
        ForeignKeyConstraint(
            ["tax_class", "tenant_id"],
            ["commerce_tax_classes.code", "commerce_tax_classes.tenant_id"],
            name="fk_commerce_shipping_methods_tax_class",
        ),
        UniqueConstraint("code", "tenant_id", name="uq_commerce_shipping_methods_code"),
        CheckConstraint("min_weight >= 0 AND max_weight >= min_weight", name="weights_in_order"),
        CheckConstraint("provider <> 'pickup' OR location_id IS NOT NULL", name="pickup_somewhere"),
        Index("ix_commerce_shipping_methods_zone_id", "zone_id", "tenant_id", "position"),
        Index("ix_commerce_shipping_methods_location_id", "location_id", "tenant_id"),
        Index("ix_commerce_shipping_methods_tax_class", "tax_class", "tenant_id"),
    )

    zone_id: Mapped[UUID] = mapped_column(Uuid)
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    # How long it takes, and what else a buyer should know. Other languages are translations of both texts.
    estimate: Mapped[str] = mapped_column(String(500), default="", server_default=text("''"))
    provider: Mapped[str] = mapped_column(String(64), default="flat", server_default=text("'flat'"))
    position: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    tax_class: Mapped[str | None] = mapped_column(String(64))
    min_weight: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))  # grams
    max_weight: Mapped[int | None] = mapped_column(Integer)
    location_id: Mapped[UUID | None] = mapped_column(Uuid)  # where goods are picked up
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class ShippingPrice(TenantModel):
    """What a method costs from a weight (grams) or a subtotal (minor units) on, as its provider reads it."""

    __tablename__ = "commerce_shipping_prices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "method_id"],
            ["commerce_shipping_methods.tenant_id", "commerce_shipping_methods.id"],
            name="fk_commerce_shipping_prices_method",
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "method_id", "currency", "from_value", name="uq_commerce_shipping_prices_band"),
        CheckConstraint("price_minor >= 0 AND from_value >= 0", name="amounts_positive"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_formed"),
    )

    method_id: Mapped[UUID] = mapped_column(Uuid)
    currency: Mapped[str] = mapped_column(String(3))
    from_value: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    price_minor: Mapped[int] = mapped_column(BigInteger)


class ShippingTerms(TenantModel):
    """A method's conditions on the goods' subtotal in a currency, and from which one on it is free."""

    __tablename__ = "commerce_shipping_terms"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "method_id"],
            ["commerce_shipping_methods.tenant_id", "commerce_shipping_methods.id"],
            name="fk_commerce_shipping_terms_method",
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "method_id", "currency", name="uq_commerce_shipping_terms_currency"),
        CheckConstraint("free_from_minor >= 0 AND min_subtotal_minor >= 0", name="amounts_positive"),
        CheckConstraint("max_subtotal_minor >= coalesce(min_subtotal_minor, 0)", name="subtotals_in_order"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_formed"),
    )

    method_id: Mapped[UUID] = mapped_column(Uuid)
    currency: Mapped[str] = mapped_column(String(3))
    free_from_minor: Mapped[int | None] = mapped_column(BigInteger)
    min_subtotal_minor: Mapped[int | None] = mapped_column(BigInteger)
    max_subtotal_minor: Mapped[int | None] = mapped_column(BigInteger)
