"""Carts as a table: the abandoned ones are found, and nothing in it opens a cart or spends a gift card."""

from datetime import timedelta

import pytest
from tests.commerce.carts.stocking import customer, sold
from tests.commerce.orders.test_exporting import table

from rustok.commerce.carts import codes, listing, service
from rustok.commerce.carts.service import Addition
from rustok.commerce.giftcards import service as giftcards
from rustok.kernel import errors, paging
from rustok.kernel.context import Context


async def test_abandoned_carts_are_told_with_what_lies_in_them(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "AT_ONCE", 2)
    shirt, hat = await sold(context, 1999, 500)
    card = await giftcards.issue(context, amount_minor=500, currency="EUR")
    left = await service.create(context, [Addition(shirt, 2), Addition(hat, 1)])
    await service.update(context, left.cart.id, email="Bo@example.com", note="=1+1")
    await codes.enter(context, left.cart.id, card.code)
    for _ in range(3):
        await service.create(context, [])
    ann = await customer(context)
    context.actor = ann
    hers = await service.create(context, [Addition(hat, 1)])

    every = await table(context, listing.CARTS)
    to_follow_up = {"kind": "cart", "status": "open", "with_email": "true", "query": "bo@"}
    (abandoned,) = await table(context, listing.CARTS, to_follow_up)

    assert len(every) == 5
    assert (abandoned["email"], abandoned["last_seen_value"]) == ("bo@example.com", "44.98")
    assert (abandoned["lines"], abandoned["quantity"], abandoned["items"].count("Shirt")) == (2, 3, 2)
    told = "".join(str(cell) for row in every for cell in row.values())
    assert str(left.cart.id) not in told
    assert card.code not in told
    found = await table(context, listing.CARTS, {"customer_id": str(ann.user_id)})
    assert [one["id"] for one in found] == [hers.cart.id]
    assert len(await table(context, listing.CARTS, {"variant_id": str(hat)})) == 2
    assert await table(context, listing.CARTS, {"created_before": (context.now - timedelta(days=1)).isoformat()}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "basket"},
        {"status": "lost"},
        {"with_email": "yes"},
        {"customer_id": "ann"},
        {"variant_id": "1"},
        {"created_before": "yesterday"},
        {"created_after": "2026-01-01"},
    ],
)
async def test_a_filter_that_is_not_understood_is_refused(context: Context, wrong: dict[str, str]) -> None:
    with pytest.raises(errors.Invalid):
        await table(context, listing.CARTS, wrong)
