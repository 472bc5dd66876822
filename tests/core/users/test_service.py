"""Accounts: one per address, safe from those who may less, and never without a super administrator."""

import asyncio

import pytest

from rustok.core.roles import service as roles
from rustok.core.users import emails, passwords
from rustok.core.users import service as users
from rustok.events.core import UserDeleted, UserRegistered, UserUpdated
from rustok.kernel import errors
from rustok.kernel.context import Actor, Context
from rustok.kernel.ids import generate_id


async def test_an_account_is_made_once_per_address_however_it_is_spelled(context: Context):
    user = await users.register(context, email="  Anna@BÜCHER.example ", password="correct horse battery")

    assert user.email == "anna@xn--bcher-kva.example"
    assert user.password_hash.startswith("$argon2id$")
    assert context.recorded == [UserRegistered(user_id=user.id, email=user.email)]
    with pytest.raises(users.EmailTaken):
        await users.register(context, email="ANNA@bücher.example", password=None)
    assert await users.find(context, "anna@BÜCHER.example") is user
    assert len(context.recorded) == 1


async def test_two_tenants_may_have_the_same_address_and_never_see_each_others(make_user, make_tenant, open_context):
    other = await make_tenant()
    mine = await make_user(email="same@example.com")
    theirs = await make_user(other, email="same@example.com")

    async with open_context() as context:
        assert (await users.find(context, "same@example.com")).id == mine.id
        assert await users.find_by_id(context, theirs.id) is None
        for attempt in (
            users.remove(context, theirs.id),
            users.update(context, theirs.id, version=1, name="x"),
            users.set_password(context, theirs.id, password="correct horse battery"),
            users.end_sessions(context, theirs.id),
        ):
            with pytest.raises(errors.NotFound):
                await attempt
        assert await users.remove_many(context, [theirs.id, generate_id()]) == 0
        assert await users.disable_many(context, [theirs.id]) == 0

    async with open_context(other) as context:
        found = await users.get(context, theirs.id)
        assert (found.version, found.status, found.session_epoch) == (1, "active", 0)


@pytest.mark.parametrize(
    "email", ["", "x", "@x.y", "a b@x.y", "a@b@c d", "a\x00@x.y", "a@" + "x" * 300, "a" * 65 + "@x.y", "<a@x.y>"]
)
async def test_what_is_no_address_is_refused(context: Context, email: str):
    with pytest.raises(emails.InvalidEmail):
        await users.register(context, email=email, password=None)
    assert context.recorded == []


@pytest.mark.parametrize("password", ["short", "password123", "aaaaaaaaaaaa", "x" * 1025, "longaddress@example.com"])
async def test_weak_passwords_are_refused(context: Context, password: str):
    with pytest.raises(passwords.WeakPassword):
        await users.register(context, email="longaddress@example.com", password=password)
    assert await users.find(context, "longaddress@example.com") is None


async def test_a_change_of_somebody_else_in_between_is_not_overwritten(context: Context):
    user = await users.register(context, email="a@example.com", password=None)
    await users.update(context, user.id, version=1, name="First")

    with pytest.raises(errors.Stale):
        await users.update(context, user.id, version=1, name="Second")

    assert (await users.get(context, user.id)).name == "First"


async def test_a_changed_address_has_to_be_proved_again_and_is_unique(open_context, make_user):
    user = await make_user(email="old@example.com", email_verified=True)
    await make_user(email="taken@example.com")

    async with open_context() as context:
        changed = await users.update(context, user.id, version=1, email="NEW@example.com")
        assert (changed.email, changed.email_verified_at) == ("new@example.com", None)
        assert context.recorded == [UserUpdated(user_id=user.id)]
    with pytest.raises(users.EmailTaken):
        async with open_context() as context:
            await users.update(context, user.id, version=2, email="taken@example.com")

    async with open_context() as context:
        assert (await users.get(context, user.id)).email == "new@example.com"


@pytest.mark.parametrize("stronger", ["super_admin", "admin"])
async def test_nobody_lays_hands_on_who_may_more(open_context, make_user, stronger: str):
    victim = await make_user(role=stronger)
    weak = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"users:manage", "products:manage"}))

    for attempt in (
        lambda c: users.update(c, victim.id, version=1, email="mine@example.com"),
        lambda c: users.update(c, victim.id, version=1, status="disabled"),
        lambda c: users.update(c, victim.id, version=1, role="customer"),
        lambda c: users.set_password(c, victim.id, password="correct horse battery"),
        lambda c: users.remove(c, victim.id),
        lambda c: users.disable_many(c, [victim.id]),
    ):
        with pytest.raises(roles.Escalation):
            async with open_context(actor=weak) as context:
                await attempt(context)

    async with open_context() as context:
        found = await users.get(context, victim.id)
        assert (found.version, found.email, found.role, found.status) == (1, victim.email, stronger, "active")
        assert found.password_hash is None


@pytest.mark.parametrize("wanted", ["super_admin", "admin", "manager"])
async def test_nobody_grants_a_role_that_may_more_than_they_do(open_context, make_user, actor_of, wanted: str):
    granter = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"users:manage", "roles:manage"}))
    customer = await make_user()

    with pytest.raises(roles.Escalation):
        async with open_context(actor=granter) as context:
            await users.register(context, email="friend@example.com", password=None, role=wanted)
    with pytest.raises(roles.Escalation):
        async with open_context(actor=granter) as context:
            await users.update(context, customer.id, version=1, role=wanted)

    async with open_context() as context:
        assert await users.find(context, "friend@example.com") is None
        assert (await users.get(context, customer.id)).role == "customer"


async def test_an_admin_makes_admins_and_managers_but_no_super_admin(open_context, make_user, actor_of):
    admin = await actor_of(await make_user(role="admin"))
    async with open_context(actor=admin) as context:
        await users.register(context, email="a2@example.com", password=None, role="admin")
        await users.register(context, email="m2@example.com", password=None, role="manager")
        with pytest.raises(roles.Escalation):
            await users.register(context, email="s2@example.com", password=None, role="super_admin")
        assert await users.find(context, "s2@example.com") is None


async def test_the_last_super_admin_stays(open_context, make_user):
    only = await make_user(role="super_admin")
    await make_user(role="admin")

    for attempt in (
        lambda c: users.remove(c, only.id),
        lambda c: users.disable_many(c, [only.id]),
        lambda c: users.update(c, only.id, version=1, role="admin"),
        lambda c: users.update(c, only.id, version=1, status="disabled"),
    ):
        with pytest.raises(users.LastSuperAdmin):
            async with open_context() as context:
                await attempt(context)

    async with open_context() as context:
        found = await users.get(context, only.id)
        assert (found.version, found.role, found.status) == (1, "super_admin", "active")


async def test_two_super_admins_who_remove_each_other_cannot_both_succeed(open_context, make_user, actor_of):
    first, second = await make_user(role="super_admin"), await make_user(role="super_admin")

    async def remove(victim, actor):
        async with open_context(actor=actor) as context:
            await users.update(context, victim.id, version=1, role="customer")

    outcomes = await asyncio.gather(
        remove(first, await actor_of(second)), remove(second, await actor_of(first)), return_exceptions=True
    )

    assert sorted(type(o).__name__ for o in outcomes) == ["LastSuperAdmin", "NoneType"]


async def test_deleting_many_takes_all_or_none(open_context, make_user):
    gone = [await make_user(), await make_user()]
    admin = await make_user(role="super_admin")

    with pytest.raises(users.LastSuperAdmin):
        async with open_context() as context:
            await users.remove_many(context, [*(u.id for u in gone), admin.id])
    async with open_context() as context:
        assert await users.find_by_id(context, gone[0].id) is not None
        assert await users.remove_many(context, [u.id for u in gone]) == 2
        assert sorted(context.recorded, key=repr) == sorted([UserDeleted(user_id=u.id) for u in gone], key=repr)

    async with open_context() as context:
        assert await users.find_by_id(context, gone[0].id) is None


async def test_listing_finds_by_words_and_takes_them_literally(context: Context):
    await users.register(context, email="percent@example.com", password=None, name="100% Anna")
    await users.register(context, email="plain@example.com", password=None, name="1000 Anna")

    async def names(query: str) -> list[str]:
        return sorted(user.name for user in await context.session.scalars(users.listing(context, query=query)))

    assert await names("anna") == ["100% Anna", "1000 Anna"]
    assert await names("100%") == ["100% Anna"]
    assert await names("PLAIN@") == ["1000 Anna"]
    assert await names("_") == []


async def test_known_addresses_are_found_many_at_once(context: Context):
    user = await users.register(context, email="a@example.com", password=None)
    assert await users.ids_by_email(context, ["A@Example.com", "b@example.com", "nonsense"]) == {
        "A@Example.com": user.id
    }
