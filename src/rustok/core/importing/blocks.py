"""Turn a body of Gutenberg blocks into HTML: what blocks say stays, what WordPress would compute goes."""

import html
import json
import re
from collections import Counter
from typing import Any

from rustok.core.importing import markup, shortcodes
from rustok.core.importing.shortcodes import Surroundings

_BLOCK = re.compile(r"\s*(/?)wp:([a-z][a-z0-9_-]*(?:/[a-z][a-z0-9_-]*)?)\s*(\{.*\})?\s*(/?)\s*", re.DOTALL)
_COMPUTED = {"post-template", "query-no-results", "query-pagination", "comment-template", "comments-pagination",
             "comments-query-loop", "navigation", "spacer", "more", "nextpage"}  # fmt: skip
"""Blocks whose content is a pattern for things that are computed elsewhere, or nothing."""
_SILENT = {"latest-posts", "latest-comments", "archives", "calendar", "categories", "tag-cloud", "search", "page-list",
           "site-logo", "site-title", "site-tagline", "loginout", "avatar", "read-more", "term-description",
           "query-title", "social-link", "home-link", "navigation-link", "shortcode", "legacy-widget"}  # fmt: skip
_SILENT_STARTS = ("post-", "query-", "comment-", "comments-")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_CAPTION = re.compile(r"<figcaption[^>]*>(.*?)</figcaption>", re.DOTALL)

LONGEST_EMBED = 20_000


def has_blocks(text: str) -> bool:
    """Whether the block editor wrote this."""
    return "<!-- wp:" in text or "<!-- /wp:" in text


class _Open:
    """A block that is not closed yet, and its HTML so far."""

    def __init__(self, name: str, facts: dict[str, Any]) -> None:
        self.name = name
        self.facts = facts
        self.parts: list[str] = []


class _Page:
    """The finished HTML, the loose text since then, and the blocks that are open."""

    def __init__(self, around: Surroundings, depth: int) -> None:
        self.around = around
        self.depth = depth
        self.done: list[str] = []
        self.loose: list[str] = []
        self.stack: list[_Open] = []
        self.open_names: Counter[str] = Counter()

    def text(self, text: str) -> None:
        (self.stack[-1].parts if self.stack else self.loose).append(text)

    def open(self, name: str, facts: dict[str, Any]) -> None:
        self.settle()
        self.stack.append(_Open(name, facts))
        self.open_names[name] += 1

    def settle(self) -> None:
        """Text outside all blocks is the classic editor's and gets its paragraphs."""
        text = "".join(self.loose)
        self.loose.clear()
        if text.strip():
            self.done.append(markup.paragraphs(text) + "\n")

    def add(self, name: str, facts: dict[str, Any], inner: str) -> None:
        made = _made(name, facts, inner, self.around, self.depth)
        if self.stack:
            self.stack[-1].parts.append(made)
        else:
            self.settle()
            self.done.append(made + "\n")

    def close(self, name: str | None) -> None:
        """Close the innermost block of this name and all within it; None closes every block."""
        if name is not None and not self.open_names[name]:
            return
        while self.stack:
            block = self.stack.pop()
            self.open_names[block.name] -= 1
            self.add(block.name, block.facts, "".join(block.parts))
            if block.name == name:
                return


def render(text: str, around: Surroundings, depth: int = 0) -> str:
    """The body's HTML."""
    page = _Page(around, depth)
    at = 0
    while True:
        start = text.find("<!--", at)
        end = text.find("-->", start + 4) if start >= 0 else -1
        if end < 0:
            break
        found = _BLOCK.fullmatch(text, start + 4, end)
        if found is None:
            page.text(text[at : end + 3])
            at = end + 3
            continue
        page.text(text[at:start])
        at = end + 3
        closing, name, facts_text, single = found.groups()
        name = name.removeprefix("core/")
        if closing:
            page.close(name)
        elif single:
            page.add(name, _facts(facts_text), "")
        else:
            page.open(name, _facts(facts_text))
    page.text(text[at:])
    page.close(None)
    page.settle()
    return "".join(page.done).strip()


def _facts(text: str | None) -> dict[str, Any]:
    try:
        facts = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _made(name: str, facts: dict[str, Any], inner: str, around: Surroundings, depth: int) -> str:
    """One block's HTML, from its attributes and the HTML that was saved in it."""
    if name in _COMPUTED:
        return ""
    if name == "embed" or name.startswith("core-embed/"):
        return _embed(facts, inner)
    if name == "shortcode":
        return markup.paragraphs(shortcodes.expand(inner, around))
    if name in ("freeform", "html", "missing"):
        expanded = shortcodes.expand(inner, around)
        return expanded if name == "html" else markup.paragraphs(expanded)
    if name == "block":
        written = around.reusable.get(_number(facts.get("ref")))
        return render(written, around, depth + 1) if written and depth < shortcodes.DEEPEST else inner
    if name == "cover" and "<img" not in inner and "<video" not in inner and _web(facts.get("url")):
        return f'<figure><img src="{html.escape(facts["url"])}" alt=""></figure>{inner}'
    if inner.strip():
        return shortcodes.expand(inner, around) if name in ("paragraph", "text-columns") else inner
    if name == "social-link" and _web(facts.get("url")):
        label = str(facts.get("label") or facts.get("service") or facts["url"])
        return f'<li><a href="{html.escape(facts["url"])}">{html.escape(label.capitalize())}</a></li>'
    if name == "rss" and _web(facts.get("feedURL")):
        return markup.link(str(facts["feedURL"]))
    if name == "gallery" and isinstance(facts.get("ids"), list):
        return shortcodes.pictures([_number(one) for one in facts["ids"]], around)
    if name == "image" and _number(facts.get("id")) in around.pictures:
        return shortcodes.picture(around.pictures[_number(facts["id"])])
    if name in ("audio", "video") and _web(facts.get("src")):
        return shortcodes.player(name, str(facts["src"]))
    if name not in _SILENT and not name.startswith(_SILENT_STARTS):
        around.dropped.add(name)
    return ""


def _embed(facts: dict[str, Any], inner: str) -> str:
    inner = inner[:LONGEST_EMBED]
    found = _ADDRESS.search(markup.plain(_CAPTION.sub("", inner)))
    address = str(facts["url"]) if _web(facts.get("url")) else found[0] if found else ""
    caption = _CAPTION.search(inner)
    below = f"<p>{caption[1]}</p>" if caption else ""
    return (markup.link(address) if address else "") + below


def _web(value: object) -> bool:
    return isinstance(value, str) and re.match(r"https?://\S+$", value) is not None


def _number(value: object) -> int:
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 13 else -1
