"""Guessing is slowed down by account and by address, for accounts that exist and for those that do not."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from rustok.core.access import lockouts, registration, sessions
from rustok.core.access.models import LoginAttempt, Session
from rustok.core.users import service as users

PASSWORD = "correct horse battery"


@pytest.fixture
def attempt(open_context):
    """One log-in as the edge does it: True, False, or the seconds to wait."""

    async def attempted(email, password, address="", *, of=None, later=timedelta()) -> bool | int:
        try:
            async with open_context(of) as context:
                context.now += later
                begun = await sessions.start(context, email=email, password=password, client=sessions.Client(address))
                return begun is not None
        except lockouts.TooManyAttempts as error:
            return error.seconds

    return attempted


@pytest.fixture
def fail(open_context):
    """`await fail(30, "192.0.2.1")`: so many failures on as many accounts from one address, without the hashing."""

    async def failed(times: int, address: str) -> None:
        async with open_context() as context:
            for n in range(times):
                await lockouts.note(context, lockouts.account(f"user{n}@example.com"), lockouts.address(address))

    return failed


@pytest.mark.parametrize("known", [True, False])
async def test_an_account_is_locked_out_after_five_failures_whether_it_exists_or_not(make_user, attempt, known):
    email = (await make_user(password=PASSWORD)).email if known else "nobody@example.com"

    outcomes = [await attempt(email, "wrong", f"192.0.2.{n}") for n in range(7)]

    assert outcomes[:5] == [False] * 5
    assert [0 < seconds <= 15 for seconds in outcomes[5:]] == [True, True]
    assert await attempt(email.upper(), PASSWORD, "198.51.100.1") not in (True, False)


async def test_each_further_failure_doubles_the_wait_up_to_fifteen_minutes(attempt):
    for _ in range(5):
        await attempt("a@example.com", "wrong")
    clock, waits = timedelta(), []
    for _ in range(8):
        seconds = await attempt("a@example.com", "wrong", later=clock)
        waits.append(seconds)
        clock += timedelta(seconds=seconds)
        assert await attempt("a@example.com", "wrong", later=clock) is False

    assert waits[:6] == [15, 30, 60, 120, 240, 480]
    assert waits[-1] == 900


async def test_after_the_wait_the_right_password_works_and_wipes_the_slate(make_user, attempt, open_context):
    user = await make_user(password=PASSWORD)
    for _ in range(5):
        await attempt(user.email, "wrong")

    assert await attempt(user.email, PASSWORD, later=timedelta(seconds=16)) is True
    assert await attempt(user.email, "wrong", later=timedelta(seconds=17)) is False

    async with open_context() as context:
        assert await context.session.scalar(select(func.count()).select_from(LoginAttempt)) == 1


async def test_failures_older_than_an_hour_do_not_count(attempt):
    for _ in range(5):
        await attempt("a@example.com", "wrong")
    assert await attempt("a@example.com", "wrong", later=timedelta(minutes=61)) is False
    assert await attempt("a@example.com", "wrong", later=timedelta(minutes=62)) is False


async def test_an_address_that_tries_many_accounts_is_locked_out_from_all_of_them(make_user, attempt, fail):
    user = await make_user(password=PASSWORD)
    await fail(29, "2001:db8:1:2::1")
    assert await attempt("another@example.com", "wrong", "2001:db8:1:2::1") is False

    assert await attempt(user.email, PASSWORD, "2001:db8:1:2:ffff::9") not in (True, False)
    assert await attempt(user.email, PASSWORD, "2001:db8:1:3::1") is True


async def test_an_own_account_does_not_wipe_the_slate_of_an_address(make_user, attempt, fail):
    mine = await make_user(password=PASSWORD)
    await fail(29, "192.0.2.1")

    assert await attempt(mine.email, PASSWORD, "192.0.2.1") is True
    assert await attempt("another@example.com", "wrong", "192.0.2.1") is False

    assert await attempt(mine.email, PASSWORD, "192.0.2.1") not in (True, False)


async def test_a_lock_out_is_one_tenants_own(make_tenant, make_user, attempt):
    other = await make_tenant()
    user = await make_user(other, email="same@example.com", password=PASSWORD)
    for _ in range(6):
        await attempt("same@example.com", "wrong", "192.0.2.1")

    assert await attempt(user.email, PASSWORD, "192.0.2.1", of=other) is True


async def test_many_guesses_at_once_are_no_more_than_many_in_a_row(make_user, attempt, open_context):
    user = await make_user(password=PASSWORD)

    outcomes = await asyncio.gather(*(attempt(user.email, f"guess number {n}") for n in range(30)))

    assert len([outcome for outcome in outcomes if outcome is False]) <= 5
    async with open_context() as context:
        assert (await context.session.scalars(select(Session))).all() == []


async def test_who_tried_to_log_in_cannot_be_read_from_the_table(attempt, owner):
    await attempt("secret-person@example.com", "wrong", "192.0.2.77")
    async with owner() as session:
        stored = str((await session.execute(text("SELECT * FROM login_attempts"))).all())
    assert "secret-person" not in stored
    assert "192.0.2.77" not in stored


async def test_signing_up_says_nothing_about_who_is_here_and_makes_customers_only(make_user, open_context, attempt):
    known = await make_user(email="known@example.com", role="admin", password=PASSWORD)

    async with open_context() as context:
        answers = [
            await registration.register_customer(context, email=email, password="a new horse battery")
            for email in ("known@example.com", "new@example.com")
        ]

    assert answers == [None, None]
    assert await attempt("known@example.com", "a new horse battery") is False
    assert await attempt("new@example.com", "a new horse battery") is True
    async with open_context() as context:
        assert (await users.find(context, "new@example.com")).role == "customer"
        assert (await users.get(context, known.id)).version == 1


async def test_one_address_cannot_sign_up_without_end(open_context):
    with pytest.raises(lockouts.TooManyAttempts):
        for n in range(11):
            async with open_context() as context:
                await registration.register_customer(
                    context, email=f"robot{n}@example.com", password=PASSWORD, client_address="192.0.2.1"
                )

    async with open_context() as context:
        assert len((await context.session.scalars(users.listing(context))).all()) == 10
