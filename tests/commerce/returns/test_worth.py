"""Whatever the portions are in which a line comes back, they sum to what was paid for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.commerce.returns import worth
from rustok.kernel import money


@given(st.integers(0, 10**9), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_portions_sum_to_what_was_paid(paid: int, portions: list[int]) -> None:
    quantity, before, found = sum(portions), 0, []
    for pieces in portions:
        found.append(worth.of_pieces(paid, quantity, before=before, pieces=pieces))
        before += pieces

    assert sum(found) == paid
    assert min(found) >= 0
    for pieces, part in zip(portions, found, strict=True):
        assert abs(part - paid * pieces / quantity) < pieces + 1


@given(st.integers(0, 10**6), st.integers(1, 200), st.data())
def test_pieces_are_worth_their_parts_of_the_split(paid: int, quantity: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, quantity))
    pieces = data.draw(st.integers(0, quantity - before))

    parts = money.split(paid, [1] * quantity)
    assert worth.of_pieces(paid, quantity, before=before, pieces=pieces) == sum(parts[before : before + pieces])


@pytest.mark.parametrize(("before", "pieces"), [(-1, 1), (0, 4), (3, 1), (0, -1)])
def test_pieces_that_there_are_not_are_refused(before: int, pieces: int) -> None:
    with pytest.raises(ValueError, match="not among"):
        worth.of_pieces(100, 3, before=before, pieces=pieces)
