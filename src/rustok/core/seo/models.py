"""The meta table: one row of SEO fields per target."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel


class MetaRow(TenantModel):
    """What one target says of itself in the tenant's default locale; other locales' texts are translations."""

    __tablename__ = "meta"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "target_type", "target_id"),
    )

    target_type: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[UUID]
    title: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(500))
    keywords: Mapped[str | None] = mapped_column(String(255))
    og_title: Mapped[str | None] = mapped_column(String(255))
    og_description: Mapped[str | None] = mapped_column(String(500))
    og_image: Mapped[str | None] = mapped_column(String(500))
    og_type: Mapped[str | None] = mapped_column(String(32))
    twitter_card: Mapped[str | None] = mapped_column(String(32))
    no_index: Mapped[bool] = mapped_column(server_default=text("false"))
    no_follow: Mapped[bool] = mapped_column(server_default=text("false"))
    canonical_url: Mapped[str | None] = mapped_column(String(500))
    structured_data: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
