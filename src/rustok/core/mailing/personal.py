"""Mail as personal data: what lies in the outbox and what was sent lately."""

from typing import Any

from sqlalchemy import select

from rustok.core import rows
from rustok.core.mailing import service
from rustok.core.mailing.models import Mail
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject


async def export(context: Context, subject: Subject) -> Any:
    """Which mails went to somebody, and when."""
    mails = await context.session.scalars(
        select(Mail)
        .where(Mail.tenant_id == context.tenant_id, rows.is_one_of_texts(Mail.recipient, subject.addresses))
        .order_by(Mail.id)
    )
    return [
        {
            "to": mail.recipient,
            "kind": mail.template,
            "subject": mail.subject,
            "created_at": mail.created_at,
            "sent_at": mail.sent_at,
        }
        for mail in mails
    ]


async def erase(context: Context, subject: Subject) -> None:
    """Forget every mail to somebody, those that wait too."""
    for address in sorted(subject.addresses):
        await service.forget(context, address)


PART = PersonalData("mails", export, erase)
