"""What happens to nodes, content categories, menus and redirects."""

from typing import ClassVar
from uuid import UUID

from rustok.kernel.events import Event


class _NodeEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "node"
    aggregate_field: ClassVar[str] = "node_id"
    node_id: UUID


class NodeCreated(_NodeEvent, frozen=True, kw_only=True):
    """A page, post or comment was written, perhaps as a draft."""

    unchanged: ClassVar[frozenset[str]] = frozenset({"author_id"})
    kind: str
    author_id: UUID | None = None


class NodeUpdated(_NodeEvent, frozen=True, kw_only=True):
    """Something of a node changed: text, place, category, status other than published, or its replies."""


class NodePublished(_NodeEvent, frozen=True, kw_only=True):
    """A node became visible to readers."""

    kind: str


class NodeDeleted(_NodeEvent, frozen=True, kw_only=True):
    """A node is gone for good."""

    kind: str


class _CategoryEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "category"
    aggregate_field: ClassVar[str] = "category_id"
    category_id: UUID


class CategoryCreated(_CategoryEvent, frozen=True, kw_only=True):
    """A content category was added."""


class CategoryUpdated(_CategoryEvent, frozen=True, kw_only=True):
    """A content category was renamed, moved or described anew."""


class CategoryDeleted(_CategoryEvent, frozen=True, kw_only=True):
    """A content category is gone; its nodes have none."""


class CategoryCounted(_CategoryEvent, frozen=True, kw_only=True):
    """The number of published nodes in a content category changed, and nothing else of it."""


class _MenuEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "menu"
    aggregate_field: ClassVar[str] = "menu_id"
    menu_id: UUID


class MenuUpdated(_MenuEvent, frozen=True, kw_only=True):
    """A menu was made or changed."""


class MenuDeleted(_MenuEvent, frozen=True, kw_only=True):
    """A menu is gone."""


class RedirectCreated(Event, frozen=True, kw_only=True):
    """An old slug or handle now leads to the thing that had it."""

    aggregate: ClassVar[str] = "redirect"
    aggregate_field: ClassVar[str] = "target_id"
    target_type: str
    target_id: UUID
    slug: str


class RedirectDeleted(Event, frozen=True, kw_only=True):
    """An old slug or handle no longer leads to the thing that had it."""

    aggregate: ClassVar[str] = "redirect"
    aggregate_field: ClassVar[str] = "target_id"
    target_type: str
    target_id: UUID
    slug: str
