"""A guest's cart at log-in: no line is lost, said once or twice, alone or at the same time."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest
from tests.commerce.carts.stocking import customer, sold

from rustok.commerce.addresses.service import Address
from rustok.commerce.carts import merging, rows, service, viewing
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.service import Addition
from rustok.kernel import errors
from rustok.kernel.context import ANONYMOUS, Context

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


def quantities(view: viewing.View) -> dict[UUID, int]:
    """How many of each variant."""
    return {one.row.variant_id: one.row.quantity for one in view.lines}


async def test_lines_of_both_carts_are_in_the_customers_afterwards(open_context: OpenContext) -> None:
    async with open_context() as context:
        shirt, hat, sock = await sold(context, 1999, 500, 100)
        ann = await customer(context)
    async with open_context(actor=ANONYMOUS) as context:
        guests = await service.create(
            context, [Addition(shirt, 2), Addition(hat, 1)], note="Ring twice", shipping_address=Address(country="DE")
        )
    async with open_context(actor=ann) as context:
        hers = await service.create(context, [Addition(hat, 2), Addition(sock, 5)], note="Hers")

    async with open_context(actor=ann) as context:
        merged = await merging.merge(context, guests.cart.id)

    assert merged.cart.id == hers.cart.id
    assert quantities(merged) == {shirt: 2, hat: 3, sock: 5}
    assert (merged.cart.note, merged.cart.shipping_address) == ("Hers", Address(country="DE"))
    async with open_context(actor=ann) as context:
        again = await merging.merge(context, guests.cart.id)
        assert (again.cart.id, quantities(again)) == (hers.cart.id, {shirt: 2, hat: 3, sock: 5})
        # A tab that still knows the old id goes on in the customer's cart.
        late = await service.add(context, guests.cart.id, [Addition(sock, 1)])
        assert (late.cart.id, quantities(late)[sock]) == (hers.cart.id, 6)
    async with open_context(actor=ANONYMOUS) as context:
        assert await viewing.look(context, guests.cart.id) is None
        with pytest.raises(rows.CartMerged):
            await service.add(context, guests.cart.id, [Addition(sock, 1)])


async def test_without_a_cart_of_ones_own_the_guests_becomes_it(open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 1999)
        ann, bob = await customer(context), await customer(context, "bob@example.com")
    async with open_context(actor=ann) as context:
        await service.create(context, [Addition(shirt, 1)], kind=CartKind.WISH_LIST)
    async with open_context(actor=ANONYMOUS) as context:
        guests = await service.create(context, [Addition(shirt, 2)])

    async with open_context(actor=ann) as context:
        merged = await merging.merge(context, guests.cart.id)

    assert (merged.cart.id, merged.cart.customer_id, quantities(merged)) == (guests.cart.id, ann.user_id, {shirt: 2})
    for stranger in (bob, ANONYMOUS):
        with pytest.raises((errors.NotFound, errors.Unauthenticated)):
            async with open_context(actor=stranger) as context:
                await merging.merge(context, guests.cart.id)


async def test_what_does_not_fit_into_one_cart_stays_in_two(open_context: OpenContext) -> None:
    async with open_context() as context:
        ids = []
        for part in range(6):
            ids += await sold(context, *([100] * 100), stock=None, title=f"Many {part}")
        ann = await customer(context)
    async with open_context(actor=ANONYMOUS) as context:
        guests = await service.create(context, [Addition(id_) for id_ in ids[:300]])
    async with open_context(actor=ann) as context:
        hers = await service.create(context, [Addition(id_) for id_ in ids[300:]])

    async with open_context(actor=ann) as context:
        merged = await merging.merge(context, guests.cart.id)
        assert {one.id for one in await rows.mine(context)} == {guests.cart.id, hers.cart.id}

    assert (merged.cart.id, len(merged.lines)) == (guests.cart.id, 300)


async def test_nothing_is_lost_while_both_carts_are_edited(open_context: OpenContext) -> None:
    async with open_context() as context:
        ids = await sold(context, *([100] * 10), stock=None)
        ann = await customer(context)
    async with open_context(actor=ann) as context:
        hers = await service.create(context)
    for _ in range(3):
        async with open_context(actor=ANONYMOUS) as context:
            guests = await service.create(context, [Addition(ids[0], 1)])
        added = dict.fromkeys(ids, 0)

        async def add(number: int, guest_id: UUID = guests.cart.id, added: dict[UUID, int] = added) -> None:
            cart_id, actor = ((hers.cart.id, ann), (guest_id, ANONYMOUS))[number % 2]
            try:
                async with open_context(actor=actor) as context:
                    await service.add(context, cart_id, [Addition(ids[number], 1)])
                added[ids[number]] += 1
            except (rows.CartMerged, errors.NotFound):
                assert actor is ANONYMOUS

        async def merge(guest_id: UUID = guests.cart.id) -> None:
            async with open_context(actor=ann) as context:
                await merging.merge(context, guest_id)

        async with open_context(actor=ann) as context:
            before = {one.variant_id: one.quantity for one in await rows.lines(context, hers.cart.id)}
        await asyncio.gather(*(add(number) for number in range(10)), merge(), merge())
        async with open_context(actor=ann) as context:
            after = {one.variant_id: one.quantity for one in await rows.lines(context, hers.cart.id)}
        added[ids[0]] += 1
        assert after == {id_: n for id_ in ids if (n := before.get(id_, 0) + added[id_])}


async def test_two_devices_that_log_in_at_once_bring_one_cart(open_context: OpenContext) -> None:
    async with open_context() as context:
        shirts = await sold(context, *[1000] * 6)
        ann = await customer(context)
    async with open_context(actor=ANONYMOUS) as context:
        carts = [await service.create(context, [Addition(shirt, 1)]) for shirt in shirts]

    async def merge(cart_id: UUID) -> None:
        async with open_context(actor=ann) as context:
            await merging.merge(context, cart_id)

    await asyncio.gather(*(merge(one.cart.id) for one in carts))

    async with open_context(actor=ann) as context:
        (found,) = await rows.mine(context)
        view = await viewing.look(context, found.id)
    assert view is not None
    assert quantities(view) == dict.fromkeys(shirts, 1)
