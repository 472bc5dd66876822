"""Turn a body of Gutenberg blocks into HTML: what blocks say stays, what WordPress would compute goes."""

import html
import json
import re
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


def has_blocks(text: str) -> bool:
    """Whether the block editor wrote this."""
    return "<!-- wp:" in text


class _Open:
    """A block that is not closed yet, and its HTML so far."""

    def __init__(self, name: str, facts: dict[str, Any]) -> None:
        self.name = name
        self.facts = facts
        self.parts: list[str] = []


def render(text: str, around: Surroundings, depth: int = 0) -> str:
    """The body's HTML. Text between blocks is the classic editor's and gets its paragraphs."""
    root = _Open("", {})
    stack = [root]
    at = 0
    while True:
        start = text.find("<!--", at)
        end = text.find("-->", start + 4) if start >= 0 else -1
        if end < 0:
            break
        found = _BLOCK.fullmatch(text, start + 4, end)
        if found is None:
            stack[-1].parts.append(text[at : end + 3])
            at = end + 3
            continue
        stack[-1].parts.append(text[at:start])
        at = end + 3
        closing, name, facts_text, single = found.groups()
        name = name.removeprefix("core/")
        if closing:
            _close(stack, name, around, depth)
        elif single:
            stack[-1].parts.append(_mark(stack, _made(name, _facts(facts_text), "", around, depth)))
        else:
            _settle(stack)
            stack.append(_Open(name, _facts(facts_text)))
    stack[-1].parts.append(text[at:])
    while len(stack) > 1:
        _close(stack, stack[-1].name, around, depth)
    _settle(stack)
    return "".join(part.removeprefix(_DONE) for part in root.parts).strip()


_DONE = "\x01"


def _mark(stack: list[_Open], made: str) -> str:
    """Outside all blocks, finished HTML is marked, so that only loose text gets paragraphs."""
    if len(stack) > 1:
        return made
    _settle(stack)
    return _DONE + made


def _settle(stack: list[_Open]) -> None:
    if len(stack) == 1:
        parts: list[str] = []
        loose: list[str] = []
        for part in [*stack[0].parts, _DONE]:
            if part.startswith(_DONE):
                text = "".join(loose)
                if text.strip():
                    parts.append(_DONE + markup.paragraphs(text) + "\n")
                loose = []
                if part != _DONE:
                    parts.append(part)
            else:
                loose.append(part)
        stack[0].parts[:] = parts


def _close(stack: list[_Open], name: str, around: Surroundings, depth: int) -> None:
    if all(block.name != name for block in stack[1:]):
        return
    while len(stack) > 1:
        block = stack.pop()
        made = _made(block.name, block.facts, "".join(block.parts), around, depth)
        stack[-1].parts.append(_mark(stack, made + "\n") if len(stack) == 1 else made)
        if block.name == name:
            return


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
