"""The development mailbox: letters that went nowhere, written whenever somebody looks at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import func, select

from rustok.core.mailing import composing, service
from rustok.core.mailing.models import Mail, MailAttachment, State
from rustok.core.mailing.post import Post
from rustok.kernel.context import Context


@dataclass(frozen=True)
class Look:
    """A mail as it would be sent now; `message` is None where it cannot be written, and `problem` says why."""

    mail: Mail
    files: Sequence[MailAttachment]
    message: EmailMessage | None
    problem: str = ""

    def body(self, kind: str) -> str:
        """The `plain` text or the `html` page, "" where there is none."""
        part = None if self.message is None else self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


async def newest(context: Context, *, most: int) -> Sequence[Mail]:
    """The newest mails, whatever became of them."""
    mine = select(Mail).where(Mail.tenant_id == context.tenant_id)
    return (await context.session.scalars(mine.order_by(Mail.created_at.desc(), Mail.id.desc()).limit(most))).all()


async def unsent(context: Context) -> int:
    """How many mails are not out."""
    waiting = (
        select(func.count()).select_from(Mail).where(Mail.tenant_id == context.tenant_id, Mail.state != State.SENT)
    )
    return await context.session.scalar(waiting) or 0


async def look(context: Context, post: Post, mail_id: UUID) -> Look:
    """One mail with all that belongs to it; a changed template shows at the next look. Raises `NotFound`."""
    mail = await service.get(context, mail_id)
    files = (await service.attachments(context, [mail.id]))[mail.id]
    try:
        return Look(mail, files, composing.message(post, context.tenant, mail, files))
    except Exception as error:
        return Look(mail, files, None, f"{type(error).__name__}: {error}")
