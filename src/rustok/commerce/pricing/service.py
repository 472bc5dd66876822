"""What can be done with prices: set them, and say what something costs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.pricing.models import Price, PriceList
from rustok.core.rows import is_one_of
from rustok.events.commerce import PriceChanged
from rustok.kernel import bus, errors, money
from rustok.kernel.context import Context
from rustok.kernel.money import Money

MOST_PRICES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """What one piece costs from `min_quantity` pieces on, in minor units; no price list means the base price."""

    currency: str
    amount_minor: int
    compare_at_minor: int | None = None
    min_quantity: int = 1
    price_list_id: UUID | None = None

    @property
    def place(self) -> tuple[str, UUID | None, int]:
        """What a variant has one price for."""
        return self.currency, self.price_list_id, self.min_quantity


@dataclass(frozen=True, slots=True)
class Resolved:
    """The price that holds for somebody now, and where it comes from."""

    price: Money
    compare_at: Money | None
    min_quantity: int
    price_list_id: UUID | None


def check_rows(given: Iterable[PriceRow]) -> list[PriceRow]:
    """The rows; raises `Invalid` for negative or huge amounts, unknown currencies and two prices in one place."""
    checked: dict[tuple[str, UUID | None, int], PriceRow] = {}
    for row in given:
        money.check_currency(row.currency)
        checks.whole(row.amount_minor, "amount", most=money.LARGEST_MINOR)
        if row.compare_at_minor is not None:
            checks.whole(row.compare_at_minor, "compareAt", most=money.LARGEST_MINOR)
        checks.whole(row.min_quantity, "minQuantity", least=1)
        if row.place in checked:
            raise errors.Invalid(f"two prices in {row.currency} from {row.min_quantity} pieces on", field="prices")
        checked[row.place] = row
    if len(checked) > MOST_PRICES:
        raise errors.Invalid(f"a variant has at most {MOST_PRICES} prices", field="prices")
    return list(checked.values())


async def set_prices(context: Context, variant_id: UUID, prices: Sequence[PriceRow]) -> list[Price]:
    """Make these the variant's prices, all of them. Raises `NotFound` for the variant or a price list, `Invalid`."""
    await set_many(context, {variant_id: prices})
    return (await prices_of(context, [variant_id])).get(variant_id, [])


async def set_many(context: Context, prices: Mapping[UUID, Sequence[PriceRow]]) -> set[UUID]:
    """The same for many variants at once; returns the variants whose prices are others now."""
    checked = {variant: check_rows(given) for variant, given in prices.items()}
    variants = await catalogue.lock_variants(context, checked)
    await _check_lists(context, [row for given in checked.values() for row in given])
    stored = await prices_of(context, list(checked))
    changed = {
        variant: given
        for variant, given in checked.items()
        if {row_of(price) for price in stored.get(variant, [])} != set(given)
    }
    await replace(context, changed)
    bus.record_many(context, [PriceChanged(variant_id=v, product_id=variants[v].product_id) for v in changed])
    return set(changed)


async def replace(context: Context, prices: Mapping[UUID, Sequence[PriceRow]]) -> None:
    """Write the prices of variants without asking or telling: for callers who have checked and will record."""
    if not prices:
        return
    await context.session.execute(
        delete(Price)
        .where(Price.tenant_id == context.tenant_id, is_one_of(Price.variant_id, prices))
        .execution_options(synchronize_session=False)
    )
    await insert(context, prices)


async def insert(context: Context, prices: Mapping[UUID, Sequence[PriceRow]]) -> None:
    """Add prices to variants that have none."""
    await batches.insert(
        context,
        Price,
        [
            {
                "variant_id": variant,
                "currency": row.currency,
                "price_list_id": row.price_list_id,
                "min_quantity": row.min_quantity,
                "amount_minor": row.amount_minor,
                "compare_at_minor": row.compare_at_minor,
            }
            for variant, given in prices.items()
            for row in given
        ],
    )


async def prices_of(context: Context, variant_ids: Collection[UUID]) -> dict[UUID, list[Price]]:
    """All prices of the variants, base prices first, then by currency and quantity."""
    found: dict[UUID, list[Price]] = {}
    if variant_ids:
        statement = (
            select(Price)
            .where(Price.tenant_id == context.tenant_id, is_one_of(Price.variant_id, variant_ids))
            .order_by(Price.variant_id, Price.price_list_id.nulls_first(), Price.currency, Price.min_quantity)
            .execution_options(populate_existing=True)
        )
        for price in (await context.session.scalars(statement)).all():
            found.setdefault(price.variant_id, []).append(price)
    return found


async def resolve(
    context: Context,
    variant_id: UUID,
    *,
    currency: str | None = None,
    quantity: int = 1,
    price_list: str | None = None,
    at: datetime | None = None,
) -> Resolved | None:
    """What one piece of the variant costs when `quantity` are bought; nothing when it has no price in the currency."""
    found = await resolve_many(context, {variant_id: quantity}, currency=currency, price_list=price_list, at=at)
    return found.get(variant_id)


async def resolve_many(
    context: Context,
    quantities: Mapping[UUID, int],
    *,
    currency: str | None = None,
    price_list: str | None = None,
    at: datetime | None = None,
) -> dict[UUID, Resolved]:
    """The same for several variants in one statement.

    A price of the price list named by its code wins over a base price while the list is active and its dates hold;
    within both, the highest tier that the quantity reaches wins.
    """
    wanted_currency = money.check_currency(currency or context.currency)
    if not quantities:
        return {}
    base: ColumnElement[bool] = Price.price_list_id.is_(None)
    allowed = base if price_list is None else or_(base, _in_force(price_list, at or context.now))
    statement = (
        select(Price)
        .outerjoin(PriceList, and_(PriceList.tenant_id == Price.tenant_id, PriceList.id == Price.price_list_id))
        .where(
            Price.tenant_id == context.tenant_id,
            is_one_of(Price.variant_id, quantities),
            Price.currency == wanted_currency,
            allowed,
        )
        .order_by(Price.variant_id, Price.price_list_id.nulls_last(), Price.min_quantity.desc())
    )
    found: dict[UUID, Resolved] = {}
    for price in (await context.session.scalars(statement)).all():
        if price.variant_id not in found and quantities[price.variant_id] >= price.min_quantity:
            before = price.compare_at_minor
            found[price.variant_id] = Resolved(
                price=Money(price.amount_minor, price.currency),
                compare_at=None if before is None else Money(before, price.currency),
                min_quantity=price.min_quantity,
                price_list_id=price.price_list_id,
            )
    return found


def _in_force(code: str, at: datetime) -> ColumnElement[bool]:
    return and_(
        PriceList.code == code,
        PriceList.is_active,
        or_(PriceList.starts_at.is_(None), PriceList.starts_at <= at),
        or_(PriceList.ends_at.is_(None), PriceList.ends_at > at),
    )


async def _check_lists(context: Context, given: Sequence[PriceRow]) -> None:
    named = {row.price_list_id for row in given if row.price_list_id is not None}
    if not named:
        return
    lists = await context.session.execute(
        select(PriceList.id, PriceList.currency).where(
            PriceList.tenant_id == context.tenant_id, PriceList.id.in_(named)
        )
    )
    currencies: dict[UUID, str | None] = dict(lists.all())
    for row in given:
        if row.price_list_id is None:
            continue
        if row.price_list_id not in currencies:
            raise errors.NotFound("no such price list", field="priceListId")
        only = currencies[row.price_list_id]
        if only is not None and only != row.currency:
            raise errors.Invalid(f"the price list holds prices in {only} only", field="currency")


def row_of(price: Price) -> PriceRow:
    """The price as a value."""
    return PriceRow(
        currency=price.currency,
        amount_minor=price.amount_minor,
        compare_at_minor=price.compare_at_minor,
        min_quantity=price.min_quantity,
        price_list_id=price.price_list_id,
    )
