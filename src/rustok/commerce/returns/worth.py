"""What pieces of an order line are worth when they come back: parts that always sum to what was paid for the line."""


def of_pieces(paid_minor: int, quantity: int, *, before: int, pieces: int) -> int:
    """What was paid for `pieces` of a line, `before` of whose `quantity` pieces came back earlier.

    The amount is shared among the pieces by the largest remainder, ties to the first: whatever the portions are in
    which a line comes back, they sum to what was paid. Raises `ValueError` for pieces that there are not.
    """
    if quantity < 1 or before < 0 or pieces < 0 or before + pieces > quantity:
        raise ValueError(f"{pieces} pieces after {before} are not among {quantity}")
    return _first(paid_minor, quantity, before + pieces) - _first(paid_minor, quantity, before)


def _first(paid_minor: int, quantity: int, pieces: int) -> int:
    """As the first of `money.split(paid, [1] * quantity)` sum up, without making the list."""
    each, rest = divmod(paid_minor, quantity)
    return each * pieces + min(rest, pieces)
