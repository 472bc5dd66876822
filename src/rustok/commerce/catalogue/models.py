"""Products and variants, the two tables that every other table of the shop points at.

Of a table that foreign keys point at, only the primary key begins with the tenant. PostgreSQL checks a foreign key by
(tenant, id); while it has no statistics, all indexes that begin with the tenant look alike to it, and on a fresh
database it took a wrong one and read the whole tenant for every row of an import: 150 products a second, not 1,500.
"""

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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel


class Product(TenantModel):
    """What a shopper looks at. Its variants are what can be bought."""

    __tablename__ = "commerce_products"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_products_tenant", ondelete="CASCADE"),
        UniqueConstraint("handle", "tenant_id", name="uq_commerce_products_handle"),
        CheckConstraint("status IN ('draft', 'published', 'archived')", name="status_known"),
        Index(
            "uq_commerce_products_external_key",
            "external_key",
            "tenant_id",
            unique=True,
            postgresql_where=text("external_key IS NOT NULL"),
        ),
        Index("ix_commerce_products_status", "status", "tenant_id", "id"),
    )

    title: Mapped[str] = mapped_column(String(255))
    subtitle: Mapped[str | None] = mapped_column(String(255))
    handle: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    # What of the description can be searched; kept, because taking tags out of HTML is no work for SQL.
    description_text: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(32), default="draft", server_default=text("'draft'"))
    vendor: Mapped[str | None] = mapped_column(String(255))
    product_type: Mapped[str | None] = mapped_column(String(255))
    discountable: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    featured: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    # The attribute cannot be called `metadata`: SQLAlchemy keeps that name for the table collection.
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, default=dict, server_default=text("'{}'::jsonb"))
    external_key: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class Variant(TenantModel):
    """One thing that can be bought. `options_key` is a hash of `options`: a product has each combination once."""

    __tablename__ = "commerce_variants"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["commerce_products.tenant_id", "commerce_products.id"],
            name="fk_commerce_variants_product",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "image_id"],
            ["media.tenant_id", "media.id"],
            name="fk_commerce_variants_image",
            ondelete="SET NULL (image_id)",
        ),
        ForeignKeyConstraint(
            ["tax_class", "tenant_id"],
            ["commerce_tax_classes.code", "commerce_tax_classes.tenant_id"],
            name="fk_commerce_variants_tax_class",
        ),
        UniqueConstraint("product_id", "tenant_id", "options_key", name="uq_commerce_variants_options"),
        CheckConstraint(
            "weight >= 0 AND length >= 0 AND height >= 0 AND width >= 0 AND cost_minor >= 0", name="measures_positive"
        ),
        CheckConstraint("(cost_minor IS NULL) = (cost_currency IS NULL)", name="cost_whole"),
        Index("ix_commerce_variants_sku", "sku", "tenant_id", postgresql_where=text("sku IS NOT NULL")),
        Index(
            "ix_commerce_variants_tax_class", "tax_class", "tenant_id", postgresql_where=text("tax_class IS NOT NULL")
        ),
        Index("ix_commerce_variants_image_id", "image_id", "tenant_id", postgresql_where=text("image_id IS NOT NULL")),
    )

    product_id: Mapped[UUID] = mapped_column(Uuid)
    title: Mapped[str] = mapped_column(String(255))
    sku: Mapped[str | None] = mapped_column(String(64))
    barcode: Mapped[str | None] = mapped_column(String(64))
    options: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    options_key: Mapped[str] = mapped_column(String(32))
    manage_inventory: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    allow_backorder: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    requires_shipping: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    taxable: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    tax_class: Mapped[str | None] = mapped_column(String(64))  # a class's code; none is the default one
    weight: Mapped[int | None] = mapped_column(Integer)  # grams
    length: Mapped[int | None] = mapped_column(Integer)  # millimetres, as are the next two
    height: Mapped[int | None] = mapped_column(Integer)
    width: Mapped[int | None] = mapped_column(Integer)
    cost_minor: Mapped[int | None] = mapped_column(BigInteger)
    cost_currency: Mapped[str | None] = mapped_column(String(3))
    image_id: Mapped[UUID | None] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, default=dict, server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )
