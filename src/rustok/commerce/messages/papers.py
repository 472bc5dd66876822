"""Invoices and packing slips as PDF. Typst draws them from JSON, off the event loop, with the fonts that it brings."""

import asyncio
import json
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rustok.commerce.messages import seller
from rustok.commerce.messages.seller import Seller
from rustok.core.mailing import rendering
from rustok.kernel.context import TenantInfo
from rustok.kernel.late import Late

if TYPE_CHECKING:
    import typst
else:
    typst = Late("typst")

PDF = "application/pdf"
_FOLDER = Path(__file__).parent / "paper"
_drawing = threading.Lock()  # a compiler is used by one thread at a time


async def invoice(tenant: TenantInfo, order: Mapping[str, Any]) -> bytes:
    """The invoice of an order (`facts.of`), in the order's language. The same order gives the same bytes."""
    return await asyncio.to_thread(draw, "invoice", invoice_data(tenant, order))


async def packing_slip(
    tenant: TenantInfo,
    order: Mapping[str, Any],
    *,
    lines: Sequence[Mapping[str, Any]] | None = None,
    carrier: str = "",
    tracking: str = "",
) -> bytes:
    """What is to be packed of an order, or what is in one of its parcels; without prices."""
    data = packing_slip_data(tenant, order, lines=lines, carrier=carrier, tracking=tracking)
    return await asyncio.to_thread(draw, "packing_slip", data)


def invoice_number(tenant: TenantInfo, order: Mapping[str, Any]) -> str:
    """The order's number behind the seller's prefix: orders are numbered without gaps, and each has one invoice."""
    return f"{seller.of(tenant, str(order['locale'])).invoice_prefix}{order['number']}"


def invoice_data(tenant: TenantInfo, order: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the paper shows, as texts."""
    language, every = _words(tenant, order)
    words = every["invoice"]
    sells = seller.of(tenant, language)
    number = f"{sells.invoice_prefix}{order['number']}"

    def money(minor: int) -> str:
        return rendering.amount(minor, order["currency"], language).replace("-", "\u2212")

    facts = [(words["number"], number)]
    if sells.invoice_prefix:
        facts.append((words["order"], order["number"]))
    facts.append((words["date"], rendering.day(order["created_at"], language)))
    billing = order["billing_address"] or order["shipping_address"] or [order["email"]]
    addresses = [(words["billing"], billing)]
    if order["shipping_address"] and order["shipping_address"] != billing:
        addresses.append((words["shipping"], order["shipping_address"]))
    cancelled, named = order["cancelled"], every["taxes"]
    is_open = order["outstanding_minor"] > 0 and not cancelled
    payment = [part for part in (order["payment"] or {}).values() if part]
    if not is_open and not cancelled:
        payment = [*payment[:1], words["settled"]]
    return {
        "language": language,
        "words": words,
        "number": number,
        "facts": facts,
        "addresses": addresses,
        "seller": asdict(sells),
        "foot": _foot(sells, words),
        "lines": [
            {**_shown(line), "unit": money(line["unit_minor"]), "amount": money(line["subtotal_minor"])}
            for line in order["lines"]
        ],
        "taxes": [
            {
                "name": f"{named.get(tax['name'], tax['name'])} {rendering.share(tax['rate'], language)}"
                if tax["name"]
                else words["untaxed"],
                "base": money(tax["base_minor"]),
                "amount": money(tax["amount_minor"]),
            }
            for tax in order["taxes"]
        ],
        "sums": list(_sums(order, words, money)),
        "payment": [] if cancelled else payment,
        "open": is_open,
        "cancelled": cancelled,
        "note": sells.invoice_note,
    }


def packing_slip_data(
    tenant: TenantInfo,
    order: Mapping[str, Any],
    *,
    lines: Sequence[Mapping[str, Any]] | None = None,
    carrier: str = "",
    tracking: str = "",
) -> dict[str, Any]:
    """Everything that the paper shows, as texts."""
    language, every = _words(tenant, order)
    words = every["slip"]
    sells = seller.of(tenant, language)
    packed = [line for line in (order["lines"] if lines is None else lines) if line["ships"]]
    facts = [(words["order"], order["number"]), (words["date"], rendering.day(order["created_at"], language))]
    for name, value in (("method", order["shipping_name"]), ("carrier", carrier), ("tracking", tracking)):
        if value:
            facts.append((words[name], value))
    weight = sum(line["weight"] for line in packed)
    summary = [words["pieces"].format(pieces=sum(line["quantity"] for line in packed))]
    if weight:
        summary.append(words["weight"].format(weight=_weight(weight, every, language)))
    place = "pickup" if order["pickup"] else "shipping"
    return {
        "language": language,
        "words": words,
        "number": order["number"],
        "facts": facts,
        "addresses": [(words[place], order["shipping_address"] or [order["name"] or order["email"]])],
        "seller": asdict(sells),
        "foot": _foot(sells, every["invoice"]),
        "lines": [_shown(line) for line in packed],
        "summary": "   ".join(summary),
        "remark": order["note"],
        "thanks": words["thanks"],
    }


def draw(paper: str, data: Mapping[str, Any], *, picture: bool = False) -> bytes:
    """The paper as a PDF (or its first page as a picture). It reads nothing but its own folder and the data."""
    told = {"data": json.dumps(_drawable(data), ensure_ascii=False)}
    with _drawing:
        made = _compiler(paper).compile(
            format="png" if picture else "pdf", ppi=110, sys_inputs=told, timestamp=0, pdf_tags=True
        )
    first = made[0] if isinstance(made, list) else made
    assert first is not None  # noqa: S101 - no output file was named
    return first


@cache
def _compiler(paper: str) -> "typst.Compiler":
    return typst.Compiler(_FOLDER / f"{paper}.typ", root=_FOLDER, font_paths=_fonts())


@cache
def _fonts() -> "typst.Fonts":
    """Typst brings Latin, Cyrillic and Greek; a name in other letters needs one of the machine's fonts."""
    return typst.Fonts(include_system_fonts=True)


@cache
def _every_word() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((_FOLDER / "words.json").read_text(encoding="utf-8"))
    return found


def _drawable(value: Any) -> Any:
    """Without pictograms, for which there are no fonts: they would be boxes."""
    if isinstance(value, str):
        return "".join(c for c in value if not _is_pictogram(c))
    if isinstance(value, Mapping):
        return {key: _drawable(one) for key, one in value.items()}
    return [_drawable(one) for one in value] if isinstance(value, list | tuple) else value


def _is_pictogram(letter: str) -> bool:
    return (letter >= "\U0001f000" and unicodedata.category(letter) in ("So", "Sk", "Cn")) or letter in "\ufe0f\u200d"


def _words(tenant: TenantInfo, order: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    for wanted in (order["locale"], tenant.default_locale):
        language = str(wanted).split("-")[0]
        if language in _every_word():
            return language, _every_word()[language]
    return "en", _every_word()["en"]


def _sums(
    order: Mapping[str, Any], words: Mapping[str, str], money: Callable[[int], str]
) -> Iterator[tuple[str, str, str]]:
    """What stands below the lines: name, amount, and how it is shown."""
    total = order["total_minor"]
    if order["discounts"] or order["ships"] or not order["tax_included"]:
        yield words["subtotal"], money(order["subtotal_minor"]), ""
    for discount in order["discounts"]:
        name = discount["title"] or words["discount"]
        code = f" ({discount['code']})" if discount["code"] else ""
        yield f"{name}{code}", money(-discount["amount_minor"]), ""
    if order["ships"]:
        name = f"{words['ship']}: {order['shipping_name']}" if order["shipping_name"] else words["ship"]
        yield name, money(order["shipping_minor"]), ""
    if order["tax_minor"] and not order["tax_included"]:
        yield words["plus"], money(order["tax_minor"]), ""
    yield words["total"], money(total), "total"
    if order["tax_minor"] and order["tax_included"]:
        yield words["including"], money(order["tax_minor"]), "soft"
    if order["gift_card_minor"]:
        yield words["gift_card"], money(-order["gift_card_minor"]), ""
        yield words["due"], money(order["due_minor"]), ""
    came_in = order["paid_minor"] + order["refunded_minor"]
    if came_in and not order["cancelled"]:
        yield words["paid"], money(-came_in), ""
        if order["refunded_minor"]:
            yield words["refunded"], money(order["refunded_minor"]), ""
        yield words["outstanding"], money(max(order["outstanding_minor"], 0)), ""


def _shown(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("title", "detail", "sku", "quantity")}


def _foot(sells: Seller, words: Mapping[str, str]) -> list[str]:
    vat_id = f"{words['vat_id']} {sells.vat_id}" if sells.vat_id else ""
    parts = (sells.name, vat_id, sells.registration, sells.email, sells.phone)
    return [part for part in parts if part]


def _weight(grams: int, words: Mapping[str, Any], language: str) -> str:
    if grams < 1000:
        return f"{grams}\u00a0{words['g']}"
    number = f"{grams / 1000:.2f}".rstrip("0").rstrip(".")
    return f"{number if language == 'en' else number.replace('.', ',')}\u00a0{words['kg']}"
