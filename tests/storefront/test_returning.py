"""After the parcel: following it, and asking to send something back."""

from uuid import UUID

from tests.storefront.buying import Market, Visitor
from tests.storefront.conftest import HOSTILE, text_of

from rustok.commerce.orders import fulfilling
from rustok.commerce.orders.fulfilling import Tracking

FORM = "//form[.//select]"


async def _ordered(market: Market, email: str, quantity: int = 3) -> tuple[Visitor, str]:
    guest = market.visitor()
    await guest.take("teapot", quantity)
    await guest.to_payment(email=email)
    await guest.order("card")
    return guest, guest.path


async def _sent(market: Market, email: str, *, delivered: bool = True) -> None:
    order_id: UUID = await market.value("SELECT id FROM commerce_orders WHERE email = :email", email=email)
    told = Tracking(carrier="Post <b>", number="RR 1", url="https://post.example/RR1")
    async with market.shop.host.database.open(market.shop.tenant) as context:
        parcel = await fulfilling.fulfil(context, order_id, tracking=told)
        if delivered:
            await fulfilling.deliver(context, parcel.id)


async def test_a_parcel_can_be_followed(market: Market) -> None:
    guest, order = await _ordered(market, "parcel@example.com")
    await _sent(market, "parcel@example.com", delivered=False)

    page = await guest.go(order)

    assert "Your order is on its way" in guest.reads
    assert "Post <b>, RR 1" in guest.reads
    (link,) = page.xpath("//a[@href='https://post.example/RR1']")
    assert "noopener" in link.get("rel")
    assert page.xpath(f"//a[@href='{order}/invoice.pdf']")
    assert guest.client.headers.get("referer") is None
    assert guest.seen[-1].headers["referrer-policy"] == "same-origin"


async def test_nothing_comes_back_that_has_not_arrived(market: Market) -> None:
    guest, order = await _ordered(market, "early@example.com")
    page = await guest.go(order)
    assert not page.xpath(f"//a[@href='{order}/return']")

    await guest.go(f"{order}/return")

    assert "nothing in this order" in guest.reads
    assert not guest.page.xpath("//input[starts-with(@name, 'quantity-')]")


async def test_some_pieces_are_asked_to_come_back(market: Market) -> None:
    before = await market.count("commerce_returns")
    guest, order = await _ordered(market, "back@example.com")
    await _sent(market, "back@example.com")
    page = await guest.go(order)
    assert page.xpath(f"//a[@href='{order}/return']")
    await guest.go(f"{order}/return")
    (name,) = guest.page.xpath("//input[starts-with(@name, 'quantity-')]/@name")

    await guest.send(FORM)
    assert "at least one thing" in guest.reads
    for wrong in ("4", "-1", "some"):
        await guest.send(FORM, **{name: wrong})
        assert "from 0 to 3" in guest.refusal(name)
    assert await market.count("commerce_returns") == before
    await guest.send(FORM, **{name: "2", name.replace("quantity", "reason"): "DAMAGED"}, note=HOSTILE)

    assert guest.path == order
    assert "We have your wish" in guest.reads
    assert "Return 1: asked for" in guest.reads
    assert "2 × A teapot" in guest.reads
    assert "<script>alert" not in guest.seen[-1].text
    await guest.go(f"{order}/return")
    assert text_of(guest.page.xpath("//main//label")[0]).startswith("How many? (one at most)")


async def test_only_who_has_the_token_can_ask(market: Market) -> None:
    _, order = await _ordered(market, "mine@example.com")
    await _sent(market, "mine@example.com")
    stranger = market.visitor()

    wrong = f"/orders/{'x' * 32}/return"

    assert (await stranger.client.get(wrong)).status_code == 404
    assert (await stranger.post(wrong, note="x")).status_code == 404
    foreign = await stranger.client.post(
        f"{order}/return", data={"note": "x"}, headers={"origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
