"""What can be done with shipping zones: their places are replaced as a whole."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select

from rustok.commerce.addresses import service as addresses
from rustok.commerce.catalogue import batches, checks, clashes
from rustok.commerce.places import service as places
from rustok.commerce.places.service import Place
from rustok.commerce.shipping import quoting
from rustok.commerce.shipping.models import ShippingMethod, ShippingZone, ShippingZonePlace
from rustok.core.rows import is_one_of
from rustok.core.translations import service as translations
from rustok.kernel import errors, slugs
from rustok.kernel.context import Context


class ShippingZoneTaken(errors.Conflict):
    """Another shipping zone has this code, or one of these places."""

    code = "shipping_zone_taken"


async def get(context: Context, zone_id: UUID, *, lock: bool = False) -> ShippingZone:
    """The zone; raises `NotFound`."""
    found = await context.session.get(
        ShippingZone,
        (context.tenant_id, zone_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such shipping zone", field="id")
    return found


async def create(context: Context, *, name: str, code: str | None = None, places: Sequence[Place] = ()) -> ShippingZone:
    """Add a zone; its code is made from the name where none is given. Raises `ShippingZoneTaken`, `BadPlace`."""
    name = checks.text(name, "name")
    zone = ShippingZone(tenant_id=context.tenant_id, name=name, code=_code(code) if code else slugs.slugify(name)[:64])
    context.session.add(zone)
    await _flush(context, zone)
    await _place(context, zone, places)
    await context.session.refresh(zone)
    return zone


async def change(
    context: Context,
    zone_id: UUID,
    *,
    version: int | None = None,
    name: str | None = None,
    code: str | None = None,
    places: Sequence[Place] | None = None,
) -> ShippingZone:
    """Change what is given. Raises as `create`, and `NotFound`, `Stale`."""
    zone = await get(context, zone_id, lock=True)
    checks.version(zone.version, version)
    if name is not None:
        zone.name = checks.text(name, "name")
    if code is not None:
        zone.code = _code(code)
    zone.version += 1
    zone.updated_at = context.now
    await _flush(context, zone)
    if places is not None:
        await _place(context, zone, places)
    return zone


async def remove_many(context: Context, zone_ids: Sequence[UUID]) -> int:
    """Remove zones with their places and methods, all of them or none; raises `NotFound`."""
    ids = checks.ids(zone_ids)
    for zone_id in sorted(ids):
        await get(context, zone_id, lock=True)
    methods = await context.session.scalars(
        select(ShippingMethod.id).where(
            ShippingMethod.tenant_id == context.tenant_id, is_one_of(ShippingMethod.zone_id, ids)
        )
    )
    await translations.delete_all(context, quoting.TARGET, methods.all())
    await context.session.execute(
        delete(ShippingZone).where(ShippingZone.tenant_id == context.tenant_id, is_one_of(ShippingZone.id, ids))
    )
    return len(ids)


async def places_of(context: Context, zone_ids: Collection[UUID]) -> dict[UUID, list[Place]]:
    """The places of zones, by country."""
    found: dict[UUID, list[Place]] = {}
    rows = await context.session.scalars(
        select(ShippingZonePlace)
        .where(ShippingZonePlace.tenant_id == context.tenant_id, is_one_of(ShippingZonePlace.zone_id, zone_ids))
        .order_by(ShippingZonePlace.country, ShippingZonePlace.region, ShippingZonePlace.postcode_from)
    )
    for row in rows.all():
        found.setdefault(row.zone_id, []).append(row.place)
    return found


async def countries(context: Context) -> list[tuple[str, str]]:
    """Code and name of every country that something is shipped to, by name in the language of the context."""
    reached = select(ShippingMethod.zone_id).where(
        ShippingMethod.tenant_id == context.tenant_id, ShippingMethod.is_active
    )
    zones = await context.session.execute(
        select(ShippingZonePlace.country, ShippingZonePlace.zone_id.in_(reached), ShippingZonePlace.region == "")
        .where(ShippingZonePlace.tenant_id == context.tenant_id, ShippingZonePlace.postcode_from == "")
        .distinct()
    )
    served: set[str] = set()
    closed: set[str] = set()  # a whole country in a zone of its own where nothing is sent
    for country, open_, whole in zones.all():
        if open_:
            served.add(country)
        elif whole:
            closed.add(country)
    names = addresses.country_names(context.locale)
    everywhere = "" in served
    return [(code, name) for code, name in names.items() if code in served or (everywhere and code not in closed)]


def _code(code: str) -> str:
    return slugs.check_slug(checks.text(code, "code", most=64), field="code")


async def _place(context: Context, zone: ShippingZone, given: Sequence[Place]) -> None:
    rows = places.rows(given)
    await context.session.execute(
        delete(ShippingZonePlace).where(
            ShippingZonePlace.tenant_id == context.tenant_id, ShippingZonePlace.zone_id == zone.id
        )
    )
    taken = ShippingZoneTaken("another shipping zone has one of these places", field="places")
    with clashes.told_as(uq_commerce_shipping_zone_places_place=taken):
        await batches.insert(context, ShippingZonePlace, [{"zone_id": zone.id, **row} for row in rows])


async def _flush(context: Context, zone: ShippingZone) -> None:
    taken = ShippingZoneTaken(f"the code {zone.code!r} belongs to another shipping zone", field="code")
    with clashes.told_as(uq_commerce_shipping_zones_code=taken):
        await context.session.flush()
