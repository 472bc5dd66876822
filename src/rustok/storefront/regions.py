"""Countries as people of a language call them, and the parts of an address."""

from collections.abc import Mapping
from functools import cache

from babel import Locale, UnknownLocaleError

from rustok.kernel.context import TenantInfo

PARTS = ("name", "company", "line1", "line2", "postcode", "city", "region", "country", "phone")
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})  # codes of CLDR that nothing can be sent to


@cache
def names(language: str) -> Mapping[str, str]:
    """Every country's name by its code (ISO 3166-1 alpha-2), sorted by name."""
    try:
        found = Locale.parse(language).territories
    except (UnknownLocaleError, ValueError):
        found = Locale("en").territories
    real = {code: name for code, name in found.items() if len(code) == 2 and code.isalpha()}
    return dict(sorted(((c, n) for c, n in real.items() if c not in _NO_COUNTRIES), key=lambda one: _sorted(one[1])))


def _sorted(name: str) -> str:
    return name.replace("Å", "A").replace("Ё", "Е").casefold()


def usual(tenant: TenantInfo) -> str:
    """The country that a form begins with: the shop's own if its settings name one. A wrong one would be overlooked."""
    country = tenant.settings.get("country")
    return country if isinstance(country, str) and country in names("en") else ""
