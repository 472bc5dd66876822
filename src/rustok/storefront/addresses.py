"""Addresses of the storefront: where things live, in which language, and which links may be trusted."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from rustok.kernel.context import TenantInfo

_SAFE_SCHEMES = {"http", "https", "mailto", "tel"}
_OURS = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)  # most links by far, and nothing in them to be afraid of


@dataclass(frozen=True)
class Addresses:
    """Makes links of one request: `origin` is `https://shop.example`, `prefix` is `` or `/ru`."""

    origin: str
    prefix: str

    def at(self, path: str) -> str:
        """A path of this language: `/products/mug` → `/ru/products/mug`; the home page is `/ru`."""
        return (self.prefix + path.rstrip("/")) or "/"

    def full(self, path: str) -> str:
        """The whole address of a path that already has its language."""
        return path if urlsplit(path).scheme else self.origin + path

    def product(self, item: Mapping[str, Any]) -> str:
        """Where a product lives."""
        return self.at(f"/products/{quote(str(item.get('handle') or ''))}")

    def category(self, item: Mapping[str, Any]) -> str:
        """Where a category of products lives."""
        return self.at(f"/categories/{quote(str(item.get('handle') or ''))}")

    def content(self, item: Mapping[str, Any], kind: str | None = None) -> str:
        """Where a post or a page lives."""
        slug = quote(str(item.get("slug") or ""))
        return self.at(f"/blog/{slug}" if (kind or item.get("kind")) == "post" else f"/{slug}")

    def topic(self, item: Mapping[str, Any]) -> str:
        """Where the posts of a category are listed."""
        return self.at(f"/blog/category/{quote(str(item.get('slug') or ''))}")

    def tag(self, item: Mapping[str, Any]) -> str:
        """Where everything with a tag is listed."""
        return self.at(f"/tags/{quote(str(item.get('slug') or ''))}")

    def menu(self, url: object) -> str:
        """A menu's link in this language; one that no browser should follow becomes the home page."""
        link = safe(url) or "/"
        if not link.startswith("/") or link.startswith("//"):
            return link
        if self.prefix and (link == self.prefix or link.startswith(f"{self.prefix}/")):
            return link
        return self.at(link) if link != "/" else self.at("/")


def prefix_of(tenant: TenantInfo, locale: str) -> str:
    """`` for the default language, `/ru` for another."""
    return "" if locale == tenant.default_locale else f"/{locale}"


def safe(url: object) -> str:
    """The link if it leads to a page or a person, else nothing: no `javascript:` and nothing that hides one."""
    text = str(url or "").strip()
    if _OURS.fullmatch(text):
        return text
    if not text or any(ord(c) < 33 or c == "\\" for c in text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    if parts.scheme:
        return text if parts.scheme.lower() in _SAFE_SCHEMES else ""
    return text if text.startswith(("/", "#", "?")) else f"/{text}"


def local(path: str, otherwise: str) -> str:
    """The path if it leads to a page of this shop, for a form that says where to go on; else `otherwise`."""
    is_ours = path.startswith("/") and not path.startswith("//") and len(path) < 1_000
    if not is_ours or any(ord(c) < 33 or ord(c) > 126 or c == "\\" for c in path):
        return otherwise
    return path


def query(pairs: Iterable[tuple[str, str]]) -> str:
    """`?a=1&b=2`, or nothing."""
    text = urlencode([(k, v) for k, v in pairs if v])
    return f"?{text}" if text else ""


def pairs(query_string: str) -> list[tuple[str, str]]:
    """A query string's parameters; none of one that has hundreds, because no page of ours makes such."""
    try:
        return parse_qsl(query_string, max_num_fields=200)
    except ValueError:
        return []
