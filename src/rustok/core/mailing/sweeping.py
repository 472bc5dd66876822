"""Removing old mail: the outbox is no archive."""

from datetime import timedelta

from sqlalchemy import delete, select, tuple_

from rustok.core.mailing.models import Mail, State
from rustok.kernel.context import Context
from rustok.kernel.module import Timer

KEPT = timedelta(days=90)
MOST = 5_000  # in one transaction


async def sweep(context: Context) -> None:
    """Delete what was sent or failed and is older than 90 days."""
    old = (
        select(Mail.tenant_id, Mail.id)
        .where(
            Mail.tenant_id == context.tenant_id,
            Mail.created_at < context.now - KEPT,
            Mail.state.in_((State.SENT, State.FAILED)),
        )
        .limit(MOST)
    )
    await context.session.execute(
        delete(Mail).where(tuple_(Mail.tenant_id, Mail.id).in_(old)).execution_options(synchronize_session=False)
    )


TIMER = Timer("core.sweep_mails", every_seconds=3600, run=sweep)
