"""Keys for programs: part of what their owner may do, until they expire or are revoked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from rustok.core import texts
from rustok.core.access import tokens
from rustok.core.access.models import ApiKey
from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_PER_USER = 100


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which is shown this once and is in no repr."""

    key: ApiKey
    secret: str = field(repr=False)


async def create(
    context: Context,
    *,
    name: str,
    permissions: Iterable[str],
    expires_at: datetime | None = None,
    user_id: UUID | None = None,
) -> NewKey:
    """Make a key for the actor, or by the command line for a user. Its permissions are among the owner's.

    A key cannot make keys: else the one that is revoked would live on in its children.
    """
    owner_id = user_id if context.actor.kind == "system" else context.actor.user_id
    if context.actor.kind not in ("user", "system") or owner_id is None:
        raise errors.Forbidden("an API key belongs to a user who is logged in")
    called = texts.check_line(name, field="name", longest=100)
    wanted = sorted({p.strip() for p in permissions})
    if not wanted:
        raise errors.Invalid("a key without permissions is of no use", field="permissions")
    roles.check_known(context, wanted)
    owner = await users.lock(context, owner_id)
    held = await roles.resolve(context, owner.role)
    if roles.covered(held, wanted) != frozenset(wanted) or not all(context.actor.may(p) for p in wanted):
        raise roles.Escalation("this takes permissions that you do not hold yourself")
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= context.now):
        raise errors.Invalid("a key expires in the future, at a time with a zone", field="expiresAt")
    present = await context.session.scalar(
        select(func.count()).where(
            ApiKey.tenant_id == context.tenant_id, ApiKey.user_id == owner_id, ApiKey.revoked_at.is_(None)
        )
    )
    if (present or 0) >= MOST_PER_USER:
        raise errors.TooMany(f"a user has at most {MOST_PER_USER} keys")
    secret = tokens.generate(tokens.API_KEY)
    key = ApiKey(
        tenant_id=context.tenant_id,
        id=generate_id(),
        user_id=owner_id,
        name=called,
        prefix=secret[:12],
        secret_hash=tokens.digest(secret),
        permissions=wanted,
        expires_at=expires_at,
        created_at=context.now,
    )
    context.session.add(key)
    await context.session.flush()
    return NewKey(key, secret)


async def list_all(context: Context, *, user_id: UUID | None = None) -> Sequence[ApiKey]:
    """The keys of a user or of everybody, revoked ones too, newest first; at most 1000."""
    statement = select(ApiKey).where(ApiKey.tenant_id == context.tenant_id)
    if user_id is not None:
        statement = statement.where(ApiKey.user_id == user_id)
    rows = await context.session.scalars(
        statement.order_by(ApiKey.created_at.desc(), ApiKey.id).limit(1000).execution_options(populate_existing=True)
    )
    return list(rows)


async def revoke(context: Context, key_id: UUID) -> ApiKey:
    """End a key at once. Revoking it again changes nothing."""
    key = await context.session.scalar(
        select(ApiKey)
        .where(ApiKey.tenant_id == context.tenant_id, ApiKey.id == key_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if key is None:
        raise errors.NotFound("there is no such key")
    if key.revoked_at is None:
        key.revoked_at = context.now
        await context.session.flush()
    return key
