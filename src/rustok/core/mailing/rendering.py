"""Letters from templates: one folder per language, a subject, a plain text and a page each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, pass_context, select_autoescape
from jinja2.runtime import Context as JinjaContext

from rustok.kernel import money

_LAST = "en"
_SPACES = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")
# What nobody is called, but what would stand in a stranger's mail as if we had written it.
_NO_NAME = re.compile(r"[/@<>\\]|\w\.\w|https?:|www\.", re.IGNORECASE)


class UnknownTemplate(LookupError):
    """No module has a mail of that name."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody reads. `html` is None where a mail is plain text only."""

    locale: str
    subject: str
    text: str
    html: str | None


class Templates:
    """The templates of all modules. They are ours, values are not: pages escape them, subjects are one line."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._jinja = Environment(
            loader=FileSystemLoader([str(folder) for folder in folders]),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters |= {"money": _money, "date": _date, "percent": _percent, "person": person}

    def names(self) -> frozenset[str]:
        """Every mail that there is in some language."""
        return frozenset(path.stem for folder in self._folders for path in folder.glob("*/*.subject"))

    def require(self, name: str) -> None:
        """Raise `UnknownTemplate` unless some language has it."""
        if not any(True for folder in self._folders for _ in folder.glob(f"*/{name}.subject")):
            raise UnknownTemplate(f"no module has a mail named {name!r}")

    def render(self, name: str, values: Mapping[str, Any], *, locales: Sequence[str]) -> Letter:
        """The letter in the first of the languages that has it; raises Jinja's errors for what a template lacks."""
        for locale in dict.fromkeys([*(part for one in locales for part in (one, one.split("-")[0])), _LAST]):
            try:
                heading = self._jinja.get_template(f"{locale}/{name}.subject")
            except TemplateNotFound:
                continue
            known = {**values, "locale": locale}
            subject = _SPACES.sub(" ", heading.render(known)).strip()
            text = self._jinja.get_template(f"{locale}/{name}.txt").render(known)
            try:
                page = self._jinja.get_template(f"{locale}/{name}.html")
            except TemplateNotFound:
                page = None
            known["subject"] = subject
            tidy = _BLANK_LINES.sub("\n\n", text).strip() + "\n"
            return Letter(locale, subject[:200], tidy, None if page is None else page.render(known))
        raise UnknownTemplate(f"no module has a mail named {name!r}")


def person(name: object) -> str:
    """A name to greet somebody with, or nothing: addresses and links that somebody gave as a name are not repeated."""
    text = _SPACES.sub(" ", str(name or "")).strip()
    return "" if len(text) > 60 or _NO_NAME.search(text) else text


def amount(minor: int, currency: str, locale: str) -> str:
    """An amount of minor units as people of the language write it, with the currency's own decimals."""
    value = Decimal(minor).scaleb(-money.exponent(currency))
    # CLDR rounds some currencies otherwise than ISO 4217: the amount is what it is.
    pattern = _pattern(currency, locale)
    written = format_currency(value, currency, format=pattern, locale=_language(locale), currency_digits=False)
    return re.sub(r"(?<=[A-Z]{3})(?=\d)", "\u00a0", written)


def day(value: object, locale: str) -> str:
    """A date as people of the language write it."""
    when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return format_date(when.astimezone(UTC).date(), format="long", locale=_language(locale))


def share(rate: object, locale: str) -> str:
    """A fraction as a percentage: `19 %`, `7.7%`."""
    value = Decimal(str(rate))
    return format_percent(value, locale=_language(locale), format=None, decimal_quantization=False)


def _language(locale: str) -> Locale:
    for wanted in (locale, locale.split("-")[0], _LAST):
        try:
            return Locale.parse(wanted, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale(_LAST)


def _pattern(currency: str, locale: str) -> str:
    """The language's pattern with exactly the decimals of the currency."""
    decimals = money.exponent(currency)
    shape = str(_language(locale).currency_formats["standard"].pattern)
    return re.sub(r"\.0+", "." + "0" * decimals if decimals else "", shape)


@pass_context
def _money(context: JinjaContext, minor: int, currency: str) -> str:
    return amount(minor, currency, str(context["locale"]))


@pass_context
def _date(context: JinjaContext, value: object) -> str:
    return day(value, str(context["locale"]))


@pass_context
def _percent(context: JinjaContext, rate: object) -> str:
    return share(rate, str(context["locale"]))
