"""Proving that an e-mail address is its owner's, with a token that was sent to it: the account's own, or its new one.

Until it is proven one can log in, shop, and change a mistyped address. What belongs to the address alone, such as
orders that its owner placed as a guest, comes to the account only then.
"""

from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, String, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from rustok.core.access import letters, lockouts, resets, tokens
from rustok.core.access.models import EmailProof
from rustok.core.access.sessions import Client
from rustok.core.users import emails, passwords
from rustok.core.users import service as users
from rustok.core.users.models import User, UserStatus
from rustok.kernel import errors
from rustok.kernel.context import Context

VERIFY = "verify"
CHANGE = "change"
_QUIET = {"synchronize_session": False}


class BadProof(errors.Invalid):
    """The token is unknown, used or expired: which of them is not said."""

    code = "bad_verification_token"


async def welcome(context: Context, user: User) -> bool:
    """Write to somebody who has just registered; False where there is nothing to prove."""
    token = await _make(context, User.email == user.email)
    if token is not None:
        await letters.send(context, "email_verification", to=user.email, about=user, token=token)
    return token is not None


async def contest(context: Context, email: str) -> None:
    """Note that the address of an account was registered again.

    While it is not proven, only a link that sets a password decides whose account it is: it may be a stranger's who
    came first and waits for the address's owner to follow any link.
    """
    await context.session.execute(
        update(User)
        .where(User.tenant_id == context.tenant_id, User.email == email, User.email_verified_at.is_(None))
        .values(registered_again_at=context.now)
        .execution_options(**_QUIET)
    )


async def greet_again(context: Context, email: str) -> None:
    """Write to the owner of an account whose address was registered again; the link sets a password."""
    made = await resets.make(context, User.email == email)
    if made is not None:
        await letters.send(context, "account_exists", to=made.email, about=made.user, token=made.token)


async def send_again(context: Context, email: str, *, client_address: str = "") -> None:
    """Send another link to an address that is not proven yet; the edge answers the same whatever happens."""
    if not await admitted(context, email, client_address=client_address):
        return
    address = emails.normalise(email) or ""
    token = await _make(context, User.email == address)
    user = await users.find(context, address)
    if token is not None and user is not None:
        await letters.send(context, "email_verification", to=user.email, about=user, token=token)
    elif user is not None and user.registered_again_at is not None:
        await greet_again(context, address)


async def admitted(context: Context, email: str, *, client_address: str = "") -> bool:
    """Whether one more mail may go to the address of an account at a stranger's wish; counts it."""
    account = lockouts.account(email, purpose="reset", limit=lockouts.RESET_ACCOUNT)
    address = lockouts.address(client_address, purpose="reset", limit=lockouts.RESET_ADDRESS)
    try:
        await lockouts.require_open(context, account, address)
    except lockouts.TooManyAttempts:
        return False
    await lockouts.note(context, account, address)
    return True


async def request_change(context: Context, *, email: str, password: str, client: Client | None = None) -> bool:
    """Send a link to the address that the actor wants to have; False where the password is wrong.

    The edge must commit the counted failure. Whether another account has the address is not said: its owner gets a
    mail. Raises `TooManyAttempts`, `InvalidEmail`.
    """
    client = client or Client()
    wanted = emails.check_email(email)
    me = await users.get(context, users.self_id(context))
    account = lockouts.account(me.email)
    network = lockouts.address(client.address)
    asked = lockouts.account(me.email, purpose="change", limit=lockouts.CHANGE_ACCOUNT)
    await lockouts.enter(context, account, network)
    await lockouts.require_open(context, asked)
    if not await passwords.verify(me.password_hash, password):
        await lockouts.note(context, account, network)
        return False
    await lockouts.note(context, asked)
    other = await users.find(context, wanted)
    if other is not None:
        if other.id != me.id:
            await letters.send(context, "email_taken", to=other.email, about=other)
        return True
    await _forget_changes(context, me.id)
    token = await _make(context, User.id == me.id, purpose=CHANGE, email=wanted)
    if token is not None:
        await letters.send(context, "email_change", to=wanted, about=me, token=token)
    return True


async def complete(context: Context, token: str) -> User:
    """Note that the address to which the token was sent is its owner's, once. Raises `BadProof`, `EmailTaken`."""
    if not tokens.looks_like(token, tokens.PROOF):
        raise BadProof("the link is not valid any more", field="token")
    sent = (
        await context.session.execute(
            delete(EmailProof)
            .where(
                EmailProof.tenant_id == context.tenant_id,
                EmailProof.token_hash == tokens.digest(token),
                EmailProof.expires_at > context.now,
            )
            .returning(
                EmailProof.user_id,
                EmailProof.email,
                EmailProof.purpose,
                EmailProof.account_email,
                EmailProof.epoch,
            )
            .execution_options(**_QUIET)
        )
    ).one_or_none()
    user = None if sent is None else await users.lock(context, sent.user_id)
    if sent is None or user is None or user.status != UserStatus.ACTIVE or user.email != sent.account_email:
        raise BadProof("the link is not valid any more", field="token")
    # A new password or an end of all sessions also takes away what somebody with the old one has begun.
    if user.registered_again_at is not None if sent.purpose == VERIFY else user.session_epoch != sent.epoch:
        raise BadProof("the link is not valid any more", field="token")
    before, proven = user.email, user.email_verified_at is not None
    user = await users.prove_email(context, user.id, email=sent.email)
    await resets.forget(context, user.id)  # those that went to another address prove nothing now
    if before != user.email and proven:
        await letters.send(context, "email_changed", to=before, about=user)
    return user


async def _forget_changes(context: Context, user_id: UUID) -> None:
    await context.session.execute(
        delete(EmailProof)
        .where(EmailProof.tenant_id == context.tenant_id, EmailProof.user_id == user_id, EmailProof.purpose == CHANGE)
        .execution_options(**_QUIET)
    )


async def _make(context: Context, condition: object, *, purpose: str = VERIFY, email: str | None = None) -> str | None:
    """A token for the one active account that meets the condition; None where there is nothing to prove."""
    token = tokens.generate(tokens.PROOF)
    chosen = select(
        User.tenant_id,
        literal(tokens.digest(token), LargeBinary),
        User.id,
        User.email if email is None else literal(email, String),
        literal(purpose, String),
        User.email,
        User.session_epoch,
        literal(context.now + tokens.PROOF_LASTS, DateTime(timezone=True)),
    ).where(User.tenant_id == context.tenant_id, User.status == UserStatus.ACTIVE, condition)  # type: ignore[arg-type]
    if purpose == VERIFY:
        chosen = chosen.where(User.email_verified_at.is_(None), User.registered_again_at.is_(None))
    made = await context.session.scalar(
        insert(EmailProof)
        .from_select(
            ["tenant_id", "token_hash", "user_id", "email", "purpose", "account_email", "epoch", "expires_at"], chosen
        )
        .returning(EmailProof.user_id)
    )
    return None if made is None else token
