"""What can be done with mail: put it into the outbox, look at it, try again, forget somebody."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from rustok.core import rows, texts
from rustok.core.mailing.models import Mail, MailAttachment, State
from rustok.core.mailing.post import Post
from rustok.core.users import emails
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

LARGEST_FACTS = 256 * 1024
LARGEST_ATTACHMENTS = 10 * 1024 * 1024


class NotRetried(errors.Conflict):
    """Only a mail that failed can be tried again."""

    code = "mail_not_failed"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send along."""

    filename: str
    media_type: str
    content: bytes = field(repr=False)


async def queue(
    context: Context,
    template: str,
    *,
    to: str,
    locale: str,
    values: Mapping[str, Any],
    once: str,
    attachments: Sequence[Attachment] = (),
) -> UUID | None:
    """Put a letter into the outbox, in the caller's transaction; it is sent when that is committed.

    `once` names the occasion, such as an event's id: the same template is sent once for it. None is answered the second
    time, and where the recipient's data was erased. `values` are JSON (ids, times and decimals are written as texts),
    and are dropped when the letter is out. Raises `InvalidEmail`.
    """
    address = emails.check_email(to, field="to")
    if address.endswith(f"@{emails.NOBODYS}"):
        return None
    if (post := post_of(context)) is not None:
        post.templates.require(template)
    facts: dict[str, Any] = msgspec.to_builtins(dict(values), str_keys=True)
    if len(msgspec.json.encode(facts)) > LARGEST_FACTS:
        raise errors.Invalid(f"the values of a mail have at most {LARGEST_FACTS} bytes", field="values")
    if sum(len(one.content) for one in attachments) > LARGEST_ATTACHMENTS:
        raise errors.Invalid(f"attachments have at most {LARGEST_ATTACHMENTS} bytes together", field="attachments")
    row = {
        "tenant_id": context.tenant_id,
        "id": generate_id(),
        "template": template,
        "recipient": address,
        "locale": context.tenant.locale_or_default(locale),
        "facts": facts,
        "once": texts.check_line(once, field="once", longest=200),
        "state": State.QUEUED,
        "next_attempt_at": context.now,
        "created_at": context.now,
    }
    made = await context.session.scalar(
        insert(Mail)
        .values(**row)
        .on_conflict_do_nothing(index_elements=["tenant_id", "template", "once"])
        .returning(Mail.id)
    )
    if made is not None and attachments:
        context.session.add_all(
            MailAttachment(
                tenant_id=context.tenant_id,
                mail_id=made,
                filename=_filename(one.filename),
                media_type=one.media_type,
                content=one.content,
            )
            for one in attachments
        )
        await context.session.flush()
    return made


def post_of(context: Context) -> Post | None:
    """How this process sends mail, where the host has said so."""
    found: Post | None = context.session.info.get(Post)
    return found


def every(*, state: State | None = None, template: str | None = None, query: str = "") -> Select[Mail]:
    """The mails of the tenant, as a select to be paged; `query` looks at address and subject."""
    found = select(Mail)
    if state is not None:
        found = found.where(Mail.state == state)
    if template:
        found = found.where(Mail.template == template)
    if wanted := query.strip():
        pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found = found.where(or_(Mail.recipient.ilike(pattern), Mail.subject.ilike(pattern)))
    return found


async def find(context: Context, mail_id: UUID) -> Mail | None:
    """One mail, or None."""
    mine = select(Mail).where(Mail.tenant_id == context.tenant_id, Mail.id == mail_id)
    found: Mail | None = await context.session.scalar(mine.execution_options(populate_existing=True))
    return found


async def get(context: Context, mail_id: UUID) -> Mail:
    """One mail; raises `NotFound`."""
    found = await find(context, mail_id)
    if found is None:
        raise errors.NotFound("there is no such mail", field="id")
    return found


async def attachments(context: Context, mail_ids: Sequence[UUID]) -> dict[UUID, list[MailAttachment]]:
    """The files of mails, in the order in which they were given."""
    found: dict[UUID, list[MailAttachment]] = {mail_id: [] for mail_id in mail_ids}
    stored = await context.session.scalars(
        select(MailAttachment)
        .where(MailAttachment.tenant_id == context.tenant_id, rows.is_one_of(MailAttachment.mail_id, mail_ids))
        .order_by(MailAttachment.id)
    )
    for one in stored:
        found[one.mail_id].append(one)
    return found


async def retry(context: Context, mail_id: UUID) -> Mail:
    """Send a failed mail after all; raises `NotRetried` for any other."""
    if not await retry_many(context, [mail_id]):
        mail = await get(context, mail_id)
        raise NotRetried(f"only a failed mail is tried again, and this one is {mail.state}", field="id")
    return await get(context, mail_id)


async def retry_many(context: Context, mail_ids: Sequence[UUID]) -> int:
    """Send those of the mails after all that failed; returns how many that are."""
    again = await context.session.scalars(
        update(Mail)
        .where(Mail.tenant_id == context.tenant_id, rows.is_one_of(Mail.id, mail_ids), Mail.state == State.FAILED)
        .values(state=State.QUEUED, attempts=0, next_attempt_at=context.now)
        .returning(Mail.id)
        .execution_options(synchronize_session=False)
    )
    return len(again.all())


async def forget(context: Context, address: str) -> int:
    """Remove every mail to an address, for the erasure of somebody's data; returns how many there were."""
    known = emails.normalise(address)
    if known is None:
        return 0
    gone = await context.session.scalars(
        delete(Mail)
        .where(Mail.tenant_id == context.tenant_id, Mail.recipient == known)
        .returning(Mail.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


async def forget_occasions(context: Context, *, beginning: str) -> int:
    """Remove every mail whose occasion (`once`) begins so; returns how many there were."""
    gone = await context.session.scalars(
        delete(Mail)
        .where(Mail.tenant_id == context.tenant_id, Mail.once.startswith(beginning, autoescape=True))
        .returning(Mail.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def _filename(name: str) -> str:
    kept = "".join(c for c in name if unicodedata.category(c)[0] != "C" and c not in '/\\:*?"<>|').strip(". ")
    return kept[:200] or "attachment"
