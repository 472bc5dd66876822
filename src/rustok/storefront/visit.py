"""One request for a page: who asks, in which language, what was read for it, and how the answer is put together."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rustok.index import reads, searching, together
from rustok.index.answers import Answers
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.indexing import Entity
from rustok.storefront import addresses, asking, cookies, formatting, navigation, shelves, themes, wording
from rustok.storefront.addresses import Addresses
from rustok.storefront.head import Head
from rustok.storefront.navigation import Navigation
from rustok.storefront.shelves import Shelves
from rustok.storefront.themes import Theme
from rustok.storefront.wording import Wording

CURRENCY_COOKIE = "currency"
YEAR = 365 * 24 * 3600
# Only our own scripts and styles, and none that stand in the page; pictures may be remote until they are fetched, and
# bodies may hold videos of these hosts (the same that the sanitiser lets through).
POLICY = (
    "default-src 'self'; img-src 'self' data: https: http:; media-src 'self' https: http:; style-src 'self';"
    " script-src 'self'; frame-src https://www.youtube.com https://youtube.com https://www.youtube-nocookie.com"
    " https://player.vimeo.com https://www.dailymotion.com; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
# A form that leads to a payment provider's page is followed there; no other page sends forms elsewhere.
POLICY_OF_PAYING = POLICY.replace("form-action 'self'", "form-action 'self' https:")


class Host(Protocol):
    """What the server hands in: who is asking, reading, and the few services that pages write through."""

    entities: Mapping[str, Entity]
    answers: Answers  # pages that are kept

    async def version(self, tenant: TenantInfo) -> int:
        """The version of the tenant's read model that the database shows now."""
        ...

    async def tenant(self, request: Request) -> TenantInfo:
        """The tenant of the request; raises `NotFound` or `Forbidden`."""
        ...

    def origin(self, request: Request) -> str:
        """Scheme and host of canonical addresses, as `https://shop.example`."""
        ...

    def trace(self, request: Request) -> str:
        """The id under which this request stands in the log."""
        ...

    def look(self, tenant: TenantInfo, *, locale: str, currency: str) -> Context:
        """What reads the read model, as nobody in particular."""
        ...

    async def ask(
        self,
        request: Request,
        tenant: TenantInfo,
        document: str,
        variables: Mapping[str, Any],
        *,
        token: str,
        locale: str,
        currency: str,
        key: str | None = None,
    ) -> asking.Data:
        """What the public GraphQL API answers to whoever is logged in with this refresh token; "" is nobody.

        `key` is the request's `Idempotency-Key`. Raises `asking.Refused` where it answers with an error.
        """
        ...

    async def comment(
        self,
        request: Request,
        tenant: TenantInfo,
        *,
        locale: str,
        node_id: str,
        parent_id: str | None,
        name: str,
        email: str,
        text: str,
    ) -> bool:
        """Leave a comment on a post; True when it is published at once. Raises `RustokError` with a reason."""
        ...

    async def unlock(
        self, request: Request, tenant: TenantInfo, *, locale: str, node_id: str, password: str
    ) -> Mapping[str, Any] | None:
        """What a protected post withholds (`body`, `excerpt`, `comments`) for the right password, else None."""
        ...


@dataclass
class Visit:
    """One request that has found its tenant and its language."""

    request: Request
    host: Host
    tenant: TenantInfo
    context: Context
    links: Addresses
    path: str  # without the language's prefix
    kept: navigation.Shelf
    version: int = 0
    shown: bool = False  # a page was rendered from what was read
    personal: bool = False  # made for this visitor alone, and kept nowhere
    token: str = ""  # of whoever has logged in just now, whose cookie the request does not have yet

    def __post_init__(self) -> None:
        self.theme: Theme = themes.of(self.tenant.settings.get("theme"))
        self.wording: Wording = wording.of(self.context.locale)
        self.shelves: Shelves = shelves.of(self.host.entities, self.tenant)
        self.params: list[tuple[str, str]] = addresses.pairs(self.request.url.query)
        self.seen: Navigation | None = None

    @property
    def locale(self) -> str:
        """The language of the page."""
        return self.context.locale

    @property
    def currency(self) -> str:
        """The currency that prices are shown in."""
        return self.context.currency

    @property
    def name(self) -> str:
        """What the shop is called in the page's language."""
        return str(self.setting("names") or self.tenant.name)

    @property
    def magazine(self) -> str:
        """What its journal is called."""
        return str(self.setting("magazine") or self.say("blog.title"))

    def param(self, name: str) -> str:
        """One value of the query string, cut to a sensible length."""
        return next((value for key, value in self.params if key == name), "").strip()[:200]

    async def ask(self, document: str, *, key: str | None = None, **variables: Any) -> asking.Data:
        """What the public GraphQL API answers to this visitor; raises `asking.Refused`."""
        token = self.token or self.cookie(cookies.SESSION)
        return await self.host.ask(
            self.request, self.tenant, document, variables, token=token, locale=self.locale, currency=self.currency,
            key=key,
        )  # fmt: skip

    def cookie(self, name: str) -> str:
        """One of our cookies, nothing where there is none."""
        return cookies.read(self.request, self.links.origin, name)

    def say(self, key: str, n: int | None = None, **values: object) -> str:
        """A message in the page's language."""
        return self.wording.say(key, n, **values)

    def price(self, value: Mapping[str, Any] | None) -> str:
        """An amount as people of the page's language write it."""
        return formatting.price(value, self.wording.language)

    def setting(self, *path: str) -> Any:
        """A value of the tenant's settings; one that is written per language is read in the page's language."""
        return setting(self.tenant, self.locale, *path)

    async def read(self, *wanted: Callable[[Context], Awaitable[Any]]) -> Sequence[Any]:
        """Everything that the page shows, in one statement."""
        every: Sequence[Any] = await together.read_all(self.context, [reads.version, *wanted])
        self.version = every[0]
        return every[1:]

    async def glance(self) -> Navigation:
        """Menus and categories as they were a moment ago: for finding one's way before anything was read."""
        if self.seen is None:
            self.seen = await self.kept.get(self.context, self.shelves, None)
        return self.seen

    async def navigation(self) -> Navigation:
        """Menus and categories, at least as new as what was read."""
        if self.seen is None or self.seen.version < self.version:
            self.seen = await self.kept.get(self.context, self.shelves, self.version)
        return self.seen

    async def show(self, template: str, head: Head, *, status: int = 200, **values: Any) -> Response:
        """A page of the theme, with the head's paths completed."""
        notice = ""
        if self.personal:
            self.version = await self.host.version(self.tenant)
            notice = self.cookie(cookies.NOTICE)
            values.setdefault("notice", self.say(key) if (key := f"notices.{notice}") in self.wording.messages else "")
        nav = await self.navigation()
        html = self.theme.render(
            template,
            {
                "visit": self,
                "tenant": self.tenant,
                "site_name": self.name,
                "magazine": self.magazine,
                "nav": nav,
                "theme": self.theme,
                "head": head,
                "say": self.say,
                "links": self.links,
                "lang": self.locale,
                "language": self.wording.language,
                "currency": self.currency,
                "canonical": self.links.full(head.canonical or self.links.at(head.path) + head.query),
                "alternates": self._alternates(head),
                "languages": self._languages(head),
                "currencies": [] if self.personal else self._currencies(),
                "has_shop": self.shelves.products is not None,
                "in_cart": self._in_cart() if self.personal else 0,
                "year": datetime.now(UTC).year,
                **values,
            },
        )
        self.shown = True
        if self.personal:
            leaves = bool(values.get("ways"))
            response = _personal(html, status=status, language=self.locale, leaves=leaves)
            if notice:
                cookies.drop(response, self.links.origin, cookies.NOTICE)
            return response
        return answer(html, status=status, request=self.request, language=self.locale)

    @property
    def is_keepable(self) -> bool:
        """Whether the page is the same for everybody until the read model changes."""
        # Another search engine may be behind the read model for a moment; it alone would know.
        is_searched = bool(self.param("q")) and searching.backend_of(self.context) is not searching.POSTGRES
        return self.shown and not self.personal and self.version > 0 and not is_searched

    def redirect(self, path: str, *, status: int = 301) -> Response:
        """To another address of ours."""
        if self.personal:
            return RedirectResponse(path, 303, headers={"Cache-Control": "private, no-store"})
        return RedirectResponse(path, status, headers={"Cache-Control": "no-cache", "Vary": "Cookie"})

    def go(self, path: str, said: str = "") -> Response:
        """To another page of ours after a form; that page says `notices.<said>` once."""
        response = self.redirect(self.links.at(path))
        if said:
            cookies.keep(response, self.links.origin, cookies.NOTICE, said, days=1)
        return response

    def _in_cart(self) -> int:
        """How many things a page for this visitor says are in the cart; others leave that to a script."""
        count = self.cookie(cookies.COUNT)[:4]
        return int(count) if count.isascii() and count.isdecimal() else 0

    def _alternates(self, head: Head) -> list[tuple[str, str]]:
        if not head.translated or len(self.tenant.locales) < 2 or head.canonical or not head.index:
            return []
        found = [
            (locale, self.links_in(locale).full(self.links_in(locale).at(head.path))) for locale in self.tenant.locales
        ]
        usual = self.links_in(self.tenant.default_locale)
        return [*found, ("x-default", usual.full(usual.at(head.path)))]

    def _languages(self, head: Head) -> list[tuple[str, str, bool]]:
        """Each language with its address of this page; what narrows a list stays."""
        if len(self.tenant.locales) < 2:
            return []
        tail = addresses.query((k, v) for k, v in self.params if k not in ("after", "before", "currency", "comment"))
        path = head.path if head.translated else "/"
        return [
            (code, self.links_in(code).at(path) + (tail if path == head.path else ""), code == self.locale)
            for code in self.tenant.locales
        ]

    def _currencies(self) -> list[tuple[str, str, bool]]:
        if len(self.tenant.currencies) < 2:
            return []
        kept = [(k, v) for k, v in self.params if k not in ("currency", "after", "before", "price_min", "price_max")]
        path = self.links.at(quote(self.path))
        return [
            (code, path + addresses.query([*kept, ("currency", code)]), code == self.currency)
            for code in self.tenant.currencies
        ]

    def links_in(self, locale: str) -> Addresses:
        """The addresses of another language."""
        return Addresses(self.links.origin, addresses.prefix_of(self.tenant, locale))


def setting(tenant: TenantInfo, locale: str, *path: str) -> Any:
    """The same for a page that has no visit because something broke."""
    found: Any = tenant.settings
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping) and (locale in found or tenant.default_locale in found):
        return found.get(locale) or found.get(tenant.default_locale)
    return found


def answer(html: str, *, status: int, request: Request, language: str) -> Response:
    """HTML with the headers that every page has; 304 when the browser has it already."""
    body = html.encode("utf-8", "replace")
    return _answer(body, status=status, request=request, language=language)


def kept_answer(body: bytes, *, request: Request, language: str) -> Response:
    """The same for a page that was kept."""
    return _answer(body, status=200, request=request, language=language)


def _personal(html: str, *, status: int, language: str, leaves: bool = False) -> Response:
    """The same for a page that is nobody else's: no cache keeps it, and it names no page to those it leads to."""
    headers = {
        # A form that leads to a payment provider's page is followed there; no other page sends forms elsewhere.
        "Content-Security-Policy": POLICY.replace("form-action 'self'", "form-action 'self' https:")
        if leaves
        else POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Content-Language": language,
        "Cache-Control": "private, no-store",
    }
    return Response(html.encode("utf-8", "replace"), status, headers, media_type="text/html")


def _answer(body: bytes, *, status: int, request: Request, language: str) -> Response:
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Content-Language": language,
        # The currency is in a cookie; caches must ask each time, and are told cheaply that nothing changed.
        "Cache-Control": "no-cache",
        "Vary": "Cookie",
    }
    if status == 200 and request.method in ("GET", "HEAD"):
        # A proxy that compresses makes a strong tag weak, so that it is weak from the start.
        headers["ETag"] = tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
    return Response(body, status, headers, media_type="text/html")
