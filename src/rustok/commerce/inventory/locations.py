"""What can be done with the places where stock lies."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import func, literal, select, update

from rustok.commerce.catalogue import checks, clashes
from rustok.commerce.inventory.models import Reservation, StockLevel, StockLocation, StockMovement
from rustok.events.commerce import InventoryUpdated
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context

DEFAULT_CODE = "main"


class CodeTaken(errors.Conflict):
    """Another location has this code."""

    code = "code_taken"


class LocationInUse(errors.Conflict):
    """Stock lies at the location, or its history mentions it."""

    code = "location_in_use"


class LocationFacts(TypedDict, total=False):
    """What can be said of a location besides its name."""

    code: str
    address: Mapping[str, Any]
    is_default: bool
    is_active: bool


class LocationChanges(LocationFacts, total=False):
    """What of a location can be changed; what is absent stays."""

    name: str


async def get(context: Context, location_id: UUID, *, lock: bool = False) -> StockLocation:
    """The location; raises `NotFound`."""
    found = await context.session.get(
        StockLocation,
        (context.tenant_id, location_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such stock location", field="locationId")
    return found


async def default(context: Context) -> UUID:
    """The default location's id; the first call of a tenant makes it."""
    wanted = select(StockLocation.id).where(StockLocation.tenant_id == context.tenant_id, StockLocation.is_default)
    found = await context.session.scalar(wanted)
    if found is None:
        await _lock(context)
        found = await context.session.scalar(wanted)
    if found is None:
        code = slugs.unique(DEFAULT_CODE, await _codes(context))
        location = StockLocation(
            tenant_id=context.tenant_id, code=code, name="Main", is_default=True, is_active=True, address={}
        )
        context.session.add(location)
        await context.session.flush()
        found = location.id
    return found


async def create(context: Context, *, name: str, **given: Unpack[LocationFacts]) -> StockLocation:
    """Add a location; the first one becomes the default. Raises `CodeTaken`."""
    await _lock(context)
    name = checks.text(name, "name")
    code = given.get("code") or slugs.unique(slugs.slugify(name)[:60], await _codes(context))
    first = not await context.session.scalar(
        select(func.count()).where(StockLocation.tenant_id == context.tenant_id, StockLocation.is_default)
    )
    if given.get("is_default") and not first:
        await _no_default(context)
    location = StockLocation(
        tenant_id=context.tenant_id,
        name=name,
        code=slugs.check_slug(checks.text(code, "code", most=64), field="code"),
        address=checks.metadata(given.get("address")),
        is_default=first or given.get("is_default", False),
        is_active=given.get("is_active", True),
    )
    context.session.add(location)
    await _flush(context, location)
    await context.session.refresh(location)
    return location


async def change(
    context: Context, location_id: UUID, *, version: int | None = None, **changes: Unpack[LocationChanges]
) -> StockLocation:
    """Change what is given. Raises `NotFound`, `Stale`, `CodeTaken`; default can only be taken over."""
    await _lock(context)
    location = await get(context, location_id, lock=True)
    checks.version(location.version, version)
    if "name" in changes:
        location.name = checks.text(changes["name"], "name")
    if "code" in changes:
        location.code = slugs.check_slug(checks.text(changes["code"], "code", most=64), field="code")
    if "address" in changes:
        location.address = checks.metadata(changes["address"])
    was_active = location.is_active
    location.is_active = changes.get("is_active", location.is_active)
    if "is_default" in changes and changes["is_default"] != location.is_default:
        if not changes["is_default"]:
            raise errors.Conflict("make another location the default one instead", field="isDefault")
        await _no_default(context)
        location.is_default = True
    if location.is_default and not location.is_active:
        raise errors.Conflict("the default location must be active", field="isActive")
    location.version += 1
    location.updated_at = context.now
    await _flush(context, location)
    if location.is_active != was_active:
        await _tell_stock(context, location_id)
    return location


async def remove(context: Context, location_id: UUID) -> None:
    """Remove a location that was never used. Raises `LocationInUse`; one that was used can be made inactive."""
    location = await get(context, location_id, lock=True)
    if location.is_default:
        raise LocationInUse("the default location cannot be removed", field="id")
    for table in (StockLevel, StockMovement, Reservation):
        if await context.session.scalar(
            select(table.id).where(table.tenant_id == context.tenant_id, table.location_id == location_id).limit(1)
        ):
            raise LocationInUse("stock lies or lay at this location: make it inactive instead", field="id")
    await context.session.delete(location)
    await context.session.flush()


async def _tell_stock(context: Context, location_id: UUID) -> None:
    """What lies there counts now, or does not any more: readers of stock must look again."""
    held = await context.session.execute(
        select(StockLevel.variant_id, StockLevel.on_hand).where(
            StockLevel.tenant_id == context.tenant_id, StockLevel.location_id == location_id
        )
    )
    bus.record_many(
        context,
        [
            InventoryUpdated(variant_id=variant, location_id=location_id, old_quantity=quantity, new_quantity=quantity)
            for variant, quantity in held
        ],
    )


async def _no_default(context: Context) -> None:
    await context.session.execute(
        update(StockLocation)
        .where(StockLocation.tenant_id == context.tenant_id, StockLocation.is_default)
        .values(is_default=False, version=StockLocation.version + 1)
    )


async def _codes(context: Context) -> set[str]:
    found = await context.session.scalars(
        select(StockLocation.code).where(StockLocation.tenant_id == context.tenant_id)
    )
    return set(found.all())


async def _lock(context: Context) -> None:
    key = func.hashtextextended(literal(f"commerce_stock_locations:{context.tenant_id}"), 0)
    await context.session.execute(select(func.pg_advisory_xact_lock(key)))


async def _flush(context: Context, location: StockLocation) -> None:
    clash = CodeTaken(f"the code {location.code!r} belongs to another location", field="code")
    with clashes.told_as(uq_commerce_stock_locations_code=clash):
        await context.session.flush()
