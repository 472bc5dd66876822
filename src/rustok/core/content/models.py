"""The tables of nodes, their bodies, and the categories they are filed in."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import Model, TenantModel, created_at, updated_at

PARTITIONS = 8


class Status(StrEnum):
    """Where a node stands. Only published ones are seen by readers; pending and spam are for comments."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"
    SCHEDULED = "scheduled"
    PRIVATE = "private"
    PENDING = "pending"
    SPAM = "spam"


class Node(TenantModel):
    """A page, a post, a comment, or whatever else has a place in a tree. The text is in its body."""

    __tablename__ = "nodes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["nodes.tenant_id", "nodes.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "root_id"], ["nodes.tenant_id", "nodes.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "author_id"], ["users.tenant_id", "users.id"], ondelete="SET NULL (author_id)"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "category_id"], ["categories.tenant_id", "categories.id"], ondelete="SET NULL (category_id)"
        ),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index(
            "uq_nodes_tenant_id_kind_slug",
            "tenant_id",
            "kind",
            "slug",
            unique=True,
            postgresql_where=text("slug IS NOT NULL"),
        ),
        Index(
            "uq_nodes_tenant_id_external_key",
            "tenant_id",
            "external_key",
            unique=True,
            postgresql_where=text("external_key IS NOT NULL"),
        ),
        Index("ix_nodes_tenant_id_kind_created_at_id", "tenant_id", "kind", "created_at", "id"),
        Index("ix_nodes_parent_id", "parent_id", "position"),
        Index("ix_nodes_author_id", "author_id", postgresql_where=text("author_id IS NOT NULL")),
        Index("ix_nodes_category_id", "category_id", postgresql_where=text("category_id IS NOT NULL")),
        Index("ix_nodes_root_id", "root_id", "status", postgresql_where=text("root_id IS NOT NULL")),
        Index(
            "ix_nodes_tenant_id_published_at",
            "tenant_id",
            "published_at",
            postgresql_where=text("status = 'scheduled'"),
        ),
        {"postgresql_partition_by": "HASH (tenant_id)"},
    )

    parent_id: Mapped[UUID | None]
    root_id: Mapped[UUID | None]  # of a comment: the page or post that it is about
    author_id: Mapped[UUID | None]
    author_name: Mapped[str | None] = mapped_column(String(255))  # of a guest, or the byline that an import brought
    author_url: Mapped[str | None] = mapped_column(String(500))
    author_email_hash: Mapped[str | None] = mapped_column(String(64))  # SHA-256; the address itself is not kept
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str | None] = mapped_column(String(500))
    slug: Mapped[str | None] = mapped_column(String(255))
    excerpt: Mapped[str | None] = mapped_column(Text)
    category_id: Mapped[UUID | None]  # the first of its categories; the others are in node_categories
    status: Mapped[str] = mapped_column(String(32), default=Status.DRAFT, server_default=Status.DRAFT)
    position: Mapped[int] = mapped_column(server_default=text("0"))
    depth: Mapped[int] = mapped_column(server_default=text("0"))
    reply_count: Mapped[int] = mapped_column(server_default=text("0"))
    thread_path: Mapped[str | None] = mapped_column(Text(collation="C"))  # of a comment: sorts a thread as it is read
    cover_media_id: Mapped[UUID | None]
    sticky: Mapped[bool] = mapped_column(server_default=text("false"))
    comments_open: Mapped[bool] = mapped_column(server_default=text("true"))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict, server_default=text("'{}'::jsonb"))
    external_key: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
    published_at: Mapped[datetime | None]


class Body(Model):
    """The heavy part of a node: what was written, and what was rendered from it when it was."""

    __tablename__ = "bodies"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "node_id"),
        ForeignKeyConstraint(["tenant_id", "node_id"], ["nodes.tenant_id", "nodes.id"], ondelete="CASCADE"),
        Index("ix_bodies_search_vector", "search_vector", postgresql_using="gin"),
    )

    tenant_id: Mapped[UUID]
    node_id: Mapped[UUID]
    body: Mapped[str | None] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(16), server_default="markdown")
    html: Mapped[str] = mapped_column(Text, server_default="")
    plain: Mapped[str] = mapped_column(Text, server_default="")
    reading_minutes: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    search_vector: Mapped[Any | None] = mapped_column(TSVECTOR)
    updated_at: Mapped[datetime] = updated_at()


class NodeCategory(Model):
    """A node is filed in a category. `position` keeps the order; the first is the node's `category_id`."""

    __tablename__ = "node_categories"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "node_id", "category_id"),
        ForeignKeyConstraint(["tenant_id", "node_id"], ["nodes.tenant_id", "nodes.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "category_id"], ["categories.tenant_id", "categories.id"], ondelete="CASCADE"
        ),
        Index("ix_node_categories_category_id", "category_id"),
    )

    tenant_id: Mapped[UUID]
    node_id: Mapped[UUID]
    category_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(server_default=text("0"))
