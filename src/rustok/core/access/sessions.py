"""Log-in and what follows: a session per device, short access tokens, refresh tokens that are good once.

Functions that refuse a secret return None instead of raising, because what they wrote (a counted failure, a revoked
session) must be committed by the edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from rustok.core.access import lockouts, tokens
from rustok.core.access.models import RefreshToken, Session
from rustok.core.roles import service as roles
from rustok.core.users import passwords
from rustok.core.users import service as users
from rustok.core.users.models import User, UserStatus
from rustok.events.core import UserLoggedIn
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

_QUIET = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from, as far as the edge knows."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a device holds. The secrets are in no repr, so that none ends up in a log."""

    session_id: UUID
    user_id: UUID
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    expires_at: datetime


async def start(
    context: Context, *, email: str, password: str, client: Client | None = None, staff_only: bool = False
) -> Tokens | None:
    """Log in. None where address or password is wrong, nobody says which; the edge must commit the counted failure.

    Raises `TooManyAttempts` while the account or the network address is locked out.
    """
    client = client or Client()
    account = lockouts.account(email)
    address = lockouts.address(client.address)
    await lockouts.enter(context, account, address)
    user = await users.find(context, email)
    fits = await passwords.verify(user.password_hash if user else None, password)
    if user is None or not fits or user.status != UserStatus.ACTIVE or (staff_only and user.role == roles.CUSTOMER):
        await lockouts.note(context, account, address)
        return None
    await lockouts.forgive(context, account)
    changes: dict[str, object] = {"last_login_at": context.now}
    if user.password_hash and passwords.needs_rehash(user.password_hash):
        changes["password_hash"] = await passwords.hash_password(password)
    # The account may have been disabled or got another password while we hashed: then its row does not match.
    still = await context.session.scalar(
        update(User)
        .where(
            User.tenant_id == context.tenant_id,
            User.id == user.id,
            User.status == UserStatus.ACTIVE,
            User.session_epoch == user.session_epoch,
        )
        .values(**changes)
        .returning(User.id)
        .execution_options(**_QUIET)
    )
    if still is None:
        return None
    bus.record(context, UserLoggedIn(user_id=user.id))
    return await _begin(context, user.id, epoch=user.session_epoch, client=client)


async def refresh(context: Context, refresh_token: str) -> Tokens | None:
    """Exchange a refresh token for new ones. None where it is not good, for whatever reason; the edge must commit.

    A token that was exchanged before is in two hands: the whole session ends, for both of them.
    """
    if not tokens.looks_like(refresh_token, tokens.REFRESH):
        return None
    mine = (RefreshToken.tenant_id == context.tenant_id, RefreshToken.token_hash == tokens.digest(refresh_token))
    session_id = await context.session.scalar(select(RefreshToken.session_id).where(*mine))
    if session_id is None:
        return None
    # Whoever holds the session's row goes first; the token is looked at again by those who waited.
    row = (
        await context.session.execute(
            select(Session.user_id, Session.expires_at, Session.epoch, User.session_epoch, User.status)
            .join(User, (User.tenant_id == Session.tenant_id) & (User.id == Session.user_id))
            .where(Session.tenant_id == context.tenant_id, Session.id == session_id)
            .with_for_update(of=Session)
        )
    ).one_or_none()
    if row is None:
        return None
    token_expires_at = await context.session.scalar(
        update(RefreshToken)
        .where(*mine, RefreshToken.used_at.is_(None))
        .values(used_at=context.now)
        .returning(RefreshToken.expires_at)
        .execution_options(**_QUIET)
    )
    alive = (
        token_expires_at is not None
        and context.now < min(token_expires_at, row.expires_at)
        and row.epoch == row.session_epoch
        and row.status == UserStatus.ACTIVE
    )
    if not alive:
        await _delete(context, Session.id == session_id)
        return None
    access_token = tokens.generate(tokens.ACCESS)
    access_expires_at = min(context.now + tokens.ACCESS_LASTS, row.expires_at)
    await context.session.execute(
        update(Session)
        .where(Session.tenant_id == context.tenant_id, Session.id == session_id)
        .values(
            access_hash=tokens.digest(access_token),
            access_expires_at=access_expires_at,
            refreshed_at=context.now,
        )
        .execution_options(**_QUIET)
    )
    token, expires_at = await _add_refresh_token(context, session_id, row.expires_at)
    return Tokens(session_id, row.user_id, access_token, token, access_expires_at, expires_at)


async def end(context: Context, session_id: UUID | None = None) -> None:
    """Log the actor out: of the session they act in, or of another one of theirs."""
    user_id = _self(context)
    ended = await _delete(context, Session.user_id == user_id, Session.id == (session_id or context.actor.session_id))
    if not ended:
        raise errors.NotFound("there is no such session")


async def end_by_refresh_token(context: Context, refresh_token: str) -> None:
    """Log out with the refresh token alone; one that is not good changes nothing and is not told apart."""
    if tokens.looks_like(refresh_token, tokens.REFRESH):
        held = select(RefreshToken.session_id).where(
            RefreshToken.tenant_id == context.tenant_id, RefreshToken.token_hash == tokens.digest(refresh_token)
        )
        await _delete(context, Session.id.in_(held))


async def end_all(context: Context) -> int:
    """Log the actor out everywhere; returns of how many sessions."""
    user_id = _self(context)
    await users.end_sessions(context, user_id)
    return await _delete(context, Session.user_id == user_id)


async def end_all_of(context: Context, user_id: UUID) -> int:
    """Log somebody else out everywhere. The actor must cover their role."""
    user = await users.get(context, user_id)
    await roles.require_covers(context, user.role)
    await users.end_sessions(context, user_id)
    return await _delete(context, Session.user_id == user_id)


async def list_own(context: Context) -> Sequence[Session]:
    """The actor's live sessions, the latest used first."""
    rows = await context.session.scalars(
        select(Session)
        .join(User, (User.tenant_id == Session.tenant_id) & (User.id == Session.user_id))
        .where(
            Session.tenant_id == context.tenant_id,
            Session.user_id == _self(context),
            Session.epoch == User.session_epoch,
            Session.expires_at > context.now,
        )
        .order_by(Session.refreshed_at.desc(), Session.id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def change_password(
    context: Context, *, present: str, password: str, client: Client | None = None
) -> Tokens | None:
    """Change the actor's own password; every session ends and a new one begins.

    None where the present password does not fit; the edge must commit the counted failure. Raises `TooManyAttempts`.
    """
    client = client or Client()
    me = await users.get(context, _self(context))
    account = lockouts.account(me.email)
    await lockouts.enter(context, account, lockouts.address(client.address))
    passwords.check_password(password, email=me.email)
    user = await users.change_password(context, present=present, password=password)
    if user is None:
        await lockouts.note(context, account, lockouts.address(client.address))
        return None
    await lockouts.forgive(context, account)
    await _delete(context, Session.user_id == user.id)
    return await _begin(context, user.id, epoch=user.session_epoch, client=client)


async def _begin(context: Context, user_id: UUID, *, epoch: int, client: Client) -> Tokens:
    session_id = generate_id()
    access_token = tokens.generate(tokens.ACCESS)
    access_expires_at = context.now + tokens.ACCESS_LASTS
    ends = context.now + tokens.SESSION_LASTS
    await context.session.execute(
        insert(Session).values(
            tenant_id=context.tenant_id,
            id=session_id,
            user_id=user_id,
            epoch=epoch,
            access_hash=tokens.digest(access_token),
            access_expires_at=access_expires_at,
            expires_at=ends,
            address=_printable(client.address, 64),
            user_agent=_printable(client.user_agent, 255),
            created_at=context.now,
            refreshed_at=context.now,
        )
    )
    token, expires_at = await _add_refresh_token(context, session_id, ends)
    return Tokens(session_id, user_id, access_token, token, access_expires_at, expires_at)


async def _add_refresh_token(context: Context, session_id: UUID, ends: datetime) -> tuple[str, datetime]:
    token = tokens.generate(tokens.REFRESH)
    expires_at = min(context.now + tokens.REFRESH_LASTS, ends)
    await context.session.execute(
        insert(RefreshToken).values(
            tenant_id=context.tenant_id,
            token_hash=tokens.digest(token),
            session_id=session_id,
            expires_at=expires_at,
            created_at=context.now,
        )
    )
    return token, expires_at


async def _delete(context: Context, *conditions: object) -> int:
    ended = await context.session.scalars(
        delete(Session)
        .where(Session.tenant_id == context.tenant_id, *conditions)  # type: ignore[arg-type]  # SQL expressions
        .returning(Session.id)
        .execution_options(**_QUIET)
    )
    return len(ended.all())


def _self(context: Context) -> UUID:
    if context.actor.kind != "user" or context.actor.user_id is None:
        raise errors.Unauthenticated("log in first")
    return context.actor.user_id


def _printable(text: str, longest: int) -> str:
    return "".join(c for c in text if c.isprintable())[:longest]
