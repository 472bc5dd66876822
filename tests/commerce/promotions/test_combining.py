"""The arithmetic of promotions, without a database: no line below zero, no cent lost, the same answer every time."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.commerce.baskets.shapes import Basket, BasketLine, Buyer, ShippingChoice
from rustok.commerce.promotions import combining
from rustok.commerce.promotions.effects import Offer
from rustok.commerce.promotions.models import KINDS, STACKS
from rustok.commerce.promotions.shapes import Conditions, Reward, Selection, stack_of
from rustok.kernel.ids import generate_id

PRODUCTS = [UUID(int=number) for number in range(1, 5)]
AT = datetime(2026, 1, 1, tzinfo=UTC)


def offer(kind: str, *, target: Selection | None = None, **given_: Any) -> Offer:
    """A promotion that stands beside the other classes."""
    apart = {"priority", "combines_with", "code", "id"}
    reward = Reward(**{key: value for key, value in given_.items() if key not in apart})
    stack = stack_of(kind, reward)
    return Offer(
        id=given_.get("id") or generate_id(),
        code=given_.get("code"),
        title=kind,
        kind=kind,
        reward=reward,
        target=target or Selection(),
        conditions=Conditions(),
        priority=given_.get("priority", 0),
        stack=stack,
        combines_with=frozenset(given_.get("combines_with", [one for one in STACKS if one != stack])),
    )


def basket(*lines: tuple[int, int], shipping: int | None = None, discountable: bool = True) -> Basket:
    """Lines of (unit price, quantity), each of a product of its own."""
    return Basket(
        currency="EUR",
        at=AT,
        buyer=Buyer(),
        lines=tuple(
            BasketLine(
                id=generate_id(),
                variant_id=PRODUCTS[place % 4],
                product_id=PRODUCTS[place % 4],
                quantity=quantity,
                unit_minor=unit,
                discountable=discountable,
            )
            for place, (unit, quantity) in enumerate(lines)
        ),
        shipping=None
        if shipping is None
        else ShippingChoice(method_id=generate_id(), code="parcel", name="Parcel", price_minor=shipping),
    )


def off(given_: Basket, *offers: Offer) -> list[int]:
    """What each line, and then the shipping, is reduced by."""
    outcome = combining.combine(given_, offers).outcome
    keys: list[UUID | None] = [*(line.id for line in given_.lines), None]
    return [sum(amounts.get(key, 0) for _, amounts in outcome.taken) for key in keys]


_percents = st.decimals(min_value=Decimal("0.5"), max_value=100, places=1)
_amounts = st.integers(1, 20_000).map(lambda minor: {"EUR": minor})
_selections = st.one_of(
    st.just(Selection()),
    st.sets(st.sampled_from(PRODUCTS), min_size=1).map(lambda ids: Selection(products=frozenset(ids))),
)


@st.composite
def _offers(draw: st.DrawFn) -> Offer:
    kind = draw(st.sampled_from(KINDS))
    reward: dict[str, Any] = {}
    if kind == "percentage":
        reward = {"percent": draw(_percents), "each": draw(st.sampled_from(["order", "line"]))}
    elif kind == "fixed_amount":
        reward = {"amounts": draw(_amounts), "each": draw(st.sampled_from(["order", "line", "piece"]))}
    elif kind == "fixed_price":
        reward = {"amounts": draw(_amounts)}
    elif kind == "shipping":
        reward = draw(st.one_of(_percents.map(lambda p: {"percent": p}), _amounts.map(lambda a: {"amounts": a})))
    else:
        reward = {
            "buy": draw(st.integers(1, 3)),
            "get": draw(st.integers(1, 3)),
            "percent": draw(st.one_of(st.none(), _percents)),
            "times": draw(st.one_of(st.none(), st.integers(1, 3))),
            "bought": draw(st.one_of(st.none(), _selections)),
        }
    if kind in ("percentage", "buy_x_get_y"):
        reward["most"] = draw(st.one_of(st.just({}), _amounts))
    return offer(
        kind,
        target=draw(_selections),
        priority=draw(st.integers(0, 1)),
        combines_with=draw(st.sets(st.sampled_from(STACKS))),
        **reward,
    )


_baskets = st.builds(
    lambda lines, shipping: basket(*lines, shipping=shipping),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 20)), max_size=6),
    st.one_of(st.none(), st.integers(0, 2_000)),
)


@settings(max_examples=400, deadline=None)
@given(_baskets, st.lists(_offers(), max_size=5))
def test_nothing_is_ever_reduced_below_zero_and_nothing_is_lost(given_: Basket, offers: list[Offer]) -> None:
    combined = combining.combine(given_, offers)
    prices = {line.id: line.subtotal_minor for line in given_.lines}
    all_prices: dict[UUID | None, int] = {**prices, None: given_.shipping.price_minor if given_.shipping else 0}
    for taken, amounts in combined.outcome.taken:
        assert all(amount > 0 for amount in amounts.values())
        assert (taken.stack == "shipping") == (None in amounts)
        if most := taken.reward.most.get("EUR"):
            assert sum(amounts.values()) <= most
        for key, amount in amounts.items():
            all_prices[key] -= amount
    assert min(all_prices.values()) >= 0
    chosen = [one for one, _ in combined.outcome.taken]
    assert {one.id for one in chosen} | combined.kept_out.keys() == {one.id for one in offers}
    for one in chosen:
        assert not any(one.excludes(other) for other in chosen if other is not one)
    assert combining.combine(given_, list(reversed(offers))) == combined


@settings(max_examples=300, deadline=None)
@given(_baskets, st.integers(1, 500_000))
def test_an_amount_off_the_order_arrives_whole(given_: Basket, minor: int) -> None:
    assert sum(off(given_, offer("fixed_amount", amounts={"EUR": minor}))) == min(minor, given_.subtotal_minor)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5_000), st.integers(1, 9)), min_size=1, max_size=6), st.integers(1, 3))
def test_the_cheapest_pieces_are_given(lines: list[tuple[int, int]], get: int) -> None:
    given_ = basket(*lines)
    pieces = sorted(unit for unit, quantity in lines for _ in range(quantity))
    free = len(pieces) // (2 + get) * get

    assert sum(off(given_, offer("buy_x_get_y", buy=2, get=get))) == sum(pieces[:free])


def test_every_kind_does_what_it_says() -> None:
    given_ = basket((1000, 1), (333, 3), shipping=490)

    assert off(given_, offer("percentage", percent=Decimal(15), each="line")) == [150, 150, 0]
    assert off(given_, offer("percentage", percent=Decimal(15))) == [150, 150, 0]
    assert off(given_, offer("percentage", percent=Decimal(50), most={"EUR": 100})) == [50, 50, 0]
    assert off(given_, offer("fixed_amount", amounts={"EUR": 500})) == [250, 250, 0]
    assert off(given_, offer("fixed_amount", amounts={"EUR": 100}, each="line")) == [100, 100, 0]
    assert off(given_, offer("fixed_amount", amounts={"EUR": 100}, each="piece")) == [100, 300, 0]
    assert off(given_, offer("fixed_amount", amounts={"EUR": 5000}, each="piece")) == [1000, 999, 0]
    assert off(given_, offer("fixed_price", amounts={"EUR": 300})) == [700, 99, 0]
    assert off(given_, offer("fixed_price", amounts={"EUR": 0})) == [1000, 999, 0]
    assert off(given_, offer("shipping", percent=Decimal(100))) == [0, 0, 490]
    assert off(given_, offer("shipping", amounts={"EUR": 600})) == [0, 0, 490]
    assert off(given_, offer("shipping", percent=Decimal(50), methods=("pickup",))) == [0, 0, 0]
    assert off(given_, offer("buy_x_get_y", buy=2, get=1)) == [0, 333, 0]
    assert off(given_, offer("buy_x_get_y", buy=1, get=1, percent=Decimal(50), times=1)) == [0, 167, 0]
    first = Selection(products=frozenset({PRODUCTS[0]}))
    assert off(given_, offer("percentage", percent=Decimal(15), target=first)) == [150, 0, 0]


def test_what_must_not_be_discounted_is_left_alone() -> None:
    given_ = basket((1000, 3), discountable=False)

    for one in (offer("percentage", percent=Decimal(15)), offer("buy_x_get_y", buy=1, get=1)):
        assert off(given_, one) == [0, 0]


def test_bought_and_given_pieces_may_be_different_ones() -> None:
    given_ = basket((1000, 2), (500, 2))
    first, second = Selection(products=frozenset({PRODUCTS[0]})), Selection(products=frozenset({PRODUCTS[1]}))

    assert off(given_, offer("buy_x_get_y", buy=1, get=1, bought=first, target=second)) == [0, 1000, 0]
    assert off(given_, offer("buy_x_get_y", buy=2, get=1, bought=first, target=second)) == [0, 500, 0]
    assert off(given_, offer("buy_x_get_y", buy=3, get=1, bought=first, target=second)) == [0, 0, 0]
    # Bought may be anything: the dear ones are, so that both cheap ones can be given.
    assert off(given_, offer("buy_x_get_y", buy=1, get=1, bought=Selection(), target=second)) == [0, 1000, 0]


def test_the_best_of_equals_wins_unless_a_priority_is_set() -> None:
    given_ = basket((1000, 1))
    small, big = (offer("percentage", percent=Decimal(n)) for n in (10, 20))
    assert off(given_, small, big) == [200, 0]

    first = offer("percentage", percent=Decimal(10), priority=1)
    combined = combining.combine(given_, [first, big])
    assert combined.outcome.saved == 100
    assert combined.kept_out == {big.id: first}


def test_two_that_fit_together_beat_one_exclusive_if_they_save_more() -> None:
    given_ = basket((1000, 1), shipping=300)
    alone = offer("percentage", percent=Decimal(30), combines_with=())
    beside = [offer("percentage", percent=Decimal(20)), offer("shipping", percent=Decimal(100))]

    assert off(given_, alone, *beside) == [200, 300]
    assert off(given_, alone, beside[1]) == [0, 300] or off(given_, alone, beside[1]) == [300, 0]


def test_promotions_on_items_share_a_basket_but_not_a_line() -> None:
    given_ = basket((1000, 1), (1000, 1))
    all_, one = (
        offer("percentage", percent=Decimal(10), each="line"),
        offer("percentage", percent=Decimal(30), each="line", target=Selection(products=frozenset({PRODUCTS[0]}))),
    )
    assert off(given_, all_, one) == [300, 100, 0]

    sharing = [
        offer("percentage", percent=Decimal(50), each="line", combines_with=STACKS, id=UUID(int=n)) for n in (1, 2)
    ]
    assert off(given_, *sharing) == [750, 750, 0]  # the second is of what the first has left


def test_the_order_is_reduced_after_its_items() -> None:
    given_ = basket((1000, 1))
    item, order = offer("fixed_price", amounts={"EUR": 600}), offer("percentage", percent=Decimal(50))

    assert off(given_, order, item) == [700, 0]
