"""What can be done with tax zones: their places and rates are replaced as a whole."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, select

from rustok.commerce.catalogue import batches, checks, clashes
from rustok.commerce.places import service as places
from rustok.commerce.places.service import Place
from rustok.commerce.tax import classes
from rustok.commerce.tax.models import TaxClass, TaxRate, TaxZone, TaxZonePlace
from rustok.core.rows import is_one_of
from rustok.kernel import errors, slugs
from rustok.kernel.context import Context

MOST_RATES = 200
LARGEST_RATE = Decimal(10)


class TaxZoneTaken(errors.Conflict):
    """Another tax zone has this code, or one of these places."""

    code = "tax_zone_taken"


class BadRate(errors.Invalid):
    """A rate is negative, has more than six decimals or names no class."""

    code = "bad_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateGiven:
    """A tax on a class (by its code; None is the default one) as a fraction: 0.19 is 19 %."""

    name: str
    rate: Decimal
    tax_class: str | None = None
    compound: bool = False


class ZoneFacts(TypedDict, total=False):
    """What can be said of a zone besides its name."""

    code: str
    prices_include_tax: bool | None
    places: Sequence[Place]
    rates: Sequence[RateGiven]


class ZoneChanges(ZoneFacts, total=False):
    """What of a zone can be changed; what is absent stays."""

    name: str


async def get(context: Context, zone_id: UUID, *, lock: bool = False) -> TaxZone:
    """The zone; raises `NotFound`."""
    found = await context.session.get(
        TaxZone,
        (context.tenant_id, zone_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such tax zone", field="id")
    return found


async def create(context: Context, *, name: str, **given: Unpack[ZoneFacts]) -> TaxZone:
    """Add a zone; its code is made from the name where none is given. Raises `TaxZoneTaken`, `BadPlace`, `BadRate`.

    A tenant without any tax class gets the class Standard with its first rate that names none.
    """
    name = checks.text(name, "name")
    zone = TaxZone(tenant_id=context.tenant_id, name=name, code=slugs.slugify(name)[:64])
    _apply(zone, given)
    context.session.add(zone)
    await _flush(context, zone)
    await _fill(context, zone, given)
    await context.session.refresh(zone)
    return zone


async def change(
    context: Context, zone_id: UUID, *, version: int | None = None, **changes: Unpack[ZoneChanges]
) -> TaxZone:
    """Change what is given; places and rates are replaced. Raises as `create`, and `NotFound`, `Stale`."""
    zone = await get(context, zone_id, lock=True)
    checks.version(zone.version, version)
    if "name" in changes:
        zone.name = checks.text(changes["name"], "name")
    _apply(zone, changes)
    zone.version += 1
    zone.updated_at = context.now
    await _flush(context, zone)
    await _fill(context, zone, changes)
    return zone


async def remove_many(context: Context, zone_ids: Sequence[UUID]) -> int:
    """Remove zones with their places and rates, all of them or none; raises `NotFound`."""
    ids = checks.ids(zone_ids)
    for zone_id in sorted(ids):
        await get(context, zone_id, lock=True)
    await context.session.execute(
        delete(TaxZone).where(TaxZone.tenant_id == context.tenant_id, is_one_of(TaxZone.id, ids))
    )
    return len(ids)


async def places_of(context: Context, zone_ids: Collection[UUID]) -> dict[UUID, list[Place]]:
    """The places of zones, by country."""
    found: dict[UUID, list[Place]] = {}
    rows = await context.session.scalars(
        select(TaxZonePlace)
        .where(TaxZonePlace.tenant_id == context.tenant_id, is_one_of(TaxZonePlace.zone_id, zone_ids))
        .order_by(TaxZonePlace.country, TaxZonePlace.region, TaxZonePlace.postcode_from)
    )
    for row in rows.all():
        found.setdefault(row.zone_id, []).append(row.place)
    return found


async def rates_of(context: Context, zone_ids: Collection[UUID]) -> dict[UUID, list[RateGiven]]:
    """The rates of zones, class by class, in the order in which they are due."""
    found: dict[UUID, list[RateGiven]] = {}
    rows = await context.session.execute(
        select(TaxRate, TaxClass.code)
        .join(TaxClass, (TaxClass.tenant_id == TaxRate.tenant_id) & (TaxClass.id == TaxRate.class_id))
        .where(TaxRate.tenant_id == context.tenant_id, is_one_of(TaxRate.zone_id, zone_ids))
        .order_by(TaxClass.is_default.desc(), TaxClass.code, TaxRate.position)
    )
    for row, code in rows.all():
        given = RateGiven(name=row.name, rate=row.rate, tax_class=code, compound=row.compound)
        found.setdefault(row.zone_id, []).append(given)
    return found


def _apply(zone: TaxZone, changes: ZoneFacts) -> None:
    if "code" in changes:
        zone.code = slugs.check_slug(checks.text(changes["code"], "code", most=64), field="code")
    if "prices_include_tax" in changes:
        zone.prices_include_tax = changes["prices_include_tax"]


async def _fill(context: Context, zone: TaxZone, given: ZoneFacts) -> None:
    tenant_id = context.tenant_id
    if "places" in given:
        rows = places.rows(given["places"])
        await context.session.execute(
            delete(TaxZonePlace).where(TaxZonePlace.tenant_id == tenant_id, TaxZonePlace.zone_id == zone.id)
        )
        taken = TaxZoneTaken("another tax zone has one of these places", field="places")
        with clashes.told_as(uq_commerce_tax_zone_places_place=taken):
            await batches.insert(context, TaxZonePlace, [{"zone_id": zone.id, **row} for row in rows])
    if "rates" in given:
        known = await classes.by_code(context)
        if not known and any(one.tax_class is None for one in given["rates"]):
            known = {made.code: made for made in [await classes.create(context, name="Standard")]}
        checked = _rates(given["rates"], known)
        await context.session.execute(delete(TaxRate).where(TaxRate.tenant_id == tenant_id, TaxRate.zone_id == zone.id))
        await batches.insert(context, TaxRate, [{"zone_id": zone.id, **row} for row in checked])


def _rates(given: Sequence[RateGiven], known: Mapping[str, TaxClass]) -> list[dict[str, object]]:
    if len(given) > MOST_RATES:
        raise BadRate(f"at most {MOST_RATES} rates", field="rates")
    default = next((code for code, one in known.items() if one.is_default), None)
    found: list[dict[str, object]] = []
    for position, one in enumerate(given):
        code = one.tax_class or default
        if code is None or code not in known:
            raise BadRate(f"there is no tax class {(code or '')[:64]!r}: add it first", field="rates")
        if not one.rate.is_finite() or not 0 <= one.rate <= LARGEST_RATE:
            raise BadRate("a rate lies between 0 and 1,000 %", field="rates")
        if one.rate != round(one.rate, 6):
            raise BadRate("a rate has at most four decimals of a per cent", field="rates")
        found.append(
            {
                "class_id": known[code].id,
                "name": checks.text(one.name, "rates", most=64),
                "rate": f"{one.rate:f}",
                "compound": one.compound,
                "position": position,
            }
        )
    return found


async def _flush(context: Context, zone: TaxZone) -> None:
    taken = TaxZoneTaken(f"the code {zone.code!r} belongs to another tax zone", field="code")
    with clashes.told_as(uq_commerce_tax_zones_code=taken):
        await context.session.flush()
