"""The table of content categories."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel, created_at, updated_at


class Category(TenantModel):
    """A drawer for posts and pages. `node_count` counts the published nodes filed in it, not in the ones below."""

    __tablename__ = "categories"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["categories.tenant_id", "categories.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "slug"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index("ix_categories_parent_id", "parent_id", "position"),
    )

    parent_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)  # sanitised HTML
    position: Mapped[int] = mapped_column(server_default=text("0"))
    depth: Mapped[int] = mapped_column(server_default=text("0"))
    node_count: Mapped[int] = mapped_column(server_default=text("0"))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
