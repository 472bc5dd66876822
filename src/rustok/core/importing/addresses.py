"""Links of the old site to itself: where what they meant is found here."""

import html
import re
from urllib.parse import unquote, urlsplit

from rustok.core.importing.site import Site

_HREF = re.compile(r"""(\shref=")([^"<>]{1,2000})(?=")""", re.IGNORECASE)
_TERM = re.compile(r"/(category|tag)/(?:[^/]+/)*([^/?]+)")


def path_of(kind: str, slug: str) -> str:
    """Where the storefront shows a post or a page."""
    return f"/blog/{slug}" if kind == "post" else f"/{slug}"


def key_of(url: str) -> str:
    """Path and query of an address, without the slash at its end; empty for a site's home and for what is none."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    path = unquote(parts.path).rstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def here(site: Site, url: str) -> str | None:
    """The path here of an address of the old site; None for other sites' addresses and for what is not known."""
    try:
        parts = urlsplit(url.strip())
        own = urlsplit(site.link).hostname
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("", "http", "https") or not own or (host != own and (host or not parts.path)):
        return None
    key = key_of(url)
    found = site.addresses.get(key)
    if found is None and key in ("", "/index.php"):
        found = "/"
    if found is None and (term := _TERM.fullmatch(key)):
        if term[1] == "category" and term[2] in site.categories:
            found = f"/blog/category/{term[2]}"
        elif term[1] == "tag" and term[2] in site.tags:
            found = f"/tags/{term[2]}"
    return f"{found}#{parts.fragment}" if found and parts.fragment else found


def relinked(body: str, site: Site) -> str:
    """The HTML with links to the old site's own entries and terms leading to them here."""

    def moved(found: re.Match[str]) -> str:
        path = here(site, html.unescape(found[2]))
        return f"{found[1]}{html.escape(path)}" if path else found[0]

    return _HREF.sub(moved, body) if site.link else body
