"""What a module is: a value that names its parts; no base class, no import side effects."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import IndexSource
from rustok.kernel.units import Units

ENTRY_POINTS = "rustok.modules"


@dataclass(frozen=True)
class Listener:
    """What a module does when something happened: durable name, events, and a sentence that may be said twice."""

    name: str
    events: tuple[type[Event], ...]
    handle: Callable[[Any, Context], Awaitable[None]]
    replayable: bool = True  # False: it has effects outside the database (mail, webhooks, payments)


@dataclass(frozen=True)
class Timer:
    """Work that is due every so often for each tenant; one process at a time runs it."""

    name: str
    every_seconds: float
    run: Callable[[Context], Awaitable[None]]


@dataclass(frozen=True)
class Export:
    """A table that staff may take away as a CSV file, at `/admin/exports/<name>.csv`.

    `rows` is asked with what the query string holds of `filters`; it reads page by page, so that a long table needs no
    more memory than a short one. Values are texts, numbers, times, or None for an empty cell.
    """

    name: str
    permission: str
    columns: Sequence[str]
    rows: Callable[[Context, Mapping[str, str]], AsyncIterator[Sequence[object]]]
    filters: Sequence[str] = ()


@dataclass(frozen=True)
class Gauge:
    """A figure that operators watch, at `/metrics` as `rustok_<name>`.

    `read` is one cheap statement that a worker may run and that gives one number for all tenants together. No role of
    the program sees them all: where rows of tenants are counted, it calls a function with the owner's rights.
    """

    name: str
    help: str
    read: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"{self.name!r} is no name of a gauge: lower-case letters, digits and _")


@dataclass(frozen=True)
class Errand:
    """Work with the world outside: it goes on until it is cancelled, and begins again after an exception.

    Every worker process runs it, so that it claims what it is at: by a row that it locks for a moment, never by a
    transaction that stays open while somebody outside is waited for.
    """

    name: str
    run: Callable[[Units], Awaitable[None]]


@dataclass(frozen=True)
class Module:
    """A module on one screen. GraphQL parts are Strawberry classes whose fields are merged into the two schemas."""

    name: str
    migrations: Path | None = None
    table_prefixes: Sequence[str] = ()  # what its migrations may touch; empty: "<name>_"
    depends_on: Sequence[str] = ()  # modules whose migrations come first
    permissions: Sequence[str] = ()
    events: Sequence[type[Event]] = ()  # the events that it publishes
    event_listeners: Sequence[Listener] = ()
    timers: Sequence[Timer] = ()
    errands: Sequence[Errand] = ()
    mail_templates: Path | None = None  # a folder: <locale>/<name>.subject, .txt and .html
    queries: Sequence[type] = ()  # storefront schema
    mutations: Sequence[type] = ()
    subscriptions: Sequence[type] = ()
    admin_queries: Sequence[type] = ()
    admin_mutations: Sequence[type] = ()
    additions: Sequence[Any] = ()  # fields for types further down, as `rustok.kernel.graphql.addition` makes them
    admin_resources: Sequence[Any] = ()
    index_sources: Sequence[IndexSource] = ()
    exports: Sequence[Export] = ()
    gauges: Sequence[Gauge] = ()
    offers: Sequence[object] = ()  # values that other modules look for by their class: providers of taxes, shipping
    payment_providers: Sequence[Any] = ()  # who takes money, as `rustok.commerce.payments.gateways.Provider` has it
    optional: bool = True  # False: a tenant cannot switch it off


class ModuleClash(Exception):
    """Two modules claim the same name, permission, event, table prefix, listener or entity."""


@dataclass(frozen=True)
class Registry:
    """Every module of this process, checked once at start."""

    modules: tuple[Module, ...]
    sources: Mapping[str, IndexSource] = field(init=False)

    def __post_init__(self) -> None:
        for what, values in {
            "name": [m.name for m in self.modules],
            "permission": [p for m in self.modules for p in m.permissions],
            "event": [e.__name__ for m in self.modules for e in m.events],
            "table prefix": [p for m in self.modules for p in (m.table_prefixes or (f"{m.name}_",))],
            "listener": [x.name for m in self.modules for x in m.event_listeners],
            "timer": [x.name for m in self.modules for x in m.timers],
            "export": [x.name for m in self.modules for x in m.exports],
            "gauge": [x.name for m in self.modules for x in m.gauges],
            "errand": [x.name for m in self.modules for x in m.errands],
            "indexed entity": [s.entity.name for m in self.modules for s in m.index_sources],
        }.items():
            repeated = sorted({v for v in values if values.count(v) > 1})
            if repeated:
                raise ModuleClash(f"two modules claim the same {what}: {', '.join(repeated)}")
        known = {m.name for m in self.modules}
        for module in self.modules:
            for needed in module.depends_on:
                if needed not in known:
                    raise ModuleClash(f"module {module.name} needs module {needed}, which is not installed")
        sources = {s.entity.name: s for m in self.modules for s in m.index_sources}
        object.__setattr__(self, "sources", sources)

    @property
    def listeners(self) -> list[tuple[Module, Listener]]:
        """Every listener with the module that owns it."""
        return [(module, listener) for module in self.modules for listener in module.event_listeners]

    @property
    def exports(self) -> dict[str, tuple[Module, Export]]:
        """Every export by its name, with the module that owns it."""
        return {export.name: (module, export) for module in self.modules for export in module.exports}

    @property
    def gauges(self) -> list[Gauge]:
        """Every figure that modules want watched."""
        return [gauge for module in self.modules for gauge in module.gauges]

    @property
    def permissions(self) -> frozenset[str]:
        """Every permission that some module declares."""
        return frozenset(p for m in self.modules for p in m.permissions)


def discover() -> list[Module]:
    """The modules of installed third-party packages, found by the entry-point group `rustok.modules`."""
    found = []
    for entry in entry_points(group=ENTRY_POINTS):
        module = entry.load()
        if not isinstance(module, Module):
            raise ModuleClash(f"entry point {entry.name} is no Module but {type(module).__name__}")
        found.append(module)
    return found
