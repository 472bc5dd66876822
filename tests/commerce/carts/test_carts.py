"""Carts: filled, explained, shared by nobody, edited in parallel without losing an edit."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.commerce.carts.stocking import customer, sold

from rustok.commerce.addresses.service import Address, BadAddress
from rustok.commerce.carts import expiring, rows, service, viewing
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.service import Addition
from rustok.commerce.inventory import service as inventory
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.core.users.emails import InvalidEmail
from rustok.kernel import errors
from rustok.kernel.context import ANONYMOUS, Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


def quantities(view: viewing.View) -> dict[UUID, int]:
    """How many of each variant."""
    return {one.row.variant_id: one.row.quantity for one in view.lines}


async def test_a_cart_is_priced_line_by_line_and_in_all(context: Context) -> None:
    shirt, hat = await sold(context, 1999, 500)

    made = await service.create(context, [Addition(shirt, 2), Addition(hat, 1)])

    assert [(one.goods and one.goods.variant_title, one.row.quantity) for one in made.lines] == [("0", 2), ("1", 1)]
    assert [one.total and one.total.subtotal_minor for one in made.lines] == [3998, 500]
    assert made.totals.subtotal_minor == made.totals.total_minor == made.totals.due_minor == 4498
    assert made.lines[0].goods is not None
    assert made.lines[0].goods.options == (("Size", "0"),)
    assert made.notices == []
    seen = await viewing.look(context, made.cart.id)
    assert seen is not None
    assert seen.totals == made.totals
    assert seen.cart.expires_at == made.cart.expires_at


async def test_the_same_variant_twice_is_one_line_with_the_sum(context: Context) -> None:
    (shirt,) = await sold(context, 1999)
    made = await service.create(context, [Addition(shirt, 2), Addition(shirt, 1)])

    made = await service.add(context, made.cart.id, [Addition(shirt, 4)])

    assert quantities(made) == {shirt: 7}
    assert len(await rows.lines(context, made.cart.id)) == 1


async def test_quantities_are_set_and_nought_takes_a_line_out(context: Context) -> None:
    shirt, hat = await sold(context, 1999, 500)
    made = await service.create(context, [Addition(shirt, 2), Addition(hat, 1)])
    first, second = (one.row.id for one in made.lines)

    made = await service.set_quantities(context, made.cart.id, {first: 0, second: 3})
    assert quantities(made) == {hat: 3}
    with pytest.raises(errors.NotFound):
        await service.set_quantities(context, made.cart.id, {first: 1})
    made = await service.remove(context, made.cart.id, [second, second, first])
    assert quantities(made) == {}
    assert made.totals.total_minor == 0


@pytest.mark.parametrize("quantity", [0, -1, service.MOST_PIECES + 1, 2**40])
async def test_impossible_quantities_are_refused(context: Context, quantity: int) -> None:
    (shirt,) = await sold(context, 1999)
    made = await service.create(context, [Addition(shirt, 1)])

    with pytest.raises(errors.Invalid):
        await service.add(context, made.cart.id, [Addition(shirt, quantity)])

    seen = await viewing.look(context, made.cart.id)
    assert seen is not None
    assert quantities(seen) == {shirt: 1}


async def test_only_what_is_published_priced_and_this_shops_is_sold(
    open_context: OpenContext, make_tenant: Callable[..., AbstractAsyncContextManager[TenantInfo]]
) -> None:
    other = await make_tenant()  # type: ignore[misc]  # a coroutine
    async with open_context(other) as context:
        (foreign,) = await sold(context, 100)
    async with open_context() as context:
        (draft,) = await sold(context, 100, title="Draft", publish=False)
        (dollars,) = await sold(context, 100, title="Dollars", currency="USD")
        made = await service.create(context)
    for refused in (foreign, draft, dollars, generate_id()):
        with pytest.raises(service.NotSold):
            async with open_context() as context:
                await service.add(context, made.cart.id, [Addition(refused, 1)])
    async with open_context() as context:
        assert await rows.lines(context, made.cart.id) == []


async def test_what_happens_to_goods_in_a_cart_is_said(context: Context) -> None:
    dearer, scarce, gone, hidden = await sold(context, 1999, 500, 700, 900)
    (other,) = await sold(context, 300, title="Hat")
    made = await service.create(context, [Addition(one, 3) for one in (dearer, scarce, gone, other)])
    by_variant = {one.row.variant_id: one.row.id for one in made.lines}

    await pricing.set_prices(context, dearer, [PriceRow(currency="EUR", amount_minor=2100)])
    await inventory.set_on_hand(context, scarce, 2)
    await variants.remove(context, gone)
    seen = await viewing.look(context, made.cart.id)
    assert seen is not None
    hat = next(one for one in seen.lines if one.row.variant_id == other)
    assert hat.goods is not None
    await products.archive(context, hat.goods.product_id)
    seen = await viewing.look(context, made.cart.id)

    assert seen is not None
    assert {(one.line_id, one.code, one.left, one.old_minor) for one in seen.notices} == {
        (by_variant[dearer], "price_changed", None, 1999),
        (by_variant[scarce], "only_left", 2, None),
        (by_variant[gone], "not_sold", None, None),
        (by_variant[other], "not_sold", None, None),
    }
    assert seen.totals.total_minor == 3 * 2100 + 3 * 500
    assert hidden not in by_variant
    seen = await service.update(context, made.cart.id, notices_seen=True)
    assert "price_changed" not in {one.code for one in seen.notices}


async def test_a_guests_cart_has_an_id_that_nobody_can_guess_and_a_customers_is_for_the_customer(
    open_context: OpenContext,
) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 1999)
        ann, bob = await customer(context), await customer(context, "bob@example.com")
    async with open_context(actor=ANONYMOUS) as context:
        guests = await service.create(context, [Addition(shirt, 1)])
        assert guests.cart.id.version == 4
    async with open_context(actor=ann) as context:
        hers = await service.create(context, [Addition(shirt, 1)])
        assert [one.id for one in await rows.mine(context)] == [hers.cart.id]

    for stranger in (ANONYMOUS, bob):
        async with open_context(actor=stranger) as context:
            assert await viewing.look(context, hers.cart.id) is None
            assert await viewing.look(context, guests.cart.id) is not None
            with pytest.raises(errors.NotFound):
                await service.add(context, hers.cart.id, [Addition(shirt, 1)])
            with pytest.raises(errors.NotFound):
                await service.forget(context, hers.cart.id)
    async with open_context(actor=ann) as context:
        assert quantities(await service.add(context, hers.cart.id, [Addition(shirt, 1)])) == {shirt: 2}


async def test_wish_lists_need_a_customer_and_lines_move_from_them(open_context: OpenContext) -> None:
    async with open_context() as context:
        shirt, hat = await sold(context, 1999, 500)
        ann = await customer(context)
    with pytest.raises(errors.Unauthenticated):
        async with open_context(actor=ANONYMOUS) as context:
            await service.create(context, kind=CartKind.WISH_LIST)
    async with open_context(actor=ann) as context:
        wishes = await service.create(
            context, [Addition(shirt, 1), Addition(hat, 2)], kind=CartKind.WISH_LIST, name="Birthday"
        )
        assert wishes.cart.expires_at is None
        cart = await service.create(context, [Addition(hat, 1)])
        line = next(one.row.id for one in wishes.lines if one.row.variant_id == hat)
        moved = await service.move(context, wishes.cart.id, cart.cart.id, [line])
        assert quantities(moved) == {hat: 3}
        assert [one.variant_id for one in await rows.lines(context, wishes.cart.id)] == [shirt]
        assert [one.name for one in await rows.mine(context) if one.kind is CartKind.WISH_LIST] == ["Birthday"]


async def test_who_and_where_are_checked_and_nothing_changes_when_they_are_wrong(open_context: OpenContext) -> None:
    async with open_context() as context:
        made = await service.create(context, email=" Ann@Example.com ", shipping_address=Address(country="de"))
        assert made.cart.email == "ann@example.com"
        assert made.cart.shipping_address == Address(country="DE")
    for wrong, refusal in (
        ({"email": "nobody"}, InvalidEmail),
        ({"shipping_address": Address(country="XX")}, BadAddress),
        ({"currency": "JPY"}, errors.Invalid),
        ({"note": "x" * 3000}, errors.Invalid),
    ):
        with pytest.raises(refusal):
            async with open_context() as context:
                await service.update(context, made.cart.id, **wrong)  # type: ignore[arg-type]  # one of the changes
    async with open_context() as context:
        seen = await viewing.look(context, made.cart.id)
        assert seen is not None
        assert (seen.cart.email, seen.cart.currency, seen.cart.note) == ("ann@example.com", "EUR", None)
        emptied = await service.update(context, made.cart.id, email=None, shipping_address=None)
        assert (emptied.cart.email, emptied.cart.shipping_address) == (None, None)


async def test_parallel_edits_never_lose_one(database: Database, tenant: TenantInfo, open_context: OpenContext) -> None:
    async with open_context() as context:
        ids = await sold(context, *([100] * 8), stock=None)
        made = await service.create(context)

    async def add(number: int) -> None:
        async with database.open(tenant, actor=ANONYMOUS) as context:
            await service.add(context, made.cart.id, [Addition(ids[number % 8], 1), Addition(ids[(number * 3) % 8], 2)])

    await asyncio.gather(*(add(number) for number in range(40)))

    async with open_context() as context:
        seen = await viewing.look(context, made.cart.id)
        assert seen is not None
        wanted = dict.fromkeys(ids, 0)
        for number in range(40):
            wanted[ids[number % 8]] += 1
            wanted[ids[(number * 3) % 8]] += 2
        assert quantities(seen) == {id_: count for id_, count in wanted.items() if count}
        assert seen.cart.version == 41


async def test_a_cart_has_five_hundred_lines_at_most_and_few_statements_whatever_their_number(
    context: Context, statements: list[str]
) -> None:
    ids = []
    for part in range(6):
        ids += await sold(context, *([100] * 100), stock=None, title=f"Many {part}")
    made = await service.create(context)
    statements.clear()
    made = await service.add(context, made.cart.id, [Addition(id_, 1) for id_ in ids[:499]])
    assert len(made.lines) == 499
    assert made.totals.total_minor == 49900
    many = len(statements)
    statements.clear()
    made = await service.add(context, made.cart.id, [Addition(ids[499], 1)])
    assert len(made.lines) == 500
    assert len(statements) == many <= 12

    with pytest.raises(service.CartFull):
        await service.add(context, made.cart.id, [Addition(ids[500], 1)])
    assert len(await rows.lines(context, made.cart.id)) == 500


async def test_carts_nobody_touches_are_deleted(open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 1999)
        old, young = await service.create(context, [Addition(shirt, 1)]), await service.create(context)
        await context.session.execute(
            text("UPDATE commerce_carts SET expires_at = now() - CAST(:ago AS interval) WHERE id = :id"),
            {"ago": timedelta(seconds=1), "id": old.cart.id},
        )
    async with open_context() as context:
        assert await viewing.look(context, old.cart.id) is None
        with pytest.raises(errors.NotFound):
            await service.add(context, old.cart.id, [Addition(shirt, 1)])
        assert await expiring.expire(context) == 1
        assert await rows.lines(context, old.cart.id) == []
        assert await viewing.look(context, young.cart.id) is not None
