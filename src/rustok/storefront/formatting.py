"""Prices, dates and weights as people of a language write them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from rustok.kernel import money

SYMBOLS = {
    "EUR": "€", "USD": "$", "GBP": "£", "RUB": "₽", "JPY": "¥", "CNY": "CN¥", "UAH": "₴", "KZT": "₸", "INR": "₹",
    "KRW": "₩", "PLN": "zł", "CZK": "Kč", "ILS": "₪", "TRY": "₺", "GEL": "₾", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$",
}  # fmt: skip
NO_BREAK = "\u00a0"
_ENGLISH = "January February March April May June July August September October November December"
_RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
MONTHS = {"en": _ENGLISH.split(), "ru": _RUSSIAN.split()}


def price(value: Mapping[str, Any] | None, language: str) -> str:
    """`€19.99` and `$1,299` in English, `19,99 €` and `1 299 ₽` elsewhere; whole amounts show no decimals."""
    if not value:
        return ""
    currency = str(value.get("currency_code") or value.get("currencyCode") or "")
    try:
        amount = Decimal(str(value.get("amount")))
        decimals = money.exponent(currency)
    except (InvalidOperation, money.InvalidMoney):
        return ""
    number = f"{abs(amount):,.{0 if amount == amount.to_integral_value() else decimals}f}"
    symbol = SYMBOLS.get(currency, currency)
    minus = "−" if amount < 0 else ""
    if language == "en":
        gap = NO_BREAK if symbol.isalpha() and len(symbol) == 3 else ""
        return f"{minus}{symbol}{gap}{number}"
    number = number.replace(",", NO_BREAK).replace(".", ",")
    return f"{minus}{number}{NO_BREAK}{symbol}"


def moment(value: object) -> datetime | None:
    """A time as documents hold it, or None."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def date(value: object, language: str) -> str:
    """`November 23, 2026`, `23 ноября 2026 г.`"""
    when = moment(value)
    if when is None:
        return ""
    if language == "ru":
        return f"{when.day}{NO_BREAK}{MONTHS['ru'][when.month - 1]} {when.year}{NO_BREAK}г."
    return f"{MONTHS['en'][when.month - 1]}{NO_BREAK}{when.day}, {when.year}"


def weight(grams: object, language: str) -> str:
    """`390 g`, `1.7 kg`, `1,7 кг`."""
    if not isinstance(grams, int | float) or grams <= 0:
        return ""
    if grams < 1000:
        return f"{grams:g}{NO_BREAK}{'г' if language == 'ru' else 'g'}"
    number = f"{grams / 1000:.2f}".rstrip("0").rstrip(".")
    return f"{number.replace('.', ',')}{NO_BREAK}кг" if language == "ru" else f"{number}{NO_BREAK}kg"
