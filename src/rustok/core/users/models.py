"""The table of accounts."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Computed, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel import db


class UserStatus(StrEnum):
    """A disabled account keeps its history and can do nothing."""

    ACTIVE = "active"
    DISABLED = "disabled"


class User(db.TenantModel):
    """An account: staff or customer. The e-mail address is stored in its normal spelling, unique per tenant."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("tenant_id", "email"),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        # A custom role that somebody has cannot be deleted, and nobody can get one that does not exist.
        ForeignKeyConstraint(["tenant_id", "custom_role"], ["roles.tenant_id", "roles.slug"]),
        Index("ix_users_tenant_id_created_at_id", "tenant_id", "created_at", "id"),
        Index("ix_users_tenant_id_role", "tenant_id", "role"),
    )

    email: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str | None] = mapped_column(String(255))  # None: nobody can log in until a password is set
    name: Mapped[str] = mapped_column(String(255), default="", server_default="")
    role: Mapped[str] = mapped_column(String(32), default="customer", server_default="customer")
    custom_role: Mapped[str | None] = mapped_column(
        String(32),
        Computed(
            "CASE WHEN role IN ('super_admin', 'admin', 'manager', 'customer') THEN NULL ELSE role END", persisted=True
        ),
    )
    status: Mapped[str] = mapped_column(String(16), default=UserStatus.ACTIVE, server_default=UserStatus.ACTIVE)
    # Sessions carry the epoch they began in: raising it ends them all, in the statement that changes the password.
    session_epoch: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict, server_default=text("'{}'"))
    locale: Mapped[str | None] = mapped_column(String(35))  # in which they are written to; None: the tenant's default
    email_verified_at: Mapped[datetime | None]
    # Somebody registered the address again before it was verified. Whose account it is, only a link by mail decides
    # that sets a password: whoever came first may have been a stranger.
    registered_again_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = db.created_at()
    updated_at: Mapped[datetime] = db.created_at()
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
