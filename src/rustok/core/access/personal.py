"""An account's personal data: the account, its log-ins and keys, and what events say of it."""

from typing import Any

from sqlalchemy import delete, select, text

from rustok.core.access import letters, resets
from rustok.core.access.models import ApiKey, Session
from rustok.core.users import service as users
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject

_REDACT = text("SELECT event_redact(:tenant, 'user', :user, 'email')")


async def export(context: Context, subject: Subject) -> Any:
    """The account with its log-ins and keys; no secrets, nor their hashes."""
    user = await users.find_by_id(context, subject.user_id) if subject.user_id is not None else None
    if user is None:
        return None
    sessions = await context.session.scalars(
        select(Session)
        .where(Session.tenant_id == context.tenant_id, Session.user_id == user.id)
        .order_by(Session.created_at)
    )
    keys = await context.session.scalars(
        select(ApiKey).where(ApiKey.tenant_id == context.tenant_id, ApiKey.user_id == user.id).order_by(ApiKey.id)
    )
    return {
        "id": user.id,
        "email": user.email,
        "email_verified_at": user.email_verified_at,
        "name": user.name,
        "locale": user.locale,
        "role": user.role,
        "status": user.status,
        "metadata": user.metadata_,
        "last_login_at": user.last_login_at,
        "created_at": user.created_at,
        "log_ins": [
            {
                "address": one.address,
                "user_agent": one.user_agent,
                "at": one.created_at,
                "last_used_at": one.refreshed_at,
                "expires_at": one.expires_at,
            }
            for one in sessions
        ],
        "api_keys": [{"name": one.name, "created_at": one.created_at, "revoked_at": one.revoked_at} for one in keys],
    }


async def erase(context: Context, subject: Subject) -> None:
    """Leave of the account a closed one without a name, which orders and events can go on naming."""
    if subject.user_id is None:
        return
    await users.make_nobody(context, subject.user_id, email=subject.pseudonym)
    await resets.forget(context, subject.user_id)
    await letters.forget(context, subject.user_id)
    for table in (Session, ApiKey):
        await context.session.execute(
            delete(table)
            .where(table.tenant_id == context.tenant_id, table.user_id == subject.user_id)
            .execution_options(synchronize_session=False)
        )
    await context.session.execute(_REDACT, {"tenant": context.tenant_id, "user": subject.user_id})


PART = PersonalData("account", export, erase)
