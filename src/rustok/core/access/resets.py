"""Setting a forgotten password with a token that was sent to the account's address."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, LargeBinary, delete, literal, select
from sqlalchemy.dialects.postgresql import insert

from rustok.core.access import letters, lockouts, tokens
from rustok.core.access.models import EmailProof, PasswordReset
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

    user: User
    token: str = field(repr=False)
    expires_at: datetime

    @property
    def user_id(self) -> UUID:
        """Whose account it is."""
        return self.user.id

    @property
    def email(self) -> str:
        """Where the token goes."""
        return self.user.email


async def request(context: Context, email: str, *, client_address: str = "") -> Reset | None:
    """Send a reset token to this address if it is an account's; the edge answers the same in both cases.

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
    made = await make(context, User.email == (emails.normalise(email) or ""))
    if made is not None:
        await letters.send(context, "password_reset", to=made.email, about=made.user, token=made.token)
    return made


async def issue(context: Context, user_id: UUID, *, lasts: timedelta = tokens.RESET_LASTS) -> Reset:
    """Make a reset token for somebody, for the command line and for staff who invite; the actor covers their role."""
    user = await users.get(context, user_id)
    await roles.require_covers(context, user.role)
    made = await make(context, User.id == user_id, lasts=lasts)
    if made is None:
        raise errors.Conflict("the account is disabled")
    return made


async def invite(context: Context, user_id: UUID) -> User:
    """Write to somebody for whom an account was made: with the link they choose their password."""
    made = await issue(context, user_id, lasts=tokens.INVITATION_LASTS)
    await letters.send(context, "invitation", to=made.email, about=made.user, token=made.token)
    return made.user


async def complete(context: Context, token: str, *, password: str) -> UUID:
    """Set the password, once; ends every session and forgets failed log-ins. Returns the id of the account."""
    if not tokens.looks_like(token, tokens.RESET):
        raise BadResetToken("the link is not valid any more", field="token")
    sent = (
        await context.session.execute(
            delete(PasswordReset)
            .where(
                PasswordReset.tenant_id == context.tenant_id,
                PasswordReset.token_hash == tokens.digest(token),
                PasswordReset.expires_at > context.now,
            )
            .returning(PasswordReset.user_id, PasswordReset.email)
            .execution_options(**_QUIET)
        )
    ).one_or_none()
    user = None if sent is None else await users.lock(context, sent.user_id)
    # Whoever had the address before it was changed proves nothing.
    if sent is None or user is None or user.status != UserStatus.ACTIVE or user.email != sent.email:
        raise BadResetToken("the link is not valid any more", field="token")
    await users.prove_and_set_password(context, user.id, password=password)
    await forget(context, user.id)
    await lockouts.forgive(context, lockouts.account(user.email))
    return user.id


async def forget(context: Context, user_id: UUID) -> None:
    """End every link that was sent to an account: to set a password, and to prove an address."""
    for table in (PasswordReset, EmailProof):
        await context.session.execute(
            delete(table)
            .where(table.tenant_id == context.tenant_id, table.user_id == user_id)
            .execution_options(**_QUIET)
        )


async def make(
    context: Context, condition: ColumnElement[bool], *, lasts: timedelta = tokens.RESET_LASTS
) -> Reset | None:
    """Make a token for the one active account that meets the condition, in one statement that finds it as well."""
    token = tokens.generate(tokens.RESET)
    expires_at = context.now + lasts
    chosen = select(
        User.tenant_id,
        literal(tokens.digest(token), LargeBinary),
        User.id,
        User.email,
        literal(expires_at, DateTime(timezone=True)),
    ).where(User.tenant_id == context.tenant_id, User.status == UserStatus.ACTIVE, condition)
    made = (
        await context.session.execute(
            insert(PasswordReset)
            .from_select(["tenant_id", "token_hash", "user_id", "email", "expires_at"], chosen)
            .returning(PasswordReset.user_id)
        )
    ).scalar_one_or_none()
    if made is None:
        return None
    user = await users.get(context, made)
    return Reset(user, token, expires_at)
