"""Who says what a parcel costs: four providers of our own, and those that modules offer as values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rustok.commerce.baskets.shapes import Basket, BasketLine
from rustok.kernel import errors
from rustok.kernel.context import Context

PICKUP = "pickup"


class UnknownShippingProvider(errors.Invalid):
    """No module offers a shipping provider of this name."""

    code = "unknown_shipping_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A price from a weight in grams, or from a subtotal in minor units, on."""

    from_value: int
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is to be sent, by which method; `bands` are the method's prices in the basket's currency, lowest first."""

    basket: Basket
    lines: tuple[BasketLine, ...]  # those that need shipping
    weight: int  # grams
    method_id: UUID
    code: str
    bands: tuple[Band, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)  # of the method, for its provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What it costs. An estimate, if it is given, is told instead of the method's own."""

    price_minor: int
    estimate: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)  # kept with the order


@dataclass(frozen=True, kw_only=True)
class ShippingProvider:
    """Listed in `Module.offers`. `rates` gives None for what it cannot send, and may raise what it likes."""

    code: str
    name: str
    rates: Callable[[Context, Parcel], Awaitable[Rate | None]]
    seconds: float = 5.0  # how long it may take


async def _flat(_: Context, parcel: Parcel) -> Rate | None:
    return Rate(price_minor=parcel.bands[0].price_minor) if parcel.bands else None


async def _by_weight(_: Context, parcel: Parcel) -> Rate | None:
    return _banded(parcel.bands, parcel.weight)


async def _by_price(_: Context, parcel: Parcel) -> Rate | None:
    return _banded(parcel.bands, parcel.basket.subtotal_minor)


async def _pickup(_: Context, parcel: Parcel) -> Rate | None:
    """Free unless a price says otherwise."""
    return Rate(price_minor=parcel.bands[0].price_minor if parcel.bands else 0)


def _banded(bands: Sequence[Band], value: int) -> Rate | None:
    reached = [band for band in bands if band.from_value <= value]
    return Rate(price_minor=reached[-1].price_minor) if reached else None


BUILT_IN = (
    ShippingProvider(code="flat", name="One price", rates=_flat),
    ShippingProvider(code="by_weight", name="By weight", rates=_by_weight),
    ShippingProvider(code="by_price", name="By the goods' price", rates=_by_price),
    ShippingProvider(code=PICKUP, name="Pick-up", rates=_pickup),
)


def known(context: Context) -> dict[str, ShippingProvider]:
    """Every provider by its code; nobody can stand in for one of ours."""
    return {one.code: one for one in (*context.installation.offered(ShippingProvider), *BUILT_IN)}


def named(context: Context, code: str) -> ShippingProvider:
    """The provider; raises `UnknownShippingProvider`."""
    found = known(context).get(code)
    if found is None:
        raise UnknownShippingProvider(f"there is no shipping provider {code[:64]!r}", field="provider")
    return found
