"""The tables of customers. A customer's id is the account's; address, name and language stand with the account."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import Model, TenantModel, created_at, updated_at

_CUSTOMER = ["commerce_customers.tenant_id", "commerce_customers.id"]


class Customer(TenantModel):
    """An account that shops. Figures of orders are counted by a listener, for lists; nothing is decided by them."""

    __tablename__ = "commerce_customers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "id"], ["users.tenant_id", "users.id"], name="fk_commerce_customers_user", ondelete="CASCADE"
        ),
        CheckConstraint("orders_count >= 0", name="orders_count_positive"),
        Index("ix_commerce_customers_last_order_at", "last_order_at", "tenant_id", "id"),
    )

    phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    accepts_marketing: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    marketing_changed_at: Mapped[datetime | None]  # when they last said yes or no
    note: Mapped[str] = mapped_column(Text, default="", server_default="")  # staff's own, which customers never see
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    details: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict, server_default=text("'{}'"))
    orders_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    spent: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))  # minor units by currency
    last_order_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class CustomerAddress(TenantModel):
    """One entry of a customer's address book, as `addresses.Address.stored` writes it."""

    __tablename__ = "commerce_customer_addresses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], _CUSTOMER, name="fk_commerce_customer_addresses_customer", ondelete="CASCADE"
        ),
        Index("ix_commerce_customer_addresses_customer_id", "customer_id", "tenant_id"),
        Index(
            "uq_commerce_customer_addresses_default_shipping",
            "customer_id",
            "tenant_id",
            unique=True,
            postgresql_where=text("is_default_shipping"),
        ),
        Index(
            "uq_commerce_customer_addresses_default_billing",
            "customer_id",
            "tenant_id",
            unique=True,
            postgresql_where=text("is_default_billing"),
        ),
    )

    customer_id: Mapped[UUID]
    address: Mapped[dict[str, Any]]
    is_default_shipping: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    is_default_billing: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class CustomerGroup(TenantModel):
    """Customers who are treated alike: prices and promotions ask about it."""

    __tablename__ = "commerce_customer_groups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_commerce_customer_groups_tenant", ondelete="CASCADE"
        ),
        UniqueConstraint("code", "tenant_id", name="uq_commerce_customer_groups_code"),
    )

    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    details: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict, server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class GroupMember(Model):
    """A customer is in a group."""

    __tablename__ = "commerce_customer_group_members"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "group_id", "customer_id"),
        ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["commerce_customer_groups.tenant_id", "commerce_customer_groups.id"],
            name="fk_commerce_customer_group_members_group",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            _CUSTOMER,
            name="fk_commerce_customer_group_members_customer",
            ondelete="CASCADE",
        ),
        Index("ix_commerce_customer_group_members_customer_id", "customer_id", "tenant_id"),
    )

    tenant_id: Mapped[UUID]
    group_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    created_at: Mapped[datetime] = created_at()
