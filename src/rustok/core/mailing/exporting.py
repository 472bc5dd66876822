"""The outbox as a table that staff take away: what became of each letter, and nothing of what it said."""

from collections.abc import AsyncIterator, Mapping

from rustok.core import permissions
from rustok.core.mailing import service
from rustok.core.mailing.models import Mail, State
from rustok.kernel import filtering, paging
from rustok.kernel.context import Context
from rustok.kernel.module import Export


async def rows(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each mail, the oldest first. What a letter is filled with may log somebody in: it stays here."""
    statement = service.every(
        state=filtering.choice(filters, "state", State),
        template=filters.get("template"),
        query=filters.get("query", ""),
    )
    async for page in paging.pages(context, statement, keys=[(Mail.created_at, paging.ASC), (Mail.id, paging.ASC)]):
        for one in page:
            yield [
                *(one.id, one.created_at, one.template, one.recipient, one.locale, one.state, one.subject),
                *(one.attempts, one.next_attempt_at, one.last_error, one.sent_at, one.message_id, one.provider_id),
            ]


MAILS = Export(
    name="mails",
    permission=permissions.MAILS_READ,
    columns=(
        *("id", "created_at", "template", "to", "locale", "state", "subject"),
        *("attempts", "next_attempt_at", "last_error", "sent_at", "message_id", "provider_id"),
    ),
    rows=rows,
    filters=("state", "template", "query"),
)
