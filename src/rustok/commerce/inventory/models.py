"""Where stock lies, how much there is, what is promised, and every change of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel


class ReservationState(StrEnum):
    """What became of a promise."""

    OPEN = "open"
    COMMITTED = "committed"  # the goods left the shelf
    RELEASED = "released"
    EXPIRED = "expired"


class StockLocation(TenantModel):
    """A shelf, shop or warehouse. One of a tenant's locations is the default one."""

    __tablename__ = "commerce_stock_locations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_commerce_stock_locations_tenant", ondelete="CASCADE"
        ),
        UniqueConstraint("code", "tenant_id", name="uq_commerce_stock_locations_code"),
        Index("uq_commerce_stock_locations_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
    )

    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    address: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    is_default: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class StockLevel(TenantModel):
    """A variant at a location. `allow_backorder` is the variant's own, copied here so that a CHECK can see it."""

    __tablename__ = "commerce_stock_levels"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["commerce_variants.tenant_id", "commerce_variants.id"],
            name="fk_commerce_stock_levels_variant",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["commerce_stock_locations.tenant_id", "commerce_stock_locations.id"],
            name="fk_commerce_stock_levels_location",
        ),
        UniqueConstraint("tenant_id", "variant_id", "location_id", name="uq_commerce_stock_levels_place"),
        CheckConstraint("reserved >= 0", name="reserved_positive"),
        CheckConstraint("on_hand >= reserved OR allow_backorder", name="never_oversold"),
        Index("ix_commerce_stock_levels_location_id", "tenant_id", "location_id"),
    )

    variant_id: Mapped[UUID] = mapped_column(Uuid)
    location_id: Mapped[UUID] = mapped_column(Uuid)
    on_hand: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    reserved: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    allow_backorder: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class StockMovement(TenantModel):
    """One change of a level's quantity on hand; only ever added, and the sum of them is the quantity."""

    __tablename__ = "commerce_stock_movements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["commerce_variants.tenant_id", "commerce_variants.id"],
            name="fk_commerce_stock_movements_variant",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["commerce_stock_locations.tenant_id", "commerce_stock_locations.id"],
            name="fk_commerce_stock_movements_location",
        ),
        Index("ix_commerce_stock_movements_variant_id", "tenant_id", "variant_id", "id"),
    )

    variant_id: Mapped[UUID] = mapped_column(Uuid)
    location_id: Mapped[UUID] = mapped_column(Uuid)
    delta: Mapped[int] = mapped_column(Integer)
    on_hand: Mapped[int] = mapped_column(Integer)  # afterwards
    reason: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str | None] = mapped_column(String(255))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Reservation(TenantModel):
    """A promise of some pieces to somebody; open ones sum up to their level's `reserved`."""

    __tablename__ = "commerce_reservations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["commerce_variants.tenant_id", "commerce_variants.id"],
            name="fk_commerce_reservations_variant",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["commerce_stock_locations.tenant_id", "commerce_stock_locations.id"],
            name="fk_commerce_reservations_location",
        ),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("state IN ('open', 'committed', 'released', 'expired')", name="state_known"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_whole"),
        Index("ix_commerce_reservations_reference", "tenant_id", "reference"),
        Index("ix_commerce_reservations_variant_id", "tenant_id", "variant_id", "location_id"),
        Index("ix_commerce_reservations_location_id", "tenant_id", "location_id"),
        Index(
            "ix_commerce_reservations_expires_at",
            "tenant_id",
            "expires_at",
            postgresql_where=text("state = 'open' AND expires_at IS NOT NULL"),
        ),
    )

    variant_id: Mapped[UUID] = mapped_column(Uuid)
    location_id: Mapped[UUID] = mapped_column(Uuid)
    quantity: Mapped[int] = mapped_column(Integer)
    reference: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16), default="open", server_default=text("'open'"))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
