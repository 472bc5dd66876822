"""What taxes are due on a basket: the one question that carts and orders ask."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text as sql

from rustok.commerce.baskets.shapes import Buyer, Destination, Taxable, Taxes, TaxPart
from rustok.commerce.places import service as places
from rustok.commerce.tax import apportioning, providers
from rustok.commerce.tax.apportioning import Rate
from rustok.commerce.tax.models import Rounding, ShippingTax
from rustok.commerce.tax.providers import TaxProvider, TaxRequest, TaxUnavailable
from rustok.kernel import money
from rustok.kernel.context import Context

ZONES = "zones"  # the built-in provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds at a destination."""

    included: bool = True
    rates: Mapping[str, tuple[Rate, ...]]  # by class
    default_class: str | None = None
    shipping_tax: str = ShippingTax.CLASS
    rounding: str = Rounding.TOTAL
    provider: str = ZONES
    exempt_groups: frozenset[UUID] = frozenset()

    def of(self, tax_class: str | None) -> tuple[Rate, ...]:
        """The rates of a class; one without rates in the zone is taxed like the default one."""
        found = self.rates.get(tax_class) if tax_class else None
        return found if found is not None else self.rates.get(self.default_class or "", ())


async def calculate(
    context: Context,
    destination: Destination,
    items: Sequence[Taxable],
    *,
    currency: str,
    buyer: Buyer | None = None,
    rules: Rules | None = None,
) -> Taxes:
    """The taxes on the amounts, each item's parts in the order of the items; raises `TaxUnavailable`.

    Where prices include taxes, the parts are what the amounts hold; else they come on top. While no country is known
    the tenant's default one stands in. A buyer of an exempt group pays none. `rules` are those of the destination where
    the caller has loaded them already.
    """
    if rules is None:
        rules = (await rules_at(context, [destination]))[destination]
    if buyer is not None and not rules.exempt_groups.isdisjoint(buyer.groups):
        return Taxes(included=rules.included)
    if rules.provider == ZONES:
        return by_rules(rules, items)
    try:
        provider = providers.named(context, rules.provider)
    except providers.UnknownTaxProvider as gone:
        raise TaxUnavailable(f"the tax provider {rules.provider!r} is not installed") from gone
    request = TaxRequest(destination=destination, items=tuple(items), currency=currency, buyer=buyer)
    return await _ask(context, provider, request)


def by_rules(rules: Rules, items: Sequence[Taxable]) -> Taxes:
    """What zones, classes and rates give; nothing is asked of the database."""
    pieces = list(_pieces(rules, items))
    found: list[list[tuple[Rate, int]]] = [[] for _ in pieces]
    for group in _groups(rules, pieces):
        rates = rules.of(pieces[group[0]].tax_class)
        shared = apportioning.shares([pieces[place].amount_minor for place in group], rates, included=rules.included)
        for place, parts in zip(group, shared, strict=True):
            found[place] = list(zip(rates, parts, strict=True))
    summed: dict[tuple[UUID | None, str, Decimal], int] = {}
    for piece, due in zip(pieces, found, strict=True):
        for rate, minor in due:
            key = (piece.id, rate.name, rate.rate)
            summed[key] = summed.get(key, 0) + minor
    return Taxes(
        included=rules.included,
        parts=tuple(
            TaxPart(id=id_, name=name, rate=rate, amount_minor=minor) for (id_, name, rate), minor in summed.items()
        ),
    )


def _pieces(rules: Rules, items: Sequence[Taxable]) -> Sequence[Taxable]:
    """The items; shipping that is taxed like its goods is taken apart in proportion to their amounts."""
    if rules.shipping_tax != ShippingTax.PROPORTIONAL:
        return items
    goods = [item for item in items if item.id is not None]
    if not sum(item.amount_minor for item in goods):
        return items
    weights: dict[tuple[bool, str | None], int] = {}
    for item in goods:
        key = (item.taxable, item.tax_class)
        weights[key] = weights.get(key, 0) + item.amount_minor
    found = list(goods)
    for item in items:
        if item.id is None and item.taxable:
            for (taxable, tax_class), minor in zip(
                weights, money.split(item.amount_minor, list(weights.values())), strict=True
            ):
                found.append(replace(item, amount_minor=minor, tax_class=tax_class, taxable=taxable))
    return found


def _groups(rules: Rules, pieces: Sequence[Taxable]) -> list[list[int]]:
    """Places of the pieces that are rounded together."""
    if rules.rounding == Rounding.LINE:
        return [[place] for place, piece in enumerate(pieces) if piece.taxable]
    found: dict[tuple[Rate, ...], list[int]] = {}
    for place, piece in enumerate(pieces):
        if piece.taxable:
            found.setdefault(rules.of(piece.tax_class), []).append(place)
    return list(found.values())


async def _ask(context: Context, provider: TaxProvider, request: TaxRequest) -> Taxes:
    try:
        # A savepoint: what it asks of the database may fail without taking our work along.
        async with asyncio.timeout(provider.seconds), context.session.begin_nested():
            answer = await provider.calculate(context, request)
    except Exception as error:  # whatever a stranger's code raises means that the tax is not known
        raise TaxUnavailable("taxes cannot be calculated just now: try again in a moment") from error
    amounts: dict[UUID | None, int] = {}
    for item in request.items:
        amounts[item.id] = amounts.get(item.id, 0) + item.amount_minor
    for part in answer.parts:
        if type(part.amount_minor) is not int or part.amount_minor < 0 or part.id not in amounts:
            raise TaxUnavailable(f"the tax provider {provider.code} gave an answer that cannot be")
        if answer.included:
            amounts[part.id] -= part.amount_minor
    if min(amounts.values(), default=0) < 0:
        raise TaxUnavailable(f"the tax provider {provider.code} takes more than an amount holds")
    return answer


def _rules_sql(country: str, region: str, postcode: str) -> str:
    """SQL: settings, zone and rates at a destination."""
    return f"""
WITH said AS (SELECT * FROM commerce_tax_settings WHERE tenant_id = :tenant_id),
place AS (
    SELECT CASE WHEN {country} = '' THEN coalesce((SELECT default_country FROM said), '') ELSE {country} END AS country
),
zone AS (
    SELECT z.id, z.prices_include_tax
    FROM place CROSS JOIN commerce_tax_zone_places p JOIN commerce_tax_zones z ON z.tenant_id = p.tenant_id
        AND z.id = p.zone_id
    WHERE p.tenant_id = :tenant_id
        AND {places.fits("p", country="place.country", region=region, postcode=postcode)}
    ORDER BY {places.narrowest_first("p")} LIMIT 1
)
SELECT said.*, zone.prices_include_tax AS zone_included,
    (SELECT code FROM commerce_tax_classes WHERE tenant_id = :tenant_id AND is_default) AS default_class,
    (SELECT json_agg(json_build_array(c.code, r.name, CAST(r.rate AS text), r.compound) ORDER BY r.position)
     FROM commerce_tax_rates r JOIN commerce_tax_classes c ON c.tenant_id = r.tenant_id AND c.id = r.class_id
     WHERE r.tenant_id = :tenant_id AND r.zone_id = zone.id) AS rates
FROM (SELECT) one LEFT JOIN said ON true LEFT JOIN zone ON true
"""


_ONE = sql(_rules_sql("CAST(:country AS text)", "CAST(:region AS text)", "CAST(:postcode AS text)"))
_MANY = sql(f"""
SELECT found.* FROM unnest(CAST(:country AS text[]), CAST(:region AS text[]), CAST(:postcode AS text[]))
    WITH ORDINALITY AS given(country, region, postcode, place)
CROSS JOIN LATERAL ({_rules_sql("given.country", "given.region", "given.postcode")}) found
ORDER BY given.place
""")


async def rules_at(context: Context, destinations: Collection[Destination]) -> dict[Destination, Rules]:
    """Settings, zone and rates at every destination, in one statement."""
    given = list(destinations)
    at = [places.parameters(places.normal(one)) for one in given]
    if len(at) == 1:  # the statement with arrays is planned anew every time, which costs more than it does
        found = await context.session.execute(_ONE, {"tenant_id": context.tenant_id, **at[0]})
    else:
        lists = {name: [one[name] for one in at] for name in ("country", "region", "postcode")}
        found = await context.session.execute(_MANY, {"tenant_id": context.tenant_id, **lists})
    return {destination: _rules(row) for destination, row in zip(given, found, strict=True)}


def _rules(row: Any) -> Rules:
    rates: dict[str, tuple[Rate, ...]] = {}
    for tax_class, name, rate, compound in row.rates or ():
        # As written: 0.190000 and 0.19 are the same tax, and orders show it.
        rates[tax_class] = (*rates.get(tax_class, ()), Rate(name, plain(Decimal(rate)), compound))
    included = row.prices_include_tax if row.zone_included is None else row.zone_included
    return Rules(
        included=True if included is None else included,
        rates=rates,
        default_class=row.default_class,
        shipping_tax=row.shipping_tax or ShippingTax.CLASS,
        rounding=row.rounding or Rounding.TOTAL,
        provider=row.provider or ZONES,
        exempt_groups=frozenset(row.exempt_groups or ()),
    )


def plain(rate: Decimal) -> Decimal:
    """The same number without zeros at its end."""
    return rate.quantize(Decimal(1)) if rate == rate.to_integral_value() else rate.normalize()
