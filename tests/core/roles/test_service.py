"""Roles: nobody grants what they do not hold, and nobody loses a role that they have."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rustok.core import permissions
from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.kernel import errors
from rustok.kernel.context import Actor, Context, Installation
from rustok.kernel.ids import generate_id

EDITOR = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"roles:manage", "content:manage"}))


def test_fixed_roles_hold_what_the_design_says(context: Context):
    context.installation = Installation(permissions=frozenset({"products:manage", "gifts:write"}))
    admin = roles.permissions_of(context, roles.ADMIN, None)

    assert roles.permissions_of(context, roles.SUPER_ADMIN, None) == {"*"}
    assert {"gifts:write", "users:manage", "products:manage"} <= admin
    assert not admin & {permissions.TENANTS_DELETE, permissions.TENANTS_MANAGE, "*"}
    assert roles.permissions_of(context, roles.MANAGER, None) < admin
    assert not roles.covered(roles.permissions_of(context, roles.MANAGER, None), {"users:read", "gifts:write"})
    assert roles.permissions_of(context, roles.CUSTOMER, None) == frozenset()


async def test_a_custom_role_is_made_changed_and_deleted(context: Context):
    made = await roles.create(context, "Editor", name="Editor", permissions=["content:write", "content:read"])
    assert (made.slug, made.permissions) == ("editor", ["content:read", "content:write"])

    changed = await roles.update(context, "editor", version=1, permissions=["content:read"])
    assert (changed.version, await roles.resolve(context, "editor")) == (2, {"content:read"})

    await roles.remove(context, "editor")
    with pytest.raises(roles.UnknownRole):
        await roles.resolve(context, "editor")


@pytest.mark.parametrize(
    ("slug", "granted", "error"),
    [
        ("admin", ["content:read"], roles.RoleExists),
        ("super_admin", [], roles.RoleExists),
        ("x", [], errors.Invalid),
        ("a b", [], errors.Invalid),
        ("thief", ["*"], roles.UnknownPermission),
        ("thief", ["content:*"], roles.UnknownPermission),
        ("thief", ["nonsense:read"], roles.UnknownPermission),
        ("thief", ["users:read"], roles.Escalation),
        ("thief", ["content:read", "tenants:delete"], roles.Escalation),
    ],
)
async def test_a_role_that_cannot_be_is_refused(open_context, slug, granted, error):
    with pytest.raises(error):
        async with open_context(actor=EDITOR) as context:
            await roles.create(context, slug, name="Thief", permissions=granted)

    async with open_context() as context:
        assert await roles.list_all(context) == []


async def test_a_role_is_neither_raised_nor_touched_by_who_may_less(open_context):
    async with open_context() as context:
        await roles.create(context, "editor", name="Editor", permissions=["content:write"])
        await roles.create(context, "people", name="People", permissions=["users:write"])

    for slug, granted in (("editor", ["content:write", "users:write"]), ("people", []), ("people", None)):
        with pytest.raises(roles.Escalation):
            async with open_context(actor=EDITOR) as context:
                await roles.update(context, slug, version=1, name="x", permissions=granted)
    with pytest.raises(roles.Escalation):
        async with open_context(actor=EDITOR) as context:
            await roles.remove(context, "people")

    async with open_context() as context:
        stored = {role.slug: (role.version, role.permissions) for role in await roles.list_all(context)}
    assert stored == {"editor": (1, ["content:write"]), "people": (1, ["users:write"])}


async def test_a_role_that_somebody_has_cannot_be_deleted_and_one_that_is_not_there_cannot_be_had(open_context):
    async with open_context() as context:
        await roles.create(context, "editor", name="Editor", permissions=["content:write"])
        user = await users.register(context, email="e@example.com", password=None, role="editor")

    async with open_context() as context:
        with pytest.raises(roles.RoleInUse):
            await roles.remove(context, "editor")
        with pytest.raises(roles.UnknownRole):
            await users.update(context, user.id, version=1, role="nobody")
        assert (await users.get(context, user.id)).role == "editor"
        assert (await roles.get(context, "editor")).version == 1
    with pytest.raises(DBAPIError, match="fk_users_tenant_id_custom_role"):
        async with open_context() as context:
            await context.session.execute(text("UPDATE users SET role = 'nobody'"))


async def test_another_tenants_role_is_no_role_here(open_context, make_tenant):
    other = await make_tenant()
    async with open_context(other) as context:
        await roles.create(context, "editor", name="Editor", permissions=["content:write"])

    async with open_context() as context:
        assert await roles.list_all(context) == []
        with pytest.raises(roles.UnknownRole):
            await users.register(context, email="e@example.com", password=None, role="editor")
        for attempt in (roles.get(context, "editor"), roles.remove(context, "editor")):
            with pytest.raises(errors.NotFound):
                await attempt
    async with open_context(other) as context:
        assert (await roles.get(context, "editor")).permissions == ["content:write"]
