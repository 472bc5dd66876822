"""Who is asking, for which tenant, in which transaction: the first argument of every service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rustok.kernel import errors
from rustok.kernel.events import Event
from rustok.kernel.ids import generate_id

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TenantInfo:
    """What every request needs to know of its tenant; read once and cached by the host."""

    id: UUID
    slug: str
    name: str
    locales: tuple[str, ...] = ("en",)
    default_locale: str = "en"
    currencies: tuple[str, ...] = ("EUR",)
    default_currency: str = "EUR"
    settings: Mapping[str, Any] = field(default_factory=dict)
    disabled_modules: frozenset[str] = frozenset()
    enabled: bool = True
    hosts: tuple[str, ...] = ()

    def locale_or_default(self, wanted: str | None) -> str:
        """The wanted locale if the tenant has it (`ru-RU` falls back to `ru`), else the default one."""
        if wanted:
            if wanted in self.locales:
                return wanted
            language = wanted.split("-")[0].lower()
            if language in self.locales:
                return language
        return self.default_locale

    def currency_or_default(self, wanted: str | None) -> str:
        """The wanted currency if the tenant sells in it, else the default one."""
        return wanted if wanted and wanted in self.currencies else self.default_currency


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts: a user, an API key, a listener or the command line."""

    kind: str = "anonymous"  # anonymous | user | api_key | system
    user_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    session_id: UUID | None = None
    role: str | None = None

    def may(self, permission: str) -> bool:
        """`resource:manage` covers all of a resource and `*` covers everything."""
        return not {permission, f"{permission.split(':')[0]}:manage", "*"}.isdisjoint(self.permissions)

    def require(self, permission: str) -> None:
        """Raise `Unauthenticated` or `Forbidden` unless the actor has the permission."""
        if self.may(permission):
            return
        if self.kind == "anonymous":
            raise errors.Unauthenticated("log in first")
        raise errors.Forbidden(f"the permission {permission} is required")


@dataclass(frozen=True, slots=True)
class Installation:
    """What this process is made of, for services that must know: its modules and every permission they declare."""

    modules: Mapping[str, bool] = field(default_factory=dict)  # name: may a tenant switch it off?
    permissions: frozenset[str] = frozenset()
    development: bool = False
    offers: tuple[object, ...] = ()  # what modules offer to each other

    def offered(self, kind: type[T]) -> list[T]:
        """Every offer of a kind, in the order of the modules."""
        return [one for one in self.offers if isinstance(one, kind)]


ANONYMOUS = Actor()
SYSTEM = Actor(kind="system", permissions=frozenset({"*"}))


@dataclass(slots=True)
class Context:
    """One unit of work: its transaction, tenant, actor, language and currency. The edge commits it, once."""

    session: AsyncSession
    tenant: TenantInfo
    actor: Actor = ANONYMOUS
    locale: str = ""
    currency: str = ""
    correlation_id: UUID = field(default_factory=generate_id)
    causation_id: UUID | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    recorded: list[Event] = field(default_factory=list)
    flushed: int = 0  # how many of these are written
    last_staged: tuple[int, UUID] | None = None  # place and id of the last event that was written
    installation: Installation = field(default_factory=Installation)

    def __post_init__(self) -> None:
        self.locale = self.tenant.locale_or_default(self.locale)
        self.currency = self.tenant.currency_or_default(self.currency)

    @property
    def tenant_id(self) -> UUID:
        """The id that every row written here carries."""
        return self.tenant.id

    def require(self, permission: str) -> None:
        """Raise `Unauthenticated` or `Forbidden` unless the actor has the permission."""
        self.actor.require(permission)

    def require_module(self, name: str) -> None:
        """Raise `ModuleDisabled` when the tenant has switched the module off."""
        if name in self.tenant.disabled_modules:
            raise errors.ModuleDisabled(f"the module {name} is switched off for this tenant")
