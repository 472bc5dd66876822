"""What happens to tenants, users, tags, meta, translations, media, and to the read model on request."""

from typing import ClassVar
from uuid import UUID

from rustok.kernel.events import Event


class _TenantEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "tenant"
    aggregate_field: ClassVar[str] = "changed_tenant_id"
    changed_tenant_id: UUID


class TenantCreated(_TenantEvent, frozen=True, kw_only=True):
    """A tenant was added."""


class TenantUpdated(_TenantEvent, frozen=True, kw_only=True):
    """A tenant's name, hosts, locales, currencies, settings or state changed."""

    locales_changed: bool = False


class ModuleToggled(_TenantEvent, frozen=True, kw_only=True):
    """A tenant switched a module on or off."""

    module: str
    enabled: bool


class _UserEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "user"
    aggregate_field: ClassVar[str] = "user_id"
    user_id: UUID


class UserRegistered(_UserEvent, frozen=True, kw_only=True):
    """A user got an account."""

    private: ClassVar[frozenset[str]] = frozenset({"email"})
    email: str


class UserVerified(_UserEvent, frozen=True, kw_only=True):
    """A user proved that they read the mail of their address."""


class UserLoggedIn(_UserEvent, frozen=True, kw_only=True):
    """A user proved who they are."""


class UserUpdated(_UserEvent, frozen=True, kw_only=True):
    """A user's name, role or state changed."""


class UserErased(_UserEvent, frozen=True, kw_only=True):
    """A user's personal data was erased everywhere; who had it done is the event's actor."""


class UserDeleted(_UserEvent, frozen=True, kw_only=True):
    """A user's account is gone."""


class _TagEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "tag"
    aggregate_field: ClassVar[str] = "tag_id"
    tag_id: UUID


class TagAttached(_TagEvent, frozen=True, kw_only=True):
    """Something carries the tag now."""

    unchanged: ClassVar[frozenset[str]] = frozenset({"tag_id"})
    target_type: str
    target_id: UUID


class TagDetached(_TagEvent, frozen=True, kw_only=True):
    """Something does not carry the tag any more."""

    unchanged: ClassVar[frozenset[str]] = frozenset({"tag_id"})
    target_type: str
    target_id: UUID


class TagUpdated(_TagEvent, frozen=True, kw_only=True):
    """A tag was made or renamed."""


class TagDeleted(_TagEvent, frozen=True, kw_only=True):
    """A tag is gone."""


class _TargetEvent(Event, frozen=True, kw_only=True):
    aggregate_field: ClassVar[str] = "target_id"
    target_type: str
    target_id: UUID


class MetaUpdated(_TargetEvent, frozen=True, kw_only=True):
    """A target's SEO fields changed."""

    aggregate: ClassVar[str] = "meta"


class TranslationUpdated(_TargetEvent, frozen=True, kw_only=True):
    """A target's texts in one language changed."""

    aggregate: ClassVar[str] = "translation"
    locale: str


class _MediaEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "media"
    aggregate_field: ClassVar[str] = "media_id"
    media_id: UUID


class MediaUploaded(_MediaEvent, frozen=True, kw_only=True):
    """A file was stored."""


class MediaUpdated(_MediaEvent, frozen=True, kw_only=True):
    """A file's text, focal point or renditions changed."""


class MediaDeleted(_MediaEvent, frozen=True, kw_only=True):
    """A file is gone."""


class ReindexRequested(Event, frozen=True, kw_only=True):
    """Somebody asks that rows of the read model be built again: one target, or all where `target_id` is absent."""

    aggregate: ClassVar[str] = "reindex"
    aggregate_field: ClassVar[str] = "request_id"
    request_id: UUID
    target_type: str
    target_id: UUID | None = None
