"""Zones and the places that they hold, classes of goods, rates, and what a tenant has decided."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from rustok.commerce.places.service import PlaceColumns
from rustok.kernel.db import Model, TenantModel, created_at, updated_at


class ShippingTax(StrEnum):
    """What decides about the tax on shipping."""

    CLASS = "class"  # the shipping method's class
    PROPORTIONAL = "proportional"  # the goods in the parcel, in proportion to their amounts


class Rounding(StrEnum):
    """Where a tax is rounded."""

    TOTAL = "total"  # once for all lines with the same rates; the lines share it
    LINE = "line"  # line by line


class TaxClass(TenantModel):
    """A kind of goods that is taxed alike: standard, reduced, zero."""

    __tablename__ = "commerce_tax_classes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_tax_classes_tenant", ondelete="CASCADE"),
        UniqueConstraint("code", "tenant_id", name="uq_commerce_tax_classes_code"),
        Index("uq_commerce_tax_classes_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
    )

    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    is_default: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class TaxZone(TenantModel):
    """Places with the same rates. Without a word of its own about prices, the tenant's setting holds."""

    __tablename__ = "commerce_tax_zones"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_tax_zones_tenant", ondelete="CASCADE"),
        UniqueConstraint("code", "tenant_id", name="uq_commerce_tax_zones_code"),
    )

    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    prices_include_tax: Mapped[bool | None] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class TaxZonePlace(PlaceColumns, TenantModel):
    """A place of a zone; no other zone has the same one."""

    __tablename__ = "commerce_tax_zone_places"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "zone_id"],
            ["commerce_tax_zones.tenant_id", "commerce_tax_zones.id"],
            name="fk_commerce_tax_zone_places_zone",
            ondelete="CASCADE",
        ),
        UniqueConstraint(
            "tenant_id", "country", "region", "postcode_from", "postcode_to", name="uq_commerce_tax_zone_places_place"
        ),
        CheckConstraint("length(postcode_from) = length(postcode_to)", name="range_even"),
        Index("ix_commerce_tax_zone_places_zone_id", "tenant_id", "zone_id"),
    )

    zone_id: Mapped[UUID] = mapped_column(Uuid)


class TaxRate(TenantModel):
    """One tax on a class of goods in a zone, as a fraction; a compound one is also due on those before it."""

    __tablename__ = "commerce_tax_rates"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "zone_id"],
            ["commerce_tax_zones.tenant_id", "commerce_tax_zones.id"],
            name="fk_commerce_tax_rates_zone",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "class_id"],
            ["commerce_tax_classes.tenant_id", "commerce_tax_classes.id"],
            name="fk_commerce_tax_rates_class",
        ),
        UniqueConstraint("tenant_id", "zone_id", "class_id", "position", name="uq_commerce_tax_rates_position"),
        CheckConstraint("rate >= 0 AND rate <= 10", name="rate_sensible"),
        Index("ix_commerce_tax_rates_class_id", "tenant_id", "class_id"),
    )

    zone_id: Mapped[UUID] = mapped_column(Uuid)
    class_id: Mapped[UUID] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(String(64))
    rate: Mapped[Decimal] = mapped_column(Numeric(8, 6))
    compound: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    position: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))


class TaxSettings(Model):
    """What a tenant has decided about taxes; without a row, prices include them."""

    __tablename__ = "commerce_tax_settings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_tax_settings_tenant", ondelete="CASCADE"),
        CheckConstraint("shipping_tax IN ('class', 'proportional')", name="shipping_tax_known"),
        CheckConstraint("rounding IN ('total', 'line')", name="rounding_known"),
    )

    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    prices_include_tax: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    # Taken for the destination while the buyer has not said one.
    default_country: Mapped[str] = mapped_column(String(2), default="", server_default=text("''"))
    shipping_tax: Mapped[str] = mapped_column(String(16), default="class", server_default=text("'class'"))
    rounding: Mapped[str] = mapped_column(String(16), default="total", server_default=text("'total'"))
    provider: Mapped[str] = mapped_column(String(64), default="zones", server_default=text("'zones'"))
    exempt_groups: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list, server_default=text("'{}'::uuid[]"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    updated_at: Mapped[datetime] = updated_at()
