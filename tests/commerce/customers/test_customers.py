"""Customers, their address books and groups: what changes, what is told, what is refused."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from tests.commerce.customers.conftest import HOME, acting, made_in

from rustok.commerce.addresses.service import Address, BadAddress
from rustok.commerce.baskets.shapes import Buyer
from rustok.commerce.customers import book, groups, service
from rustok.commerce.customers.models import Customer, CustomerAddress
from rustok.core.users import service as users
from rustok.events.commerce import CustomerUpdated
from rustok.kernel import errors
from rustok.kernel.context import ANONYMOUS, Context
from rustok.kernel.ids import generate_id


async def test_an_account_becomes_a_customer_when_it_first_needs_to(context: Context) -> None:
    user = await users.register(context, email="ada@example.com", password=None)
    context.actor = acting(user)

    assert await service.ensure(context) == user.id
    assert await service.ensure(context) == user.id

    assert (await service.get(context, user.id)).accepts_marketing is False
    context.actor = ANONYMOUS
    with pytest.raises(errors.Unauthenticated):
        await service.ensure(context)


async def test_what_is_said_of_a_customer_is_kept_and_told(context: Context) -> None:
    user = await made_in(context, name="Ada")
    context.recorded.clear()

    changed = await service.change(
        context,
        user.id,
        version=1,
        name="Ada Moor",
        phone="+49 431 555-01",
        locale="ru",
        accepts_marketing=True,
        note="likes blue",
        tags=["vip", "vip", "press"],
    )

    account = await users.get(context, user.id)
    assert (account.name, account.locale) == ("Ada Moor", "ru")
    assert (changed.phone, changed.note, changed.tags, changed.version) == (
        "+49 431 555-01",
        "likes blue",
        ["vip", "press"],
        2,
    )
    assert changed.accepts_marketing
    assert changed.marketing_changed_at == context.now
    assert context.recorded[-1] == CustomerUpdated(customer_id=user.id)


@pytest.mark.parametrize(
    "facts",
    [{"phone": "call me"}, {"locale": "fr"}, {"tags": [""]}, {"name": "a\nb"}, {"note": "x" * 10_001}],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(make_customer, open_context, facts) -> None:
    user = await make_customer()

    with pytest.raises(errors.Invalid):
        async with open_context() as context:
            await service.change(context, user.id, accepts_marketing=True, **facts)

    async with open_context() as context:
        kept = await service.get(context, user.id)
        assert (kept.version, kept.accepts_marketing, kept.phone) == (1, False, "")


async def test_a_lost_update_is_refused(context: Context) -> None:
    user = await made_in(context)
    await service.change(context, user.id, version=1, phone="12345")

    with pytest.raises(errors.Stale):
        await service.change(context, user.id, version=1, phone="54321")

    assert (await service.get(context, user.id)).phone == "12345"


async def test_the_first_address_is_the_default_and_a_new_default_replaces_it(context: Context) -> None:
    user = await made_in(context)

    first = await book.add(context, user.id, HOME)
    second = await book.add(context, user.id, replace(HOME, city="Lübeck"), default_shipping=True)

    assert (first.address["country"], second.address["city"]) == ("DE", "Lübeck")
    shown = await book.list_all(context, user.id)
    assert [(one.id, one.is_default_shipping, one.is_default_billing) for one in shown] == [
        (second.id, True, False),
        (first.id, False, True),
    ]
    await book.change(context, user.id, first.id, default_shipping=True)
    shown = await book.list_all(context, user.id)
    assert [one.id for one in shown if one.is_default_shipping] == [first.id]


async def test_somebody_elses_address_is_not_found(context: Context) -> None:
    owner = await made_in(context, email="owner@example.com")
    thief = await made_in(context, email="thief@example.com")
    address = await book.add(context, owner.id, HOME)

    for attempt in (
        book.get(context, thief.id, address.id),
        book.change(context, thief.id, address.id, address=replace(HOME, name="Thief")),
        book.remove(context, thief.id, address.id),
    ):
        with pytest.raises(errors.NotFound):
            await attempt

    assert (await book.get(context, owner.id, address.id)).address["name"] == "Ada Moor"


async def test_an_address_book_is_checked_and_has_an_end(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    user = await made_in(context)
    monkeypatch.setattr(book, "MOST", 1)
    with pytest.raises(BadAddress):
        await book.add(context, user.id, Address(country="DE"))

    await book.add(context, user.id, HOME)
    with pytest.raises(errors.TooMany):
        await book.add(context, user.id, HOME)

    count = await context.session.scalar(select(func.count()).where(CustomerAddress.customer_id == user.id))
    assert count == 1


async def test_two_devices_that_add_addresses_at_once_agree_on_the_default(make_customer, open_context) -> None:
    user = await make_customer()

    async def add(city: str) -> None:
        async with open_context() as context:
            await book.add(context, user.id, replace(HOME, city=city), default_shipping=True)

    await asyncio.gather(*(add(f"City {number}") for number in range(6)))

    async with open_context() as context:
        shown = await book.list_all(context, user.id)
        assert len(shown) == 6
        assert [one.is_default_shipping for one in shown].count(True) == 1
        assert (await service.get(context, user.id)).version == 7


async def test_groups_have_members_and_a_buyer_is_in_them(context: Context) -> None:
    ada, bob = await made_in(context, email="ada@example.com"), await made_in(context, email="bob@example.com")
    trade = await groups.create(context, name="Trade Customers")
    press = await groups.create(context, name="Press", code="journalists")

    assert (trade.code, press.code) == ("trade-customers", "journalists")
    assert await groups.add_members(context, trade.id, [ada.id, bob.id]) == 2
    assert await groups.add_members(context, trade.id, [ada.id]) == 0
    assert await groups.remove_members(context, trade.id, [bob.id]) == 1
    await groups.set_of_customer(context, ada.id, [trade.id, press.id])

    context.actor = acting(ada)
    assert await service.buyer(context) == Buyer(
        customer_id=ada.id, email="ada@example.com", groups=frozenset({trade.id, press.id})
    )
    await groups.set_of_customer(context, ada.id, [press.id])
    assert [group.name for group in await groups.of_customer(context, ada.id)] == ["Press"]


async def test_a_group_of_strangers_is_refused(context: Context, open_context, make_tenant) -> None:
    group = await groups.create(context, name="Trade")
    known = await made_in(context)

    with pytest.raises(errors.NotFound):
        await groups.add_members(context, group.id, [known.id, generate_id()])
    with pytest.raises(groups.GroupCodeTaken):
        await groups.create(context, name="TRADE")


async def test_nobody_reaches_another_tenants_customers(make_customer, open_context, make_tenant) -> None:
    elsewhere = await make_tenant()
    user = await make_customer()

    async with open_context(elsewhere) as context:
        with pytest.raises(errors.NotFound):
            await service.get(context, user.id)
        group = await groups.create(context, name="Trade")
        with pytest.raises(errors.NotFound):
            await groups.add_members(context, group.id, [user.id])
        assert (await context.session.scalar(select(func.count()).select_from(Customer))) == 0


async def test_a_guest_is_known_by_an_address_alone(context: Context) -> None:
    context.actor = ANONYMOUS

    assert await service.buyer(context) == Buyer()
    assert await service.buyer(context, email=" Guest@Example.COM ") == Buyer(email="guest@example.com")
    assert await service.buyer(context, email="nonsense") == Buyer()
