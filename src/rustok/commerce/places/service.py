"""A place is a country, a region of it, or some of its postcodes; of two that fit, the narrower one wins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import String, text
from sqlalchemy.orm import Mapped, mapped_column

from rustok.commerce.addresses import service as addresses
from rustok.commerce.baskets.shapes import Destination
from rustok.commerce.places import regions
from rustok.kernel import errors

MOST_PLACES = 2000


class BadPlace(errors.Invalid):
    """A place names an unknown country, or postcodes that cannot be read."""

    code = "bad_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Without a country it is the whole world; `postcodes` is a beginning ("BT") or a range ("10000..12999")."""

    country: str = ""
    region: str = ""
    postcodes: str = ""


class PlaceColumns:
    """How a table keeps places: a beginning of postcodes is a range from itself to itself."""

    country: Mapped[str] = mapped_column(String(2), default="", server_default=text("''"))
    region: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))
    postcode_from: Mapped[str] = mapped_column(String(20), default="", server_default=text("''"))
    postcode_to: Mapped[str] = mapped_column(String(20), default="", server_default=text("''"))

    @property
    def place(self) -> Place:
        """As people write it."""
        low, high = self.postcode_from, self.postcode_to
        return Place(country=self.country, region=self.region, postcodes=low if low == high else f"{low}..{high}")


def rows(given: Sequence[Place], *, field: str = "places") -> list[dict[str, str]]:
    """The places as columns, checked, each once; raises `BadPlace`."""
    if len(given) > MOST_PLACES:
        raise BadPlace(f"at most {MOST_PLACES} places", field=field)
    return list({tuple(row.values()): row for row in (_row(place, field) for place in given)}.values())


def normal(destination: Destination) -> Destination:
    """The destination in the spelling that places are kept in."""
    country = destination.country.strip().upper()
    return Destination(
        country=country, region=regions.key(country, destination.region), postcode=_postcode(destination.postcode)
    )


def fits(
    table: str,
    *,
    country: str = "CAST(:country AS text)",
    region: str = "CAST(:region AS text)",
    postcode: str = "CAST(:postcode AS text)",
) -> str:
    """SQL: whether the place in a row of the table holds the destination of `parameters`."""
    return (
        f"{table}.country IN ('', {country}) AND {table}.region IN ('', {region})"
        f" AND ({table}.postcode_from = '' OR left({postcode}, length({table}.postcode_from))"
        f' COLLATE "C" BETWEEN {table}.postcode_from AND {table}.postcode_to)'
    )


def narrowest_first(table: str) -> str:
    """SQL: the order in which the first row that fits is the narrowest place."""
    return (
        f"length({table}.postcode_from) DESC, ({table}.region <> '') DESC, ({table}.country <> '') DESC,"
        f" {table}.postcode_from DESC, {table}.id"
    )


def parameters(destination: Destination) -> dict[str, str]:
    """What `fits` asks for; the destination must be a normal one."""
    return {"country": destination.country, "region": destination.region, "postcode": destination.postcode}


def _postcode(written: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", written.upper())[:20]


def _row(place: Place, field: str) -> dict[str, str]:
    country = place.country.strip().upper()
    if country and country not in addresses.country_names("en"):
        raise BadPlace(f"{country[:8]!r} is no country's code (ISO 3166-1)", field=field)
    region = regions.key(country, place.region)
    if len(region) > 100 or not region.isprintable():
        raise BadPlace("a region has at most 100 characters that can be printed", field=field)
    low, dots, high = (_postcode(part) if part != ".." else part for part in place.postcodes.partition(".."))
    if place.postcodes.strip() and not low:
        raise BadPlace('postcodes are a beginning such as "BT" or a range such as "10000..12999"', field=field)
    high = high if dots else low
    if len(low) != len(high) or low > high:
        raise BadPlace("a range of postcodes goes from a lower to a higher one of the same length", field=field)
    if not country and (region or low):
        raise BadPlace("a region and postcodes belong to a country", field=field)
    return {"country": country, "region": region, "postcode_from": low, "postcode_to": high}
