"""The arithmetic of taxes: whole amounts of minor units whose parts always sum to the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from rustok.kernel import money


@dataclass(frozen=True, slots=True)
class Rate:
    """One tax as a fraction (0.19); a compound one is also due on the taxes before it."""

    name: str
    rate: Decimal
    compound: bool = False


def effective(rates: Sequence[Rate]) -> list[Fraction]:
    """What part of the net amount each tax is."""
    found: list[Fraction] = []
    for one in rates:
        base = 1 + sum(found) if one.compound else Fraction(1)
        found.append(Fraction(one.rate) * base)
    return found


def whole(amount: int, rates: Sequence[Rate], *, included: bool) -> int:
    """All taxes on an amount that holds them already, or does not; halves are rounded up."""
    part = sum(effective(rates), Fraction(0))
    exact = amount * part / (1 + part) if included else amount * part
    return int(exact + Fraction(1, 2))


def shares(amounts: Sequence[int], rates: Sequence[Rate], *, included: bool) -> list[list[int]]:
    """For each amount what is due by each rate, in the order of both.

    The tax on all of them together is rounded once and shared among the amounts by the largest remainder, then each
    amount's share among the rates, so that no rate drifts from its exact part over many lines.
    """
    if not rates or not amounts:
        return [[] for _ in amounts]
    of_amounts = money.split(whole(sum(amounts), rates, included=included), amounts)
    weights = effective(rates)
    total = sum(weights, Fraction(0))
    due, given = Fraction(0), [Fraction(0)] * len(rates)
    found = []
    for tax in of_amounts:
        due += tax
        targets = [due * weight / total if total else Fraction(0) for weight in weights]
        missing = [max(target - had, Fraction(0)) for target, had in zip(targets, given, strict=True)]
        denominator = lcm(*(one.denominator for one in missing))
        parts = money.split(tax, [int(one * denominator) for one in missing]) if tax else [0] * len(rates)
        given = [had + part for had, part in zip(given, parts, strict=True)]
        found.append(parts)
    return found
