"""The storefront as an ASGI application: finds tenant, language and page, and never shows a bare error."""

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from urllib.parse import quote

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from rustok.index.answers import key_of
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.storefront import addresses, feeds, finding, magazine, navigation, private, shop, themes, wording
from rustok.storefront import visit as visits
from rustok.storefront.addresses import Addresses
from rustok.storefront.visit import CURRENCY_COOKIE, YEAR, Host, Visit

logger = structlog.get_logger("rustok.storefront")
Answer = Callable[[Visit], Awaitable[Response]]
LONGEST_PATH = 1_000


def router(host: Host) -> APIRouter:
    """Every address that nobody else has claimed; include it last."""
    made = APIRouter()
    made.add_route("/{path:path}", Site(host).answer, methods=["GET", "HEAD", "POST"], include_in_schema=False)
    return made


def plain_page(status: int, message: str) -> Response:
    """A page about an error where not even the tenant is known; it reads nothing."""
    html = themes.of(themes.DEFAULT).render(
        "plain.html",
        {"theme": themes.of(themes.DEFAULT), "status": status, "message": message, "say": wording.of("en").say},
    )
    return Response(
        html,
        status,
        media_type="text/html",
        headers={"Content-Security-Policy": visits.POLICY, "Cache-Control": "no-store"},
    )


class Site:
    """All pages of all tenants of one process."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.kept = navigation.Shelf()
        for name in themes.names():
            themes.of(name)

    async def answer(self, request: Request) -> Response:
        """One request: an asset, a redirect or a page."""
        raw = request.scope["path"]
        if raw.startswith("/assets/"):
            return _asset(raw.removeprefix("/assets/"), request)
        try:
            return await self._answer(request, raw)
        except errors.RustokError as error:
            return await self.refused(request, error)
        except Exception as error:
            logger.error("storefront.unexpected", trace_id=self.host.trace(request), path=raw, exc_info=error)
            return await self.failed(request)

    async def refused(self, request: Request, error: errors.RustokError) -> Response:
        """A page for an error that was expected; plain text where not even the tenant is known."""
        try:
            tenant = await self.host.tenant(request)
        except errors.RustokError as unknown:
            return plain_page(unknown.status, str(unknown))
        return self._plain(request, tenant, error.status, str(error))

    async def failed(self, request: Request) -> Response:
        """500 without a word about what happened, but with the id under which the log has it."""
        try:
            tenant = await self.host.tenant(request)
        except Exception:
            return plain_page(500, wording.of("en").say("failed.trace") + " " + self.host.trace(request))
        return self._plain(request, tenant, 500, "")

    async def _answer(self, request: Request, raw: str) -> Response:
        tenant = await self.host.tenant(request)
        origin = self.host.origin(request)
        parts = [part for part in raw.split("/") if part]
        tail = f"?{request.url.query}" if request.url.query else ""
        locale = tenant.default_locale
        if parts and parts[0] in tenant.locales:
            locale = parts.pop(0)
        path = "/" + "/".join(parts)
        links = Addresses(origin, addresses.prefix_of(tenant, locale))
        if len(raw) > LONGEST_PATH:
            path, parts = "/-", ["-", "-", "-"]  # no such page, whatever it says
        elif raw != links.at(path) and request.method != "POST":
            # A slash too many, or the usual language spelt out: every page has one address.
            return RedirectResponse(links.at(quote(path)) + tail, 301)
        wanted = _wanted_currency(request, tenant)
        if wanted is not None and request.method != "POST":
            return _choose_currency(request, links.at(quote(path)), wanted, origin)
        currency = tenant.currency_or_default(request.cookies.get(CURRENCY_COOKIE))
        if parts and parts[0] in private.NAMES:
            context = self.host.look(tenant, locale=locale, currency=currency)
            visit = Visit(request, self.host, tenant, context, links, path, self.kept)
            if (own := private.find(visit, parts)) is not None:
                return await private.answer(visit, own)
        key = key_of(tenant, "page", raw + tail, origin, locale, currency)
        is_kept = request.method in ("GET", "HEAD")
        if is_kept and not _is_forced(request) and (kept := await self._kept(tenant, key)):
            return visits.kept_answer(kept, request=request, language=locale)
        context = self.host.look(tenant, locale=locale, currency=currency)
        visit = Visit(request, self.host, tenant, context, links, path, self.kept)
        response = await _page(visit, parts)
        if is_kept and visit.is_keepable and response.status_code == 200:
            self.host.answers.keep(key, visit.version, bytes(response.body), b"")
        return response

    async def _kept(self, tenant: TenantInfo, key: bytes) -> bytes | None:
        """The page as it was shown before, if nothing of the tenant's read model has changed since."""
        kept = self.host.answers.find(key)
        if kept is None or kept.version != await self.host.version(tenant):
            return None
        return kept.body

    def _plain(self, request: Request, tenant: TenantInfo, status: int, reason: str) -> Response:
        """An error page that reads nothing: whatever broke may be what reading needs."""
        first = request.scope["path"].strip("/").split("/")[0]
        locale = first if first in tenant.locales else tenant.default_locale
        words = wording.of(locale)
        theme = themes.of(tenant.settings.get("theme"))
        html = theme.render(
            "error.html",
            {
                "say": words.say,
                "site_name": visits.setting(tenant, locale, "names") or tenant.name,
                "theme": theme, "lang": locale, "status": status,
                "reason": reason, "trace": self.host.trace(request) if status >= 500 else "",
                "links": Addresses(self.host.origin(request), addresses.prefix_of(tenant, locale)),
            },
        )  # fmt: skip
        response = visits.answer(html, status=status, request=request, language=locale)
        response.headers["Cache-Control"] = "no-store"
        return response


async def _page(visit: Visit, parts: Sequence[str]) -> Response:
    if visit.request.method == "POST":
        match parts:
            case ["blog", slug]:
                return await magazine.written(visit, slug, "post")
            case [slug]:
                return await magazine.written(visit, slug, "page")
            case _:
                return Response(status_code=405, headers={"Allow": "GET, HEAD"})
    page = _find(visit, parts)
    return await page(visit)


def _find(visit: Visit, parts: Sequence[str]) -> Answer:
    usual = not visit.links.prefix
    match parts:
        case []:
            return shop.home
        case ["categories"]:
            return shop.categories
        case ["categories", handle]:
            return partial(shop.category, handle=handle)
        case ["products", handle]:
            return partial(shop.product, handle=handle)
        case ["products"]:
            return _to_categories
        case ["search"]:
            return finding.search
        case ["tags", slug]:
            return partial(finding.tag, slug=slug)
        case ["blog"]:
            return magazine.blog
        case ["blog", "category", slug]:
            return partial(magazine.topic, slug=slug)
        case ["blog", slug]:
            return partial(magazine.post, slug=slug)
        case ["feed.xml"]:
            return feeds.feed
        case ["sitemap.xml"] if usual:
            return feeds.sitemap
        case ["sitemap", "pages.xml"] if usual:
            return feeds.sitemap_pages
        case ["sitemap", name, start] if usual and start.endswith(".xml"):
            return partial(feeds.sitemap_part, name=name, start=start.removesuffix(".xml"))
        case ["robots.txt"] if usual:
            return _at_once(feeds.robots)
        case ["site.webmanifest"]:
            return _at_once(feeds.manifest)
        case ["favicon.ico" | "favicon.svg" | "apple-touch-icon.png"]:
            return _icon
        case [slug] if not re.search(r"\.(php|aspx?|cgi|env)$", slug):
            return partial(magazine.page, slug=slug)
        case _:
            return finding.missing


def _at_once(make: Callable[[Visit], Response]) -> Answer:
    async def answer(visit: Visit) -> Response:
        return make(visit)

    return answer


async def _to_categories(visit: Visit) -> Response:
    return visit.redirect(visit.links.at("/categories"))


async def _icon(visit: Visit) -> Response:
    return _asset(visit.theme.icon.name, visit.request, seconds=86_400)


def _asset(name: str, request: Request, *, seconds: int = YEAR) -> Response:
    """A file of a theme. Its name holds a digest of its content, so that it may be kept for ever."""
    found = themes.assets().get(name)
    if found is None:
        return PlainTextResponse("There is no such file.", 404, headers={"Cache-Control": "no-store"})
    headers = {"Cache-Control": f"public, max-age={seconds}, immutable", "X-Content-Type-Options": "nosniff"}
    if found.type.startswith("image/svg"):
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(found.body, headers=headers, media_type=found.type)


def _is_forced(request: Request) -> bool:
    """Whether the visitor wants it afresh, as a browser does when its reload key is held."""
    return "no-cache" in request.headers.get("cache-control", "")


def _wanted_currency(request: Request, tenant: TenantInfo) -> str | None:
    if "currency=" not in request.url.query:
        return None
    wanted = next((v for k, v in addresses.pairs(request.url.query) if k == "currency"), None)
    return None if wanted is None else tenant.currency_or_default(wanted.upper())


def _choose_currency(request: Request, path: str, currency: str, origin: str) -> Response:
    """Remember the currency and go on to the address without it."""
    rest = [(k, v) for k, v in addresses.pairs(request.url.query) if k != "currency"]
    response = RedirectResponse(path + addresses.query(rest), 303, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        CURRENCY_COOKIE, currency, max_age=YEAR, httponly=True, samesite="lax", secure=origin.startswith("https://")
    )
    return response
