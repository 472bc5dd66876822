"""A cart becomes an order: what it takes, what is refused, and that a refusal changes nothing at all."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from tests.commerce.carts.stocking import HOME, customer, furnish, sold
from tests.conftest import OpenContext

from rustok.commerce.addresses.service import Address, BadAddress
from rustok.commerce.carts import codes, rows, service, viewing
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.service import Addition
from rustok.commerce.checkout import completing
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.giftcards.models import GiftCard
from rustok.commerce.inventory import service as inventory
from rustok.commerce.inventory.models import Reservation
from rustok.commerce.orders import balance
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order
from rustok.commerce.payments.models import Payment
from rustok.commerce.pricing import lists
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.promotions import codes as promotion_codes
from rustok.commerce.promotions import service as promotions
from rustok.commerce.promotions.claiming import PromotionExhausted
from rustok.commerce.promotions.models import PromotionUse
from rustok.commerce.promotions.shapes import Reward
from rustok.events.commerce import OrderPlaced
from rustok.kernel import errors
from rustok.kernel.context import ANONYMOUS, Context
from rustok.kernel.ids import generate_id
from rustok.kernel.money import Money


async def ready(context: Context, *additions: Addition, post: UUID | None = None, **more: Any) -> UUID:
    """A cart that only waits to be ordered."""
    made = await service.create(
        context, additions, email="ann@example.com", shipping_address=HOME, shipping_method_id=post, **more
    )
    return made.cart.id


async def traces(context: Context) -> dict[str, int]:
    """What a checkout could leave behind, of this tenant."""
    found = {}
    for kind in (Order, Reservation, Payment, PromotionUse):
        found[kind.__tablename__] = len((await context.session.scalars(select(kind))).all())
    found["reserved"] = await context.session.scalar(text("SELECT sum(reserved) FROM commerce_stock_levels")) or 0
    found["spent"] = sum(
        one.initial_minor - one.balance_minor for one in await context.session.scalars(select(GiftCard))
    )
    return found


async def test_a_guest_orders_and_everything_is_there(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        shirt, hat = await sold(context, 2000, 500)
        card = await giftcards.issue(context, amount_minor=1000, currency="EUR")
    async with open_context(actor=ANONYMOUS) as context:
        cart_id = await ready(context, Addition(shirt, 2), Addition(hat, 1), post=post, note="Ring twice")
        await codes.enter(context, cart_id, "TEN")
        view, _ = await codes.enter(context, cart_id, card.code)
    async with open_context(actor=ANONYMOUS) as context:
        made = await completing.complete(
            context, cart_id, payment_method="bank_transfer", expected_total=Money(view.totals.total_minor, "EUR")
        )
        told = [one for one in context.recorded if isinstance(one, OrderPlaced)]

    order = made.order
    assert (order.subtotal_minor, order.discount_minor, order.shipping_minor) == (4500, 450, 490)
    assert (order.total_minor, order.gift_card_minor, order.due_minor) == (4540, 1000, 3540)
    assert (order.email, order.note, order.shipping_address, order.billing_address) == (
        "ann@example.com", "Ring twice", HOME, HOME,
    )  # fmt: skip
    assert made.payment is not None
    assert (made.payment.amount_minor, made.payment.currency) == (3540, "EUR")
    assert told == [OrderPlaced(order_id=order.id, customer_id=None, total=4540, currency="EUR")]
    async with open_context() as context:
        lines = await orders.lines(context, order.id)
        assert [(one.title, one.variant_title, one.sku, one.quantity, one.total_minor) for one in lines] == [
            ("Shirt", "0", "S-0", 2, 3600),
            ("Shirt", "1", "S-1", 1, 450),
        ]
        free = await inventory.available(context, [shirt, hat])
        assert [(free[id_].on_hand, free[id_].reserved) for id_ in (shirt, hat)] == [(10, 2), (10, 1)]
        assert (await giftcards.get(context, card.card.id)).balance_minor == 0
        assert await balance.broken(context) == []
        assert (await traces(context))["commerce_promotion_uses"] == 1
        cart = await rows.find(context, cart_id)
        assert cart is not None
        assert (cart.status, cart.order_id) == ("completed", order.id)


async def test_a_cart_that_was_ordered_gives_the_same_order_and_takes_nothing_more(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
    async with open_context(actor=ANONYMOUS) as context:
        cart_id = await ready(context, Addition(shirt, 2), post=post)
        first = await completing.complete(context, cart_id, payment_method="bank_transfer")
    async with open_context(actor=ANONYMOUS) as context:
        before = await traces(context)
        again = await completing.complete(context, cart_id, payment_method="cash_on_delivery")
        assert (again.order.id, again.order.number) == (first.order.id, first.order.number)
        assert first.payment is not None
        assert again.payment is not None
        assert again.payment.id == first.payment.id
        with pytest.raises(rows.CartCompleted):
            await service.add(context, cart_id, [Addition(shirt, 1)])
        assert await traces(context) == before
    async with open_context() as context:  # long afterwards
        await rows.delete(context, [cart_id])
    async with open_context(actor=ANONYMOUS) as context:
        assert (await completing.complete(context, cart_id)).order.id == first.order.id
        assert await traces(context) == before


async def test_a_customers_order_is_the_customers_and_nobody_else_is_told_of_it(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        ann, bob = await customer(context), await customer(context, "bob@example.com")
    async with open_context(actor=ann) as context:
        made = await service.create(context, [Addition(shirt, 1)], shipping_address=HOME, shipping_method_id=post)
        ordered = await completing.complete(context, made.cart.id, payment_method="bank_transfer")
        assert (ordered.order.customer_id, ordered.order.email) == (ann.user_id, "ann@example.com")
    for stranger in (ANONYMOUS, bob):
        async with open_context(actor=stranger) as context:
            with pytest.raises((errors.NotFound, rows.CartCompleted)):
                await completing.complete(context, made.cart.id)


async def test_what_is_missing_is_named_and_nothing_changes(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        ann = await customer(context)
        carts: dict[str, UUID] = {
            "empty": await ready(context, post=post),
            "no email": (await service.create(context, [Addition(shirt)], shipping_address=HOME)).cart.id,
            "no address": (await service.create(context, [Addition(shirt)], email="a@example.com")).cart.id,
            "country alone": (
                await service.create(
                    context, [Addition(shirt)], email="a@example.com", shipping_address=Address(country="DE")
                )
            ).cart.id,
            "no shipping": await ready(context, Addition(shirt)),
            "fine": await ready(context, Addition(shirt), post=post),
        }
    async with open_context(actor=ann) as context:
        wishes = await service.create(context, [Addition(shirt)], kind=CartKind.WISH_LIST)
    async with open_context() as context:
        before = await traces(context)
    transfer = {"payment_method": "bank_transfer"}
    for cart_id, given, refusal in (
        (carts["empty"], transfer, completing.CartEmpty),
        (carts["no email"], transfer, completing.EmailMissing),
        (carts["no address"], transfer, completing.AddressMissing),
        (carts["country alone"], transfer, BadAddress),
        (carts["no shipping"], transfer, completing.ShippingMethodMissing),
        (carts["fine"], {}, completing.PaymentMethodMissing),
        (carts["fine"], {"payment_method": "barter"}, errors.NotFound),
        (carts["fine"], {**transfer, "expected_total": Money(2489, "EUR")}, completing.TotalChanged),
        (carts["fine"], {**transfer, "expected_total": Money(2490, "USD")}, completing.TotalChanged),
        (wishes.cart.id, transfer, errors.Invalid),
        (generate_id(), transfer, errors.NotFound),
    ):
        with pytest.raises(refusal):
            async with open_context() as context:
                await completing.complete(context, cart_id, **given)  # type: ignore[arg-type]  # keywords of a test
    async with open_context() as context:
        assert await traces(context) == before
        assert (await completing.complete(context, carts["fine"], **transfer)).order.total_minor == 2490  # type: ignore[arg-type]


async def test_shortages_name_the_lines_and_what_is_left_and_give_everything_back(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        plenty, scarce, none = await sold(context, 2000, 500, 700)
        (hidden,) = await sold(context, 100, title="Hat")
        card = await giftcards.issue(context, amount_minor=1000, currency="EUR")
        cart_id = await ready(context, *(Addition(one, 3) for one in (plenty, scarce, none)), post=post)
        await codes.enter(context, cart_id, "TEN")
        view, _ = await codes.enter(context, cart_id, card.code)
        await inventory.set_on_hand(context, scarce, 1)
        await inventory.set_on_hand(context, none, 0)
        before = await traces(context)
    lines = {one.row.variant_id: one.row.id for one in view.lines}

    with pytest.raises(completing.LinesShort) as refused:
        async with open_context() as context:
            await completing.complete(context, cart_id, payment_method="bank_transfer")

    assert {(one.line_id, one.variant_id, one.title, one.wanted, one.left) for one in refused.value.shortages} == {
        (lines[scarce], scarce, "Shirt – 1", 3, 1),
        (lines[none], none, "Shirt – 2", 3, 0),
    }
    async with open_context() as context:
        assert await traces(context) == before
        made = await service.set_quantities(context, cart_id, {lines[scarce]: 1, lines[none]: 0})
        made = await service.add(context, cart_id, [Addition(hidden, 1)])
        hat = next(one for one in made.lines if one.row.variant_id == hidden)
        assert hat.goods is not None
        await products.unpublish(context, hat.goods.product_id)
    with pytest.raises(completing.LinesShort) as refused:
        async with open_context() as context:
            await completing.complete(context, cart_id, payment_method="bank_transfer")
    assert [(one.line_id, one.left) for one in refused.value.shortages] == [(hat.row.id, 0)]
    async with open_context() as context:
        await service.remove(context, cart_id, [hat.row.id])
        ordered = await completing.complete(context, cart_id, payment_method="bank_transfer")
        assert ordered.order.subtotal_minor == 6500


async def test_an_order_of_nothing_to_pay_needs_no_payment_and_is_accepted(open_context: OpenContext) -> None:
    async with open_context() as context:
        (song,) = await sold(context, 0, stock=None, requires_shipping=False)
        cart = await service.create(context, [Addition(song, 1)], email="ann@example.com")
        made = await completing.complete(context, cart.cart.id)

    assert made.payment is None
    assert (made.order.total_minor, made.order.status, made.order.payment_status) == (0, "confirmed", "paid")
    assert made.order.shipping is None
    assert made.order.payment_due is None


async def test_a_price_that_changed_is_charged_as_it_is_now_or_refused(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        cart_id = await ready(context, Addition(shirt, 1), post=post)
        await pricing.set_prices(context, shirt, [PriceRow(currency="EUR", amount_minor=2500)])
    with pytest.raises(completing.TotalChanged):
        async with open_context() as context:
            await completing.complete(
                context, cart_id, payment_method="bank_transfer", expected_total=Money(2490, "EUR")
            )
    async with open_context() as context:
        made = await completing.complete(
            context, cart_id, payment_method="bank_transfer", expected_total=Money(2990, "EUR")
        )
    assert made.order.total_minor == 2990


async def test_a_gift_card_that_was_spent_elsewhere_is_not_made_up_for_unasked(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        card = await giftcards.issue(context, amount_minor=1000, currency="EUR")
        first, second = [await ready(context, Addition(shirt, 1), post=post) for _ in range(2)]
        for cart_id in (first, second):
            seen, _ = await codes.enter(context, cart_id, card.code)
            assert (seen.totals.total_minor, seen.totals.due_minor) == (2490, 1490)
        await completing.complete(context, first, payment_method="bank_transfer")
    async with open_context() as context:
        before = await traces(context)
    with pytest.raises(completing.TotalChanged, match=r"24\.90") as refused:
        async with open_context() as context:
            await completing.complete(
                context,
                second,
                payment_method="bank_transfer",
                expected_total=Money(2490, "EUR"),
                expected_due=Money(1490, "EUR"),
            )
    assert refused.value.field == ("expectedDue",)
    async with open_context() as context:
        assert await traces(context) == before
        made = await completing.complete(
            context, second, payment_method="bank_transfer", expected_due=Money(2490, "EUR")
        )
    assert made.order.due_minor == 2490


async def test_a_channels_prices_hold_for_its_carts_alone(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        fair = await lists.create(context, name="Fair", code="fair", channels=["fair"])
        await pricing.set_prices(
            context,
            shirt,
            [
                PriceRow(currency="EUR", amount_minor=2000),
                PriceRow(currency="EUR", amount_minor=1500, price_list_id=fair.id),
            ],
        )
        at_the_fair = await ready(context, Addition(shirt, 1), post=post, channel="Fair")
        elsewhere = await ready(context, Addition(shirt, 1), post=post)
        made = [
            (await completing.complete(context, cart_id, payment_method="bank_transfer")).order
            for cart_id in (at_the_fair, elsewhere)
        ]
    assert [(one.subtotal_minor, one.channel) for one in made] == [(1500, "fair"), (2000, "web")]
    with pytest.raises(errors.Invalid):
        async with open_context() as context:
            await ready(context, channel="the fair")


async def test_the_last_use_of_a_code_is_for_one_order(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        once = await promotions.create(
            context,
            name="Once",
            kind="percentage",
            reward=Reward(percent=Decimal(50)),
            needs_code=True,
            usage_limit=1,
        )
        await promotion_codes.add(context, once.id, "ONCE")
        carts = [await ready(context, Addition(shirt, 1), post=post) for _ in range(2)]
        for one in carts:
            await codes.enter(context, one, "ONCE")
    async with open_context() as context:
        first = await completing.complete(context, carts[0], payment_method="bank_transfer")
        assert first.order.total_minor == 1490
    async with open_context() as context:
        seen = await viewing.look(context, carts[1])
        assert seen is not None
        assert [(one.accepted, one.reason) for one in seen.totals.codes] == [(False, "exhausted")]
        with pytest.raises((completing.TotalChanged, PromotionExhausted)):
            await completing.complete(
                context, carts[1], payment_method="bank_transfer", expected_total=Money(1490, "EUR")
            )


async def test_an_order_that_waits_for_an_online_payment_has_a_time_for_it(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        waiting = await ready(context, Addition(shirt, 1), post=post)
        made = await completing.complete(context, waiting, payment_method="bank_transfer")
    assert made.order.payment_due is None or made.order.payment_due > made.order.created_at + timedelta(minutes=1)
