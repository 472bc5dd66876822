"""The demo's taxes and shipping, so that everything in it can be bought."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from rustok.commerce.inventory import locations
from rustok.commerce.places.service import Place
from rustok.commerce.shipping import methods, quoting
from rustok.commerce.shipping import zones as shipping_zones
from rustok.commerce.shipping.methods import PriceGiven, TermsGiven
from rustok.commerce.tax import classes
from rustok.commerce.tax import service as taxes
from rustok.commerce.tax import zones as tax_zones
from rustok.commerce.tax.zones import RateGiven
from rustok.core.translations import service as translations
from rustok.kernel.context import Context
from rustok.server.demo.content import DemoShippingMethod, DemoTaxZone, Duties

_HUNDRED = Decimal(100)


async def furnish(context: Context, duties: Duties, places: Mapping[str, UUID]) -> None:
    """Tax classes and zones, shipping zones and methods; `places` are the stock locations by code."""
    for code, name in duties.tax_classes.items():
        await classes.create(context, name=name, code=code)
    for zone in duties.tax_zones:
        await tax_zones.create(
            context, name=zone.name, prices_include_tax=zone.included, places=_places(zone.places), rates=_rates(zone)
        )
    await taxes.change(context, default_country=duties.default_country)
    for code, address in duties.addresses.items():
        await locations.change(context, places[code], address=address)
    for served in duties.shipping_zones:
        made = await shipping_zones.create(context, name=served.name, code=served.code, places=_places(served.places))
        for position, method in enumerate(served.methods):
            await _method(context, made.id, position, method, places)


async def _method(
    context: Context, zone_id: UUID, position: int, one: DemoShippingMethod, places: Mapping[str, UUID]
) -> None:
    made = await methods.create(
        context,
        zone_id,
        name=one.name["en"],
        code=one.code,
        estimate=one.estimate["en"],
        provider="pickup" if one.pickup else "by_weight" if len(one.bands) > 1 else "flat",
        location_id=places[one.pickup] if one.pickup else None,
        position=position,
        min_weight=one.least,
        max_weight=one.most,
        prices=[
            PriceGiven(currency=currency, price_minor=minor, from_value=low)
            for low, amounts in one.bands
            for currency, minor in amounts.items()
        ],
        terms=[TermsGiven(currency=currency, free_from_minor=minor) for currency, minor in one.free_from.items()],
    )
    fields = {"name": one.name["ru"], "estimate": one.estimate["ru"]}
    await translations.set_fields(context, quoting.TARGET, made.id, locale="ru", fields=fields)


def _places(given: tuple[tuple[str, str, str], ...]) -> list[Place]:
    return [Place(country=country, region=region, postcodes=codes) for country, region, codes in given]


def _rates(zone: DemoTaxZone) -> list[RateGiven]:
    return [
        RateGiven(name=zone.tax, rate=Decimal(percent) / _HUNDRED, tax_class=code)
        for code, percent in zone.rates.items()
    ]
