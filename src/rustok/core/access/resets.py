"""Setting a forgotten password with a token that was sent to the account's address."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, delete, literal, select
from sqlalchemy.dialects.postgresql import insert

from rustok.core.access import lockouts, tokens
from rustok.core.access.models import PasswordReset
from rustok.core.roles import service as roles
from rustok.core.users import emails
from rustok.core.users import service as users
from rustok.core.users.models import User, UserStatus
from rustok.kernel import errors
from rustok.kernel.context import Context

_QUIET = {"synchronize_session": False}


class BadResetToken(errors.Invalid):
    """The token is unknown, used or expired: which of them is not said."""

    code = "bad_reset_token"


@dataclass(frozen=True, slots=True)
class Reset:
    """What has to reach the owner of the address, and nobody else. The secret is in no repr."""

    user_id: UUID
    email: str
    token: str = field(repr=False)
    expires_at: datetime


async def request(context: Context, email: str, *, client_address: str = "") -> Reset | None:
    """Make a reset token for the account of this address, or None; the edge answers the same in both cases.

    Asking is limited by account and by network address: beyond the limit nothing is made, silently.
    """
    account = lockouts.account(email, purpose="reset", limit=lockouts.RESET_ACCOUNT)
    address = lockouts.address(client_address, purpose="reset", limit=lockouts.RESET_ADDRESS)
    try:
        await lockouts.require_open(context, account, address)
    except lockouts.TooManyAttempts:
        return None
    await lockouts.note(context, account, address)
    # The same statements run for an address of nobody, so that the time tells nothing either.
    return await _make(context, User.email == (emails.normalise(email) or ""))


async def issue(context: Context, user_id: UUID) -> Reset:
    """Make a reset token for somebody, for the command line and for staff who invite; the actor covers their role."""
    user = await users.get(context, user_id)
    await roles.require_covers(context, user.role)
    made = await _make(context, User.id == user_id)
    if made is None:
        raise errors.Conflict("the account is disabled")
    return made


async def complete(context: Context, token: str, *, password: str) -> UUID:
    """Set the password, once; ends every session and forgets failed log-ins. Returns the id of the account."""
    if not tokens.looks_like(token, tokens.RESET):
        raise BadResetToken("the link is not valid any more", field="token")
    user_id = await context.session.scalar(
        delete(PasswordReset)
        .where(
            PasswordReset.tenant_id == context.tenant_id,
            PasswordReset.token_hash == tokens.digest(token),
            PasswordReset.expires_at > context.now,
        )
        .returning(PasswordReset.user_id)
        .execution_options(**_QUIET)
    )
    user = None if user_id is None else await users.get(context, user_id)
    if user is None or user.status != UserStatus.ACTIVE:
        raise BadResetToken("the link is not valid any more", field="token")
    await users.prove_and_set_password(context, user.id, password=password)
    await context.session.execute(
        delete(PasswordReset)
        .where(PasswordReset.tenant_id == context.tenant_id, PasswordReset.user_id == user.id)
        .execution_options(**_QUIET)
    )
    await lockouts.forgive(context, lockouts.account(user.email))
    return user.id


async def _make(context: Context, condition: object) -> Reset | None:
    token = tokens.generate(tokens.RESET)
    expires_at = context.now + tokens.RESET_LASTS
    chosen = select(
        User.tenant_id,
        literal(tokens.digest(token), LargeBinary),
        User.id,
        literal(expires_at, DateTime(timezone=True)),
    ).where(User.tenant_id == context.tenant_id, User.status == UserStatus.ACTIVE, condition)  # type: ignore[arg-type]
    made = (
        await context.session.execute(
            insert(PasswordReset)
            .from_select(["tenant_id", "token_hash", "user_id", "expires_at"], chosen)
            .returning(PasswordReset.user_id)
        )
    ).scalar_one_or_none()
    if made is None:
        return None
    user = await users.get(context, made)
    return Reset(user.id, user.email, token, expires_at)
