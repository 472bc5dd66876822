"""What can be done with price lists."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, select, update

from rustok.commerce.addresses import service as addresses
from rustok.commerce.catalogue import checks, clashes
from rustok.commerce.catalogue.models import Variant
from rustok.commerce.customers import groups as customer_groups
from rustok.commerce.pricing.models import Price, PriceList
from rustok.core.rows import is_one_of
from rustok.events.commerce import PriceChanged
from rustok.kernel import bus, errors, money, slugs
from rustok.kernel.context import Context

MOST_NAMED = 250
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class CodeTaken(errors.Conflict):
    """Another price list has this code."""

    code = "code_taken"


class PriceListFacts(TypedDict, total=False):
    """What can be said of a price list besides its name."""

    code: str
    currency: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_active: bool
    is_automatic: bool
    is_sale: bool
    priority: int
    groups: Collection[UUID]
    channels: Collection[str]
    countries: Collection[str]
    metadata: Mapping[str, Any]


class PriceListChanges(PriceListFacts, total=False):
    """What of a price list can be changed; what is absent stays."""

    name: str


async def get(context: Context, price_list_id: UUID, *, lock: bool = False) -> PriceList:
    """The price list; raises `NotFound`."""
    found = await context.session.get(
        PriceList,
        (context.tenant_id, price_list_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such price list", field="id")
    return found


async def ids_by_code(context: Context) -> dict[str, UUID]:
    """Every price list of the tenant."""
    found = await context.session.execute(
        select(PriceList.code, PriceList.id).where(PriceList.tenant_id == context.tenant_id)
    )
    return dict(found.all())


async def create(context: Context, *, name: str, **given: Unpack[PriceListFacts]) -> PriceList:
    """Add a price list; its code is made from the name where none is given. Raises `CodeTaken`."""
    name = checks.text(name, "name")
    price_list = PriceList(
        tenant_id=context.tenant_id,
        name=name,
        code=slugs.slugify(name)[:64],
        details={},
        is_active=True,
        is_automatic=True,
        is_sale=False,
        priority=0,
        groups=[],
        channels=[],
        countries=[],
    )
    await _apply(context, price_list, given)
    context.session.add(price_list)
    await _flush(context, price_list)
    await context.session.refresh(price_list)
    return price_list


async def change(
    context: Context, price_list_id: UUID, *, version: int | None = None, **changes: Unpack[PriceListChanges]
) -> PriceList:
    """Change what is given. Raises `NotFound`, `Stale`, `CodeTaken`, `Conflict` for a currency unlike its prices."""
    price_list = await get(context, price_list_id, lock=True)
    checks.version(price_list.version, version)
    if changes.get("currency") is not None:
        other = await context.session.scalar(
            select(Price.id)
            .where(
                Price.tenant_id == context.tenant_id,
                Price.price_list_id == price_list_id,
                Price.currency != changes["currency"],
            )
            .limit(1)
        )
        if other is not None:
            raise errors.Conflict("the price list holds prices in other currencies", field="currency")
    if "name" in changes:
        price_list.name = checks.text(changes["name"], "name")
    await _apply(context, price_list, changes)
    price_list.version += 1
    price_list.updated_at = context.now
    await _flush(context, price_list)
    return price_list


async def remove(context: Context, price_list_id: UUID) -> None:
    """Remove a price list with all its prices."""
    await get(context, price_list_id, lock=True)
    touched = await context.session.execute(
        select(Variant.id, Variant.product_id)
        .join(Price, (Price.tenant_id == Variant.tenant_id) & (Price.variant_id == Variant.id))
        .where(Price.tenant_id == context.tenant_id, Price.price_list_id == price_list_id)
        .distinct()
    )
    bus.record_many(context, [PriceChanged(variant_id=v, product_id=p) for v, p in touched.all()])
    await context.session.execute(
        delete(PriceList).where(PriceList.tenant_id == context.tenant_id, PriceList.id == price_list_id)
    )


async def switch(context: Context, price_list_ids: Sequence[UUID], *, active: bool) -> int:
    """Switch price lists on or off; returns how many are others now."""
    changed = await context.session.scalars(
        update(PriceList)
        .where(
            PriceList.tenant_id == context.tenant_id,
            is_one_of(PriceList.id, checks.ids(price_list_ids)),
            PriceList.is_active.is_not(active),
        )
        .values(is_active=active, version=PriceList.version + 1, updated_at=context.now)
        .returning(PriceList.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


async def _apply(context: Context, price_list: PriceList, changes: PriceListFacts) -> None:
    if "code" in changes:
        price_list.code = slugs.check_slug(checks.text(changes["code"], "code", most=64), field="code")
    if "currency" in changes:
        only = changes["currency"]
        price_list.currency = money.check_currency(only) if only else None
    if "starts_at" in changes:
        price_list.starts_at = changes["starts_at"]
    if "ends_at" in changes:
        price_list.ends_at = changes["ends_at"]
    if "metadata" in changes:
        price_list.details = checks.metadata(changes["metadata"])
    price_list.is_active = changes.get("is_active", price_list.is_active)
    price_list.is_automatic = changes.get("is_automatic", price_list.is_automatic)
    price_list.is_sale = changes.get("is_sale", price_list.is_sale)
    if "priority" in changes:
        price_list.priority = checks.whole(changes["priority"], "priority", least=-1000, most=1000)
    await _aim(context, price_list, changes)
    for moment in (price_list.starts_at, price_list.ends_at):
        if moment is not None and moment.tzinfo is None:
            raise errors.Invalid("a date needs a time zone", field="startsAt")
    if price_list.starts_at and price_list.ends_at and price_list.starts_at >= price_list.ends_at:
        raise errors.Invalid("the price list ends before it starts", field="endsAt")


async def _aim(context: Context, price_list: PriceList, changes: PriceListFacts) -> None:
    """Whom the list is for."""
    if "groups" in changes:
        price_list.groups = await groups(context, changes["groups"])
    if "channels" in changes:
        price_list.channels = channels(changes["channels"])
    if "countries" in changes:
        price_list.countries = countries(changes["countries"])


async def groups(context: Context, given: Collection[UUID]) -> list[UUID]:
    """Groups of customers, each once; raises `NotFound`."""
    found = sorted(checks.ids(list(given), most=MOST_NAMED))
    missing = set(found) - (await customer_groups.get_many(context, found)).keys()
    if missing:
        raise errors.NotFound(f"there is no group {min(missing)}", field="groups")
    return found


def channels(given: Collection[str], *, field: str = "channels") -> list[str]:
    """Codes of sales channels, each once; raises `Invalid`."""
    found = sorted({one.strip().lower() for one in given})
    for code in found:
        if not _CHANNEL.fullmatch(code):
            raise errors.Invalid("a channel's code is made of small letters, digits, - and _", field=field)
    return _few(found, field)


def countries(given: Collection[str], *, field: str = "countries") -> list[str]:
    """Countries by their ISO 3166-1 codes of two letters, each once; raises `Invalid`."""
    found = sorted({one.strip().upper() for one in given})
    for code in found:
        if code not in addresses.country_names("en"):
            raise errors.Invalid(f"{code[:8]!r} is no country's code (ISO 3166-1)", field=field)
    return _few(found, field)


def _few(found: list[str], field: str) -> list[str]:
    if len(found) > MOST_NAMED:
        raise errors.Invalid(f"at most {MOST_NAMED} {field}", field=field)
    return found


async def _flush(context: Context, price_list: PriceList) -> None:
    clash = CodeTaken(f"the code {price_list.code!r} belongs to another price list", field="code")
    with clashes.told_as(uq_commerce_price_lists_code=clash):
        await context.session.flush()
