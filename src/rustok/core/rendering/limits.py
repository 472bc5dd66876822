"""How large and how deep a text may be, checked before anything parses it."""

import re

from rustok.kernel import errors

LARGEST_BODY = 1_000_000
DEEPEST_HTML = 200
DEEPEST_QUOTE = 50
MOST_BRACKETS = 10_000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_QUOTE = re.compile(rf"^(?:[ \t]{{0,3}}>){{{DEEPEST_QUOTE + 1}}}", re.MULTILINE)
# Tags that never hold others, or that HTML closes by itself: old pages leave thousands of them open.
_FLAT = frozenset(
    """
    area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody
    tfoot option
    """.split()  # noqa: SIM905 - a paragraph reads better than a column of quotes
)


class BodyTooLarge(errors.Invalid):
    """The text has more bytes than a body may have."""

    code = "body_too_large"


class BodyTooDeep(errors.Invalid):
    """The text nests its tags or quotes deeper than any reader could follow."""

    code = "body_too_deep"


def check_size(text: str, *, field: str = "body", most: int = LARGEST_BODY) -> None:
    """Raise `BodyTooLarge` for more than `most` bytes of UTF-8, and `Invalid` for characters no database can keep."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise errors.Invalid(f"{field} holds half of a character (a lone surrogate)", field=field) from None
    if size > most:
        raise BodyTooLarge(f"{field} has {size} bytes; at most {most} are allowed", field=field)


def check_depth(text: str, *, field: str = "body") -> None:
    """Raise `BodyTooDeep` when tags or Markdown quotes nest too deep; one linear pass, nothing is built."""
    depth = 0
    for match in _TAG.finditer(text):
        if match[2].lower() in _FLAT:
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > DEEPEST_HTML:
            raise BodyTooDeep(f"{field} nests its tags deeper than {DEEPEST_HTML} levels", field=field)
    if _QUOTE.search(text):
        raise BodyTooDeep(f"{field} nests its quotes deeper than {DEEPEST_QUOTE} levels", field=field)


def check_markdown(text: str, *, field: str = "body") -> None:
    """Size, depth, and the number of open brackets: each may begin a link, and a parser seeks the end of each."""
    check_size(text, field=field)
    check_depth(text, field=field)
    if text.count("[") > MOST_BRACKETS:  # 100,000 of them cost four seconds, and the cost is quadratic
        raise BodyTooDeep(f"{field} opens more than {MOST_BRACKETS} square brackets", field=field)
