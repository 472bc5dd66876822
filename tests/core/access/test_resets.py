"""Password resets: one use, one hour, and silence about who has an account."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rustok.core.access import lockouts, resets, sessions, tokens
from rustok.core.access.models import PasswordReset
from rustok.core.roles import service as roles
from rustok.core.users import passwords
from rustok.core.users import service as users
from rustok.kernel.context import Actor
from rustok.kernel.ids import generate_id

PASSWORD = "correct horse battery"
NEW = "another horse battery"


async def test_a_reset_sets_the_password_once_and_ends_every_session(open_context, make_user):
    user = await make_user(password=PASSWORD)
    async with open_context() as context:
        begun = await sessions.start(context, email=user.email, password=PASSWORD)
        asked = [await resets.request(context, user.email.upper()) for _ in range(2)]

    async with open_context(actor=Actor()) as context:
        assert await resets.complete(context, asked[0].token, password=NEW) == user.id

    async with open_context() as context:
        assert await sessions.refresh(context, begun.refresh_token) is None
        for reset in asked:
            with pytest.raises(resets.BadResetToken):
                await resets.complete(context, reset.token, password="a third horse battery")
        assert await sessions.start(context, email=user.email, password=NEW) is not None
        assert (await users.get(context, user.id)).email_verified_at is not None


async def test_a_reset_for_nobody_or_a_closed_account_makes_nothing(open_context, make_user):
    user = await make_user(password=PASSWORD)
    async with open_context() as context:
        await users.disable_many(context, [user.id])

    async with open_context() as context:
        assert await resets.request(context, "nobody@example.com") is None
        assert await resets.request(context, user.email) is None
        assert await resets.request(context, "no\x00body") is None
        assert (await context.session.scalars(select(PasswordReset))).all() == []


async def test_asking_without_end_makes_three_tokens_and_no_noise(open_context, make_user):
    user = await make_user(password=PASSWORD)
    made = []
    for _ in range(5):
        async with open_context() as context:
            made.append(await resets.request(context, user.email, client_address="192.0.2.1"))
    assert [reset is not None for reset in made] == [True] * 3 + [False] * 2


async def test_a_token_is_refused_when_it_is_old_foreign_or_made_up(open_context, make_user, make_tenant):
    user, other = await make_user(password=PASSWORD), await make_tenant()
    async with open_context() as context:
        reset = await resets.request(context, user.email)
    assert reset.token not in repr(reset)

    for of, token, later in (
        (None, reset.token, timedelta(minutes=61)),
        (other, reset.token, timedelta()),
        (None, tokens.generate(tokens.RESET), timedelta()),
        (None, "", timedelta()),
        (None, "\x00", timedelta()),
    ):
        with pytest.raises(resets.BadResetToken):
            async with open_context(of) as context:
                context.now += later
                await resets.complete(context, token, password=NEW)

    async with open_context() as context:
        assert await passwords.verify((await users.get(context, user.id)).password_hash, PASSWORD)


async def test_a_weak_password_does_not_use_the_token_up(open_context, make_user):
    user = await make_user(password=PASSWORD)
    async with open_context() as context:
        reset = await resets.request(context, user.email)

    with pytest.raises(passwords.WeakPassword):
        async with open_context() as context:
            await resets.complete(context, reset.token, password="short")

    async with open_context() as context:
        assert await resets.complete(context, reset.token, password=NEW) == user.id


async def test_an_account_disabled_meanwhile_stays_closed(open_context, make_user):
    user = await make_user(password=PASSWORD)
    async with open_context() as context:
        reset = await resets.request(context, user.email)
        await users.disable_many(context, [user.id])

    with pytest.raises(resets.BadResetToken):
        async with open_context() as context:
            await resets.complete(context, reset.token, password=NEW)


async def test_a_reset_lifts_the_accounts_lock_out(open_context, make_user):
    user = await make_user(password=PASSWORD)
    for _ in range(5):
        async with open_context() as context:
            await sessions.start(context, email=user.email, password="wrong")
    async with open_context() as context:
        with pytest.raises(lockouts.TooManyAttempts):
            await sessions.start(context, email=user.email, password=PASSWORD)
        reset = await resets.request(context, user.email)
        await resets.complete(context, reset.token, password=NEW)

    async with open_context() as context:
        assert await sessions.start(context, email=user.email, password=NEW) is not None


async def test_nobody_issues_a_token_for_who_may_more(open_context, make_user):
    admin = await make_user(role="admin", password=PASSWORD)
    weak = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"users:manage"}))

    with pytest.raises(roles.Escalation):
        async with open_context(actor=weak) as context:
            await resets.issue(context, admin.id)

    async with open_context() as context:
        assert (await context.session.scalars(select(PasswordReset))).all() == []
