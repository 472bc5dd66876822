"""The translations table: one row per target and locale, its texts in one JSON object."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, PrimaryKeyConstraint, String, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import Model


class Translation(Model):
    """The texts of one target in one locale: `{"title": "…", "description": "…"}`."""

    __tablename__ = "translations"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "target_type", "target_id", "locale", name="pk_translations"),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
    )

    tenant_id: Mapped[UUID] = mapped_column(Uuid)
    target_type: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[UUID] = mapped_column(Uuid)
    locale: Mapped[str] = mapped_column(String(35))
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
