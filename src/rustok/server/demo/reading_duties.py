"""Reads what buyers pay besides the goods: taxes and shipping."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rustok.server.demo.content import DemoShippingMethod, DemoShippingZone, DemoTaxZone, Duties, Text

Table = Mapping[str, Any]
Place = tuple[str, str, str]


def read(file: Table, currencies: Sequence[str]) -> Duties:
    """The whole file; a mistake in it raises KeyError or ValueError."""
    taxes: Table = file["taxes"]
    classes = {entry["code"]: entry["name"] for entry in file["class"]}
    countries = [
        _zone(name, [(country, "", "")], "VAT", (standard, reduced))
        for country, (name, standard, reduced) in taxes["vat"].items()
    ]
    islands = [
        _zone(entry["name"], [(country, "", codes) for country, codes in entry["places"]], "VAT", entry["rates"])
        for entry in taxes["island"]
    ]
    states = [
        _zone(f"USA: {state}", [("US", state, "")], "Sales tax", (rate, rate), included=False)
        for state, rate in taxes["states"].items()
    ]
    return Duties(
        tax_classes=classes,
        tax_zones=(*countries, *islands, DemoTaxZone("USA", (("US", "", ""),), "", {}, included=False), *states),
        default_country=taxes["default_country"],
        shipping_zones=tuple(_shipping(entry, currencies) for entry in file["shipping"]),
        addresses={
            entry["code"]: {"line1": entry["line1"], "city": "Ostrand", "postcode": "18999", "country": "DE"}
            for entry in file["address"]
        },
    )


def _zone(name: str, places: Sequence[Place], tax: str, rates: Sequence[str], *, included: bool = True) -> DemoTaxZone:
    standard, reduced = rates
    return DemoTaxZone(
        name, tuple(places), tax, {"standard": standard, "reduced": reduced, "zero": "0"}, included=included
    )


def _shipping(entry: Table, currencies: Sequence[str]) -> DemoShippingZone:
    places = tuple((place[0], "", place[1] if len(place) > 1 else "") for place in entry["places"])
    methods = tuple(_method(one, currencies) for one in entry["method"])
    return DemoShippingZone(entry["code"], entry["name"], places, methods)


def _method(entry: Table, currencies: Sequence[str]) -> DemoShippingMethod:
    bands = entry.get("bands") or ([[0, *entry["price"]]] if "price" in entry else [])
    return DemoShippingMethod(
        code=entry["code"],
        name=Text(entry["en"]["name"], entry["ru"]["name"]),
        estimate=Text(entry["en"]["estimate"], entry["ru"]["estimate"]),
        bands=tuple((low, _money(amounts, currencies)) for low, *amounts in bands),
        free_from=_money(entry["free_from"], currencies) if "free_from" in entry else {},
        least=entry.get("least", 0),
        most=entry.get("most"),
        pickup=entry.get("pickup"),
    )


def _money(amounts: Sequence[int | str], currencies: Sequence[str]) -> dict[str, int]:
    return {currency: int(Decimal(str(amount)) * 100) for currency, amount in zip(currencies, amounts, strict=True)}
