"""The tables of menus and their items."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel, created_at, updated_at


class Menu(TenantModel):
    """A named tree of links: `main`, `footer` or what a theme asks for."""

    __tablename__ = "menus"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "slug"),
    )

    slug: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class MenuItem(TenantModel):
    """A link. A `node` or `category` target gives its own address and title; all others have `url` and `title`."""

    __tablename__ = "menu_items"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "menu_id"], ["menus.tenant_id", "menus.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["menu_items.tenant_id", "menu_items.id"], ondelete="CASCADE"),
        Index("ix_menu_items_menu_id", "menu_id", "parent_id", "position"),
        Index("ix_menu_items_target_id", "target_id", postgresql_where=text("target_id IS NOT NULL")),
    )

    menu_id: Mapped[UUID]
    parent_id: Mapped[UUID | None]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    title: Mapped[str | None] = mapped_column(String(255))
    target_type: Mapped[str | None] = mapped_column(String(32))
    target_id: Mapped[UUID | None]
    url: Mapped[str | None] = mapped_column(String(500))
