"""The redirects table: a slug that is no longer in use, and the thing that had it last."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, PrimaryKeyConstraint, String, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import Model


class Redirect(Model):
    """An old slug among things of one kind. It names its target by id, so that there are never chains."""

    __tablename__ = "redirects"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "target_type", "slug", name="pk_redirects"),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        Index("ix_redirects_target_id", "target_id", "target_type"),
    )

    tenant_id: Mapped[UUID] = mapped_column(Uuid)
    target_type: Mapped[str] = mapped_column(String(64))
    slug: Mapped[str] = mapped_column(String(255))
    target_id: Mapped[UUID] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
