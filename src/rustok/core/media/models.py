"""The media table: one row per file, stored with us or known by its remote address."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rustok.core.tenants.models import Tenant
from rustok.core.users.models import User
from rustok.kernel.db import TenantModel


class Status(StrEnum):
    """Where the bytes are."""

    STORED = "stored"
    REMOTE = "remote"  # not fetched yet
    FAILED = "failed"  # the last attempt to fetch failed; `next_fetch_at` says whether and when it is tried again


class Media(TenantModel):
    """A file. `content_hash` is the SHA-256 of what was received, before it was cleaned."""

    __tablename__ = "media"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.id], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "uploaded_by"],
            [User.tenant_id, User.id],
            ondelete="SET NULL (uploaded_by)",
        ),
        CheckConstraint("status IN ('stored', 'remote', 'failed')", name="status_known"),
        CheckConstraint("focal_x BETWEEN 0 AND 1 AND focal_y BETWEEN 0 AND 1", name="focal_point_inside"),
        CheckConstraint("(focal_x IS NULL) = (focal_y IS NULL)", name="focal_point_whole"),
        CheckConstraint(
            "CASE WHEN status = 'stored' THEN storage_path IS NOT NULL AND mime_type IS NOT NULL"
            " ELSE remote_url IS NOT NULL AND storage_path IS NULL END",
            name="bytes_somewhere",
        ),
        Index(
            "uq_media_tenant_id_content_hash",
            "tenant_id",
            "content_hash",
            unique=True,
            postgresql_where=text("content_hash IS NOT NULL"),
        ),
        Index(
            "uq_media_tenant_id_remote_url",
            "tenant_id",
            "remote_url",
            unique=True,
            postgresql_where=text("remote_url IS NOT NULL"),
        ),
        Index(
            "ix_media_tenant_id_next_fetch_at",
            "tenant_id",
            "next_fetch_at",
            postgresql_where=text("next_fetch_at IS NOT NULL"),
        ),
        Index(
            "ix_media_tenant_id_storage_path",
            "tenant_id",
            "storage_path",
            postgresql_where=text("storage_path IS NOT NULL"),
        ),
        Index("ix_media_tenant_id_created_at", "tenant_id", "created_at", "id"),
        Index("ix_media_tenant_id_uploaded_by", "tenant_id", "uploaded_by"),
    )

    uploaded_by: Mapped[UUID | None] = mapped_column(Uuid)
    filename: Mapped[str] = mapped_column(String(255))
    original_name: Mapped[str] = mapped_column(String(255))
    mime_type: Mapped[str | None] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    storage_path: Mapped[str | None] = mapped_column(String(500))
    storage_driver: Mapped[str] = mapped_column(String(32), default="local", server_default=text("'local'"))
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    alt_text: Mapped[str | None] = mapped_column(String(1000))
    focal_x: Mapped[float | None] = mapped_column(Double)
    focal_y: Mapped[float | None] = mapped_column(Double)
    content_hash: Mapped[str | None] = mapped_column(String(64))
    renditions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    # The attribute cannot be called `metadata`: SQLAlchemy keeps that name for the table collection.
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, default=dict, server_default=text("'{}'::jsonb"))
    status: Mapped[str] = mapped_column(String(16), default=Status.STORED, server_default=text("'stored'"))
    remote_url: Mapped[str | None] = mapped_column(String(2000))
    fetch_attempts: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    next_fetch_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )
