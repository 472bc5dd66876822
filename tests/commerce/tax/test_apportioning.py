"""Parts of taxes always sum to the whole, whatever the amounts, the rates and the currency."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rustok.commerce.baskets.shapes import Taxable
from rustok.commerce.tax import apportioning, calculating
from rustok.commerce.tax.apportioning import Rate
from rustok.commerce.tax.calculating import Rules
from rustok.commerce.tax.models import Rounding, ShippingTax
from rustok.kernel.ids import generate_id

# Minor units of currencies with 0, 2 and 3 decimals look alike from here: from a yen to a million dinars.
AMOUNTS = st.lists(st.integers(0, 10**9) | st.integers(0, 30), min_size=1, max_size=40)
RATES = st.lists(
    st.builds(Rate, st.sampled_from("abc"), st.decimals(0, 2, places=6), st.booleans()), min_size=1, max_size=5
)


def exact(amount: int, rates: list[Rate], *, included: bool) -> Fraction:
    """What the taxes are before anything is rounded."""
    part = sum(apportioning.effective(rates), Fraction(0))
    return amount * part / (1 + part) if included else amount * part


@given(AMOUNTS, RATES, st.booleans())
def test_shares_sum_to_the_whole_and_stay_near_what_is_exact(
    amounts: list[int], rates: list[Rate], included: bool
) -> None:
    found = apportioning.shares(amounts, rates, included=included)

    due = sum(map(sum, found))
    assert abs(due - exact(sum(amounts), rates, included=included)) <= Fraction(1, 2)
    weights, total = apportioning.effective(rates), sum(apportioning.effective(rates), Fraction(0))
    for amount, parts in zip(amounts, found, strict=True):
        assert min(parts) >= 0
        # The whole is at most half a unit from exact, and the largest remainder less than one more.
        assert abs(sum(parts) - exact(amount, rates, included=included)) < 2
        if included:
            assert sum(parts) <= amount
    for place, weight in enumerate(weights):
        of_rate = sum(parts[place] for parts in found)
        assert abs(of_rate - (due * weight / total if total else 0)) < len(rates)


def test_a_hundred_cents_are_shared_fairly_among_rates() -> None:
    rates = [Rate("State", Decimal("0.6")), Rate("City", Decimal("0.4"))]

    found = apportioning.shares([1] * 100, rates, included=False)

    assert [sum(parts) for parts in found] == [1] * 100
    assert [sum(parts[0] for parts in found), sum(parts[1] for parts in found)] == [60, 40]


def test_a_compound_tax_is_due_on_the_taxes_before_it() -> None:
    rates = [Rate("GST", Decimal("0.05")), Rate("QST", Decimal("0.1"), True)]

    assert apportioning.shares([10_000], rates, included=False) == [[500, 1050]]
    assert apportioning.shares([11_550], rates, included=True) == [[500, 1050]]


CLASSES = st.sampled_from([None, "standard", "reduced", "zero", "unheard-of"])
RULES = st.builds(
    Rules,
    included=st.booleans(),
    rates=st.fixed_dictionaries(
        {},
        optional={
            "standard": st.just((Rate("VAT", Decimal("0.19")),)),
            "reduced": st.just((Rate("VAT", Decimal("0.07")), Rate("Levy", Decimal("0.005"), True))),
            "zero": st.just((Rate("VAT", Decimal(0)),)),
        },
    ),
    default_class=st.sampled_from(["standard", None]),
    shipping_tax=st.sampled_from(list(ShippingTax)),
    rounding=st.sampled_from(list(Rounding)),
)
LINES = st.lists(st.tuples(st.integers(0, 10**7), CLASSES, st.booleans()), max_size=12)


@given(RULES, LINES, st.integers(0, 5000), CLASSES)
def test_every_part_belongs_to_an_item_and_never_takes_more_than_it_has(
    rules: Rules, lines: list[tuple[int, str | None, bool]], shipping: int, shipped_as: str | None
) -> None:
    items = [Taxable(id=generate_id(), amount_minor=a, tax_class=c, taxable=t) for a, c, t in lines]
    items.append(Taxable(id=None, amount_minor=shipping, tax_class=shipped_as))

    found = calculating.by_rules(rules, items)

    by_item = {item.id: sum(part.amount_minor for part in found.parts if part.id == item.id) for item in items}
    assert sum(by_item.values()) == sum(part.amount_minor for part in found.parts)
    assert len({(part.id, part.name, part.rate) for part in found.parts}) == len(found.parts)
    for item in items:
        assert 0 <= by_item[item.id] <= item.amount_minor
        assert item.taxable or by_item[item.id] == 0


def test_lines_with_one_rate_are_rounded_together_or_each_for_itself() -> None:
    rates = {"standard": (Rate("VAT", Decimal("0.19")),)}
    items = [Taxable(id=generate_id(), amount_minor=99) for _ in range(3)]

    together = calculating.by_rules(Rules(rates=rates, default_class="standard"), items)
    apart = calculating.by_rules(Rules(rates=rates, default_class="standard", rounding=Rounding.LINE), items)

    assert [part.amount_minor for part in together.parts] == [16, 16, 15]  # 47.4 on 2.97
    assert [part.amount_minor for part in apart.parts] == [16, 16, 16]


def test_shipping_is_taxed_by_its_class_or_like_its_goods() -> None:
    rates = {"standard": (Rate("VAT", Decimal("0.2")),), "reduced": (Rate("VAT", Decimal("0.1")),)}
    goods = [
        Taxable(id=generate_id(), amount_minor=3000),
        Taxable(id=generate_id(), amount_minor=1000, tax_class="reduced"),
    ]
    shipping = Taxable(id=None, amount_minor=400)
    by_class = Rules(included=False, rates=rates, default_class="standard")
    like_goods = Rules(included=False, rates=rates, default_class="standard", shipping_tax=ShippingTax.PROPORTIONAL)

    first = calculating.by_rules(by_class, [*goods, shipping])
    second = calculating.by_rules(like_goods, [*goods, shipping])

    assert [(p.rate, p.amount_minor) for p in first.parts if p.id is None] == [(Decimal("0.2"), 80)]
    assert [(p.rate, p.amount_minor) for p in second.parts if p.id is None] == [
        (Decimal("0.2"), 60),
        (Decimal("0.1"), 10),
    ]
