"""The choice of a variant by links: which one is shown, and which one each value of an option leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """One value of an option: where it leads, whether it is chosen, whether the result can be bought."""

    label: str
    variant: Item
    chosen: bool
    available: bool
    exact: bool  # a variant with this value and everything else that is chosen exists


@dataclass(frozen=True)
class Option:
    """One question to the shopper."""

    name: str
    values: Sequence[Value]
    chosen: str


def shown(product: Item, wanted: str) -> Item | None:
    """The variant with this id, else the first that can be bought, else the first; None where there are none."""
    variants: Sequence[Item] = product.get("variants") or ()
    by_id = next((v for v in variants if wanted and str(v.get("id")) == wanted), None)
    return by_id or next((v for v in variants if v.get("available_for_sale")), None) or next(iter(variants), None)


def options(product: Item, current: Item | None) -> list[Option]:
    """Every option with its values. An option with one value is no question, and is left out."""
    variants: Sequence[Item] = product.get("variants") or ()
    if current is None or len(variants) < 2:
        return []
    chosen = _values(current)
    held = [(variant, _values(variant)) for variant in variants]
    found = []
    for option in product.get("options") or ():
        name = option.get("name")
        labels = [label for label in option.get("values") or () if any(values.get(name) == label for _, values in held)]
        if len(labels) < 2:
            continue
        found.append(Option(name, [_value(held, chosen, name, label) for label in labels], chosen.get(name, "")))
    return found


def _value(held: Sequence[tuple[Item, Mapping[str, str]]], chosen: Mapping[str, str], name: str, label: str) -> Value:
    wanted = {**chosen, name: label}
    fitting = [(variant, values) for variant, values in held if values.get(name) == label]
    # The one that keeps most of what is chosen already; among equals one that can be bought, then the first.
    best, values = max(
        fitting,
        key=lambda one: (sum(one[1].get(k) == v for k, v in wanted.items()), bool(one[0].get("available_for_sale"))),
    )
    exact = all(values.get(k) == v for k, v in wanted.items())
    return Value(label, best, chosen.get(name) == label, bool(best.get("available_for_sale")), exact)


def _values(variant: Item) -> dict[str, str]:
    return {str(o.get("name")): str(o.get("value")) for o in variant.get("options") or ()}


def pictures(product: Item, current: Item | None) -> list[Item]:
    """The product's pictures, that of the chosen variant first, none twice."""
    found: list[Item] = []
    own = (current or {}).get("image")
    for image in [own, *(product.get("images") or ())]:
        if image and all(image.get("url") != one.get("url") for one in found):
            found.append(image)
    return found


def price_of(current: Item | None, currency: str) -> tuple[Item | None, Item | None]:
    """The variant's price and the higher one that it replaces, if there is one."""
    price = ((current or {}).get("prices") or {}).get(currency)
    before = ((current or {}).get("compare_at_prices") or {}).get(currency)
    return price, before if price and before and float(before["amount"]) > float(price["amount"]) else None
