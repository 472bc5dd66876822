"""The table of the roles that a tenant makes; the fixed ones are code."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel import db


class Role(db.TenantModel):
    """A named list of permissions. Its slug never changes: users carry it."""

    __tablename__ = "roles"
    __table_args__ = (
        UniqueConstraint("tenant_id", "slug"),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
    )

    slug: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(100))
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = db.created_at()
    updated_at: Mapped[datetime] = db.created_at()
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
