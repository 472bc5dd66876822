"""Read Shopify's product CSV, in its classic and its 2024 columns: rows in, product drafts out."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from rustok.commerce.importing import shopify_products, tables
from rustok.commerce.importing.outcomes import Export, Outcome, Warned
from rustok.commerce.importing.shopify_products import ALIASES, KNOWN, PREFIXES, Columns
from rustok.commerce.importing.tables import Row, Table
from rustok.kernel import slugs
from rustok.kernel.importing import Skipped

KIND = "Shopify product export"
LONGEST_HANDLE = 255


@dataclass(slots=True)
class Group:
    """The rows of one product, gathered from wherever they stand in the file."""

    handle: str
    rows: list[Row] = field(default_factory=list)
    head: Row | None = None
    problem: Skipped | None = None

    def spoil(self, line: int, reason: str) -> None:
        """One bad row keeps the whole product out; the first reason is the one reported."""
        if self.problem is None:
            self.problem = Skipped(line, reason, self.handle)


def read(path: Path, *, currency: str) -> Export:
    """Open `path`; prices without a currency of their own are in `currency`. Raises NotImportable."""
    last_row: dict[str, int] = {}
    with _opened(path) as table:
        for number, (_, handle, _) in enumerate(_rows_with_handles(table)):
            if handle:
                last_row[handle] = number
    return Export(total=len(last_row), outcomes=_outcomes(path, currency, last_row))


def _opened(path: Path) -> AbstractContextManager[Table]:
    return tables.opened(path, known=KNOWN | ALIASES.keys(), required=("title",), kind=KIND)


def _outcomes(path: Path, currency: str, last_row: dict[str, int]) -> Iterator[Outcome]:
    with _opened(path) as table:
        yield from _strange_columns(table)
        columns = Columns([ALIASES.get(key, key) for key in map(tables.normalised, table.columns)])
        groups: dict[str, Group] = {}
        repeated: Row | None = None
        previous = ""
        for number, (row, handle, title) in enumerate(_rows_with_handles(table)):
            if not handle:
                yield Skipped(row.line, row.problem or "the row has neither handle nor title", "")
                continue
            group = groups.setdefault(handle, Group(handle))
            adjacent = previous == handle
            repeated = repeated if adjacent else None
            if row.problem is not None:
                group.spoil(row.line, row.problem)
            elif repeated is not None and title in ("", repeated.text("title")):
                pass  # the rest of a block whose first row was reported
            elif title and group.head is not None and not _continues(group, row, adjacent=adjacent):
                repeated = row
                yield Skipped(row.line, f"handle repeats line {group.head.line}", handle)
            else:
                group.rows.append(row)
                if title and group.head is None:
                    group.head = row
            previous = handle
            if last_row.get(handle) == number:
                yield from _finished(groups.pop(handle), columns, currency)


def _continues(group: Group, row: Row, *, adjacent: bool) -> bool:
    """Whether a row with a title is one more variant of the product above, as some programs write them."""
    head = group.head
    if head is None or not adjacent or row.text("title") != head.text("title"):
        return False
    values = shopify_products.option_values(row)
    return any(values) and all(values != shopify_products.option_values(other) for other in group.rows)


def _finished(group: Group, columns: Columns, currency: str) -> Iterator[Outcome]:
    if group.problem is None and len(group.handle) > LONGEST_HANDLE:
        group.spoil(group.rows[0].line, f"handle is longer than {LONGEST_HANDLE} characters")
    if group.problem is None and group.head is None:
        group.spoil(group.rows[0].line, "title is missing")
    if group.problem is not None or group.head is None:
        if group.problem is not None:
            yield Skipped(group.problem.line, group.problem.reason, group.handle[:100])
        return
    yield from shopify_products.build(
        group.handle, group.head, sorted(group.rows, key=lambda row: row.line), columns=columns, currency=currency
    )


def _rows_with_handles(table: Table) -> Iterator[tuple[Row, str, str]]:
    """Each row with its columns' classic names, the handle it belongs to, and its title."""
    renamed = {key: ALIASES[key] for key in map(tables.normalised, table.columns) if key in ALIASES}
    previous = ""
    for row in table:
        for old, new in renamed.items():
            if old in row.cells and not row.cells.get(new):
                row.cells[new] = row.cells[old]
        title = row.text("title")
        handle = _handle(row.text("handle"))
        if not handle:
            handle = slugs.slugify(title) if title else ("" if row.problem else previous)
        yield row, handle, title
        previous = handle or previous


def _handle(text: str) -> str:
    """As the file says it where that can stand in an address; too long a handle stays so, to be refused."""
    if not text or len(text) > LONGEST_HANDLE:
        return text
    try:
        return slugs.check_slug(text)
    except slugs.InvalidSlug:
        return slugs.slugify(text)


def _strange_columns(table: Table) -> Iterator[Warned]:
    strange = [
        column
        for column in table.columns
        if column
        and (key := tables.normalised(column)) not in KNOWN
        and key not in ALIASES
        and not key.startswith(PREFIXES)
        and ".metafields." not in key
    ]
    if strange:
        yield Warned(1, "columns that are not known were left out: " + ", ".join(strange[:20]), "")
