"""From the outbox to the mail server: claim a few, hand them in while nothing is locked, write down what came of it."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, text, update

from rustok.core.mailing import composing, service
from rustok.core.mailing.models import Mail, MailAttachment, State
from rustok.core.mailing.post import Post
from rustok.core.mailing.smtp import SECONDS, Line, SendFailed
from rustok.kernel.context import TenantInfo
from rustok.kernel.module import Errand, Gauge
from rustok.kernel.units import Units

AT_ONCE = 20  # of one tenant, before the next one has its turn
LINES = 4  # conversations at the same time
# A claim outlives the slowest conversation that its letters can have; then another process may try.
LEASE = timedelta(seconds=SECONDS * 2 * AT_ONCE / LINES)
# After the first failure, the second, …: two days in all.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))
WITHOUT_SERVER = timedelta(minutes=5)
GIVEN_UP = timedelta(days=3)  # what could not even be tried for so long is not worth sending any more
NO_SERVER = "no mail server is set (RUSTOK_SMTP_URL)"
_DUE = text("SELECT rustok_mails_due()")
logger = structlog.get_logger("rustok.mail")


async def run(units: Units) -> None:
    """Send what is due, as long as the process lives."""
    while True:
        if not await deliver(units):
            await asyncio.sleep(0.8 + 0.4 * random.random())  # noqa: S311 - jitter


ERRAND = Errand("core.mail", run)
FAILED = Gauge("mails_failed", "Mails that nobody got and that are not tried again.", "SELECT rustok_mails_failed()")


async def deliver(units: Units) -> int:
    """Send some of what is due of every tenant; returns how many mails were tried."""
    post: Post | None = units.resources.get(Post)
    if post is None:
        return 0
    async with units.session() as session:
        due = list(await session.scalars(_DUE))
    tried = 0
    for tenant_id in due:
        tenant = await units.tenant(tenant_id)
        if tenant is not None:
            tried += await _deliver_of(units, post, tenant)
    return tried


async def _deliver_of(units: Units, post: Post, tenant: TenantInfo) -> int:
    claimed = await _claim(units, tenant)
    if not claimed:
        return 0
    if post.server is None:
        for mail, _ in claimed:
            await (_lay_down(units, post, tenant, mail) if post.mailbox else _put_off(units, tenant, mail))
        return len(claimed) if post.mailbox else 0

    async def hand_in(some: Sequence[tuple[Mail, list[MailAttachment]]]) -> None:
        assert post.server is not None  # noqa: S101 - looked at above
        async with post.server.line() as line:
            for mail, files in some:
                await _settle(units, tenant, mail, await _send(post, tenant, mail, files, line))

    async with asyncio.TaskGroup() as group:
        for place in range(min(LINES, len(claimed))):
            group.create_task(hand_in(claimed[place::LINES]))
    return len(claimed)


async def _claim(units: Units, tenant: TenantInfo) -> list[tuple[Mail, list[MailAttachment]]]:
    """Take what is due, so that no other process does; committed before anything is sent."""
    async with units.open(tenant) as context:
        mails = list(
            await context.session.scalars(
                select(Mail)
                .where(Mail.tenant_id == context.tenant_id, Mail.next_attempt_at <= context.now)
                .order_by(Mail.next_attempt_at)
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            )
        )
        files = await service.attachments(context, [mail.id for mail in mails]) if mails else {}
        for mail in mails:
            mail.state = State.SENDING
            mail.attempts += 1
            mail.next_attempt_at = context.now + LEASE
        return [(mail, files[mail.id]) for mail in mails]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one attempt."""

    subject: str | None = None
    message_id: str | None = None
    provider_id: str | None = None
    error: str | None = None
    permanent: bool = False


async def _send(post: Post, tenant: TenantInfo, mail: Mail, files: Sequence[MailAttachment], line: Line) -> _Outcome:
    try:
        message = composing.message(post, tenant, mail, files)
    except Exception as error:  # a template that lacks something: whoever puts it right tries again
        logger.warning("mail.not_written", template=mail.template, mail=str(mail.id), error=repr(error)[:500])
        return _Outcome(error=f"the letter could not be written: {type(error).__name__}: {error}"[:2000])
    subject, known_as = str(message["Subject"]), str(message["Message-ID"])
    try:
        said = await line.send(message, sender=post.sender, recipient=mail.recipient)
    except SendFailed as error:
        logger.warning("mail.not_sent", template=mail.template, mail=str(mail.id), error=str(error)[:500])
        return _Outcome(subject, known_as, error=str(error)[:2000], permanent=error.permanent)
    return _Outcome(subject, known_as, provider_id=said)


async def _settle(units: Units, tenant: TenantInfo, mail: Mail, outcome: _Outcome) -> None:
    """Write the outcome down, unless the claim has run out and somebody else is at it."""
    now = datetime.now(UTC)
    changes: dict[str, object] = {"subject": outcome.subject or mail.subject, "message_id": outcome.message_id}
    if outcome.error is None:
        changes |= {"state": State.SENT, "sent_at": now, "next_attempt_at": None, "last_error": None}
        changes |= {"provider_id": outcome.provider_id, "facts": {}}
    elif outcome.permanent or mail.attempts > len(WAITS):
        changes |= {"state": State.FAILED, "next_attempt_at": None, "last_error": outcome.error}
    else:
        wait = WAITS[mail.attempts - 1] * random.uniform(0.9, 1.1)  # noqa: S311 - jitter
        changes |= {"state": State.QUEUED, "next_attempt_at": now + wait, "last_error": outcome.error}
    await _write(units, tenant, mail, changes, drop_files=outcome.error is None)


async def _lay_down(units: Units, post: Post, tenant: TenantInfo, mail: Mail) -> None:
    """Into the development mailbox: it is written there whenever somebody looks, and so keeps what it says."""
    changes: dict[str, object] = {"next_attempt_at": None}
    try:
        subject = composing.letter(post, tenant, mail).subject
        changes |= {"state": State.SENT, "sent_at": datetime.now(UTC), "subject": subject, "last_error": None}
    except Exception as error:
        changes |= {"state": State.FAILED, "last_error": f"{type(error).__name__}: {error}"[:2000]}
    await _write(units, tenant, mail, changes, drop_files=False)


async def _put_off(units: Units, tenant: TenantInfo, mail: Mail) -> None:
    """No server is set: that is no attempt."""
    now = datetime.now(UTC)
    changes: dict[str, object] = {
        "attempts": mail.attempts - 1,
        "last_error": "no mail server is set (RUSTOK_SMTP_URL)",
    }
    if now - mail.created_at > GIVEN_UP:
        changes |= {"state": State.FAILED, "next_attempt_at": None}
    else:
        changes |= {"state": State.QUEUED, "next_attempt_at": now + WITHOUT_SERVER}
    await _write(units, tenant, mail, changes, drop_files=False)


async def _write(units: Units, tenant: TenantInfo, mail: Mail, changes: dict[str, object], *, drop_files: bool) -> None:
    async with units.open(tenant) as context:
        mine: UUID | None = await context.session.scalar(
            update(Mail)
            .where(
                Mail.tenant_id == context.tenant_id,
                Mail.id == mail.id,
                Mail.state == State.SENDING,
                Mail.attempts == mail.attempts,
            )
            .values(**changes)
            .returning(Mail.id)
            .execution_options(synchronize_session=False)
        )
        if mine is not None and drop_files:
            await context.session.execute(
                update(MailAttachment)
                .where(MailAttachment.tenant_id == context.tenant_id, MailAttachment.mail_id == mail.id)
                .values(content=b"")
                .execution_options(synchronize_session=False)
            )
