"""API keys: never more than their owner, never longer than they should, never shown twice."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from rustok.core.access import api_keys, authentication
from rustok.core.access.models import ApiKey
from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.kernel import errors
from rustok.kernel.context import Actor


@pytest.fixture
def who_is(open_context):
    """The actor behind a key, or None where it is refused."""

    async def asked(secret: str, of=None, *, later: timedelta = timedelta()) -> Actor | None:
        async with open_context(of) as context:
            context.now += later
            try:
                return await authentication.authenticate(context, secret)
            except errors.Unauthenticated:
                return None

    return asked


async def test_a_key_may_what_its_list_says_until_it_is_revoked(open_context, make_user, actor_of, who_is, make_tenant):
    user, other = await make_user(role="manager"), await make_tenant()
    async with open_context(actor=await actor_of(user)) as context:
        made = await api_keys.create(context, name="Import", permissions=["content:read", "tags:write"])

    actor = await who_is(made.secret)
    assert (actor.kind, actor.user_id, actor.permissions) == ("api_key", user.id, {"content:read", "tags:write"})
    assert await who_is(made.secret, other) is None
    assert made.secret not in repr(made)

    async with open_context() as context:
        (stored,) = await api_keys.list_all(context)
        assert stored.last_used_at is not None
        assert made.secret.startswith(stored.prefix)
        assert made.secret.encode() not in stored.secret_hash
        await api_keys.revoke(context, stored.id)
    assert await who_is(made.secret) is None


async def test_reading_notes_no_use_and_works(open_context, make_user, actor_of, database, tenant):
    async with open_context(actor=await actor_of(await make_user(role="manager"))) as context:
        made = await api_keys.create(context, name="Import", permissions=["content:read"])

    async with database.read(tenant) as context:
        assert (await authentication.authenticate(context, made.secret)).may("content:read")

    async with open_context() as context:
        assert (await api_keys.list_all(context))[0].last_used_at is None


async def test_a_key_expires(open_context, make_user, actor_of, who_is):
    async with open_context(actor=await actor_of(await make_user(role="manager"))) as context:
        ends = context.now + timedelta(days=1)
        made = await api_keys.create(context, name="Import", permissions=["content:read"], expires_at=ends)
        for bad in (context.now, datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1)):  # noqa: DTZ001
            with pytest.raises(errors.Invalid):
                await api_keys.create(context, name="x", permissions=["content:read"], expires_at=bad)

    assert await who_is(made.secret, later=timedelta(hours=23)) is not None
    assert await who_is(made.secret, later=timedelta(hours=25)) is None


@pytest.mark.parametrize(
    ("granted", "error"),
    [
        (["users:read"], roles.Escalation),
        (["content:read", "tenants:delete"], roles.Escalation),
        (["*"], roles.UnknownPermission),
        (["nonsense:read"], roles.UnknownPermission),
        ([], errors.Invalid),
    ],
)
async def test_a_key_never_holds_what_its_owner_does_not(open_context, make_user, actor_of, granted, error):
    actor = await actor_of(await make_user(role="manager"))

    with pytest.raises(error):
        async with open_context(actor=actor) as context:
            await api_keys.create(context, name="Thief", permissions=granted)

    async with open_context() as context:
        assert (await context.session.scalars(select(ApiKey))).all() == []


async def test_a_key_makes_no_keys(open_context, make_user, actor_of, who_is):
    actor = await actor_of(await make_user(role="admin"))
    async with open_context(actor=actor) as context:
        made = await api_keys.create(context, name="Root", permissions=["api_keys:manage", "content:manage"])

    with pytest.raises(errors.Forbidden):
        async with open_context(actor=await who_is(made.secret)) as context:
            await api_keys.create(context, name="Child", permissions=["content:manage"])

    async with open_context() as context:
        assert len(await api_keys.list_all(context)) == 1


async def test_what_the_owner_loses_the_key_loses(open_context, make_user, actor_of, who_is):
    async with open_context() as context:
        await roles.create(context, "editor", name="Editor", permissions=["content:manage", "tags:read"])
    user = await make_user(role="editor")
    async with open_context(actor=await actor_of(user)) as context:
        made = await api_keys.create(context, name="Import", permissions=["content:write", "tags:read"])

    async with open_context() as context:
        await roles.update(context, "editor", version=1, permissions=["content:read", "tags:read"])
    assert (await who_is(made.secret)).permissions == {"tags:read"}

    async with open_context() as context:
        await users.disable_many(context, [user.id])
    assert await who_is(made.secret) is None


async def test_a_foreign_key_cannot_be_revoked(open_context, make_user, make_tenant, who_is):
    other = await make_tenant()
    user = await make_user(other, role="manager")
    async with open_context(other) as context:
        made = await api_keys.create(context, name="Import", permissions=["content:read"], user_id=user.id)

    async with open_context() as context:
        with pytest.raises(errors.NotFound):
            await api_keys.revoke(context, made.key.id)
        with pytest.raises(errors.NotFound):
            await api_keys.create(context, name="x", permissions=["content:read"], user_id=user.id)
        assert await api_keys.list_all(context) == []

    assert await who_is(made.secret, other) is not None


async def test_the_database_itself_keeps_everything_out_of_a_key(open_context, make_user):
    user = await make_user(role="super_admin")
    async with open_context() as context:
        await api_keys.create(context, name="Import", permissions=["content:read"], user_id=user.id)
    with pytest.raises(Exception, match="violates check constraint"):
        async with open_context() as context:
            await context.session.execute(text("UPDATE api_keys SET permissions = '{*}'"))
