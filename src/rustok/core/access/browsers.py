"""A browser that stays logged in: its cookie holds the refresh token, which no script sees.

It is not exchanged at every turn as programs do, because the tabs of a browser would take each other for thieves; it
only moves the end of its own life while it is used.
"""

from datetime import timedelta

from sqlalchemy import and_, select, update

from rustok.core.access import tokens
from rustok.core.access.models import RefreshToken, Session
from rustok.core.roles import service as roles
from rustok.core.roles.models import Role
from rustok.core.users.models import User, UserStatus
from rustok.kernel.context import Actor, Context

RENEWED_EVERY = timedelta(days=1)


async def resume(context: Context, refresh_token: str) -> Actor | None:
    """Who holds the refresh token, which stays good; None where it was used, has expired or was revoked.

    One SELECT; once a day an UPDATE besides.
    """
    if not tokens.looks_like(refresh_token, tokens.REFRESH):
        return None
    mine = (RefreshToken.tenant_id == context.tenant_id, RefreshToken.token_hash == tokens.digest(refresh_token))
    row = (
        await context.session.execute(
            select(
                Session.id, Session.user_id, Session.expires_at.label("ends"), RefreshToken.expires_at,
                User.role, Role.permissions,
            )
            .select_from(RefreshToken)
            .join(Session, and_(Session.tenant_id == RefreshToken.tenant_id, Session.id == RefreshToken.session_id))
            .join(User, and_(User.tenant_id == Session.tenant_id, User.id == Session.user_id))
            .outerjoin(Role, and_(Role.tenant_id == User.tenant_id, Role.slug == User.custom_role))
            .where(
                *mine,
                RefreshToken.used_at.is_(None),
                RefreshToken.expires_at > context.now,
                Session.expires_at > context.now,
                Session.epoch == User.session_epoch,
                User.status == UserStatus.ACTIVE,
            )
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    lasts = min(context.now + tokens.REFRESH_LASTS, row.ends)
    if lasts - row.expires_at > RENEWED_EVERY:
        await context.session.execute(
            update(RefreshToken)
            .where(*mine, RefreshToken.used_at.is_(None))
            .values(expires_at=lasts)
            .execution_options(synchronize_session=False)
        )
    held = roles.permissions_of(context, row.role, row.permissions)
    return Actor(kind="user", user_id=row.user_id, permissions=held, session_id=row.id, role=row.role)
