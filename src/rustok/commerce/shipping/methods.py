"""What can be done with shipping methods: their prices and terms are replaced as a whole."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, select, update

from rustok.commerce.catalogue import batches, checks, clashes
from rustok.commerce.shipping import providers, quoting, zones
from rustok.commerce.shipping.models import ShippingMethod, ShippingPrice, ShippingTerms
from rustok.core.rows import is_one_of
from rustok.core.translations import service as translations
from rustok.kernel import errors, money, slugs
from rustok.kernel.context import Context

MOST_PRICES = 500


class ShippingMethodTaken(errors.Conflict):
    """Another shipping method has this code."""

    code = "shipping_method_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceGiven:
    """A price from a weight in grams, or a subtotal in minor units, on."""

    currency: str
    price_minor: int
    from_value: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsGiven:
    """Conditions on the goods' subtotal in one currency, and from which one on shipping is free."""

    currency: str
    free_from_minor: int | None = None
    min_subtotal_minor: int | None = None
    max_subtotal_minor: int | None = None


class MethodFacts(TypedDict, total=False):
    """What can be said of a method besides its zone and name."""

    code: str
    estimate: str | None
    provider: str
    position: int
    is_active: bool
    tax_class: str | None
    min_weight: int
    max_weight: int | None
    location_id: UUID | None
    settings: Mapping[str, Any]
    prices: Sequence[PriceGiven]
    terms: Sequence[TermsGiven]


class MethodChanges(MethodFacts, total=False):
    """What of a method can be changed; what is absent stays."""

    name: str
    zone_id: UUID


async def get(context: Context, method_id: UUID, *, lock: bool = False) -> ShippingMethod:
    """The method; raises `NotFound`."""
    found = await context.session.get(
        ShippingMethod,
        (context.tenant_id, method_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such shipping method", field="id")
    return found


async def of_zones(context: Context, zone_ids: Collection[UUID]) -> dict[UUID, list[ShippingMethod]]:
    """The zones' methods in the order buyers see them, inactive ones too."""
    rows = await context.session.scalars(
        select(ShippingMethod)
        .where(ShippingMethod.tenant_id == context.tenant_id, is_one_of(ShippingMethod.zone_id, zone_ids))
        .order_by(ShippingMethod.position, ShippingMethod.code)
    )
    found: dict[UUID, list[ShippingMethod]] = {}
    for row in rows:
        found.setdefault(row.zone_id, []).append(row)
    return found


async def create(context: Context, zone_id: UUID, *, name: str, **given: Unpack[MethodFacts]) -> ShippingMethod:
    """Add a method to a zone; its code is made from the name where none is given.

    Raises `NotFound` for the zone, the location and the tax class, `ShippingMethodTaken`, `UnknownShippingProvider`.
    """
    zone = await zones.get(context, zone_id)
    name = checks.text(name, "name")
    method = ShippingMethod(
        tenant_id=context.tenant_id,
        zone_id=zone_id,
        name=name,
        code=slugs.slugify(f"{zone.code} {name}")[:64],
        estimate="",
        provider="flat",
        min_weight=0,
        is_active=True,
    )
    _apply(context, method, given)
    context.session.add(method)
    await _flush(context, method)
    await _fill(context, method, given)
    await context.session.refresh(method)
    return method


async def change(
    context: Context, method_id: UUID, *, version: int | None = None, **changes: Unpack[MethodChanges]
) -> ShippingMethod:
    """Change what is given. Raises as `create`, and `Stale`."""
    method = await get(context, method_id, lock=True)
    checks.version(method.version, version)
    if "name" in changes:
        method.name = checks.text(changes["name"], "name")
    if "zone_id" in changes:
        method.zone_id = (await zones.get(context, changes["zone_id"])).id
    _apply(context, method, changes)
    method.version += 1
    method.updated_at = context.now
    await _flush(context, method)
    await _fill(context, method, changes)
    return method


async def set_active(context: Context, method_ids: Sequence[UUID], *, active: bool) -> int:
    """Offer methods to buyers, or do not any more; returns how many were changed. Raises `NotFound`."""
    ids = checks.ids(method_ids)
    for method_id in sorted(ids):
        await get(context, method_id, lock=True)
    changed = await context.session.execute(
        update(ShippingMethod)
        .where(
            ShippingMethod.tenant_id == context.tenant_id,
            is_one_of(ShippingMethod.id, ids),
            ShippingMethod.is_active != active,
        )
        .values(is_active=active, version=ShippingMethod.version + 1, updated_at=context.now)
        .returning(ShippingMethod.id)
    )
    return len(changed.all())


async def remove_many(context: Context, method_ids: Sequence[UUID]) -> int:
    """Remove methods, all of them or none; orders keep what they were told. Raises `NotFound`."""
    ids = checks.ids(method_ids)
    for method_id in sorted(ids):
        await get(context, method_id, lock=True)
    await translations.delete_all(context, quoting.TARGET, ids)
    await context.session.execute(
        delete(ShippingMethod).where(ShippingMethod.tenant_id == context.tenant_id, is_one_of(ShippingMethod.id, ids))
    )
    return len(ids)


async def prices_of(context: Context, method_ids: Collection[UUID]) -> dict[UUID, list[PriceGiven]]:
    """The prices of methods, by currency and from the lowest weight or subtotal on."""
    found: dict[UUID, list[PriceGiven]] = {}
    rows = await context.session.scalars(
        select(ShippingPrice)
        .where(ShippingPrice.tenant_id == context.tenant_id, is_one_of(ShippingPrice.method_id, method_ids))
        .order_by(ShippingPrice.currency, ShippingPrice.from_value)
    )
    for row in rows.all():
        given = PriceGiven(currency=row.currency, price_minor=row.price_minor, from_value=row.from_value)
        found.setdefault(row.method_id, []).append(given)
    return found


async def terms_of(context: Context, method_ids: Collection[UUID]) -> dict[UUID, list[TermsGiven]]:
    """The terms of methods, by currency."""
    found: dict[UUID, list[TermsGiven]] = {}
    rows = await context.session.scalars(
        select(ShippingTerms)
        .where(ShippingTerms.tenant_id == context.tenant_id, is_one_of(ShippingTerms.method_id, method_ids))
        .order_by(ShippingTerms.currency)
    )
    for row in rows.all():
        given = TermsGiven(
            currency=row.currency,
            free_from_minor=row.free_from_minor,
            min_subtotal_minor=row.min_subtotal_minor,
            max_subtotal_minor=row.max_subtotal_minor,
        )
        found.setdefault(row.method_id, []).append(given)
    return found


def _apply(context: Context, method: ShippingMethod, changes: MethodFacts) -> None:
    if "code" in changes:
        method.code = slugs.check_slug(checks.text(changes["code"], "code", most=64), field="code")
    if "estimate" in changes:
        method.estimate = checks.optional_text(changes["estimate"], "estimate", most=500) or ""
    if "provider" in changes:
        method.provider = providers.named(context, changes["provider"]).code
    if "position" in changes:
        method.position = checks.whole(changes["position"], "position")
    if "tax_class" in changes:
        method.tax_class = checks.optional_text(changes["tax_class"], "taxClass", most=64)
    if "min_weight" in changes:
        method.min_weight = checks.whole(changes["min_weight"], "minWeightGrams")
    if "max_weight" in changes:
        method.max_weight = checks.measure(changes["max_weight"], "maxWeightGrams")
    if "location_id" in changes:
        method.location_id = changes["location_id"]
    if "settings" in changes:
        method.settings = checks.metadata(changes["settings"])
    method.is_active = changes.get("is_active", method.is_active)
    if method.max_weight is not None and method.max_weight < method.min_weight:
        raise errors.Invalid("the greatest weight is below the least one", field="maxWeightGrams")
    if method.provider == providers.PICKUP and method.location_id is None:
        raise errors.Invalid("say where goods are picked up", field="locationId")


async def _fill(context: Context, method: ShippingMethod, given: MethodFacts) -> None:
    tenant_id = context.tenant_id
    if "prices" in given:
        prices = _prices(given["prices"])
        await context.session.execute(
            delete(ShippingPrice).where(ShippingPrice.tenant_id == tenant_id, ShippingPrice.method_id == method.id)
        )
        await batches.insert(context, ShippingPrice, [{"method_id": method.id, **row} for row in prices])
    if "terms" in given:
        terms = _terms(given["terms"])
        await context.session.execute(
            delete(ShippingTerms).where(ShippingTerms.tenant_id == tenant_id, ShippingTerms.method_id == method.id)
        )
        await batches.insert(context, ShippingTerms, [{"method_id": method.id, **row} for row in terms])


def _prices(given: Sequence[PriceGiven]) -> list[dict[str, Any]]:
    if len(given) > MOST_PRICES:
        raise errors.Invalid(f"at most {MOST_PRICES} prices", field="prices")
    rows = [
        {
            "currency": money.check_currency(one.currency),
            "from_value": checks.whole(one.from_value, "prices", most=money.LARGEST_MINOR),
            "price_minor": checks.whole(one.price_minor, "prices", most=money.LARGEST_MINOR),
        }
        for one in given
    ]
    if len({(row["currency"], row["from_value"]) for row in rows}) < len(rows):
        raise errors.Invalid("two prices begin at the same weight or subtotal", field="prices")
    return rows


def _terms(given: Sequence[TermsGiven]) -> list[dict[str, Any]]:
    rows = []
    for one in given:
        row: dict[str, Any] = {"currency": money.check_currency(one.currency)}
        for name in ("free_from_minor", "min_subtotal_minor", "max_subtotal_minor"):
            value = getattr(one, name)
            row[name] = None if value is None else checks.whole(value, "terms", most=money.LARGEST_MINOR)
        if row["max_subtotal_minor"] is not None and row["max_subtotal_minor"] < (row["min_subtotal_minor"] or 0):
            raise errors.Invalid("the greatest subtotal is below the least one", field="terms")
        rows.append(row)
    if len({row["currency"] for row in rows}) < len(rows):
        raise errors.Invalid("two terms are for the same currency", field="terms")
    return rows


async def _flush(context: Context, method: ShippingMethod) -> None:
    with clashes.told_as(
        uq_commerce_shipping_methods_code=ShippingMethodTaken(
            f"the code {method.code!r} belongs to another shipping method", field="code"
        ),
        fk_commerce_shipping_methods_location=errors.NotFound("no such stock location", field="locationId"),
        fk_commerce_shipping_methods_tax_class=errors.NotFound("no such tax class", field="taxClass"),
    ):
        await context.session.flush()
