"""Reads what the demo takes off: promotions and gift cards."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rustok.kernel import money
from rustok.server.demo.content import DemoGiftCard, DemoPromotion, Offers, Text

Table = Mapping[str, Any]


def read(file: Table, currencies: Sequence[str]) -> Offers:
    """The whole file; a mistake in it raises KeyError or ValueError."""
    return Offers(
        promotions=tuple(_promotion(entry, currencies) for entry in file["promotion"]),
        gift_cards=tuple(
            DemoGiftCard(
                code=entry["code"],
                currency=entry["currency"],
                amount_minor=money.parse(str(entry["amount"]), entry["currency"]).minor,
                note=entry["note"],
            )
            for entry in file["gift_card"]
        ),
    )


def _promotion(entry: Table, currencies: Sequence[str]) -> DemoPromotion:
    amounts: Sequence[int | str] = entry.get("min_subtotal", ())
    return DemoPromotion(
        kind=entry["kind"],
        name=entry["en"]["name"],
        title=Text(entry["en"]["title"], entry["ru"]["title"]),
        code=entry.get("code"),
        percent=Decimal(entry["percent"]) if "percent" in entry else None,
        buy=entry.get("buy", 0),
        get=entry.get("get", 0),
        times=entry.get("times"),
        methods=tuple(entry.get("methods", ())),
        categories=tuple(entry.get("categories", ())),
        countries=tuple(entry.get("countries", ())),
        first_order=entry.get("first_order", False),
        per_customer=entry.get("per_customer"),
        min_subtotal={
            currency: money.parse(str(amount), currency).minor
            for currency, amount in zip(currencies, amounts, strict=False)
        },
    )
