"""What one promotion takes off what: arithmetic on whole minor units, with nothing lost and nothing below zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from rustok.commerce.baskets.shapes import Basket, BasketLine
from rustok.commerce.promotions.shapes import Conditions, Reward, Selection
from rustok.kernel import money

SHIPPING = None  # the key of the shipping among the lines' ids
Amounts = dict[UUID | None, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A promotion that is looked at for a basket, with the code that brought it in."""

    id: UUID
    code: str | None
    title: str
    kind: str
    reward: Reward
    target: Selection
    conditions: Conditions
    priority: int
    stack: str
    combines_with: frozenset[str]

    @property
    def exclusive(self) -> bool:
        """Nothing else may stand beside it."""
        return not self.combines_with

    def excludes(self, other: "Offer") -> bool:
        """Whether the two cannot both be in one basket. Two on items can, on different lines: see `shares_lines`."""
        if self.exclusive or other.exclusive:
            return True
        return not (self.stack == other.stack == "item") and not self._welcomes(other)

    def shares_lines(self, other: "Offer") -> bool:
        """Whether two promotions on items may reduce the same line."""
        return self._welcomes(other)

    def _welcomes(self, other: "Offer") -> bool:
        return other.stack in self.combines_with and self.stack in other.combines_with


def taken_off(offer: Offer, basket: Basket, left: Mapping[UUID | None, int], lines: Sequence[BasketLine]) -> Amounts:
    """What the promotion takes off each of the lines, or off the shipping; `left` is what they cost just before.

    Every amount is positive, and none is more than what is left.
    """
    amounts = _amounts(offer, basket, left, lines)
    most = offer.reward.most.get(basket.currency)
    if most is not None and sum(amounts.values()) > most:
        amounts = dict(zip(amounts, money.split(most, list(amounts.values())), strict=True))
    return {key: amount for key, amount in amounts.items() if amount > 0}


def part(minor: int, percent: Decimal) -> int:
    """So many percent of an amount, half a minor unit rounded up, never more than the amount."""
    millionths = int(percent * 10_000)  # percentages have at most four decimals
    return min((2 * minor * millionths + 1_000_000) // 2_000_000, minor)


def _amounts(offer: Offer, basket: Basket, left: Mapping[UUID | None, int], lines: Sequence[BasketLine]) -> Amounts:
    reward, fixed = offer.reward, offer.reward.amounts.get(basket.currency)
    if offer.kind == "shipping":
        return _off_shipping(offer, basket, left[SHIPPING])
    if offer.kind == "buy_x_get_y":
        return _given_away(offer, basket, left, lines)
    if offer.kind == "percentage":
        percent = reward.percent or Decimal(0)
        if reward.each == "order":
            return _spread(part(sum(left[line.id] for line in lines), percent), left, lines)
        return {line.id: part(left[line.id], percent) for line in lines}
    if fixed is None:
        return {}
    if offer.kind == "fixed_price":
        return {line.id: left[line.id] - fixed * line.quantity for line in lines}
    if reward.each == "order":
        return _spread(fixed, left, lines)
    pieces = reward.each == "piece"
    return {line.id: min(left[line.id], fixed * (line.quantity if pieces else 1)) for line in lines}


def _spread(minor: int, left: Mapping[UUID | None, int], lines: Sequence[BasketLine]) -> Amounts:
    weights = [left[line.id] for line in lines]
    return dict(zip((line.id for line in lines), money.split(min(minor, sum(weights)), weights), strict=True))


def _off_shipping(offer: Offer, basket: Basket, left: int) -> Amounts:
    reward, chosen = offer.reward, basket.shipping
    if chosen is None or (reward.methods and chosen.code not in reward.methods):
        return {}
    if reward.percent is not None:
        return {SHIPPING: part(left, reward.percent)}
    return {SHIPPING: min(left, reward.amounts.get(basket.currency, 0))}


def _given_away(offer: Offer, basket: Basket, left: Mapping[UUID | None, int], lines: Sequence[BasketLine]) -> Amounts:
    """The cheapest pieces are given. A piece that counts as bought is not given, and none counts twice."""
    reward = offer.reward
    bought = reward.bought or offer.target
    buying = {line.id for line in basket.lines if line.discountable and bought.holds(line)}
    giving = [line for line in lines if left[line.id]]
    both = sum(line.quantity for line in giving if line.id in buying)
    only_given = sum(line.quantity for line in giving) - both
    only_bought = sum(line.quantity for line in basket.lines if line.id in buying) - both
    times = _times(reward, only_bought, only_given, both)
    missing = times * reward.get
    spare = both - max(0, times * reward.buy - only_bought)  # of the pieces that could be either
    given: Amounts = {}
    for line in sorted(giving, key=lambda one: (one.unit_minor, one.id)):
        pieces = min(missing, line.quantity if line.id not in buying else min(line.quantity, spare))
        if pieces <= 0:
            continue
        missing -= pieces
        if line.id in buying:
            spare -= pieces
        price = left[line.id] if pieces == line.quantity else left[line.id] * pieces // line.quantity
        given[line.id] = part(price, reward.percent if reward.percent is not None else Decimal(100))
    return given


def _times(reward: Reward, only_bought: int, only_given: int, both: int) -> int:
    """How often the pieces are enough for one more round of buying and getting."""

    def enough(times: int) -> bool:
        return max(0, times * reward.buy - only_bought) + max(0, times * reward.get - only_given) <= both

    low, high = 0, (only_bought + only_given + both) // (reward.buy + reward.get)
    if reward.times is not None:
        high = min(high, reward.times)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if enough(middle) else (low, middle - 1)
    return low
