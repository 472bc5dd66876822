"""Bodies to what readers see: Markdown or HTML to sanitised HTML, plain text, excerpts and reading time."""

from enum import StrEnum

from rustok.core.rendering import limits, markdown, sanitising
from rustok.core.rendering.texts import excerpt_of, plain_text, reading_minutes
from rustok.kernel import errors

__all__ = ["Format", "check_format", "excerpt_of", "plain_text", "reading_minutes", "render", "render_comment"]


class Format(StrEnum):
    """How a body was written."""

    MARKDOWN = "markdown"
    HTML = "html"


def check_format(value: str) -> Format:
    """Return the format; raise `Invalid` for one that we do not know."""
    try:
        return Format(value)
    except ValueError:
        raise errors.Invalid(f"{value[:32]!r} is not a format: use markdown or html", field="format") from None


def render(body: str, format: str = Format.MARKDOWN, *, field: str = "body") -> str:
    """Sanitised HTML, headings with ids; raises `BodyTooLarge` and `BodyTooDeep`."""
    if check_format(format) is Format.MARKDOWN:
        limits.check_markdown(body, field=field)
        body = markdown.to_html(body)
    return sanitising.sanitise(body, field=field)


def render_comment(body: str, format: str = Format.MARKDOWN, *, field: str = "body") -> str:
    """Sanitised HTML of a reader's comment: no pictures, no headings, links carry `nofollow ugc`."""
    if check_format(format) is Format.MARKDOWN:
        limits.check_markdown(body, field=field)
        body = markdown.comment_to_html(body)
    return sanitising.sanitise_comment(body, field=field)
