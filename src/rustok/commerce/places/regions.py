"""Regions by their ISO 3166-2 codes where people write names as often as codes."""

from collections.abc import Mapping

_UNITED_STATES = """Alabama AL|Alaska AK|Arizona AZ|Arkansas AR|California CA|Colorado CO|Connecticut CT|Delaware DE
|District of Columbia DC|Florida FL|Georgia GA|Hawaii HI|Idaho ID|Illinois IL|Indiana IN|Iowa IA|Kansas KS|Kentucky KY
|Louisiana LA|Maine ME|Maryland MD|Massachusetts MA|Michigan MI|Minnesota MN|Mississippi MS|Missouri MO|Montana MT
|Nebraska NE|Nevada NV|New Hampshire NH|New Jersey NJ|New Mexico NM|New York NY|North Carolina NC|North Dakota ND
|Ohio OH|Oklahoma OK|Oregon OR|Pennsylvania PA|Puerto Rico PR|Rhode Island RI|South Carolina SC|South Dakota SD
|Tennessee TN|Texas TX|Utah UT|Vermont VT|Virginia VA|Washington WA|West Virginia WV|Wisconsin WI|Wyoming WY"""
_CANADA = """Alberta AB|British Columbia BC|Manitoba MB|New Brunswick NB|Newfoundland and Labrador NL
|Northwest Territories NT|Nova Scotia NS|Nunavut NU|Ontario ON|Prince Edward Island PE|Quebec QC|Québec QC
|Saskatchewan SK|Yukon YT"""
_AUSTRALIA = """Australian Capital Territory ACT|New South Wales NSW|Northern Territory NT|Queensland QLD
|South Australia SA|Tasmania TAS|Victoria VIC|Western Australia WA"""
_SPAIN = "Las Palmas GC|Santa Cruz de Tenerife TF|Ceuta CE|Melilla ML"


def _read(text: str) -> dict[str, str]:
    pairs = (one.strip().rpartition(" ") for one in text.replace("\n", "").split("|"))
    return {name.casefold(): code for name, _, code in pairs}


_CODES: Mapping[str, Mapping[str, str]] = {
    "US": _read(_UNITED_STATES),
    "CA": _read(_CANADA),
    "AU": _read(_AUSTRALIA),
    "ES": _read(_SPAIN),
}


def key(country: str, region: str) -> str:
    """One spelling for a region of a country: its code where we know it, else what was written, in capitals."""
    written = " ".join(region.split())
    short = written.upper().removeprefix(f"{country}-")
    return _CODES.get(country, {}).get(written.casefold(), short)
