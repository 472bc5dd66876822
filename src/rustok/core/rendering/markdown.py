"""Markdown (CommonMark, tables, strikethrough, footnotes) to HTML that has still to be sanitised."""

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

_parser = (
    MarkdownIt("commonmark", {"html": True, "maxNesting": 50}).enable(["table", "strikethrough"]).use(footnote_plugin)
)
# Readers write text, not pages: their tags are shown as they typed them.
_comment_parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20, "breaks": True}).enable(["strikethrough"])


def to_html(source: str) -> str:
    """HTML with whatever tags the source had: not safe yet."""
    return str(_parser.render(source))


def comment_to_html(source: str) -> str:
    """HTML in which every line break counts and tags of the source are text."""
    return str(_comment_parser.render(source))
