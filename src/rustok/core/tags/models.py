"""The tables of tags and of what carries them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import Model, TenantModel, created_at, updated_at


class Tag(TenantModel):
    """A label. `name_key` is the name as it is compared: case, and the kind of gap between words, do not matter."""

    __tablename__ = "tags"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "slug"),
        UniqueConstraint("tenant_id", "name_key"),
        Index("ix_tags_tenant_id_use_count", "tenant_id", "use_count"),
    )

    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(100))
    use_count: Mapped[int] = mapped_column(server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class Taggable(Model):
    """One target carries one tag."""

    __tablename__ = "taggables"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "target_type", "target_id", "tag_id"),
        ForeignKeyConstraint(["tenant_id", "tag_id"], ["tags.tenant_id", "tags.id"], ondelete="CASCADE"),
        Index("ix_taggables_tag_id", "tag_id", "target_type"),
    )

    tenant_id: Mapped[UUID]
    tag_id: Mapped[UUID]
    target_type: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[UUID]
    created_at: Mapped[datetime] = created_at()
