"""What a node should become: the value that importers and the demo hand to `saving.save_many`.

In every field ``None`` means "nothing is said about this": a new node gets the default, an existing one keeps what it
has. An empty text or an empty tuple is a statement: it clears.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from rustok.core.content.models import Status
from rustok.core.content.rendering import Format
from rustok.core.seo.service import Meta

__all__ = ["CommentDraft", "Format", "Meta", "NodeDraft", "Outcome", "Refused", "Status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentDraft:
    """A reader's comment; found again by `external_key`, which is unique within the tenant ("wordpress:comment:7")."""

    external_key: str
    body: str
    format: str = Format.HTML
    parent_key: str | None = None
    """External key of the comment that it answers; None answers the node itself."""
    status: str = Status.PUBLISHED
    """published, pending or spam."""
    author_id: UUID | None = None
    author_name: str | None = None
    author_url: str | None = None
    author_email: str | None = None
    """Only its hash is kept."""
    created_at: datetime | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDraft:
    """One page or post, whole. Found again by `external_key` if it has one, otherwise by kind and slug."""

    kind: str
    slug: str | None = None
    """None makes one from the title; a taken one gets a number behind it."""
    title: str | None = None
    body: str | None = None
    format: str = Format.HTML
    excerpt: str | None = None
    status: str | None = None
    """None is draft. `published` with a future `published_at` becomes `scheduled`."""
    external_key: str | None = None
    parent_key: str | None = None
    """External key (or `kind/slug`) of the parent, in the same call or stored before; empty: no parent."""
    position: int | None = None
    author_id: UUID | None = None
    author_name: str | None = None
    categories: tuple[str, ...] | None = None
    """Slugs of content categories that exist; the first is the primary one."""
    tags: tuple[str, ...] | None = None
    """Names; `tags.ensure(context, names, slugs_by_name=…)` beforehand gives them addresses of your choice."""
    seo: Meta | None = None
    translations: Mapping[str, Mapping[str, str | None]] | None = None
    """By locale: title, excerpt, body (HTML), meta_title, meta_description."""
    cover_media_id: UUID | None = None
    sticky: bool | None = None
    comments_open: bool | None = None
    password: str | None = None
    """Plain; only its Argon2id hash is kept. Empty takes the protection away."""
    metadata: Mapping[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    published_at: datetime | None = None
    comments: tuple[CommentDraft, ...] = ()
    line: int | None = None

    @property
    def key(self) -> str:
        """How the draft is called in an outcome: its external key, otherwise `kind/slug`."""
        return self.external_key or f"{self.kind}/{self.slug or ''}"


@dataclass(frozen=True, slots=True)
class Refused:
    """A draft that was left out, and why; nothing of it was written."""

    key: str
    reason: str
    line: int | None = None


@dataclass(slots=True)
class Outcome:
    """What `save_many` did. Counts are of nodes; comments are counted beside them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    comments_created: int = 0
    comments_updated: int = 0
    comments_unchanged: int = 0
    ids_by_key: dict[str, UUID] = field(default_factory=dict)
    """Node ids by `draft.key`, comments' by their external key."""
    refused: list[Refused] = field(default_factory=list)
    warnings: list[Refused] = field(default_factory=list)
    """What was saved, though not wholly as the draft says: an unknown category, a missing parent."""
    orphans: dict[str, str] = field(default_factory=dict)
    """Keys of drafts whose parent does not exist (yet) → its key: saved without a parent, to be saved again later."""
