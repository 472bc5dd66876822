"""What a piece costs for somebody, somewhere, at a moment, and why: every price looked at, and what it lost by.

Of the price lists that hold for the buyer, the one with the highest priority decides; among equals the one with the
lowest price for the wanted quantity, and then the one whose code comes first. Within a list the highest tier that the
quantity reaches counts. Only where no list has a price does the base price hold.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from rustok.commerce.baskets.shapes import Buyer, Destination
from rustok.commerce.pricing.models import Price, PriceList
from rustok.core.rows import is_one_of, is_one_of_texts
from rustok.kernel import money
from rustok.kernel.context import Context

MOST_TOLD = 20
CHOSEN = "chosen"
Prices = Mapping[tuple[UUID, str], Sequence[Any]]  # by variant and currency: rows with their lists


@dataclass(frozen=True, slots=True)
class Candidate:
    """A price that was looked at. `verdict` is `chosen`, or why it is not:

    inactive | not_started | ended | not_named | other_group | other_channel | other_country | quantity | lower_tier |
    lower_priority | dearer | later_code | base.
    """

    price_list: str | None  # its code; None is the base price
    name: str
    min_quantity: int
    price_minor: int
    compare_at_minor: int | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Explained:
    """What one piece costs, and why. The chosen candidate stands first, then what came closest."""

    price_minor: int
    compare_at_minor: int | None
    price_list: str | None
    min_quantity: int
    candidates: tuple[Candidate, ...]

    @property
    def public(self) -> tuple[Candidate, ...]:
        """The candidates without lists that do not hold for this buyer now: nobody is shown what others pay."""
        return tuple(one for one in self.candidates if one.verdict in _NEAR)

    def told(self) -> dict[str, Any]:
        """As JSON, to be kept with a line of an order and shown to its buyer: the public candidates, not too many."""
        return {
            "price_list": self.price_list,
            "min_quantity": self.min_quantity,
            "price_minor": self.price_minor,
            "candidates": [
                {
                    "price_list": one.price_list,
                    "min_quantity": one.min_quantity,
                    "price_minor": one.price_minor,
                    "verdict": one.verdict,
                }
                for one in self.public[:MOST_TOLD]
            ],
        }


async def explain_many(
    context: Context,
    quantities: Mapping[UUID, int],
    *,
    currency: str,
    buyer: Buyer,
    destination: Destination,
    channel: str | None,
    at: datetime,
    price_list: str | None = None,
) -> dict[UUID, Explained]:
    """The price of every variant that has one in the currency, in one statement. Raises `InvalidMoney`.

    `price_list` names a list that holds whoever the buyer is, while it is active and its dates hold.
    """
    return explain(
        await load(context, quantities, [currency]),
        quantities,
        currency=currency,
        buyer=buyer,
        destination=destination,
        channel=channel,
        at=at,
        price_list=price_list,
    )


async def load(context: Context, variant_ids: Collection[UUID], currencies: Collection[str]) -> Prices:
    """Every price of the variants in the currencies, for `explain`. Raises `InvalidMoney`."""
    for currency in currencies:
        money.check_currency(currency)
    prices: dict[tuple[UUID, str], list[Any]] = {}
    if not variant_ids:
        return prices
    found = await context.session.execute(
        select(
            Price.variant_id,
            Price.currency,
            Price.min_quantity,
            Price.amount_minor,
            Price.compare_at_minor,
            PriceList.id,
            PriceList.code,
            PriceList.name,
            PriceList.priority,
            PriceList.is_active,
            PriceList.is_automatic,
            PriceList.is_sale,
            PriceList.starts_at,
            PriceList.ends_at,
            PriceList.groups,
            PriceList.channels,
            PriceList.countries,
        )
        .outerjoin(PriceList, and_(PriceList.tenant_id == Price.tenant_id, PriceList.id == Price.price_list_id))
        .where(
            Price.tenant_id == context.tenant_id,
            is_one_of(Price.variant_id, variant_ids),
            is_one_of_texts(Price.currency, currencies),
        )
    )
    for row in found:
        prices.setdefault((row.variant_id, row.currency), []).append(row)
    return prices


def explain(
    prices: Prices,
    quantities: Mapping[UUID, int],
    *,
    currency: str,
    buyer: Buyer,
    destination: Destination,
    channel: str | None,
    at: datetime,
    price_list: str | None = None,
) -> dict[UUID, Explained]:
    """The same as `explain_many` from prices that were loaded: nothing is asked of the database."""
    refusals: dict[UUID | None, str | None] = {None: None}  # of the lists, each looked at once
    for row in (row for variant_id in quantities for row in prices.get((variant_id, currency), ())):
        if row.id not in refusals:
            refusals[row.id] = (
                _out_of_force(row, at)
                if price_list is not None and row.code == price_list
                else _out_of_force(row, at) or _not_for(row, buyer, destination, channel)
            )
    explained: dict[UUID, Explained] = {}
    for variant_id, quantity in quantities.items():
        one = _decide(prices.get((variant_id, currency), ()), quantity, refusals, price_list)
        if one is not None:
            explained[variant_id] = one
    return explained


def _out_of_force(row: Any, at: datetime) -> str | None:
    if not row.is_active:
        return "inactive"
    if row.starts_at is not None and at < row.starts_at:
        return "not_started"
    if row.ends_at is not None and at >= row.ends_at:
        return "ended"
    return None


def _not_for(row: Any, buyer: Buyer, destination: Destination, channel: str | None) -> str | None:
    if not row.is_automatic:
        return "not_named"
    if row.groups and buyer.groups.isdisjoint(row.groups):
        return "other_group"
    if row.channels and channel not in row.channels:
        return "other_channel"
    if row.countries and destination.country not in row.countries:
        return "other_country"
    return None


def _decide(
    rows: Sequence[Any], quantity: int, refusals: Mapping[UUID | None, str | None], named: str | None
) -> Explained | None:
    best: dict[UUID | None, Any] = {}  # of every list that holds, the highest tier that is reached
    for row in rows:
        if refusals[row.id] is None and row.min_quantity <= quantity:
            present = best.get(row.id)
            if present is None or row.min_quantity > present.min_quantity:
                best[row.id] = row
    if not best:
        return None

    def rank(row: Any) -> tuple[bool, bool, int, int, str]:
        """The lowest wins: the named list, then lists before the base price, by priority, price and code."""
        listed = row.id is not None
        own = listed and row.code == named
        return not own, not listed, -(row.priority or 0), row.amount_minor, row.code or ""

    chosen = min(best.values(), key=rank)

    def verdict(row: Any) -> str:
        refused = refusals[row.id]
        if refused is not None:
            return refused
        if row.min_quantity > quantity:
            return "quantity"
        if row is chosen:
            return CHOSEN
        if best[row.id] is not row:
            return "lower_tier"
        if row.id is None:
            return "base"
        if rank(row)[0] != rank(chosen)[0] or row.priority < chosen.priority:
            return "lower_priority"
        return "dearer" if row.amount_minor > chosen.amount_minor else "later_code"

    judged = [(verdict(row), row) for row in rows]
    judged.sort(key=lambda pair: (_closeness(pair[0]), rank(pair[1]), -pair[1].min_quantity))
    return Explained(
        price_minor=chosen.amount_minor,
        compare_at_minor=_compare_at(chosen, best.get(None)),
        price_list=chosen.code,
        min_quantity=chosen.min_quantity,
        candidates=tuple(
            Candidate(row.code, row.name or "", row.min_quantity, row.amount_minor, row.compare_at_minor, said)
            for said, row in judged
        ),
    )


_NEAR = (CHOSEN, "base", "dearer", "later_code", "lower_priority", "lower_tier", "quantity")


def _closeness(verdict: str) -> int:
    return _NEAR.index(verdict) if verdict in _NEAR else len(_NEAR)


def _compare_at(chosen: Any, base: Any | None) -> int | None:
    """What was crossed out: the row's own price before, or the base price beside a sale's; never below the price."""
    before: int | None = chosen.compare_at_minor
    if before is None and chosen.is_sale and base is not None:
        before = base.amount_minor
    return before if before is not None and before > chosen.amount_minor else None
