"""What a read answers, and Relay's four paging arguments once they are checked."""

from dataclasses import dataclass, field
from typing import Any

from rustok.kernel import errors

USUAL = 20
MOST = 100
COUNTED = 10_000  # beyond this many matches a count is `AT_LEAST`

Document = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """One document. `moved`: the key asked for is an old one; the document's own one should be redirected to."""

    document: Document
    moved: bool = False


@dataclass(frozen=True)
class Page:
    """A slice of a list. `cursors` are parallel to `nodes`; count and facets are None unless they were wanted."""

    nodes: list[Document] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False
    total_count: int | None = None
    total_exact: bool = True
    facets: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Slice:
    """Checked paging arguments."""

    size: int
    backward: bool
    after: str | None
    before: str | None


def slice_of(first: int | None, after: str | None, last: int | None, before: str | None) -> Slice:
    """Read Relay's four arguments; raises `Invalid` for a size beyond 100, a negative one, or both at once."""
    if first is not None and last is not None:
        raise errors.Invalid("give first or last, not both", field="last")
    name, size = ("last", last) if last is not None else ("first", USUAL if first is None else first)
    if not 0 <= size <= MOST:
        raise errors.Invalid(f"{name} must lie between 0 and {MOST}", field=name)
    return Slice(size, last is not None, after or None, before or None)
