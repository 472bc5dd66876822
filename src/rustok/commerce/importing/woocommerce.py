"""Read WooCommerce's product CSV: rows in, product drafts out, variations attached to their parents."""

import html
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rustok.commerce.importing import tables, woocommerce_products
from rustok.commerce.importing.outcomes import Export, Outcome
from rustok.commerce.importing.tables import Row, Table
from rustok.commerce.importing.woocommerce_products import KNOWN
from rustok.kernel import slugs
from rustok.kernel.importing import Skipped

KIND = "WooCommerce product export"


@dataclass(slots=True)
class Place:
    """What the first reading learnt about one product: where it is, where its last row is, what it is called."""

    line: int
    number: int
    last: int
    handle: str = ""


@dataclass(slots=True)
class Group:
    """A product's row and the rows of its variations."""

    head: Row | None = None
    variations: list[Row] = field(default_factory=list)
    problem: Skipped | None = None


@dataclass(slots=True)
class Plan:
    """Which product each row belongs to, known before anything is built."""

    places: dict[int, Place] = field(default_factory=dict)
    """By the number of the product's own row."""
    owner: dict[int, int] = field(default_factory=dict)
    """Row number to its product's row number."""
    refused: dict[int, str] = field(default_factory=dict)
    """Row number to the reason why the row belongs to nothing."""


def read(path: Path, *, currency: str, now: datetime) -> Export:
    """Open `path`; prices are in `currency`, sales count when they are on at `now`. Raises NotImportable."""
    with _opened(path) as table:
        plan = _plan(table)
    return Export(total=len(plan.places), outcomes=_outcomes(path, currency, now, plan))


def _opened(path: Path) -> AbstractContextManager[Table]:
    return tables.opened(path, known=KNOWN, required=("name",), kind=KIND, at_least=2)


def _is_variation(row: Row) -> bool:
    return "variation" in {part.strip() for part in row.text("type").casefold().split(",")}


def _parent_key(text: str) -> str:
    """Exports name a parent as "id:44" or by its SKU."""
    folded = text.casefold()
    return "id:" + folded[3:].strip() if folded.startswith("id:") else "sku:" + folded


def _plan(table: Table) -> Plan:
    plan = Plan()
    by_key: dict[str, int] = {}
    handles: dict[str, int] = {}
    orphans: list[tuple[int, str]] = []
    for number, row in enumerate(table):
        sku, own_id = row.text("sku").casefold(), row.text("id")
        if _is_variation(row):
            orphans.append((number, row.text("parent")))
            continue
        keys = [key for key in (own_id and f"id:{own_id.casefold()}", sku and f"sku:{sku}") if key]
        known = next((by_key[key] for key in keys if key in by_key), None)
        if known is not None and row.problem is None:
            same = "ID" if keys[0] in by_key and own_id else "SKU"
            plan.refused[number] = f"{same} repeats line {plan.places[known].line}"
            continue
        for key in keys:
            by_key.setdefault(key, number)
        handle = slugs.slugify(html.unescape(row.text("slug") or row.text("name")), fallback="product")
        if handle in handles:
            handle = f"{handle}-{slugs.slugify(own_id or sku, fallback=str(number))}"[: slugs.LONGEST]
        handles[handle] = number
        plan.places[number] = Place(row.line, number, number, handle)
        plan.owner[number] = number
    for number, parent in orphans:
        found = by_key.get(_parent_key(parent)) if parent else None
        if found is None:
            what = f"its parent {parent[:60]} is not in the file" if parent else "the variation names no parent"
            plan.refused[number] = what
            continue
        plan.owner[number] = found
        plan.places[found].last = max(plan.places[found].last, number)
    return plan


def _outcomes(path: Path, currency: str, now: datetime, plan: Plan) -> Iterator[Outcome]:
    groups: dict[int, Group] = {}
    with _opened(path) as table:
        columns = frozenset(map(tables.normalised, table.columns))
        for number, row in enumerate(table):
            if number in plan.refused:
                yield Skipped(row.line, row.problem or plan.refused[number], _label(row))
                continue
            owner = plan.owner[number]
            group = groups.setdefault(owner, Group())
            if owner == number:
                group.head = row
            else:
                group.variations.append(row)
            if row.problem is not None and group.problem is None:
                group.problem = Skipped(row.line, row.problem, _label(row))
            place = plan.places[owner]
            if place.last == number:
                del groups[owner]
                yield from _finished(group, place.handle, columns, currency, now)


def _finished(group: Group, handle: str, columns: frozenset[str], currency: str, now: datetime) -> Iterator[Outcome]:
    head = group.head
    if head is None or group.problem is not None:
        if group.problem is not None:
            yield group.problem
        return
    if not head.text("name"):
        yield Skipped(head.line, "name is missing", _label(head))
        return
    yield from woocommerce_products.build(handle, head, group.variations, columns=columns, currency=currency, now=now)


def _label(row: Row) -> str:
    own_id, sku = row.text("id"), row.text("sku")
    return " ".join(part for part in (row.text("name")[:80], sku[:40], own_id[:20] and f"id:{own_id[:20]}") if part)
