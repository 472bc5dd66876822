"""What sending a basket costs: every way that is possible, or the one that was chosen."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text as sql

from rustok.commerce.baskets.shapes import Basket, BasketLine, Destination, ShippingChoice
from rustok.commerce.places import service as places
from rustok.commerce.shipping import providers
from rustok.commerce.shipping.providers import Band, Parcel, Rate
from rustok.core.translations import service as translations
from rustok.kernel import errors, money
from rustok.kernel.context import Context

TARGET = "shipping_method"  # of translations: the fields `name` and `estimate`
_log = structlog.get_logger("rustok.shipping")


class ShippingNotPossible(errors.Conflict):
    """The chosen way of shipping is not possible for this basket, or not any more; the message says why."""

    code = "shipping_not_possible"


class ShippingUnavailable(errors.Unavailable):
    """The shipping provider did not answer."""

    code = "shipping_unavailable"


@dataclass(frozen=True, slots=True)
class _Load:
    lines: tuple[BasketLine, ...]
    weight: int


async def quotes(context: Context, basket: Basket) -> list[ShippingChoice]:
    """The ways possible for the basket's destination, weight and amount, in the shop's order.

    Empty where nothing needs shipping, and while no country is known. A provider that fails is left out.
    """
    load = _load(basket)
    if not load.lines:
        return []
    rows = await _methods(context, basket.destination, basket.currency)
    texts = await _texts(context, rows)
    found = []
    for row in rows:
        try:
            found.append(await _quoted(context, basket, load, row, texts.get(row.id, {})))
        except ShippingNotPossible:
            continue
        except ShippingUnavailable as failed:
            _log.warning("shipping_provider_failed", method=row.code, error=str(failed.__cause__))
    return found


async def quote(context: Context, basket: Basket, method_id: UUID) -> ShippingChoice:
    """The same for one method; raises `ShippingNotPossible` and `ShippingUnavailable`."""
    load = _load(basket)
    if not load.lines:
        raise ShippingNotPossible("nothing in the cart needs shipping", field="shippingMethodId")
    row = next((r for r in await _methods(context, basket.destination, basket.currency) if r.id == method_id), None)
    if row is None:
        raise ShippingNotPossible(
            "this shipping method does not go there: choose another one", field="shippingMethodId"
        )
    return await _quoted(context, basket, load, row, (await _texts(context, [row])).get(method_id, {}))


def _load(basket: Basket) -> _Load:
    lines = tuple(line for line in basket.lines if line.requires_shipping)
    return _Load(lines, sum(line.weight * line.quantity for line in lines))


# The narrowest zone that holds the destination decides alone; a zone without a method for sale means "not there".
_METHODS = sql(f"""
WITH zone AS (
    SELECT p.zone_id FROM commerce_shipping_zone_places p
    WHERE p.tenant_id = :tenant_id AND {places.fits("p")} ORDER BY {places.narrowest_first("p")} LIMIT 1
)
SELECT m.id, m.code, m.name, m.estimate, m.provider, m.tax_class, m.min_weight, m.max_weight, m.settings,
    l.id AS location_id, l.name AS location_name, l.address AS location_address, l.is_active AS location_open,
    t.free_from_minor, t.min_subtotal_minor, t.max_subtotal_minor,
    (SELECT json_agg(json_build_array(p.from_value, p.price_minor) ORDER BY p.from_value)
     FROM commerce_shipping_prices p
     WHERE p.tenant_id = m.tenant_id AND p.method_id = m.id AND p.currency = :currency) AS bands
FROM zone JOIN commerce_shipping_methods m ON m.tenant_id = :tenant_id AND m.zone_id = zone.zone_id
LEFT JOIN commerce_shipping_terms t ON t.tenant_id = m.tenant_id AND t.method_id = m.id AND t.currency = :currency
LEFT JOIN commerce_stock_locations l ON l.tenant_id = m.tenant_id AND l.id = m.location_id
WHERE m.is_active ORDER BY m.position, m.code
""")


async def _methods(context: Context, destination: Destination, currency: str) -> Sequence[Any]:
    at = places.normal(destination)
    if not at.country:
        return []
    bound = {"tenant_id": context.tenant_id, "currency": currency, **places.parameters(at)}
    return (await context.session.execute(_METHODS, bound)).all()


async def _quoted(context: Context, basket: Basket, load: _Load, row: Any, said: Mapping[str, str]) -> ShippingChoice:
    name = said.get("name", row.name)
    if refused := _refused(basket, load, row, name):
        raise ShippingNotPossible(refused, field="shippingMethodId")
    parcel = Parcel(
        basket=basket,
        lines=load.lines,
        weight=load.weight,
        method_id=row.id,
        code=row.code,
        bands=tuple(Band(from_value=low, price_minor=price) for low, price in row.bands or ()),
        settings=row.settings,
    )
    rate = await _ask(context, row.provider, parcel)
    if rate is None:
        raise ShippingNotPossible(f"{name} cannot take these goods there", field="shippingMethodId")
    free = row.free_from_minor is not None and basket.subtotal_minor >= row.free_from_minor
    facts: dict[str, object] = {"provider": row.provider, "weight": load.weight, **rate.facts}
    if row.location_id is not None:
        facts["location"] = {"id": str(row.location_id), "name": row.location_name, "address": row.location_address}
    return ShippingChoice(
        method_id=row.id,
        code=row.code,
        name=name,
        price_minor=0 if free else rate.price_minor,
        tax_class=row.tax_class,
        pickup=row.provider == providers.PICKUP,
        description=rate.estimate or said.get("estimate", row.estimate),
        facts=facts,
    )


def _refused(basket: Basket, load: _Load, row: Any, name: str) -> str:
    """Why the method's conditions do not hold; empty where they do."""
    subtotal = basket.subtotal_minor
    if load.weight < row.min_weight:
        return f"{name} is for parcels of at least {row.min_weight} g, and this one has {load.weight} g"
    if row.max_weight is not None and load.weight > row.max_weight:
        return f"{name} takes at most {row.max_weight} g, and this parcel has {load.weight} g"
    if row.min_subtotal_minor is not None and subtotal < row.min_subtotal_minor:
        return f"{name} is for goods from {money.Money(row.min_subtotal_minor, basket.currency)} on"
    if row.max_subtotal_minor is not None and subtotal > row.max_subtotal_minor:
        return f"{name} is for goods up to {money.Money(row.max_subtotal_minor, basket.currency)}"
    if row.location_id is not None and not row.location_open:
        return f"{row.location_name} is closed"
    return ""


async def _ask(context: Context, code: str, parcel: Parcel) -> Rate | None:
    try:
        provider = providers.named(context, code)
        async with asyncio.timeout(provider.seconds):
            if provider in providers.BUILT_IN:
                rate = await provider.rates(context, parcel)
            else:  # what it asks of the database may fail without taking our work along
                async with context.session.begin_nested():
                    rate = await provider.rates(context, parcel)
        if rate is not None and not (type(rate.price_minor) is int and 0 <= rate.price_minor <= money.LARGEST_MINOR):
            raise ValueError(f"{rate.price_minor!r} is no price")
    except Exception as failed:  # whatever a stranger's code raises means that the price is not known
        raise ShippingUnavailable("this shipping method is out of reach just now: try another one") from failed
    return rate


async def _texts(context: Context, rows: Sequence[Any]) -> Mapping[UUID, Mapping[str, str]]:
    """The methods' names and estimates in the buyer's language, where it is not the shop's own."""
    if context.locale == context.tenant.default_locale or not rows:
        return {}
    found = await translations.get_many(context, TARGET, [row.id for row in rows])
    return {id_: texts.get(context.locale, {}) for id_, texts in found.items()}
