"""The category tree and which products stand where in it."""

from datetime import datetime
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
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel


class Category(TenantModel):
    """A shelf of the shop. `path` holds the ids from the root down to the category itself."""

    __tablename__ = "commerce_categories"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_categories_tenant", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["commerce_categories.tenant_id", "commerce_categories.id"],
            name="fk_commerce_categories_parent",
            ondelete="SET NULL (parent_id)",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "image_id"],
            ["media.tenant_id", "media.id"],
            name="fk_commerce_categories_image",
            ondelete="SET NULL (image_id)",
        ),
        UniqueConstraint("handle", "tenant_id", name="uq_commerce_categories_handle"),
        CheckConstraint("parent_id <> id", name="not_own_parent"),
        CheckConstraint("depth = cardinality(path) - 1 AND path[cardinality(path)] = id", name="path_whole"),
        Index("ix_commerce_categories_parent_id", "parent_id", "tenant_id", "rank"),
        Index(
            "ix_commerce_categories_image_id", "image_id", "tenant_id", postgresql_where=text("image_id IS NOT NULL")
        ),
    )

    parent_id: Mapped[UUID | None] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(String(255))
    handle: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    description_text: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    is_internal: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    rank: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    depth: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    image_id: Mapped[UUID | None] = mapped_column(Uuid)
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, default=dict, server_default=text("'{}'::jsonb"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class ProductCategory(TenantModel):
    """A product in a category; `position` orders the categories of the product."""

    __tablename__ = "commerce_product_categories"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["commerce_products.tenant_id", "commerce_products.id"],
            name="fk_commerce_product_categories_product",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "category_id"],
            ["commerce_categories.tenant_id", "commerce_categories.id"],
            name="fk_commerce_product_categories_category",
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "product_id", "category_id", name="uq_commerce_product_categories_place"),
        Index("ix_commerce_product_categories_category_id", "tenant_id", "category_id", "product_id"),
    )

    product_id: Mapped[UUID] = mapped_column(Uuid)
    category_id: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
