"""A WordPress site as its export tells it: authors, terms, pictures, menus, and entries with their comments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Somebody who wrote entries; known by login within the export."""

    login: str
    name: str
    email: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A category, a tag, or a term of another taxonomy; known by slug within its taxonomy."""

    taxonomy: str
    slug: str
    name: str
    description: str = ""
    parent: str = ""
    """Slug of the parent term; empty at the root. Always a term of the same export."""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of the media library, by its address."""

    id: int
    url: str
    title: str = ""
    alt: str = ""
    caption: str = ""
    parent: int = 0
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """One line of a menu: what it points at (`kind` custom, post_type or taxonomy) and what is below it."""

    id: int
    title: str
    kind: str
    object: str
    object_id: int
    url: str
    children: tuple["MenuItem", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """A navigation menu."""

    slug: str
    name: str
    items: tuple[MenuItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment, pingback or trackback; `parent` is another comment of the same entry, or 0."""

    id: int
    author: str
    email: str
    url: str
    body_html: str
    status: str
    """approved, pending, spam or trash."""
    type: str = "comment"
    parent: int = 0
    user_id: int = 0
    created_at: datetime | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A post or a page."""

    id: int
    kind: str
    title: str
    slug: str
    status: str
    """published or draft."""
    original_status: str
    """WordPress's own word: publish, future, draft, pending, private."""
    body_html: str
    excerpt: str
    author: str = ""
    published_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    parent: int = 0
    position: int = 0
    categories: tuple[str, ...] = ()
    """Slugs."""
    tags: tuple[str, ...] = ()
    """Slugs."""
    format: str = ""
    sticky: bool = False
    password: str = ""
    comments_open: bool = True
    cover: Attachment | None = None
    comments: tuple[Comment, ...] = ()
    seo_title: str = ""
    seo_description: str = ""
    link: str = ""
    dropped: tuple[str, ...] = ()
    """Shortcodes and blocks whose content could not be kept."""
    line: int | None = None


@dataclass(slots=True, kw_only=True)
class Site:
    """Everything of the export that entries refer to; complete before the first entry is read."""

    title: str = ""
    description: str = ""
    link: str = ""
    language: str = ""
    version: str = ""
    authors: dict[str, Author] = field(default_factory=dict)
    terms: dict[str, dict[str, Term]] = field(default_factory=dict)
    """Taxonomy ("category", "post_tag", ...) to slug to term; parents come before their children."""
    term_ids: dict[int, tuple[str, str]] = field(default_factory=dict)
    """WordPress's id to (taxonomy, slug): menus point at terms by id."""
    attachments: dict[int, Attachment] = field(default_factory=dict)
    menus: tuple[Menu, ...] = ()
    addresses: dict[str, str] = field(default_factory=dict)
    """Path and query of an entry's old address to its path here."""
    entries: int = 0
    comments: int = 0

    @property
    def categories(self) -> Mapping[str, Term]:
        """Categories by slug, parents first."""
        return self.terms.get("category", {})

    @property
    def tags(self) -> Mapping[str, Term]:
        """Tags by slug."""
        return self.terms.get("post_tag", {})
