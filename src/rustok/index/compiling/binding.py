"""The values of a compiled statement: what is known when it is compiled, and what each request brings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rustok.index.filters import Bound
from rustok.index.searching import Hits
from rustok.kernel.context import TenantInfo


@dataclass
class Asked:
    """One request: who is asked, in which language and currency, with which coerced variables."""

    tenant: TenantInfo
    locale: str
    currency: str
    variables: Mapping[str, Any]
    hits: list[Hits] = field(default_factory=list)  # what another search engine found, by number of the search


@dataclass(frozen=True)
class Slot:
    """A parameter whose value each request brings. Slots of the same name hold the same value.

    `take` raises `errors.RustokError` for a value that is refused.
    """

    name: tuple[str, ...]
    take: Callable[[Asked], Any] = field(compare=False)


TENANT = Slot(("tenant",), lambda asked: asked.tenant.id)
LOCALE = Slot(("locale",), lambda asked: asked.locale)


class Slots(Bound):
    """Parameters of one statement by number. `at` gives the same parameters for rows of another language."""

    def __init__(self, shared: "Slots | None" = None, locale: Slot = LOCALE) -> None:
        self.items: list[Any] = shared.items if shared else []
        self._known: dict[tuple[tuple[str, ...], str], str] = shared._known if shared else {}
        super().__init__(tenant=self.add(TENANT, "uuid"), locale=self.add(locale, "text"))

    def at(self, locale: Slot) -> "Slots":
        """The same statement's parameters, with another language for `locale`."""
        return Slots(self, locale)

    def add(self, value: Any, kind: str) -> str:
        """Bind a `Slot` or a value."""
        if not isinstance(value, Slot):
            self.items.append(value)
            return f"CAST(${len(self.items)} AS {kind})"
        key = (value.name, kind)
        if key not in self._known:
            self.items.append(value)
            self._known[key] = f"CAST(${len(self.items)} AS {kind})"
        return self._known[key]


@dataclass(frozen=True)
class Statement:
    """SQL that answers with one text, and how its parameters are filled."""

    sql: str
    items: tuple[Any, ...]
    checked: tuple[Slot, ...] = ()
    searches: tuple["Search", ...] = ()

    def values(self, asked: Asked) -> list[Any]:
        """The parameters for one request; raises `errors.RustokError` for a value that is refused."""
        for one in self.checked:
            one.take(asked)
        return [one.take(asked) if isinstance(one, Slot) else one for one in self.items]


@dataclass(frozen=True)
class Search:
    """A question that another engine answers before the statement runs."""

    entity: Any  # indexing.Entity
    locale: Slot
    query: Slot
