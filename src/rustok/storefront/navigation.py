"""Menus, categories and topics, which every page shows: read by one statement and kept until the read model moves."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from rustok.index import tables
from rustok.kernel.context import Context
from rustok.kernel.indexing import Entity
from rustok.storefront.shelves import Shelves

MOST_CATEGORIES = 2_000
MOST_TOPICS = 500
KEPT = 512  # tenants × languages

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Navigation:
    """What is on every page of a tenant in a language."""

    version: int
    menus: Mapping[str, Item] = field(default_factory=dict)
    categories: Sequence[Item] = ()
    topics: Sequence[Item] = ()
    has_posts: bool = False

    @property
    def roots(self) -> list[Item]:
        """The categories that are in no other one."""
        return [one for one in self.categories if not one.get("parent")]

    def menu(self, slug: str) -> Sequence[Item]:
        """The links of a menu, none where there is no such menu."""
        items: Sequence[Item] = self.menus.get(slug, {}).get("items") or ()
        return items


class Shelf:
    """The navigation of the tenants that were asked for last."""

    def __init__(self, most: int = KEPT) -> None:
        self.most = most
        self.kept: OrderedDict[tuple[UUID, str, frozenset[str]], Navigation] = OrderedDict()

    async def get(self, context: Context, shelves: Shelves, version: int | None) -> Navigation:
        """The navigation as of this version of the read model or a later one; None takes what is at hand."""
        key = (context.tenant_id, context.locale, context.tenant.disabled_modules)
        found = self.kept.get(key)
        if found is None or (version is not None and found.version < version):
            found = await read(context, shelves)
            self.kept[key] = found
            while len(self.kept) > self.most:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        return found


async def read(context: Context, shelves: Shelves) -> Navigation:
    """One statement for all of it."""
    parts = ["(SELECT v.version FROM index_versions v WHERE v.tenant_id = :tenant)"]
    parts.append(_rows(shelves.menus, "t.document", 50))
    parts.append(
        _rows(
            shelves.categories,
            _keys("id", "name", "handle", "parent", "path", "product_count", "image", "rank"),
            MOST_CATEGORIES,
        )
    )
    parts.append(_rows(shelves.topics, _keys("id", "name", "slug", "parent", "node_count"), MOST_TOPICS))
    posts = _exists(shelves.content)
    row = (
        await context.session.execute(
            text(f"SELECT {', '.join(parts)}, {posts}"), {"tenant": context.tenant_id, "locale": context.locale}
        )
    ).one()
    menus, categories, topics = (msgspec.json.decode(part or "[]") for part in row[1:4])
    return Navigation(
        version=int(row[0] or 0),
        menus={menu.get("slug", ""): menu for menu in menus},
        categories=sorted(categories, key=_place),
        topics=sorted(
            (t for t in topics if t.get("node_count")), key=lambda t: (-t["node_count"], t.get("name") or "")
        ),
        has_posts=bool(row[4]),
    )


def _place(category: Item) -> tuple[Any, ...]:
    rank = category.get("rank")
    return (
        rank is None,
        str(rank) if isinstance(rank, str) else "",
        rank if isinstance(rank, int) else 0,
        category.get("name") or "",
    )


def _keys(*names: str) -> str:
    pairs = ", ".join(f"'{name}', t.document -> '{name}'" for name in names)
    return f"jsonb_build_object({pairs})"


def _rows(entity: Entity | None, value: str, most: int) -> str:
    if entity is None:
        return "NULL::text"
    return (
        f"(SELECT json_agg(x.d)::text FROM (SELECT {value} AS d FROM {tables.table_of(entity)} t"
        f" WHERE t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted"
        f" ORDER BY t.{entity.id_column} LIMIT {most}) x)"
    )


def _exists(content: Entity | None) -> str:
    if content is None:
        return "false"
    return (
        f"EXISTS (SELECT FROM {tables.table_of(content)} t WHERE t.tenant_id = :tenant AND t.locale = :locale"
        " AND NOT t.deleted AND t.kind = 'post')"
    )
