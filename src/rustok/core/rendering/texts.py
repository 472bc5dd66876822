"""HTML to plain text, excerpts and reading time."""

import html
import re

import nh3

WORDS_PER_MINUTE = 200
_BREAKS = re.compile(
    r"<(?:br|hr|/?(?:p|div|h[1-6]|li|ul|ol|dl|dt|dd|tr|table|blockquote|pre|figure|figcaption|section|article))\b[^>]*>",
    re.IGNORECASE,
)
_CELLS = re.compile(r"</t[dh]>", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_WORD = re.compile(r"\w+")
_stripper = nh3.Cleaner(tags=set(), attributes={}, clean_content_tags={"script", "style", "template", "noscript"})


def plain_text(source: str) -> str:
    """The text without any tag, one line per block."""
    if not source:
        return ""
    broken = _CELLS.sub(" ", _BREAKS.sub("\n", source))
    text = html.unescape(_stripper.clean(broken)).replace("\x00", "")
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def excerpt_of(text: str, *, most: int = 280) -> str:
    """The beginning of a plain text, cut between words."""
    joined = " ".join(text.split())
    if len(joined) <= most:
        return joined
    cut = joined[:most]
    space = cut.rfind(" ")
    return cut[: space if space > most // 2 else most].rstrip(" ,;:.-–—") + "…"


def reading_minutes(text: str) -> int:
    """Whole minutes that a grown-up reader needs, at least one for any text; none for an empty one."""
    words = sum(1 for _ in _WORD.finditer(text))
    return -(-words // WORDS_PER_MINUTE)
