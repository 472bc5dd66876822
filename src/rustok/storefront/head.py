"""What the head of a page says to search engines and to those who share it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from rustok.storefront import addresses, pictures
from rustok.storefront.addresses import Addresses

# Inside <script> a browser looks for "</script" and "<!--" before it reads a letter of JSON.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}
LONGEST_DESCRIPTION = 300


@dataclass
class Head:
    """Everything between `<head>` and the stylesheet. Paths are completed by the page."""

    title: str
    description: str = ""
    path: str = "/"  # without the language: canonical and hreflang are made of it
    query: str = ""  # the part of the query string that makes it another page: a place in a list
    canonical: str = ""  # somebody else's address, from the SEO fields
    kind: str = "website"
    image: str = ""
    image_alt: str = ""
    og_title: str = ""
    og_description: str = ""
    card: str = "summary_large_image"
    index: bool = True
    follow: bool = True
    translated: bool = True  # the other languages have this page too
    previous: str = ""
    next: str = ""
    published: str = ""
    modified: str = ""
    data: list[Any] = field(default_factory=list)

    @property
    def robots(self) -> str:
        """`noindex, nofollow`, or nothing where all is allowed."""
        return ", ".join([*([] if self.index else ["noindex"]), *([] if self.follow else ["nofollow"])])


def of(document: Mapping[str, Any], title: str, path: str, *, kind: str = "website", description: str = "") -> Head:
    """A head from a document's SEO fields, with what stands in for those that are empty."""
    seo = document.get("seo") or {}
    text = str(seo.get("description") or description or "")
    canonical = addresses.safe(seo.get("canonical_url"))
    head = Head(
        title=str(seo.get("title") or title),
        description=_short(text),
        path=path,
        canonical=canonical if canonical.startswith(("http://", "https://", "/")) else "",
        kind=kind,
        og_title=str(seo.get("og_title") or ""),
        og_description=_short(str(seo.get("og_description") or "")),
        index=not seo.get("no_index"),
        follow=not seo.get("no_follow"),
    )
    image = seo.get("og_image")
    if image:
        head.image = addresses.safe(image.get("url") if isinstance(image, Mapping) else image)
    data = seo.get("structured_data")
    if isinstance(data, Mapping | list) and data:
        head.data.append(data)
    return head


def show(head: Head, image: Mapping[str, Any] | None, alt: str = "") -> None:
    """Let the page be shared with this picture, unless its SEO fields name another."""
    picture = pictures.of(image, alt)
    if picture and not head.image:
        head.image, head.image_alt = picture.largest, picture.alt


def json_ld(data: Any) -> Markup:
    """JSON that cannot end the `<script>` it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - every character that HTML looks for is escaped


def breadcrumbs(trail: Sequence[tuple[str, str]], links: Addresses) -> dict[str, Any]:
    """Schema.org's BreadcrumbList of (name, path)."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": links.full(path)}
            for place, (name, path) in enumerate(trail, 1)
        ],
    }


def site(name: str, links: Addresses, logo: str) -> list[dict[str, Any]]:
    """Schema.org's WebSite with its search, and the organisation behind it."""
    home = links.full(links.at("/"))
    return [
        {
            "@context": "https://schema.org",
            "@type": "WebSite",
            "name": name,
            "url": home,
            "potentialAction": {
                "@type": "SearchAction",
                "target": {
                    "@type": "EntryPoint",
                    "urlTemplate": links.full(links.at("/search")) + "?q={search_term_string}",
                },
                "query-input": "required name=search_term_string",
            },
        },
        {
            "@context": "https://schema.org",
            "@type": "Organization",
            "name": name,
            "url": home,
            "logo": links.full(logo),
        },
    ]


def product(item: Mapping[str, Any], links: Addresses, currency: str) -> dict[str, Any]:
    """Schema.org's Product with an offer for every variant that has a price in the currency."""
    address = links.full(links.product(item))
    images = [links.full(p.largest) for image in item.get("images") or () if (p := pictures.of(image))]
    offers = []
    for variant in (item.get("variants") or ())[:100]:
        price = (variant.get("prices") or {}).get(currency)
        if price:
            available = "InStock" if variant.get("available_for_sale") else "OutOfStock"
            offer = {
                "@type": "Offer",
                "url": f"{address}?variant={variant.get('id')}",
                "price": price["amount"],
                "priceCurrency": price["currency_code"],
                "availability": f"https://schema.org/{available}",
                "itemCondition": "https://schema.org/NewCondition",
            }
            offers.append({**offer, "sku": variant["sku"]} if variant.get("sku") else offer)
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": item.get("title"),
        "url": address,
        "description": _short(str(item.get("description_text") or "")),
        "image": images,
        "sku": next((v["sku"] for v in item.get("variants") or () if v.get("sku")), None),
        "brand": {"@type": "Brand", "name": item["vendor"]} if item.get("vendor") else None,
        "offers": offers if len(offers) != 1 else offers[0],
    }
    return {key: value for key, value in found.items() if value}


def article(item: Mapping[str, Any], links: Addresses, publisher: str) -> dict[str, Any]:
    """Schema.org's BlogPosting, or Article for a page."""
    cover = pictures.of(item.get("cover"))
    author = item.get("author") or {}
    found = {
        "@context": "https://schema.org",
        "@type": "BlogPosting" if item.get("kind") == "post" else "Article",
        "headline": str(item.get("title") or "")[:110],
        "mainEntityOfPage": links.full(links.content(item)),
        "image": [links.full(cover.largest)] if cover else None,
        "datePublished": item.get("published_at"),
        "dateModified": item.get("updated_at") or item.get("published_at"),
        "author": {"@type": "Person", "name": author["name"]} if author.get("name") else None,
        "publisher": {"@type": "Organization", "name": publisher},
        "description": _short(str(item.get("excerpt") or "")),
        "commentCount": item.get("reply_count") or None,
    }
    return {key: value for key, value in found.items() if value}


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_DESCRIPTION else flat[: LONGEST_DESCRIPTION - 1].rsplit(" ", 1)[0] + "…"
