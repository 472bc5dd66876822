"""A browser's cookie: good for weeks while it is used, for one tenant, and never after its session has ended."""

from datetime import timedelta

import pytest

from rustok.core.access import browsers, sessions
from rustok.core.users import service as users

PASSWORD = "correct horse battery"


@pytest.fixture
def resumed(open_context):
    """`await resumed(token, days=20)`: who that is so many days later, or None."""

    async def asked(token, of=None, *, days=0):
        async with open_context(of) as context:
            context.now += timedelta(days=days)
            return await browsers.resume(context, token)

    return asked


@pytest.fixture
async def begun(open_context, make_user):
    """A customer's new session."""
    user = await make_user(password=PASSWORD)
    async with open_context() as context:
        return await sessions.start(context, email=user.email, password=PASSWORD)


async def test_many_tabs_ask_with_one_cookie(begun, resumed):
    first = await resumed(begun.refresh_token)
    again = await resumed(begun.refresh_token)

    assert first == again
    assert (first.kind, first.user_id, first.session_id, first.role) == (
        "user", begun.user_id, begun.session_id, "customer",
    )  # fmt: skip


async def test_it_lives_as_long_as_it_is_used_and_no_longer_than_its_session(begun, resumed):
    for days in range(25, 176, 25):
        assert await resumed(begun.refresh_token, days=days) is not None, days

    assert await resumed(begun.refresh_token, days=181) is None


async def test_unused_it_ends_after_a_month(begun, resumed):
    assert await resumed(begun.refresh_token, days=31) is None


@pytest.mark.parametrize("ended", ["logged out", "everywhere", "disabled", "password", "exchanged", "by name alone"])
async def test_what_ends_a_session_ends_it_here(open_context, begun, resumed, ended):
    token = begun.refresh_token
    async with open_context() as context:
        match ended:
            case "logged out":
                await sessions.end_by_refresh_token(context, token)
            case "everywhere":
                await users.end_sessions(context, begun.user_id)
            case "disabled":
                await users.disable_many(context, [begun.user_id])
            case "password":
                await users.prove_and_set_password(context, begun.user_id, password="another horse battery")
            case "exchanged":
                assert await sessions.refresh(context, token) is not None
            case _:
                token = begun.access_token

    assert await resumed(token) is None


async def test_no_other_tenant_knows_it(begun, resumed, make_tenant):
    other = await make_tenant()

    assert await resumed(begun.refresh_token, other) is None
    assert await resumed(begun.refresh_token) is not None
