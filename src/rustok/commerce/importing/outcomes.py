"""What an importer's reading half hands on: drafts, what was left out, and what was not taken wholly."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from rustok.commerce.products.drafts import ProductDraft
from rustok.kernel.importing import Skipped


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that was taken over, though not wholly as the file says."""

    line: int | None
    reason: str
    what: str = ""


class BrokenRow(Exception):
    """A row that keeps its whole product out, for nothing is ever half-written."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


Outcome: TypeAlias = ProductDraft | Skipped | Warned


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was opened: how many products it announces, and its content, to be iterated once."""

    total: int
    outcomes: Iterator[Outcome]
