"""What an import says at its end, and the one error for a file that cannot be imported at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rustok.kernel import errors

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with (done, total); the total is None while nobody knows it."""


class NotImportable(errors.Invalid):
    """The file is no such export: nothing was read from it and nothing was written. One line for people."""

    code = "not_importable"
    for_operators = True


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of the file that was left out: where it starts, why, and what it is called."""

    line: int | None
    reason: str
    what: str = ""


@dataclass(slots=True)
class Summary:
    """The outcome of one import, counted per thing that was imported."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[Skipped] = field(default_factory=list)
    """What was imported, though not wholly as the file says."""
    remote_pictures: int = 0
    """Pictures kept as their remote address; `rustok media fetch` brings them later."""
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)
    """Per kind of thing ("post", "category" ...): how many were created, updated and unchanged."""
    dry_run: bool = False
    interrupted: bool = False

    def count(self, kind: str, *, created: int = 0, updated: int = 0, unchanged: int = 0) -> None:
        """Add to the totals and to the kind's own row."""
        self.created += created
        self.updated += updated
        self.unchanged += unchanged
        row = self.kinds.setdefault(kind, {"created": 0, "updated": 0, "unchanged": 0})
        row["created"] += created
        row["updated"] += updated
        row["unchanged"] += unchanged

    def skip(self, line: int | None, reason: str, what: str = "") -> None:
        """Note something that was left out."""
        self.skipped.append(Skipped(line, reason, what))

    def warn(self, line: int | None, reason: str, what: str = "") -> None:
        """Note something that was imported with a loss."""
        self.warnings.append(Skipped(line, reason, what))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": [{"line": one.line, "reason": one.reason, "what": one.what} for one in self.skipped],
            "warnings": [{"line": one.line, "reason": one.reason, "what": one.what} for one in self.warnings],
            "remote_pictures": self.remote_pictures,
            "kinds": self.kinds,
            "dry_run": self.dry_run,
            "interrupted": self.interrupted,
        }
