"""Sessions: one answer for every wrong log-in, tokens that rotate, and a thief who ends the session for both."""

import asyncio
from datetime import timedelta

import argon2
import pytest
from sqlalchemy import select, text, update

from rustok.core.access import authentication, lockouts, sessions, sweeping, tokens
from rustok.core.access.models import RefreshToken, Session
from rustok.core.users import service as users
from rustok.core.users.models import User
from rustok.events.core import UserLoggedIn
from rustok.kernel import errors
from rustok.kernel.context import Actor

PASSWORD = "correct horse battery"


@pytest.fixture
def log_in(open_context):
    """`await log_in(user)`: the tokens of a new, committed session."""

    async def made(user, of=None) -> sessions.Tokens:
        async with open_context(of) as context:
            begun = await sessions.start(context, email=user.email, password=PASSWORD)
            assert begun is not None
            return begun

    return made


@pytest.fixture
def who_is(open_context):
    """`await who_is(token)`: the actor, or None where the token is refused."""

    async def asked(token: str, of=None, *, later: timedelta = timedelta()) -> Actor | None:
        async with open_context(of) as context:
            context.now += later
            try:
                return await authentication.authenticate(context, token)
            except errors.Unauthenticated:
                return None

    return asked


@pytest.fixture
def refreshed(open_context):
    """`await refreshed(token)`: new tokens, or None; committed either way, as the edge does."""

    async def exchanged(token: str, of=None, *, later: timedelta = timedelta()) -> sessions.Tokens | None:
        async with open_context(of) as context:
            context.now += later
            return await sessions.refresh(context, token)

    return exchanged


async def test_whoever_knows_the_password_is_let_in_and_known(open_context, make_user, who_is):
    user = await make_user(role="manager", password=PASSWORD)

    async with open_context() as context:
        client = sessions.Client("192.0.2.1", "Browser\x00\n" + "x" * 500)
        begun = await sessions.start(context, email=user.email.upper(), password=PASSWORD, client=client)
        assert context.recorded == [UserLoggedIn(user_id=user.id)]
        stored = await context.session.scalar(select(Session).where(Session.id == begun.session_id))
    actor = await who_is(begun.access_token)

    assert actor is not None
    assert (actor.kind, actor.user_id, actor.session_id, actor.role) == ("user", user.id, begun.session_id, "manager")
    assert actor.may("products:write")
    assert not actor.may("users:read")
    assert (stored.address, len(stored.user_agent)) == ("192.0.2.1", 255)
    async with open_context() as context:
        assert (await users.get(context, user.id)).last_login_at is not None


async def test_no_secret_is_stored_shown_or_told(open_context, make_user, log_in, addresses, owner):
    user = await make_user(password=PASSWORD)
    begun = await log_in(user)
    secrets = [begun.access_token, begun.refresh_token, PASSWORD]

    assert not any(secret in repr(begun) for secret in secrets)
    async with owner() as session:
        for table in ("users", "sessions", "refresh_tokens", "login_attempts", "event_staging"):
            rows = await session.execute(text(f"SELECT t::text FROM {table} t"))
            stored = "\n".join(row[0] for row in rows)
            assert not any(secret in stored for secret in secrets)


@pytest.mark.parametrize("case", ["wrong", "unknown", "disabled", "no password", "staff only", "nonsense", "overlong"])
async def test_every_wrong_log_in_has_the_same_answer_and_leaves_no_session(open_context, make_user, case):
    user = await make_user(password=None if case == "no password" else PASSWORD)
    if case == "disabled":
        async with open_context() as context:
            await users.disable_many(context, [user.id])
    email = {"unknown": "nobody@example.com", "nonsense": "a\x00b"}.get(case, user.email)
    password = {"wrong": "wrong horse battery", "overlong": "x" * 100_000, "no password": ""}.get(case, PASSWORD)

    async with open_context() as context:
        begun = await sessions.start(context, email=email, password=password, staff_only=case == "staff only")
        assert context.recorded == []

    assert begun is None
    async with open_context() as context:
        assert (await context.session.scalars(select(Session))).all() == []
        assert (await users.get(context, user.id)).last_login_at is None


async def test_a_password_hashed_with_old_parameters_is_hashed_anew(open_context, make_user, log_in):
    user = await make_user(password=PASSWORD)
    old = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    async with open_context() as context:
        await context.session.execute(update(User).where(User.id == user.id).values(password_hash=old))

    await log_in(user)

    async with open_context() as context:
        assert "m=47104" in (await users.get(context, user.id)).password_hash
    await log_in(user)


async def test_an_access_token_lasts_fifteen_minutes_and_belongs_to_one_tenant(
    make_user, make_tenant, log_in, who_is, refreshed
):
    other = await make_tenant()
    begun = await log_in(await make_user(password=PASSWORD))

    assert await who_is(begun.access_token, later=timedelta(minutes=14)) is not None
    assert await who_is(begun.access_token, later=timedelta(minutes=16)) is None
    assert await who_is(begun.access_token, other) is None
    assert await refreshed(begun.refresh_token, other) is None
    assert await who_is(begun.access_token) is not None


@pytest.mark.parametrize("token", ["", "x", "rka_", "rka_" + "A" * 43, "rkk_" + "A" * 43, "rka_" + "ü" * 43, "\x00"])
async def test_what_is_no_token_of_ours_is_refused(who_is, token):
    assert await who_is(token) is None


async def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(make_user, log_in, who_is, refreshed):
    begun = await log_in(await make_user(password=PASSWORD))

    assert await who_is(begun.refresh_token) is None
    assert await refreshed(begun.access_token) is None
    assert await who_is(begun.access_token) is not None


async def test_a_refresh_replaces_both_tokens(make_user, log_in, who_is, refreshed):
    begun = await log_in(await make_user(password=PASSWORD))

    renewed = await refreshed(begun.refresh_token)

    assert renewed is not None
    assert renewed.session_id == begun.session_id
    assert await who_is(begun.access_token) is None
    assert await who_is(renewed.access_token) is not None


async def test_a_refresh_token_used_twice_ends_the_session_for_owner_and_thief(make_user, log_in, who_is, refreshed):
    user = await make_user(password=PASSWORD)
    begun, elsewhere = await log_in(user), await log_in(user)
    second = await refreshed(begun.refresh_token)
    third = await refreshed(second.refresh_token)

    assert await refreshed(begun.refresh_token) is None

    assert await who_is(third.access_token) is None
    assert await refreshed(third.refresh_token) is None
    assert await who_is(elsewhere.access_token) is not None


async def test_of_two_refreshes_at_once_one_wins_and_the_session_ends(make_user, log_in, who_is, refreshed):
    user = await make_user(password=PASSWORD)
    for _ in range(3):
        begun = await log_in(user)

        outcomes = await asyncio.gather(*(refreshed(begun.refresh_token) for _ in range(4)))

        winners = [outcome for outcome in outcomes if outcome is not None]
        assert len(winners) == 1
        assert await who_is(winners[0].access_token) is None
        assert await refreshed(winners[0].refresh_token) is None


async def test_refresh_tokens_expire_and_so_do_sessions_that_are_always_refreshed(
    open_context, make_user, log_in, refreshed
):
    user = await make_user(password=PASSWORD)
    idle, busy = await log_in(user), await log_in(user)
    assert await refreshed(idle.refresh_token, later=timedelta(days=31)) is None

    days = 0
    while (renewed := await refreshed(busy.refresh_token, later=timedelta(days=days + 29))) is not None:
        busy, days = renewed, days + 29
        assert renewed.expires_at <= busy.access_expires_at + timedelta(days=30)

    assert 150 < days <= 180


async def test_refresh_races_with_log_out_without_getting_stuck(open_context, make_user, log_in, refreshed):
    user = await make_user(password=PASSWORD)

    async def leave(begun):
        async with open_context(actor=Actor("user", user.id, session_id=begun.session_id)) as context:
            await sessions.end_all(context)

    for _ in range(6):
        begun = await log_in(user)
        renewed, _ = await asyncio.gather(refreshed(begun.refresh_token), leave(begun))
        assert renewed is None or await refreshed(renewed.refresh_token) is None


async def test_logging_out_ends_one_session_or_all(open_context, make_user, log_in, who_is):
    user = await make_user(password=PASSWORD)
    first, second, third = [await log_in(user) for _ in range(3)]
    actor = await who_is(first.access_token)

    async with open_context(actor=actor) as context:
        assert {row.id for row in await sessions.list_own(context)} == {x.session_id for x in (first, second, third)}
        await sessions.end(context)
        await sessions.end_by_refresh_token(context, second.refresh_token)
        await sessions.end_by_refresh_token(context, tokens.generate(tokens.REFRESH))
    assert [await who_is(x.access_token) is not None for x in (first, second, third)] == [False, False, True]

    async with open_context(actor=await who_is(third.access_token)) as context:
        assert await sessions.end_all(context) == 1
    assert await who_is(third.access_token) is None


async def test_nobody_ends_or_sees_the_sessions_of_others(open_context, make_user, log_in, who_is):
    mine, theirs = await make_user(password=PASSWORD), await make_user(password=PASSWORD)
    me, them = await log_in(mine), await log_in(theirs)

    async with open_context(actor=await who_is(me.access_token)) as context:
        with pytest.raises(errors.NotFound):
            await sessions.end(context, them.session_id)
        assert [row.id for row in await sessions.list_own(context)] == [me.session_id]
    for attempt in (sessions.list_own, sessions.end, sessions.end_all):
        with pytest.raises(errors.Unauthenticated):
            async with open_context(actor=Actor()) as context:
                await attempt(context)

    assert await who_is(them.access_token) is not None


@pytest.mark.parametrize("change", ["disable", "disable and enable", "password", "end", "delete"])
async def test_what_ends_sessions_ends_them_at_once(open_context, make_user, log_in, who_is, refreshed, change):
    user = await make_user(password=PASSWORD)
    begun = await log_in(user)

    async with open_context() as context:
        match change:
            case "disable":
                await users.disable_many(context, [user.id])
            case "disable and enable":
                await users.update(context, user.id, version=1, status="disabled")
                await users.update(context, user.id, version=2, status="active")
            case "password":
                await users.set_password(context, user.id, password="another horse battery")
            case "end":
                await sessions.end_all_of(context, user.id)
            case "delete":
                await users.remove(context, user.id)

    assert await who_is(begun.access_token) is None
    assert await refreshed(begun.refresh_token) is None


async def test_a_role_taken_away_is_gone_with_the_next_request(open_context, make_user, log_in, who_is):
    user = await make_user(role="manager", password=PASSWORD)
    begun = await log_in(user)
    assert (await who_is(begun.access_token)).may("content:write")

    async with open_context() as context:
        await users.update(context, user.id, version=1, role="customer")

    assert not (await who_is(begun.access_token)).may("content:write")


async def test_changing_the_password_takes_the_present_one_and_ends_every_other_session(
    open_context, make_user, log_in, who_is
):
    user = await make_user(password=PASSWORD)
    stolen, mine = await log_in(user), await log_in(user)
    actor = await who_is(mine.access_token)

    async with open_context(actor=actor) as context:
        assert await sessions.change_password(context, present="wrong horse", password="another horse battery") is None
    assert await who_is(stolen.access_token) is not None
    async with open_context(actor=actor) as context:
        fresh = await sessions.change_password(context, present=PASSWORD, password="another horse battery")

    assert await who_is(fresh.access_token) is not None
    assert await who_is(stolen.access_token) is None
    assert await who_is(mine.access_token) is None
    async with open_context() as context:
        assert await sessions.start(context, email=user.email, password=PASSWORD) is None


async def test_the_present_password_cannot_be_guessed_without_end(open_context, make_user, log_in, who_is):
    user = await make_user(password=PASSWORD)
    actor = await who_is((await log_in(user)).access_token)

    with pytest.raises(lockouts.TooManyAttempts):
        for _ in range(6):
            async with open_context(actor=actor) as context:
                assert await sessions.change_password(context, present="wrong", password="another horse b") is None


async def test_authentication_takes_one_statement(open_context, make_user, log_in, database):
    from sqlalchemy import event

    begun = await log_in(await make_user(role="admin", password=PASSWORD))
    statements: list[str] = []

    def note(connection, cursor, statement, *rest):
        statements.append(statement)

    async with open_context() as context:
        event.listen(database.app.sync_engine, "before_cursor_execute", note)
        try:
            await authentication.authenticate(context, begun.access_token)
        finally:
            event.remove(database.app.sync_engine, "before_cursor_execute", note)

    assert len(statements) == 1


async def test_sweeping_removes_what_is_over_and_nothing_else(open_context, make_user, log_in, who_is, refreshed):
    user = await make_user(password=PASSWORD)
    old = await log_in(user)
    async with open_context() as context:
        context.now += timedelta(days=29)
        recent = await sessions.start(context, email=user.email, password=PASSWORD)

    async with open_context() as context:
        context.now += timedelta(days=31)
        await sweeping.sweep(context)
        left = (await context.session.scalars(select(Session.id))).all()
        tokens_left = (await context.session.scalars(select(RefreshToken.session_id))).all()

    assert left == [recent.session_id] == tokens_left
    assert await refreshed(old.refresh_token) is None
    assert await refreshed(recent.refresh_token, later=timedelta(days=31)) is not None
