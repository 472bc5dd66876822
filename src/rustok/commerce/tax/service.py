"""What a tenant has decided about taxes."""

from collections.abc import Collection
from typing import TypedDict, Unpack
from uuid import UUID

from rustok.commerce.addresses import service as addresses
from rustok.commerce.catalogue import checks
from rustok.commerce.customers import groups as customer_groups
from rustok.commerce.places.service import BadPlace
from rustok.commerce.tax import calculating, providers
from rustok.commerce.tax.models import Rounding, ShippingTax, TaxSettings
from rustok.kernel import errors
from rustok.kernel.context import Context


class SettingsChanges(TypedDict, total=False):
    """What can be decided; what is absent stays."""

    prices_include_tax: bool
    default_country: str
    shipping_tax: ShippingTax
    rounding: Rounding
    provider: str
    exempt_groups: Collection[UUID]


async def settings(context: Context, *, lock: bool = False) -> TaxSettings:
    """The tenant's settings, or what holds without any (version 0)."""
    found = await context.session.get(
        TaxSettings, context.tenant_id, with_for_update=True if lock else None, populate_existing=True
    )
    return found or TaxSettings(
        tenant_id=context.tenant_id,
        prices_include_tax=True,
        default_country="",
        shipping_tax=ShippingTax.CLASS,
        rounding=Rounding.TOTAL,
        provider=calculating.ZONES,
        exempt_groups=[],
        version=0,
        updated_at=context.now,
    )


async def change(context: Context, *, version: int | None = None, **changes: Unpack[SettingsChanges]) -> TaxSettings:
    """Change what is given. Raises `Stale`, `BadPlace`, `UnknownTaxProvider`, `NotFound` (of a group)."""
    found = await settings(context, lock=True)
    checks.version(found.version, version)
    if "prices_include_tax" in changes:
        found.prices_include_tax = changes["prices_include_tax"]
    if "default_country" in changes:
        country = changes["default_country"].strip().upper()
        if country and country not in addresses.country_names("en"):
            raise BadPlace(f"{country[:8]!r} is no country's code (ISO 3166-1)", field="defaultCountry")
        found.default_country = country
    if "shipping_tax" in changes:
        found.shipping_tax = ShippingTax(changes["shipping_tax"])
    if "rounding" in changes:
        found.rounding = Rounding(changes["rounding"])
    if "provider" in changes:
        if changes["provider"] != calculating.ZONES:
            providers.named(context, changes["provider"])
        found.provider = changes["provider"]
    if "exempt_groups" in changes:
        groups = checks.ids(list(changes["exempt_groups"]))
        if len(groups) > 100:
            raise errors.Invalid("at most 100 groups", field="exemptGroupIds")
        added = set(groups) - set(found.exempt_groups)  # one that was removed since may stay
        if unknown := added - (await customer_groups.get_many(context, sorted(added))).keys():
            raise errors.NotFound(f"there is no customer group {min(unknown)}", field="exemptGroupIds")
        found.exempt_groups = sorted(groups)
    found.version += 1
    found.updated_at = context.now
    context.session.add(found)
    await context.session.flush()
    return found
