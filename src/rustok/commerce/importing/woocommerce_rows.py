"""What one row of WooCommerce's CSV says: its texts, attributes, prices and measures."""

import html
import re
from datetime import UTC, datetime
from decimal import Decimal

from rustok.commerce.importing import cells
from rustok.commerce.importing.cells import BadCell
from rustok.commerce.importing.outcomes import BrokenRow
from rustok.commerce.importing.tables import Row
from rustok.commerce.products.drafts import PriceDraft

_MEASURE = re.compile(r"(weight|length|width|height) \((\w+)\)")
_ATTRIBUTE = re.compile(r"attribute (\d{1,3}) name")


def unescaped(text: str) -> str:
    """WooCommerce writes line breaks as backslash and n, and guards cells that a spreadsheet would compute."""
    text = text.strip()
    if text[:1] == "'" and text[1:2] in "=+-@":
        text = text[1:]
    return text.replace("\\r", "").replace("\\n", "\n")


def attributes(row: Row) -> dict[str, tuple[str, ...]]:
    """Names and values of the row's attributes, in the file's order."""
    found: dict[str, tuple[str, ...]] = {}
    for column in row.cells:
        matched = _ATTRIBUTE.fullmatch(column)
        name = html.unescape(" ".join(row.text(column).split())) if matched else ""
        if matched and name:
            values = cells.listed(html.unescape(row.text(f"attribute {matched[1]} value(s)")))
            found[name[:255]] = tuple(value[:255] for value in values)
    return found


def prices(row: Row, *, currency: str, now: datetime) -> tuple[PriceDraft, ...]:
    """The price; while a sale is on, the sale price with the regular one to compare it with."""
    regular = cells.price(unescaped(row.text("regular price")), currency=currency, column="Regular price")
    sale = cells.price(unescaped(row.text("sale price")), currency=currency, column="Sale price")
    if regular is not None and sale is not None and regular.currency != sale.currency:
        raise BadCell("the prices of the row are in different currencies")
    if sale is not None and not _on_sale(row, now):
        sale = None if regular is not None else sale
    if regular is None and sale is None:
        return ()
    if regular is not None and (sale is None or sale.minor >= regular.minor):
        return (PriceDraft(currency=regular.currency, amount_minor=regular.minor),)
    price = sale or regular
    if price is None:
        return ()
    before = regular.minor if regular is not None else None
    return (PriceDraft(currency=price.currency, amount_minor=price.minor, compare_at_minor=before),)


def _on_sale(row: Row, now: datetime) -> bool:
    starts, ends = _moment(row, "date sale price starts"), _moment(row, "date sale price ends")
    return (starts is None or starts <= now) and (ends is None or now <= ends)


def _moment(row: Row, column: str) -> datetime | None:
    text = row.text(column)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BrokenRow(row.line, f"{column} {cells.shown(text)} is no date") from error
    if len(text) <= 10 and column.endswith("ends"):
        moment = moment.replace(hour=23, minute=59, second=59)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def measures(row: Row) -> dict[str, int]:
    """Weight in grams, lengths in millimetres, by their names."""
    sizes: dict[str, int] = {}
    for column in row.cells:
        matched = _MEASURE.fullmatch(column)
        if not matched:
            continue
        units = cells.GRAMS if matched[1] == "weight" else cells.MILLIMETRES
        size = cells.rounded(row.text(column), column=column, times=units.get(matched[2], Decimal(1)))
        if size is not None:
            sizes[matched[1]] = size
    return sizes
