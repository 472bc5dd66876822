"""A WordPress body of any age becomes HTML, to be sanitised where it is stored."""

import re
from dataclasses import dataclass

from rustok.core.importing import blocks, markup, shortcodes
from rustok.core.importing.shortcodes import Surroundings

_MORE = re.compile(r"<!--\s*more(?:\s[^<>]*?)?-->")
_NEXT_PAGE = re.compile(r"<!--\s*nextpage\s*-->")
_WORDPRESS_ONLY = re.compile(r"<!--\s*/?(?:wp:|noteaser)[^<>]*-->")


@dataclass(frozen=True, slots=True)
class Body:
    """The HTML, the words before `<!--more-->` (empty without one), and what could not be kept."""

    html: str
    teaser: str = ""
    dropped: tuple[str, ...] = ()


def to_html(text: str, around: Surroundings | None = None) -> Body:
    """Blocks lose their comments, shortcodes become HTML, classic text gets its paragraphs; pages are joined."""
    around = around or Surroundings()
    around.dropped = set()
    text = _NEXT_PAGE.sub("\n\n", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x01", ""))
    split = _MORE.search(text)
    teaser = markup.plain(_converted(text[: split.start()], around)) if split else ""
    body = _converted(_MORE.sub("\n\n", text) if split else text, around)
    return Body(html=body, teaser=teaser, dropped=tuple(sorted(around.dropped)))


def _converted(text: str, around: Surroundings) -> str:
    if blocks.has_blocks(text):
        return _WORDPRESS_ONLY.sub("", blocks.render(text, around))
    return markup.paragraphs(shortcodes.expand(text, around))
