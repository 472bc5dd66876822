"""What can be done with accounts. Nobody lays hands on an account that may do more than they may themselves."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from rustok.core import texts
from rustok.core.roles import service as roles
from rustok.core.users import emails, passwords
from rustok.core.users.models import User, UserStatus
from rustok.events.core import UserDeleted, UserRegistered, UserUpdated, UserVerified
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_AT_ONCE = 1000
T = TypeVar("T")


class EmailTaken(errors.Conflict):
    """Another account of the tenant has the address."""

    code = "email_taken"


class LastSuperAdmin(errors.Conflict):
    """Without this account nobody could administer the tenant."""

    code = "last_super_admin"


async def register(
    context: Context,
    *,
    email: str,
    password: str | None,
    name: str = "",
    role: str = roles.CUSTOMER,
    email_verified: bool = False,
    locale: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> User:
    """Make an account. Without a password nobody can log in until one is set. Raises `EmailTaken`."""
    user = await register_quietly(
        context,
        email=email,
        password=password,
        name=name,
        role=role,
        email_verified=email_verified,
        locale=locale,
        metadata=metadata,
    )
    if user is None:
        raise EmailTaken("there is an account with this e-mail address already", field="email")
    return user


async def register_quietly(
    context: Context,
    *,
    email: str,
    password: str | None,
    name: str = "",
    role: str = roles.CUSTOMER,
    email_verified: bool = False,
    locale: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> User | None:
    """The same, but None where the address is taken, after the same work: a stranger must not learn who is here."""
    await roles.require_covers(context, role)
    address = emails.check_email(email)
    called = texts.check_line(name, field="name", required=False)
    if password is not None:
        passwords.check_password(password, email=address)
    values = {
        "tenant_id": context.tenant_id,
        "id": generate_id(),
        "email": address,
        "name": called,
        "role": role,
        "password_hash": None if password is None else await passwords.hash_password(password),
        "email_verified_at": context.now if email_verified else None,
        "locale": check_locale(context, locale),
        "metadata_": texts.check_settings(metadata or {}, field="metadata"),
    }
    try:
        async with context.session.begin_nested():
            user = await context.session.scalar(
                insert(User)
                .values(**values)
                .on_conflict_do_nothing(index_elements=["tenant_id", "email"])
                .returning(User)
            )
    except IntegrityError:  # the custom role was deleted a moment ago
        raise roles.UnknownRole(f"there is no role {role[:32]!r}", field="role") from None
    if user is not None:
        bus.record(context, UserRegistered(user_id=user.id, email=user.email))
        if email_verified:
            bus.record(context, UserVerified(user_id=user.id))
    return user


async def find_by_id(context: Context, user_id: UUID) -> User | None:
    """One account, or None."""
    return await context.session.scalar(
        _mine(context).where(User.id == user_id).execution_options(populate_existing=True)
    )


async def get(context: Context, user_id: UUID) -> User:
    """One account."""
    user = await find_by_id(context, user_id)
    if user is None:
        raise errors.NotFound("there is no such user")
    return user


async def find(context: Context, email: str) -> User | None:
    """The account with this address, however it is spelled, or None."""
    address = emails.normalise(email)
    if address is None:
        return None
    return await context.session.scalar(
        _mine(context).where(User.email == address).execution_options(populate_existing=True)
    )


async def ids_by_email(context: Context, addresses: Collection[str]) -> dict[str, UUID]:
    """The ids of the accounts with these addresses, by the spelling that was asked for; absent ones are left out."""
    asked = {address: emails.normalise(address) for address in addresses}
    rows = await context.session.execute(
        select(User.email, User.id).where(
            User.tenant_id == context.tenant_id, User.email.in_({e for e in asked.values() if e})
        )
    )
    known = {row.email: row.id for row in rows}
    return {address: known[email] for address, email in asked.items() if email in known}


def listing(
    context: Context, *, query: str | None = None, role: str | None = None, status: str | None = None
) -> Select[User]:
    """The accounts whose name or address holds the words, for paging."""
    return _narrowed(_mine(context), query=query, role=role, status=status)


def ids_matching(
    context: Context,
    *,
    query: str | None = None,
    role: str | None = None,
    status: str | None = None,
    verified: bool | None = None,
) -> Select[UUID]:
    """The ids of such accounts, for lists of other features."""
    statement = _narrowed(
        select(User.id).where(User.tenant_id == context.tenant_id), query=query, role=role, status=status
    )
    if verified is not None:
        proven = User.email_verified_at.is_not(None)
        statement = statement.where(proven if verified else ~proven)
    return statement


async def get_many(context: Context, user_ids: Collection[UUID]) -> dict[UUID, User]:
    """The accounts with these ids; absent ones are left out."""
    rows = await context.session.scalars(
        _mine(context).where(User.id.in_(set(user_ids))).execution_options(populate_existing=True)
    )
    return {user.id: user for user in rows}


def check_locale(context: Context, locale: str | None) -> str | None:
    """A language of the tenant; raises `Invalid` for another one."""
    if locale is not None and locale not in context.tenant.locales:
        raise errors.Invalid(f"the language is one of {', '.join(context.tenant.locales)}", field="locale")
    return locale


def email_of(user_id: ColumnElement[UUID] | Any, tenant_id: ColumnElement[UUID] | Any) -> ColumnElement[str | None]:
    """Glue: the address of a user as a correlated subquery, null where there is none."""
    return select(User.email).where(User.tenant_id == tenant_id, User.id == user_id).scalar_subquery()


async def update(
    context: Context,
    user_id: UUID,
    *,
    version: int,
    name: str | None = None,
    email: str | None = None,
    role: str | None = None,
    status: str | None = None,
    locale: str | None = None,
) -> User:
    """Change what is given. The actor must cover the account's role as it is and as it will be."""
    if role is not None or status is not None:
        await _one_at_a_time(context)
    user = await lock(context, user_id)
    if user.version != version:
        raise errors.Stale("the user was changed by somebody else in between", field="version")
    await roles.require_covers(context, user.role)
    if role is not None and role != user.role:
        await roles.require_covers(context, role)
    if status is not None and status not in set(UserStatus):
        raise errors.Invalid(f"a user is {' or '.join(UserStatus)}", field="status")
    if role not in (None, roles.SUPER_ADMIN) or status == UserStatus.DISABLED:
        await _require_another_super_admin(context, {user_id})
    if name is not None:
        user.name = texts.check_line(name, field="name", required=False)
    if email is not None and (address := emails.check_email(email)) != user.email:
        user.email, user.email_verified_at, user.registered_again_at = address, None, None
    if locale is not None:
        user.locale = check_locale(context, locale)
    if status is not None and status != user.status:
        user.status = status
        user.session_epoch += 1
    if role is not None:
        user.role = role
    await _changed(context, user)
    return user


async def rename(context: Context, *, name: str | None = None, locale: str | None = None) -> User:
    """Change the actor's own name, or the language in which they are written to."""
    user = await lock(context, self_id(context))
    if name is not None:
        user.name = texts.check_line(name, field="name", required=False)
    if locale is not None:
        user.locale = check_locale(context, locale)
    await _changed(context, user)
    return user


async def change_password(context: Context, *, present: str, password: str) -> User | None:
    """Change the actor's own password and end all their sessions; None where the present one does not fit."""
    user = await lock(context, self_id(context))
    if not await passwords.verify(user.password_hash, present):
        return None
    return await _store_password(context, user, password)


async def set_password(context: Context, user_id: UUID, *, password: str) -> User:
    """Give an account a password and end all its sessions. The actor must cover the account's role."""
    user = await lock(context, user_id)
    await roles.require_covers(context, user.role)
    return await _store_password(context, user, password)


async def prove_and_set_password(context: Context, user_id: UUID, *, password: str) -> User:
    """The same for whoever proved with a token sent to it that the account's address is theirs, which it notes.

    The proof stands in for the actor's permission: only `access.resets` calls this.
    """
    user = await lock(context, user_id)
    user.registered_again_at = None
    if user.email_verified_at is None:
        user.email_verified_at = context.now
        bus.record(context, UserVerified(user_id=user.id))
    return await _store_password(context, user, password)


async def prove_email(context: Context, user_id: UUID, *, email: str) -> User:
    """Note that an address, the account's own or its new one, is its owner's. Raises `EmailTaken`.

    The proof stands in for the actor's permission: only `access.verification` calls this.
    """
    user = await lock(context, user_id)
    user.email, user.email_verified_at = emails.check_email(email), context.now
    await _changed(context, user)
    bus.record(context, UserVerified(user_id=user.id))
    return user


async def end_sessions(context: Context, user_id: UUID) -> None:
    """End all sessions of an account at once."""
    user = await lock(context, user_id)
    user.session_epoch += 1
    await context.session.flush()


async def remove(context: Context, user_id: UUID) -> None:
    """Delete an account with its sessions and keys."""
    if not await remove_many(context, [user_id]):
        raise errors.NotFound("there is no such user")


async def remove_many(context: Context, user_ids: Sequence[UUID]) -> int:
    """Delete accounts, all or none; ids of nobody are passed over. Returns how many there were."""
    await _one_at_a_time(context)
    found = await _lock_many(context, user_ids)
    await _require_another_super_admin(context, set(found))
    await context.session.execute(
        delete(User).where(User.tenant_id == context.tenant_id, User.id.in_(found)),
        execution_options={"synchronize_session": False},
    )
    for user in found.values():
        context.session.expunge(user)
    bus.record_many(context, [UserDeleted(user_id=user_id) for user_id in found])
    return len(found)


async def disable_many(context: Context, user_ids: Sequence[UUID]) -> int:
    """Disable accounts and end their sessions, all or none; returns how many were active."""
    await _one_at_a_time(context)
    found = await _lock_many(context, user_ids)
    await _require_another_super_admin(context, set(found))
    active = [user for user in found.values() if user.status == UserStatus.ACTIVE]
    for user in active:
        user.status = UserStatus.DISABLED
        user.session_epoch += 1
        await _changed(context, user)
    return len(active)


async def make_nobody(context: Context, user_id: UUID, *, email: str) -> User:
    """Close an account for good and take everything from it that says whose it was; only its id stays.

    The caller has asked for a permission or a password: only `access.personal` calls this.
    """
    user = await lock(context, user_id)
    user.email, user.name, user.password_hash, user.locale, user.metadata_ = email, "", None, None, {}
    user.email_verified_at = user.registered_again_at = user.last_login_at = None
    user.status = UserStatus.DISABLED
    user.session_epoch += 1
    await _changed(context, user)
    return user


async def lock(context: Context, user_id: UUID) -> User:
    """One account, which nobody else changes until this transaction ends."""
    user = await context.session.scalar(
        _mine(context).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    )
    if user is None:
        raise errors.NotFound("there is no such user")
    return user


def _narrowed(statement: Select[T], *, query: str | None, role: str | None, status: str | None) -> Select[T]:
    if query and query.strip():
        pattern = "%" + query.strip().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
        statement = statement.where(or_(User.email.ilike(pattern), User.name.ilike(pattern)))
    if role:
        statement = statement.where(User.role == role)
    if status:
        statement = statement.where(User.status == status)
    return statement


def _mine(context: Context) -> Select[User]:
    return select(User).where(User.tenant_id == context.tenant_id)


def self_id(context: Context) -> UUID:
    """The account that acts; raises `Unauthenticated` for guests and programs."""
    if context.actor.kind != "user" or context.actor.user_id is None:
        raise errors.Unauthenticated("log in first")
    return context.actor.user_id


async def _lock_many(context: Context, user_ids: Sequence[UUID]) -> dict[UUID, User]:
    if len(user_ids) > MOST_AT_ONCE:
        raise errors.Invalid(f"at most {MOST_AT_ONCE} users at once", field="ids")
    rows = await context.session.scalars(
        _mine(context)
        .where(User.id.in_(user_ids))
        .order_by(User.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {user.id: user for user in rows}
    for role in sorted({user.role for user in found.values()}):
        await roles.require_covers(context, role)
    return found


async def _one_at_a_time(context: Context) -> None:
    """Let nobody else take away roles until this transaction ends.

    Else two super administrators who remove each other at the same moment would both succeed.
    """
    await context.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"super_admin {context.tenant_id}"}
    )


async def _require_another_super_admin(context: Context, leaving: set[UUID]) -> None:
    """Raise `LastSuperAdmin` if these are all who can administer the tenant."""
    rows = await context.session.scalars(
        select(User.id).where(
            User.tenant_id == context.tenant_id, User.role == roles.SUPER_ADMIN, User.status == UserStatus.ACTIVE
        )
    )
    present = set(rows)
    if present and present <= leaving:
        raise LastSuperAdmin("the last active super administrator must stay")


async def _store_password(context: Context, user: User, password: str) -> User:
    passwords.check_password(password, email=user.email)
    user.password_hash = await passwords.hash_password(password)
    user.session_epoch += 1
    await _changed(context, user)
    return user


async def _changed(context: Context, user: User) -> None:
    user.version += 1
    user.updated_at = context.now
    try:
        await context.session.flush()
    except IntegrityError as error:
        if "custom_role" in str(error.orig):
            raise roles.UnknownRole("there is no such role", field="role") from None
        raise EmailTaken("there is an account with this e-mail address already", field="email") from None
    bus.record(context, UserUpdated(user_id=user.id))
