"""What was paid for an order, where staff look at the order."""

from functools import partial

from tests.commerce.asking import admin, everything
from tests.commerce.payments import paying
from tests.conftest import MakeTenant

from rustok.commerce.payments import capturing, processing
from rustok.commerce.payments.shapes import Units
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database

LISTED = "{ orders { nodes { id payments " + everything("PaymentDetail") + " } } }"


async def test_an_order_shows_its_payments_to_whoever_may_read_them(
    units: Units, database: Database, tenant: TenantInfo, make_tenant: MakeTenant
) -> None:
    card = await paying.opened(units)
    await processing.process(units, card.id, details={"scenario": "success"})
    transfer = await paying.opened(units, method="transfer", provider="manual")
    async with units() as context:
        await capturing.mark_paid(context, transfer.id)
        unpaid = await paying.placed(context)
    ask = admin(database, tenant)
    alone = "query($id: ID!) { orderPayments(orderId: $id) " + everything("PaymentDetail") + " }"

    shown = {one["id"]: one["payments"] for one in (await ask(LISTED))["orders"]["nodes"]}

    assert {id_: len(held) for id_, held in shown.items()} == {
        str(card.order_id): 1,
        str(transfer.order_id): 1,
        str(unpaid.id): 0,
    }
    assert shown[str(transfer.order_id)][0]["payment"]["captured"]["amount"] == "100.00"
    assert shown[str(transfer.order_id)][0]["transactions"] != []
    assert shown[str(card.order_id)][0]["attempts"] != []
    for id_, held in shown.items():
        assert (await ask(alone, id=id_))["orderPayments"] == held

    clerk = Actor(kind="user", permissions=frozenset({"orders:read"}))
    assert set((await ask(LISTED, actor=clerk))["errors"]) == {"forbidden"}
    assert len((await ask("{ orders { nodes { id } } }", actor=clerk))["orders"]["nodes"]) == 3
    elsewhere = partial(admin(database, await make_tenant()), id=str(card.order_id))
    assert await elsewhere("query($id: ID!) { order(id: $id) { payments { payment { id } } } }") == {"order": None}
    assert await elsewhere(alone) == {"orderPayments": []}
