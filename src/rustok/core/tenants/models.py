"""The tables of tenants and of the host names that lead to them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel import db
from rustok.kernel.ids import generate_id


class TenantStatus(StrEnum):
    """A disabled tenant answers 403 to everybody."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Tenant(db.Model):
    """A shop, a magazine or a community. Row-level security goes by its own id."""

    __tablename__ = "tenants"
    __table_args__ = (UniqueConstraint("slug"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=generate_id)
    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default=TenantStatus.ACTIVE, server_default=TenantStatus.ACTIVE)
    default_locale: Mapped[str] = mapped_column(String(35), default="en", server_default="en")
    locales: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{en}'"))
    default_currency: Mapped[str] = mapped_column(String(3), default="EUR", server_default="EUR")
    currencies: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{EUR}'"))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    created_at: Mapped[datetime] = db.created_at()
    updated_at: Mapped[datetime] = db.created_at()
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))


class TenantHost(db.TenantModel):
    """A host name that leads to a tenant: no two tenants share one."""

    __tablename__ = "tenant_hosts"
    __table_args__ = (
        UniqueConstraint("host"),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        Index("uq_tenant_hosts_tenant_id_is_primary", "tenant_id", unique=True, postgresql_where=text("is_primary")),
    )

    host: Mapped[str] = mapped_column(String(253))
    is_primary: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_at: Mapped[datetime] = db.created_at()
