"""Buyers, staff and the bank at the same moment, through the program's doors: money moves once."""

import asyncio

import pytest
from tests.server import till
from tests.server.conftest import Site
from tests.server.till import WHOLE, Sale, Till

from rustok.kernel.working import Workers

TAKEN = [("AUTHORIZE", WHOLE), ("CAPTURE", WHOLE)]
PAID = {
    "status": "CONFIRMED",
    "paymentStatus": "PAID",
    "authorized": {"amount": WHOLE},
    "captured": {"amount": WHOLE},
    "refunded": {"amount": "0.00"},
}
EUR = "EUR"


def money(amount: str) -> dict[str, str]:
    """So many euros."""
    return {"amount": amount, "currencyCode": EUR}


async def stands(shop: Till, sale: Sale) -> dict[str, object]:
    """The order without what does not matter here."""
    return {key: value for key, value in (await shop.order(sale)).items() if key in PAID}


async def taken_once(shop: Till, sale: Sale) -> None:
    """The ledger, the bank's books, the order, and what was told say that the money was taken one single time."""
    assert await shop.ledger(sale) == TAKEN
    assert await shop.did(sale) == [("authorize", 10_000), ("capture", 10_000)]
    assert await stands(shop, sale) == PAID
    assert await shop.times(sale, "captured") == 1


@pytest.mark.parametrize("moment", ["before our answer", "while it is entered", "after it"])
async def test_a_webhook_may_come_at_any_moment(site: Site, moment: str) -> None:
    shop = await Till.opened(site)
    sale = await shop.ordered()
    told: list[asyncio.Task[None]] = []

    async def tell() -> None:
        told.append(asyncio.create_task(shop.webhooks(sale)))
        if moment == "before our answer":
            await told[0]

    with shop.hesitating(after=till.nothing if moment == "after it" else tell):
        answer = await shop.process(sale)
    if moment == "after it":
        await tell()
    await asyncio.gather(*told)

    assert (answer["payment"]["status"], answer["userErrors"]) == ("CAPTURED", [])
    await taken_once(shop, sale)


async def test_completing_paying_and_webhooks_at_once_are_one_order_and_one_payment(site: Site) -> None:
    shop = await Till.opened(site)
    for _ in range(3):
        sale = await shop.ordered()
        answered = asyncio.Event()

        async def answer(done: asyncio.Event = answered) -> None:
            done.set()

        async def tell(about: Sale = sale, done: asyncio.Event = answered) -> None:
            await done.wait()
            await shop.webhooks(about, 2)

        with shop.hesitating(after=answer):
            completed, *_ = await asyncio.gather(
                asyncio.gather(*(shop.complete(sale) for _ in range(5))),
                asyncio.gather(*(shop.process(sale) for _ in range(5))),
                tell(),
            )

        assert len({one["order"]["id"] for one in completed}) == 1
        assert len(await shop.payments(sale)) == 1
        await taken_once(shop, sale)


@pytest.mark.parametrize("heard", [True, False])
async def test_a_webhook_after_a_cancellation_sends_the_money_back(
    site: Site, following: Workers, *, heard: bool
) -> None:
    shop = await Till.opened(site, settings={"scenario": "late_webhook"})
    sale = await shop.ordered()
    assert (await shop.process(sale))["payment"]["status"] == "PROCESSING"
    assert await shop.cancel(sale)
    if heard:
        await following.catch_up()

    await till.paying.let_time_pass(shop.units)
    await shop.webhooks(sale)
    await following.catch_up()
    await shop.reconcile()

    assert await shop.ledger(sale) == [*TAKEN, ("REFUND", WHOLE)]
    assert await shop.did(sale) == [("authorize", 10_000), ("capture", 10_000), ("refund", 10_000)]
    order = await stands(shop, sale)
    assert (order["status"], order["paymentStatus"], order["refunded"]) == ("CANCELLED", "REFUNDED", {"amount": WHOLE})


async def test_two_staff_and_the_bank_capture_once(site: Site) -> None:
    shop = await Till.opened(site, capture="manual")
    for _ in range(4):
        sale = await shop.ordered()
        assert (await shop.process(sale))["payment"]["status"] == "AUTHORIZED"
        told: list[asyncio.Task[None]] = []

        async def tell(about: Sale = sale, kept: list[asyncio.Task[None]] = told) -> None:
            kept.append(asyncio.create_task(shop.webhooks(about, 2)))

        with shop.hesitating(before=tell, after=tell):
            refusals = await asyncio.gather(
                *(shop.staff(till.CAPTURE, p=sale.payment) for _ in range(3)),
                *(shop.staff(till.CAPTURE, p=sale.payment, a=money(WHOLE)) for _ in range(2)),
            )
        await asyncio.gather(*told)

        assert sorted(refusals) == [[], *[["PAYMENT_TOO_MUCH"]] * 4]
        await taken_once(shop, sale)


async def test_one_capture_asked_for_twice_under_one_key_is_one(site: Site) -> None:
    shop = await Till.opened(site, capture="manual")
    sale = await shop.ordered()
    await shop.process(sale)

    refusals = await asyncio.gather(
        *(shop.staff(till.CAPTURE, p=sale.payment, k="parcel 1", a=money("60.00")) for _ in range(4)),
        *(shop.staff(till.CAPTURE, p=sale.payment, k="parcel 2", a=money("40.00")) for _ in range(4)),
    )

    assert refusals == [[]] * 8
    await shop.reconcile()
    assert sorted(await shop.ledger(sale)) == [TAKEN[0], ("CAPTURE", "40.00"), ("CAPTURE", "60.00")]
    assert sorted(await shop.did(sale)) == [("authorize", 10_000), ("capture", 4_000), ("capture", 6_000)]


async def test_refunds_at_once_never_exceed_what_was_captured(site: Site) -> None:
    shop = await Till.opened(site)
    sale = await shop.ordered()
    await shop.process(sale)
    told: list[asyncio.Task[None]] = []

    async def tell() -> None:
        told.append(asyncio.create_task(shop.webhooks(sale, 1)))

    with shop.hesitating(after=tell):
        refusals = await asyncio.gather(
            *(shop.staff(till.REFUND, p=sale.payment, k=f"payment {n}", a=money("30.00")) for n in range(5)),
            *(shop.staff(till.REFUND_ORDER, o=sale.order, k=f"order {n}", a=money("30.00")) for n in range(5)),
        )
    await asyncio.gather(*told)
    await shop.reconcile()

    assert refusals.count([]) == 3
    assert all(one in ([], ["PAYMENT_TOO_MUCH"], ["REFUND_TOO_MUCH"]) for one in refusals), refusals
    assert await shop.ledger(sale) == [*TAKEN, *[("REFUND", "30.00")] * 3]
    assert [one for one in await shop.did(sale) if one[0] == "refund"] == [("refund", 3_000)] * 3
    order = await stands(shop, sale)
    assert (order["paymentStatus"], order["refunded"]) == ("PARTIALLY_REFUNDED", {"amount": "90.00"})


@pytest.mark.parametrize("first", ["cancel", "capture", "both"])
async def test_a_cancellation_against_a_capture_keeps_no_money(site: Site, following: Workers, first: str) -> None:
    shop = await Till.opened(site, capture="manual")
    for _ in range(3 if first == "both" else 1):
        sale = await shop.ordered()
        await shop.process(sale)

        async def cancel(of: Sale = sale) -> None:
            for _ in range(20):  # somebody else may change the order first
                if (await shop.order(of))["status"] == "CANCELLED" or await shop.cancel(of):
                    return
            raise AssertionError("the order is not cancelled")

        if first == "cancel":
            await cancel()
            assert await shop.staff(till.CAPTURE, p=sale.payment) == ["CONFLICT"]
        elif first == "capture":
            with shop.hesitating(before=cancel):
                assert await shop.staff(till.CAPTURE, p=sale.payment) == []
        else:
            await asyncio.gather(cancel(), shop.staff(till.CAPTURE, p=sale.payment), shop.webhooks(sale))
        await following.catch_up()
        await shop.reconcile()

        order, ledger = await shop.order(sale), await shop.ledger(sale)
        assert order["status"] == "CANCELLED"
        if ("CAPTURE", WHOLE) in ledger:  # before the cancellation: staff see that something is to be refunded
            gave = await shop.staff(till.REFUND, p=sale.payment, k="after all", a=money(WHOLE))
            assert gave == ([] if ("REFUND", WHOLE) not in ledger else ["PAYMENT_TOO_MUCH"])
            assert await shop.ledger(sale) == [*TAKEN, ("REFUND", WHOLE)]
            if first == "capture":
                assert ("REFUND", WHOLE) in ledger  # it came in after the cancellation, and went back by itself
        else:
            assert ledger == [TAKEN[0], ("VOID", WHOLE)]
        (payment,) = await shop.payments(sale)
        assert {one["state"] for one in payment["attempts"]} <= {"SUCCEEDED", "FAILED"}


@pytest.mark.parametrize("approved", ["before the other", "after the other", "at once"])
async def test_a_buyer_who_pays_in_two_ways_pays_once(site: Site, approved: str) -> None:
    shop = await Till.opened(site, "card", "wallet")
    sale = await shop.ordered()
    page = (await shop.process(sale, scenario="three_d_secure"))["payment"]["nextAction"]["url"]
    begun = (await site.ask(till.START, t=sale.token, m="wallet"))["paymentStart"]
    assert begun["userErrors"] == []
    second = Sale(sale.cart, sale.order, sale.token, begun["payment"]["id"])

    async def approve() -> None:
        response = await site.client.post(page, content="decision=approve")
        assert response.status_code == 303

    async def pay() -> None:
        await shop.process(second)

    if approved == "at once":
        await asyncio.gather(approve(), pay())
    else:
        for step in (approve, pay) if approved == "before the other" else (pay, approve):
            await step()
    await shop.reconcile()

    order = await shop.order(sale)
    assert (order["status"], order["paymentStatus"]) == ("CONFIRMED", "PAID")
    assert float(order["captured"]["amount"]) - float(order["refunded"]["amount"]) == 100
    for one in (sale, second):
        moved = {kind for kind, _ in await shop.ledger(one)}
        assert moved in (set(), {"AUTHORIZE", "CAPTURE"}, {"AUTHORIZE", "CAPTURE", "REFUND"})
    (begun_again,) = [one["code"] for one in (await shop.process(second))["userErrors"]] or ["none"]
    assert begun_again in ("PAYMENT_NOT_PAYABLE", "none")
    assert (await shop.order(sale))["captured"] == order["captured"]
