"""Which combination of options each WooCommerce variation stands for; one for "any size" stands for several."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rustok.commerce.importing import woocommerce_rows
from rustok.commerce.importing.outcomes import BrokenRow
from rustok.commerce.importing.tables import Row
from rustok.commerce.products.drafts import OptionDraft

MOST_EXPANDED = 100
"""How many variants one variation for "any size, any colour" may become."""
Attributes = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Combined:
    """The options, and for each variant its row and its value of each option."""

    options: tuple[OptionDraft, ...]
    rows: list[tuple[Row, dict[str, str]]]


def combine(offered: Attributes, variations: Sequence[Row]) -> Combined:
    """`offered` are the parent's attributes. Raises BrokenRow for a variation that cannot be told from another."""
    chosen = [(row, _picked(row, offered)) for row in variations]
    used: dict[str, dict[str, None]] = {}
    for _, picked in chosen:
        for name, value in picked.items():
            used.setdefault(name, {})
            if value:
                used[name].setdefault(value)
    names = [name for name in offered if name in used] + [name for name in used if name not in offered]
    if not names and len(variations) > 1:
        raise BrokenRow(variations[1].line, "variations without attributes cannot be told apart")
    values = {name: tuple(dict.fromkeys([*offered.get(name, ()), *used[name]])) for name in names}
    rows = _expanded(chosen, names, values)
    taken = {name: {combination[at] for _, combination in rows} for at, name in enumerate(names)}
    return Combined(
        options=tuple(
            OptionDraft(name=name, values=tuple(value for value in values[name] if value in taken[name]))
            for name in names
        ),
        rows=[(row, dict(zip(names, combination, strict=True))) for row, combination in rows],
    )


def _picked(row: Row, offered: Attributes) -> dict[str, str]:
    """The variation's value of each attribute, spelt as the parent spells it; empty means any."""
    spelt = {name.casefold(): name for name in offered}
    picked: dict[str, str] = {}
    for written, values in woocommerce_rows.attributes(row).items():
        name = spelt.get(written.casefold(), written)
        value = values[0] if values else ""
        picked[name] = next((one for one in offered.get(name, ()) if one.casefold() == value.casefold()), value)
    return picked


def _expanded(
    chosen: Sequence[tuple[Row, dict[str, str]]], names: Sequence[str], values: Attributes
) -> list[tuple[Row, tuple[str, ...]]]:
    """One row per combination; a variation for any value fills what no other one says."""
    taken: dict[tuple[str, ...], int] = {}
    rows: list[tuple[Row, tuple[str, ...]]] = []
    exact = [(row, picked) for row, picked in chosen if all(picked.get(name) for name in names)]
    loose = [(row, picked) for row, picked in chosen if not all(picked.get(name) for name in names)]
    for row, picked in exact:
        combination = tuple(picked[name] for name in names)
        if combination in taken:
            what = " / ".join(combination) or "the variation"
            raise BrokenRow(row.line, f"{what} repeats line {taken[combination]}")
        taken[combination] = row.line
        rows.append((row, combination))
    for row, picked in loose:
        ranges = [(picked[name],) if picked.get(name) else values[name] for name in names]
        if not all(ranges):
            raise BrokenRow(row.line, "the variation is for any value of an attribute that has none")
        for count, combination in enumerate(itertools.product(*ranges)):
            if count >= MOST_EXPANDED:
                raise BrokenRow(row.line, f"the variation stands for more than {MOST_EXPANDED} combinations")
            if combination not in taken:
                taken[combination] = row.line
                rows.append((row, combination))
    return rows
