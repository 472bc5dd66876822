"""Which promotions stand beside each other.

The higher priority decides. Among promotions of the highest priority, the combination that saves the buyer most is
taken: each of them is tried as the first one, and then whatever still saves something joins in the order of priority,
saving, code before automatic, and age. Two promotions stand beside each other where each names the other's class.
Promotions on items that do not share lines may still reduce different lines of one basket.

Amounts are worked out in the order items, order, shipping: each sees what the ones before have left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rustok.commerce.baskets.shapes import Basket, BasketLine
from rustok.commerce.promotions import effects
from rustok.commerce.promotions.effects import SHIPPING, Amounts, Offer
from rustok.commerce.promotions.models import STACKS

MOST_TRIED = 8  # first ones: beyond that the order decides


@dataclass(frozen=True, slots=True)
class Outcome:
    """What every promotion takes off, in the order of applying; those that take nothing are not in it."""

    taken: tuple[tuple[Offer, Amounts], ...] = ()

    @property
    def saved(self) -> int:
        """All of it together."""
        return sum(sum(amounts.values()) for _, amounts in self.taken)


@dataclass(frozen=True, slots=True)
class Combined:
    """The outcome, and by whom every other promotion was kept out (None: it would have taken nothing)."""

    outcome: Outcome = Outcome()
    kept_out: dict[UUID, Offer | None] = field(default_factory=dict)


def combine(basket: Basket, offers: Sequence[Offer]) -> Combined:
    """The best allowed combination, by the rule above; the same basket always gives the same one."""
    scene = _Scene(basket, offers)
    alone = {offer.id: scene.after([offer]).saved for offer in offers}
    useless: dict[UUID, Offer | None] = {offer.id: None for offer in offers if not alone[offer.id]}
    ranked = sorted(
        (offer for offer in offers if alone[offer.id]),
        key=lambda one: (-one.priority, -alone[one.id], one.code is None, one.id),
    )
    if not ranked:
        return Combined(kept_out=useless)
    first = [offer for offer in ranked if offer.priority == ranked[0].priority][:MOST_TRIED]
    if not any(one.excludes(other) or _parts(one, other) for one in ranked for other in ranked if one is not other):
        first = first[:1]
    best, chosen = Outcome(), list[Offer]()
    for seed in first:
        outcome, members = _greedy(scene, [seed, *(offer for offer in ranked if offer is not seed)])
        if outcome.saved > best.saved:
            best, chosen = outcome, members
    there = {offer.id for offer in chosen}
    kept_out = useless | {offer.id: _rival(offer, chosen) for offer in ranked if offer.id not in there}
    return Combined(best, kept_out)


@dataclass(frozen=True, slots=True)
class _Step:
    """What is left of every line and of the shipping after some promotions, and which of them reduced which line."""

    left: Mapping[UUID | None, int]
    reduced: Mapping[UUID, tuple[Offer, ...]]
    taken: tuple[tuple[Offer, Amounts], ...] = ()


class _Scene:
    """A basket and, looked up once, which of its lines each promotion is for."""

    def __init__(self, basket: Basket, offers: Sequence[Offer]) -> None:
        self._basket = basket
        self._lines = {
            offer.id: [line for line in basket.lines if line.discountable and offer.target.holds(line)]
            for offer in offers
            if offer.stack != "shipping"
        }
        left: dict[UUID | None, int] = {line.id: line.subtotal_minor for line in basket.lines}
        left[SHIPPING] = basket.shipping.price_minor if basket.shipping else 0
        self.start = _Step(left, {})

    def after(self, offers: Sequence[Offer], step: _Step | None = None) -> Outcome:
        """What the promotions take off together after a step, items before the order before shipping."""
        now = step or self.start
        for offer in sorted(offers, key=lambda one: STACKS.index(one.stack)):
            now = self.then(now, offer)
        return Outcome(now.taken)

    def then(self, step: _Step, offer: Offer) -> _Step:
        """One promotion more: the same step where it takes nothing."""
        lines = self._open(offer, step)
        amounts = effects.taken_off(offer, self._basket, step.left, lines)
        if not amounts:
            return step
        left, reduced = dict(step.left), dict(step.reduced)
        for key, amount in amounts.items():
            left[key] -= amount
            if key is not None and offer.stack == "item":
                reduced[key] = (*reduced.get(key, ()), offer)
        return _Step(left, reduced, (*step.taken, (offer, amounts)))

    def _open(self, offer: Offer, step: _Step) -> list[BasketLine]:
        lines = self._lines.get(offer.id, [])
        if offer.stack != "item" or not step.reduced:
            return lines
        return [line for line in lines if all(offer.shares_lines(other) for other in step.reduced.get(line.id, ()))]


def _parts(one: Offer, other: Offer) -> bool:
    return one.stack == other.stack == "item" and not one.shares_lines(other)


def _greedy(scene: _Scene, order: Sequence[Offer]) -> tuple[Outcome, list[Offer]]:
    """Whoever still saves something joins. What items have lost is kept, so that a newcomer is only one step."""
    outcome, items, others = Outcome(), scene.start, list[Offer]()
    for offer in order:
        if any(offer.excludes(other) for other, _ in items.taken) or any(offer.excludes(other) for other in others):
            continue
        if offer.stack == "item":
            wider, beside = scene.then(items, offer), others
            if wider is items:
                continue
        else:
            wider, beside = items, [*others, offer]
        more = scene.after(beside, wider)
        if more.saved > outcome.saved:
            outcome, items, others = more, wider, beside
    return outcome, [offer for offer, _ in outcome.taken]


def _rival(offer: Offer, chosen: Sequence[Offer]) -> Offer | None:
    for other in chosen:
        if offer.excludes(other) or _parts(offer, other):
            return other
    return None
