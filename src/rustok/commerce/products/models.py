"""What belongs to a product alone: its options and its pictures."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rustok.commerce.catalogue.models import Product, Variant
from rustok.kernel.db import TenantModel

__all__ = ["Product", "ProductImage", "ProductOption", "Variant"]


class ProductOption(TenantModel):
    """A way in which variants differ ("Size") and its values in the order shoppers see them."""

    __tablename__ = "commerce_product_options"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["commerce_products.tenant_id", "commerce_products.id"],
            name="fk_commerce_product_options_product",
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "product_id", "name", name="uq_commerce_product_options_name"),
    )

    product_id: Mapped[UUID] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(String(255))
    values: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'::text[]"))
    position: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))


class ProductImage(TenantModel):
    """A picture of a product, in order; the file itself is the core's."""

    __tablename__ = "commerce_product_images"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["commerce_products.tenant_id", "commerce_products.id"],
            name="fk_commerce_product_images_product",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "media_id"],
            ["media.tenant_id", "media.id"],
            name="fk_commerce_product_images_media",
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "product_id", "media_id", name="uq_commerce_product_images_media"),
        Index("ix_commerce_product_images_media_id", "tenant_id", "media_id"),
    )

    product_id: Mapped[UUID] = mapped_column(Uuid)
    media_id: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
