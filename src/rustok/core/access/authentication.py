"""From a bearer token to an actor, in one statement."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, select, update

from rustok.core.access import tokens
from rustok.core.access.models import ApiKey, Session
from rustok.core.roles import service as roles
from rustok.core.roles.models import Role
from rustok.core.users.models import User, UserStatus
from rustok.kernel import errors
from rustok.kernel.context import Actor, Context

# Writing the time of use at every request would make each read a write.
NOTED_EVERY = timedelta(minutes=1)


class BadToken(errors.Unauthenticated):
    """The token is unknown, expired or revoked, or its owner disabled: which of them is not said."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("the token is not valid")


async def authenticate(context: Context, bearer: str) -> Actor:
    """Who holds the access token or API key; raise `BadToken` for anything else.

    One SELECT. A key's time of use is written with a second statement, at most once a minute, and not at all in a
    read-only transaction.
    """
    if tokens.looks_like(bearer, tokens.ACCESS):
        return await _by_session(context, bearer)
    if tokens.looks_like(bearer, tokens.API_KEY):
        return await _by_key(context, bearer)
    raise BadToken


_ROLE_OF_USER = and_(Role.tenant_id == User.tenant_id, Role.slug == User.custom_role)


async def _by_session(context: Context, bearer: str) -> Actor:
    row = (
        await context.session.execute(
            select(Session.id, Session.user_id, User.role, Role.permissions)
            .join(User, and_(User.tenant_id == Session.tenant_id, User.id == Session.user_id))
            .outerjoin(Role, _ROLE_OF_USER)
            .where(
                Session.tenant_id == context.tenant_id,
                Session.access_hash == tokens.digest(bearer),
                Session.access_expires_at > context.now,
                Session.epoch == User.session_epoch,
                User.status == UserStatus.ACTIVE,
            )
        )
    ).one_or_none()
    if row is None:
        raise BadToken
    held = roles.permissions_of(context, row.role, row.permissions)
    return Actor(kind="user", user_id=row.user_id, permissions=held, session_id=row.id, role=row.role)


async def _by_key(context: Context, bearer: str) -> Actor:
    row = (
        await context.session.execute(
            select(
                ApiKey.id,
                ApiKey.user_id,
                ApiKey.permissions,
                ApiKey.last_used_at,
                User.role,
                Role.permissions.label("held"),
                func.current_setting("transaction_read_only").label("read_only"),
            )
            .join(User, and_(User.tenant_id == ApiKey.tenant_id, User.id == ApiKey.user_id))
            .outerjoin(Role, _ROLE_OF_USER)
            .where(
                ApiKey.tenant_id == context.tenant_id,
                ApiKey.secret_hash == tokens.digest(bearer),
                ApiKey.revoked_at.is_(None),
                (ApiKey.expires_at.is_(None)) | (ApiKey.expires_at > context.now),
                User.status == UserStatus.ACTIVE,
            )
        )
    ).one_or_none()
    if row is None:
        raise BadToken
    if row.read_only == "off" and (row.last_used_at is None or row.last_used_at < context.now - NOTED_EVERY):
        await _note_use(context, row.id)
    held = roles.permissions_of(context, row.role, row.held)
    # What the owner has lost since, the key has lost too.
    return Actor(kind="api_key", user_id=row.user_id, permissions=roles.covered(held, row.permissions))


async def _note_use(context: Context, key_id: UUID) -> None:
    await context.session.execute(
        update(ApiKey)
        .where(ApiKey.tenant_id == context.tenant_id, ApiKey.id == key_id)
        .values(last_used_at=context.now)
        .execution_options(synchronize_session=False)
    )
