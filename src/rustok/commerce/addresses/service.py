"""A postal address: one value that carts, orders and customers share, and its checks."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError

from rustok.commerce.baskets.shapes import Destination
from rustok.kernel import errors

_LONGEST = {"country": 2, "postcode": 20, "phone": 40, "region": 100}


class BadAddress(errors.Invalid):
    """A field of an address is missing, too long or unknown; `field` names it."""

    code = "bad_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Who lives where. `country` is ISO 3166-1 alpha-2; `region` is a state or province as people write it."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""

    @property
    def destination(self) -> Destination:
        """What shipping and tax ask about."""
        return Destination(country=self.country, region=self.region, postcode=self.postcode)

    def lines(self, locale: str = "en") -> list[str]:
        """The address as it stands on a parcel."""
        place = " ".join(part for part in (self.postcode, self.city) if part)
        country = country_names(locale).get(self.country, self.country)
        every = (self.name, self.company, self.line1, self.line2, place, self.region, country)
        return [line for line in every if line]

    def stored(self) -> dict[str, str]:
        """As a row keeps it: only what was said."""
        return {key: value for key, value in asdict(self).items() if value}


def of(stored: Mapping[str, Any] | None) -> Address | None:
    """The address that `stored` wrote; None for nothing. What a newer program added is left out."""
    if not stored:
        return None
    known = {field.name for field in fields(Address)}
    return Address(**{key: str(value) for key, value in stored.items() if key in known})


def check(given: Address, *, field: str = "address", whole: bool = True) -> Address:
    """The address with its spaces trimmed and its country in capitals; raises `BadAddress`, naming the field.

    `whole` asks for name, line1, city and country; without it a country alone is enough, to estimate tax and shipping.
    """
    cleaned = {}
    for key, value in asdict(given).items():
        text = " ".join(value.split())
        if not text.isprintable():
            raise BadAddress(f"{key} holds characters that cannot be printed", field=[field, key])
        if len(text) > (longest := _LONGEST.get(key, 255)):
            raise BadAddress(f"{key} is longer than {longest} characters", field=[field, key])
        cleaned[key] = text
    cleaned["country"] = cleaned["country"].upper()
    if cleaned["country"] not in country_names("en"):
        told = f"{cleaned['country']!r} is no country's code (ISO 3166-1)" if cleaned["country"] else "choose a country"
        raise BadAddress(told, field=[field, "country"])
    if whole:
        for key in ("name", "line1", "city"):
            if not cleaned[key]:
                raise BadAddress(f"{key} is missing", field=[field, key])
    return Address(**cleaned)


@cache
def country_names(locale: str) -> Mapping[str, str]:
    """Every country's name by its code, in the language (in English where that is unknown), sorted by name."""
    try:
        names = Locale.parse(locale.replace("-", "_")).territories
    except (UnknownLocaleError, ValueError):
        names = Locale("en").territories
    # CLDR's codes of two letters hold some that are no countries: the European Union, pseudo-accents, "unknown".
    real = {
        code: name for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }
    return dict(sorted(real.items(), key=lambda item: item[1]))


_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})
