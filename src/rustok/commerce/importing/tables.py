"""Open tables that strangers exported: any encoding, delimiter, quoting and line end, and true line numbers.

A row that cannot be trusted is still yielded, with its `problem`, so that the importer can leave out everything that
belongs to it; reading goes on at the next row that is whole.
"""

import csv
import re
import stat
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from rustok.commerce.importing import encodings
from rustok.kernel.importing import NotImportable

LONGEST_CELL = 16 * 1024 * 1024
LONGEST_SEARCH = 2_000
"""How many lines one candidate row may take while the reader looks for the next whole row."""
DELIMITERS = ",;\t|"
_ESCAPED_QUOTE = re.compile(r'\\"(?![,;\t|\n])(?!$)')
_DOUBLED_QUOTE = re.compile(r'(?<![,;\t|])(?<!^)""(?![,;\t|\n])(?!$)')


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its first line, its cells by normalised column name without space around, and why not to trust it."""

    line: int
    cells: dict[str, str]
    problem: str | None = None

    def text(self, column: str) -> str:
        """The cell; empty where the column is missing."""
        return self.cells.get(column, "")


class _Lines:
    """Physical lines with a memory of those read since `begin`, which can be handed back."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._source, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line.replace("\0", "") if "\0" in line else line

    def begin(self) -> int:
        """Forget what was taken; answer the number of the line that comes next."""
        self.taken = []
        return self.number + 1

    def give_back(self, lines: Sequence[str]) -> None:
        """Put lines that were just taken in front again."""
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)
        self.ended = self.ended and not lines


def normalised(column: str) -> str:
    """A column's name as importers ask for it: lower case, single spaces."""
    return " ".join(column.replace("\ufeff", "").replace("_", " ").split()).casefold()


def _format(delimiter: str, *, escaped: bool) -> dict[str, Any]:
    """How the csv module is told about the file's habits."""
    return {"delimiter": delimiter, **({"escapechar": "\\", "doublequote": False} if escaped else {})}


def _escapes_quotes(lines: Sequence[str]) -> bool:
    """Some programs write a quote inside a cell as backslash and quote; then they never double one."""
    return any(_ESCAPED_QUOTE.search(line) for line in lines) and not any(_DOUBLED_QUOTE.search(line) for line in lines)


class Table:
    """A table that was opened and whose header was understood; iterate it once for its rows."""

    def __init__(
        self, lines: _Lines, *, delimiter: str, columns: list[str], encoding: str, wrapped: bool, escaped: bool
    ) -> None:
        self.columns = columns
        self._format = _format(delimiter, escaped=escaped)
        self.encoding = encoding
        self._lines = lines
        self._wrapped = wrapped
        self._keys = [normalised(column) for column in columns]
        self._ragged = False
        first: dict[str, int] = {}
        for position, key in enumerate(self._keys):
            if key:
                first.setdefault(key, position)
        self._positions = first
        self._straight = len(first) == len(self._keys)

    def __iter__(self) -> Iterator[Row]:
        lines, width = self._lines, len(self.columns)
        reader = csv.reader(lines, **self._format)
        while True:
            line = lines.begin()
            try:
                cells = next(reader)
                error = None
            except StopIteration:
                return
            except csv.Error as caught:
                cells, error = [], str(caught)
            cells = self._unwrapped(cells)
            if error is None and len(cells) == width and len(lines.taken) == 1 and not lines.ended:
                if any(cells):
                    yield Row(line, self._named(cells))
                continue
            if error is None and not any(cell and not cell.isspace() for cell in cells):
                continue
            problem = self._problem(cells, error)
            if problem is None:
                self._ragged = self._ragged or len(cells) < width
                yield Row(line, self._named(cells))
                continue
            yield Row(line, self._named(cells[:width]), problem)
            lines.give_back(lines.taken[1:])
            if len(lines.taken) > 1:
                self._find_whole_row()
            reader = csv.reader(lines, **self._format)

    def _unwrapped(self, cells: list[str]) -> list[str]:
        """Some spreadsheets put every whole row in quotes."""
        if self._wrapped and len(cells) == 1:
            return next(csv.reader(cells, **self._format), [])
        return cells

    def _named(self, cells: list[str]) -> dict[str, str]:
        if self._straight and len(cells) == len(self._keys):
            return dict(zip(self._keys, map(str.strip, cells), strict=True))
        return {key: cells[at].strip() if at < len(cells) else "" for key, at in self._positions.items()}

    def _problem(self, cells: list[str], error: str | None) -> str | None:
        """Why this row, which spans lines or has not the header's shape, cannot be trusted; None when it can."""
        lines, width = self._lines, len(self.columns)
        if error is not None:
            return f"the row cannot be read: {error}"
        complaint = _complaint(lines.taken, self._format)
        if lines.ended and "unexpected end" in complaint:
            return "the file ends inside a quoted cell"
        if complaint and len(lines.taken) > 1:
            return "a quote in this row is never closed"
        if len(cells) == width:
            return None
        if len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                return f"the row has {len(cells)} cells where the header has {width}"
            return None
        if complaint:
            return "the quotes of this row do not match"
        if not self._ragged and not lines.taken[-1].endswith("\n"):
            return "the file ends in the middle of this row"
        return None

    def _find_whole_row(self) -> None:
        """Move on to the next line at which a row with all its cells starts."""
        lines = self._lines
        while True:
            lines.begin()
            try:
                cells = self._unwrapped(next(csv.reader(islice(lines, LONGEST_SEARCH), **self._format)))
            except StopIteration:
                return
            except csv.Error:
                cells = []
            taken = lines.taken
            whole = len(cells) == len(self.columns) and not _complaint(taken, self._format)
            lines.give_back(taken if whole else taken[1:])
            if whole:
                return


def _complaint(taken: Sequence[str], form: dict[str, Any]) -> str:
    """What a strict reader says about these lines; empty when nothing."""
    try:
        for _ in csv.reader(taken, strict=True, **form):
            pass
    except csv.Error as error:
        return str(error)
    return ""


@contextmanager
def opened(
    path: Path, *, known: Collection[str], required: Sequence[str], kind: str, at_least: int = 1
) -> Iterator[Table]:
    """Open `path` as a table of this kind, whose columns are (some of) `known` (normalised names).

    Raises NotImportable, with one line that says why, when it is no readable table, lacks all of `required`, or has
    fewer than `at_least` known columns.
    """
    check_file(path)
    encoding = encodings.detect(path, kind=kind)
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    try:
        with path.open(encoding=encoding, errors="replace", newline=None) as stream:
            yield _understand(
                stream, path, encoding=encoding, known=known, required=required, kind=kind, least=at_least
            )
    except OSError as error:
        raise NotImportable(f"{path.name} cannot be read: {error.strerror or error}") from error


def check_file(path: Path) -> None:
    """Refuse what is no readable, filled, ordinary file."""
    try:
        facts = path.stat()
    except OSError as error:
        raise NotImportable(f"{path.name or path} cannot be read: {error.strerror or error}") from error
    if stat.S_ISDIR(facts.st_mode):
        raise NotImportable(f"{path.name or path} is a folder, not a file")
    if not stat.S_ISREG(facts.st_mode):
        raise NotImportable(f"{path.name} is not an ordinary file")
    if facts.st_size == 0:
        raise NotImportable(f"{path.name} is empty")


def _understand(
    stream: TextIO, path: Path, *, encoding: str, known: Collection[str], required: Sequence[str], kind: str, least: int
) -> Table:
    lines = _Lines(iter(stream))
    seen = ""
    for line in lines:
        seen = line.replace("\ufeff", "").strip()
        if seen and not (len(seen) <= 6 and seen.lower().startswith("sep=")):
            break
    else:
        raise NotImportable(f"{path.name} is empty")
    if seen.startswith("<"):
        raise NotImportable(f"{path.name} is no {kind}: it is HTML or XML, not a table")
    lines.give_back(lines.taken[-1:])
    lines.begin()
    best: tuple[int, int, str, list[str], bool] | None = None
    first_lines = list(islice(lines, 200))
    lines.give_back(first_lines)
    escaped = _escapes_quotes(first_lines)
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader(first_lines, delimiter=delimiter))
        except csv.Error:
            continue
        wrapped = len(cells) == 1 and delimiter in cells[0]
        if wrapped:
            cells = next(csv.reader(cells, delimiter=delimiter))
        hits = len({normalised(cell) for cell in cells} & set(known))
        if best is None or (hits, len(cells)) > best[:2]:
            best = (hits, len(cells), delimiter, cells, wrapped)
    if best is None or best[0] < least or not {normalised(cell) for cell in best[3]} & set(required):
        shown = seen if len(seen) <= 60 else seen[:60] + "…"
        wanted = " or ".join(f"“{one.title()}”" for one in required)
        raise NotImportable(
            f"{path.name} is no {kind}: it lacks the columns of one, such as {wanted}; its first line is “{shown}”"
        )
    _, _, delimiter, cells, wrapped = best
    next(csv.reader(lines, delimiter=delimiter))
    columns = [cell.replace("\ufeff", "").strip() for cell in cells]
    return Table(lines, delimiter=delimiter, columns=columns, encoding=encoding, wrapped=wrapped, escaped=escaped)
