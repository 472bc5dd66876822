"""What a tenant's slug, host names, locales and currencies may look like."""

import ipaddress
import re
from collections.abc import Sequence

import idna

from rustok.kernel import errors

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LOCALE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE)
MOST_HOSTS = 100
MOST_LOCALES = 50
MOST_CURRENCIES = 50

# ISO 4217, active codes of list one that somebody can be paid in (no metals, no test codes).
CURRENCIES = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG""".split()  # noqa: SIM905 - a paragraph reads better than a column of quotes
)


class InvalidHost(errors.Invalid):
    """The text is no host name."""

    code = "invalid_host"


class InvalidLocale(errors.Invalid):
    """The text is no language tag such as `en`, `pt-BR` or `zh-Hant-TW`."""

    code = "invalid_locale"


class InvalidCurrency(errors.Invalid):
    """The text is no currency of ISO 4217."""

    code = "invalid_currency"


def check_slug(text: str) -> str:
    """Return the slug of a tenant: a DNS label, because it may become a sub-domain."""
    slug = text.strip().lower()
    if not _SLUG.fullmatch(slug):
        raise errors.Invalid(
            "a tenant's slug is 1 to 63 letters a-z, digits and hyphens, with no hyphen at either end", field="slug"
        )
    return slug


def check_host(text: str) -> str:
    """Return the host name as it is compared: lower-case, IDNA-encoded, without scheme, port or trailing dot."""
    host = text.strip().lower().removesuffix(".")
    if not host or len(host) > 253:
        raise InvalidHost("a host name has 1 to 253 characters", field="host")
    if any(c in host for c in "/:@?#*%[]\\ \t\r\n"):
        raise InvalidHost("give the bare host name: no scheme, no port, no path, no wildcard", field="host")
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        pass
    try:
        encoded = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise InvalidHost(f"{host[:64]!r} is not a host name", field="host") from None
    labels = encoded.split(".")
    # A last label of digits would be read as an IPv4 address by browsers, and this one is none.
    if len(encoded) > 253 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidHost(f"{host[:64]!r} is not a host name", field="host")
    return encoded


def check_hosts(texts: Sequence[str]) -> list[str]:
    """Return the host names in the given order, each once."""
    hosts = list(dict.fromkeys(check_host(text) for text in texts))
    if len(hosts) > MOST_HOSTS:
        raise InvalidHost(f"a tenant has at most {MOST_HOSTS} host names", field="hosts")
    return hosts


def check_locale(text: str) -> str:
    """Return the language tag in its usual spelling: `pt-br` becomes `pt-BR`."""
    match = _LOCALE.fullmatch(text.strip().replace("_", "-"))
    if not match:
        raise InvalidLocale(f"{text[:32]!r} is not a language tag such as en, pt-BR or zh-Hant-TW", field="locales")
    language, script, region = match.groups()
    return "-".join(filter(None, (language.lower(), script and script.title(), region and region.upper())))


def check_locales(texts: Sequence[str], default: str | None = None) -> tuple[list[str], str]:
    """Return the tenant's locales, each once, and the default one, which is among them."""
    locales = list(dict.fromkeys(check_locale(text) for text in texts))
    if not 1 <= len(locales) <= MOST_LOCALES:
        raise InvalidLocale(f"a tenant has 1 to {MOST_LOCALES} locales", field="locales")
    chosen = check_locale(default) if default else locales[0]
    if chosen not in locales:
        raise InvalidLocale(f"the default locale {chosen} is not among the locales", field="defaultLocale")
    return locales, chosen


def check_currency(text: str) -> str:
    """Return the ISO 4217 code in capitals."""
    currency = text.strip().upper()
    if currency not in CURRENCIES:
        raise InvalidCurrency(f"{text[:16]!r} is not a currency of ISO 4217", field="currencies")
    return currency


def check_currencies(texts: Sequence[str], default: str | None = None) -> tuple[list[str], str]:
    """Return the tenant's currencies, each once, and the default one, which is among them."""
    currencies = list(dict.fromkeys(check_currency(text) for text in texts))
    if not 1 <= len(currencies) <= MOST_CURRENCIES:
        raise InvalidCurrency(f"a tenant has 1 to {MOST_CURRENCIES} currencies", field="currencies")
    chosen = check_currency(default) if default else currencies[0]
    if chosen not in currencies:
        raise InvalidCurrency(f"the default currency {chosen} is not among the currencies", field="defaultCurrency")
    return currencies, chosen
