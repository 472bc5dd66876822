"""Read single cells of strangers' tables: prices, counts, weights, yes and no, lists."""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from rustok.kernel import money
from rustok.kernel.money import Money

CACHED = 4096
"""Cells repeat: a file of ten thousand products has a few hundred prices."""
_SYMBOLS = {
    "€": "EUR", "£": "GBP", "₽": "RUB", "₴": "UAH", "₸": "KZT", "₹": "INR", "₺": "TRY", "₩": "KRW", "₪": "ILS",
    "₫": "VND", "₦": "NGN", "zł": "PLN", "Kč": "CZK", "руб": "RUB",
}  # fmt: skip
"""Only signs that name one currency: a dollar or krone sign says nothing about whose it is."""

_AMBIGUOUS = {"$", "us$", "ca$", "au$", "c$", "a$", "nz$", "r$", "¥", "kr", "fr", "rm", "r", "лв", "lei", "р", ",-"}
_NUMBER = re.compile(r"[0-9][0-9.,'’\s\u00a0\u202f\u2009]*|[.,][0-9]+")
_SPACES = re.compile(r"[\s'’\u00a0\u202f\u2009]")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_YES = {"true", "1", "yes", "y", "on", "wahr", "да"}
_NO = {"false", "0", "no", "n", "off", "falsch", "нет"}


class BadCell(ValueError):
    """A cell that does not say what its column promises; the text is the reason for the report."""


def shown(text: str) -> str:
    """The cell for a report: short and on one line."""
    flat = " ".join(text.split())
    return f"“{flat[:40]}…”" if len(flat) > 40 else f"“{flat}”"


def decimal(text: str, *, column: str) -> Decimal:
    """A number as people write it: 1,234.50 or 1 234,50 or 1.234,50, exactly."""
    digits = _SPACES.sub("", text)
    sign, digits = ("-", digits[1:]) if digits[:1] in ("-", "−") else ("", digits)
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        group = "," if dot > comma else "."
        digits = digits.replace(group, "").replace(",", ".")
    elif digits.count(".") > 1 or (comma >= 0 and _GROUPED.fullmatch(digits) and not digits.startswith("0")):
        if not _GROUPED.fullmatch(digits):
            raise BadCell(f"{column} {shown(text)} is not a number")
        digits = digits.replace(",", "").replace(".", "")
    else:
        digits = digits.replace(",", ".")
    if not re.fullmatch(r"[0-9]*\.?[0-9]*", digits) or not re.search("[0-9]", digits) or len(digits) > 40:
        raise BadCell(f"{column} {shown(text)} is not a number")
    try:
        return Decimal(sign + digits)
    except InvalidOperation as error:
        raise BadCell(f"{column} {shown(text)} is not a number") from error


@lru_cache(maxsize=CACHED)
def price(text: str, *, currency: str, column: str) -> Money | None:
    """The amount in a price cell, None when the cell is empty.

    A currency that the cell names ("19.99 EUR", "€ 5") wins over `currency`. Raises BadCell for what is no price, is
    negative, or has more decimal places than the currency.
    """
    text = text.strip()
    if not text:
        return None
    found = _NUMBER.search(text)
    if found is None:
        raise BadCell(f"{column} {shown(text)} is not a number")
    before, after = text[: found.start()].strip(), text[found.end() :].strip()
    if "-" in before or "−" in before or after in ("-", "−") or (before == "(" and after == ")"):
        raise BadCell(f"{column} {shown(text)} is negative")
    named = {code for part in (before, after) if (code := _named_currency(part))}
    if any(part and not _is_unit(part) for part in (before, after)):
        raise BadCell(f"{column} {shown(text)} is not a number")
    if len(named) > 1:
        raise BadCell(f"{column} {shown(text)} names two currencies")
    wanted = named.pop() if named else currency
    amount = decimal(found.group().strip(), column=column)
    scaled = amount.scaleb(money.exponent(wanted))
    if scaled != scaled.to_integral_value():
        raise BadCell(f"{column} {shown(text)} has more decimal places than {wanted}")
    if scaled > money.LARGEST_MINOR:
        raise BadCell(f"{column} {shown(text)} is too large")
    return Money(int(scaled), wanted)


def _named_currency(part: str) -> str | None:
    for sign, code in _SYMBOLS.items():
        if sign in part:
            return code
    return part.upper() if re.fullmatch(r"[A-Za-z]{3}", part) else None


def _is_unit(part: str) -> bool:
    """Whether the text beside the digits is a currency's code, its sign, or one of the ambiguous signs."""
    if _named_currency(part):
        return len(part) <= 5
    return part.casefold().rstrip(".") in _AMBIGUOUS


@lru_cache(maxsize=CACHED)
def whole(text: str, *, column: str) -> int | None:
    """A count such as stock; "3.0" is 3. None when empty."""
    text = text.strip()
    if not text:
        return None
    value = decimal(text, column=column)
    if value != value.to_integral_value():
        raise BadCell(f"{column} {shown(text)} is not a whole number")
    if abs(value) > 2_000_000_000:
        raise BadCell(f"{column} {shown(text)} is too large")
    return int(value)


@lru_cache(maxsize=CACHED)
def rounded(text: str, *, column: str, times: Decimal = Decimal(1)) -> int | None:
    """A measure in whole units of `times` its own, e.g. grams from kilograms. None when empty."""
    text = text.strip()
    if not text:
        return None
    value = decimal(text, column=column) * times
    if value < 0:
        raise BadCell(f"{column} {shown(text)} is negative")
    if value > 2_000_000_000:
        raise BadCell(f"{column} {shown(text)} is too large")
    return int(value.to_integral_value())


@lru_cache(maxsize=CACHED)
def truth(text: str, *, column: str) -> bool | None:
    """Yes or no; None when empty."""
    word = text.strip().casefold()
    if not word:
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadCell(f"{column} {shown(text)} is neither true nor false")


def listed(text: str, *, separator: str = ",") -> tuple[str, ...]:
    """The parts of a separated list, each once, in their order; a backslash keeps a separator in its part."""
    if not text.strip():
        return ()
    parts: list[str] = []
    current = ""
    escaped = False
    for letter in text:
        if escaped:
            current += letter if letter in (separator, "\\") else "\\" + letter
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == separator:
            parts.append(current)
            current = ""
        else:
            current += letter
    parts.append(current + ("\\" if escaped else ""))
    return tuple(dict.fromkeys(part for raw in parts if (part := " ".join(raw.split()))))


GRAMS = {
    "g": Decimal(1), "kg": Decimal(1000), "kgs": Decimal(1000),
    "oz": Decimal("28.349523125"), "lb": Decimal("453.59237"), "lbs": Decimal("453.59237"),
}  # fmt: skip
MILLIMETRES = {
    "mm": Decimal(1), "cm": Decimal(10), "m": Decimal(1000), "in": Decimal("25.4"), "yd": Decimal("914.4"),
}  # fmt: skip
LONGEST_URL = 2_000
_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)


def web_address(text: str, *, column: str) -> str | None:
    """An http or https address; None when empty. Raises BadCell for anything else."""
    url = text.strip()
    if url.startswith("//"):
        url = "https:" + url
    if not url:
        return None
    if len(url) > LONGEST_URL or not _WEB_ADDRESS.fullmatch(url):
        raise BadCell(f"{column} {shown(url)} is no web address")
    return url


def one_line(text: str, *, column: str, longest: int) -> str:
    """A name or code: single spaces, at most `longest` characters."""
    flat = " ".join(text.split())
    if len(flat) > longest:
        raise BadCell(f"{column} is longer than {longest} characters")
    return flat
