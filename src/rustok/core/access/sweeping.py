"""Removing what has expired: sessions, reset tokens, proofs of addresses and counted attempts."""

from sqlalchemy import delete, select

from rustok.core.access import lockouts
from rustok.core.access.models import EmailProof, LoginAttempt, PasswordReset, RefreshToken, Session
from rustok.kernel.context import Context
from rustok.kernel.module import Timer


async def sweep(context: Context) -> None:
    """Delete what can have no effect any more. A session without a live refresh token is over."""
    alive = select(RefreshToken.session_id).where(
        RefreshToken.tenant_id == context.tenant_id,
        RefreshToken.used_at.is_(None),
        RefreshToken.expires_at > context.now,
    )
    expired = (
        delete(Session).where(
            Session.tenant_id == context.tenant_id, Session.access_expires_at < context.now, Session.id.not_in(alive)
        ),
        delete(PasswordReset).where(
            PasswordReset.tenant_id == context.tenant_id, PasswordReset.expires_at < context.now
        ),
        delete(EmailProof).where(EmailProof.tenant_id == context.tenant_id, EmailProof.expires_at < context.now),
        delete(LoginAttempt).where(
            LoginAttempt.tenant_id == context.tenant_id, LoginAttempt.attempted_at < context.now - lockouts.WINDOW
        ),
    )
    for statement in expired:
        await context.session.execute(statement, execution_options={"synchronize_session": False})


TIMER = Timer(name="sweep_expired_access", every_seconds=3600, run=sweep)
