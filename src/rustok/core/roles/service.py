"""What a role allows, and who may give it away: nobody grants what they do not hold."""

import re
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from rustok.core import permissions as core_permissions
from rustok.core import texts
from rustok.core.roles.models import Role
from rustok.kernel import errors
from rustok.kernel.context import Actor, Context

SUPER_ADMIN = "super_admin"
ADMIN = "admin"
MANAGER = "manager"
CUSTOMER = "customer"
SYSTEM_ROLES = {SUPER_ADMIN: "Super administrator", ADMIN: "Administrator", MANAGER: "Manager", CUSTOMER: "Customer"}

EVERYTHING = "*"
# Managers look after the catalogue, the orders and the content; everything else has to be granted by a custom role.
MANAGED_RESOURCES = (
    "products",
    "prices",
    "inventory",
    "collections",
    "commerce_categories",
    "customers",
    "promotions",
    "gift_cards",
    "shipping",
    "carts",
    "orders",
    "payments",
    "returns",
    "content",
    "categories",
    "tags",
    "seo",
    "media",
    "translations",
    "menus",
    "redirects",
)
MANAGER_PERMISSIONS = frozenset(f"{resource}:manage" for resource in MANAGED_RESOURCES)
# What even an administrator lacks: ending the tenant.
WITHHELD_FROM_ADMIN = frozenset({core_permissions.TENANTS_DELETE, core_permissions.TENANTS_MANAGE})

_SLUG = re.compile(r"[a-z][a-z0-9_]{1,31}")
_PERMISSION = re.compile(r"[a-z][a-z0-9_]{0,62}:[a-z][a-z0-9_]{0,62}")
MOST_PERMISSIONS = 500


class RoleInUse(errors.Conflict):
    """Somebody still has the role."""

    code = "role_in_use"


class RoleExists(errors.Conflict):
    """The tenant has a role of that slug, or it is one of the fixed ones."""

    code = "role_exists"


class UnknownRole(errors.Invalid):
    """There is no such role."""

    code = "unknown_role"


class UnknownPermission(errors.Invalid):
    """No installed module declares the permission."""

    code = "unknown_permission"


class Escalation(errors.Forbidden):
    """The actor would give away, or lay hands on, more than they hold."""

    code = "escalation"


def known_permissions(context: Context) -> frozenset[str]:
    """Every permission that can be granted one by one in this installation."""
    return context.installation.permissions | frozenset(core_permissions.ALL)


def permissions_of(context: Context, role: str, custom: Collection[str] | None) -> frozenset[str]:
    """What a role allows; `custom` is the stored list when the role is not one of the fixed ones."""
    if role == SUPER_ADMIN:
        return frozenset({EVERYTHING})
    if role == ADMIN:
        return (known_permissions(context) | MANAGER_PERMISSIONS) - WITHHELD_FROM_ADMIN
    if role == MANAGER:
        return MANAGER_PERMISSIONS
    if role == CUSTOMER:
        return frozenset()
    return frozenset(custom or ())


def covered(granted: Iterable[str], permissions: Iterable[str]) -> frozenset[str]:
    """Those of the permissions that the granted ones include."""
    holder = Actor(kind="system", permissions=frozenset(granted))
    return frozenset(p for p in permissions if holder.may(p))


async def resolve(context: Context, role: str) -> frozenset[str]:
    """What the role allows in this tenant; raise `UnknownRole` where there is none."""
    if role in SYSTEM_ROLES:
        return permissions_of(context, role, None)
    stored = await context.session.scalar(
        select(Role.permissions).where(Role.tenant_id == context.tenant_id, Role.slug == role)
    )
    if stored is None:
        raise UnknownRole(f"there is no role {role[:32]!r}", field="role")
    return frozenset(stored)


async def require_covers(context: Context, role: str) -> None:
    """Raise `Escalation` unless the actor holds all that the role allows.

    Asked before a role is given away, and before hands are laid on somebody who has it: whoever may change a
    password or an address may become that person.
    """
    _require_holds(context.actor, await resolve(context, role))


async def get(context: Context, slug: str) -> Role:
    """One custom role."""
    role = await context.session.scalar(select(Role).where(Role.tenant_id == context.tenant_id, Role.slug == slug))
    if role is None:
        raise errors.NotFound("there is no such role")
    return role


async def list_all(context: Context) -> list[Role]:
    """The custom roles by name."""
    rows = await context.session.scalars(select(Role).where(Role.tenant_id == context.tenant_id).order_by(Role.name))
    return list(rows)


async def create(context: Context, slug: str, *, name: str, permissions: Iterable[str]) -> Role:
    """Add a custom role whose permissions the actor holds."""
    slug = slug.strip().lower()
    if not _SLUG.fullmatch(slug):
        raise errors.Invalid("a role's slug is 2 to 32 letters a-z, digits and underscores", field="slug")
    if slug in SYSTEM_ROLES:
        raise RoleExists(f"{slug} is one of the fixed roles", field="slug")
    role = Role(
        tenant_id=context.tenant_id,
        slug=slug,
        name=texts.check_line(name, field="name", longest=100),
        permissions=_grantable(context, permissions),
    )
    try:
        async with context.session.begin_nested():
            context.session.add(role)
    except IntegrityError:
        raise RoleExists(f"there is a role {slug} already", field="slug") from None
    return role


async def update(
    context: Context, slug: str, *, version: int, name: str | None = None, permissions: Iterable[str] | None = None
) -> Role:
    """Rename a custom role or change what it allows; the actor must hold both what it allowed and what it will."""
    role = await _lock(context, slug)
    if role.version != version:
        raise errors.Stale("the role was changed by somebody else in between", field="version")
    _require_holds(context.actor, role.permissions)
    if name is not None:
        role.name = texts.check_line(name, field="name", longest=100)
    if permissions is not None:
        role.permissions = _grantable(context, permissions)
    role.version += 1
    role.updated_at = context.now
    await context.session.flush()
    return role


async def remove(context: Context, slug: str) -> UUID:
    """Delete a custom role that nobody has; return its id."""
    role = await _lock(context, slug)
    _require_holds(context.actor, role.permissions)
    try:
        async with context.session.begin_nested():
            await context.session.execute(delete(Role).where(Role.tenant_id == context.tenant_id, Role.id == role.id))
    except IntegrityError:
        raise RoleInUse("somebody still has this role", field="slug") from None
    return role.id


async def _lock(context: Context, slug: str) -> Role:
    role = await context.session.scalar(
        select(Role)
        .where(Role.tenant_id == context.tenant_id, Role.slug == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if role is None:
        raise errors.NotFound("there is no such role")
    return role


def _grantable(context: Context, permissions: Iterable[str]) -> list[str]:
    wanted = sorted({p.strip() for p in permissions})
    if len(wanted) > MOST_PERMISSIONS:
        raise errors.Invalid(f"a role has at most {MOST_PERMISSIONS} permissions", field="permissions")
    check_known(context, wanted)
    _require_holds(context.actor, wanted)
    return wanted


def check_known(context: Context, permissions: Iterable[str]) -> None:
    """Raise `UnknownPermission` for whatever no installed module declares; `*` is never granted one by one."""
    known = known_permissions(context)
    for permission in permissions:
        if not _PERMISSION.fullmatch(permission) or permission not in known:
            raise UnknownPermission(f"there is no permission {permission[:64]!r}", field="permissions")


def _require_holds(actor: Actor, permissions: Iterable[str]) -> None:
    lacking = sorted(p for p in permissions if not actor.may(p))
    if lacking:
        raise Escalation("this takes permissions that you do not hold yourself")
