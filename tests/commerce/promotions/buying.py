"""A buyer and what is in the basket."""

from typing import Any

from rustok.commerce.baskets.shapes import Basket, BasketLine, Buyer
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

ANNA = Buyer(customer_id=generate_id(), email="anna@example.com")


def basket(context: Context, *codes_: str, **given: Any) -> Basket:
    """One line of two pieces for 20 € together."""
    line = BasketLine(
        id=generate_id(),
        variant_id=generate_id(),
        product_id=given.pop("product_id", generate_id()),
        quantity=given.pop("quantity", 2),
        unit_minor=given.pop("unit_minor", 1000),
        categories=frozenset(given.pop("categories", ())),
    )
    facts = {"currency": "EUR", "lines": (line,), "buyer": Buyer(), "at": context.now, "codes": codes_, **given}
    return Basket(**facts)
