"""The outbox in GraphQL, for staff: what was sent, what was not and why, and another try."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.mailing import models, service
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(name="MailState", description="Where a mail is. FAILED is final until it is tried again by hand.")
class MailStateEnum(Enum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@strawberry.type(name="Mail", description="A letter to one address. What it said is not kept once it is sent.")
class MailType:
    id: strawberry.ID
    template: str
    to: str
    locale: str
    state: MailStateEnum
    subject: str | None = strawberry.field(description="Known after the first attempt.")
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    message_id: str | None
    provider_id: str | None = strawberry.field(description="What the mail server said when it took the letter.")
    sent_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, mail: models.Mail) -> "MailType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(mail.id)),
            template=mail.template,
            to=mail.recipient,
            locale=mail.locale,
            state=MailStateEnum(mail.state),
            subject=mail.subject,
            attempts=mail.attempts,
            next_attempt_at=mail.next_attempt_at,
            last_error=mail.last_error,
            message_id=mail.message_id,
            provider_id=mail.provider_id,
            sent_at=mail.sent_at,
            created_at=mail.created_at,
        )


@strawberry.type
class MailPayload:
    mail: MailType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MailQueries:
    @graphql.query(permission=permissions.MAILS_READ, description="Mails, the newest first.")
    async def mails(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        state: MailStateEnum | None = None,
        template: str | None = None,
    ) -> graphql.Connection[MailType]:
        found = service.every(state=models.State(state.value) if state else None, template=template, query=query or "")
        page = await paging.page(
            context,
            found,
            keys=[(models.Mail.created_at, paging.DESC), (models.Mail.id, paging.DESC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, MailType.of, statement=found)

    @graphql.query(permission=permissions.MAILS_READ)
    async def mail(self, context: Context, id: strawberry.ID) -> MailType | None:
        found = await service.find(context, graphql.to_id(id))
        return MailType.of(found) if found else None


@strawberry.type
class MailMutations:
    @graphql.mutation(permission=permissions.MAILS_WRITE, description="Send a failed mail after all.")
    async def mail_retry(self, context: Context, id: strawberry.ID) -> MailPayload:
        return MailPayload(mail=MailType.of(await service.retry(context, graphql.to_id(id))))

    @graphql.mutation(permission=permissions.MAILS_WRITE, description="Send those of the mails after all that failed.")
    async def mails_bulk_retry(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.retry_many(context, graphql.to_ids(ids)))


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [MailQueries]
ADMIN_MUTATIONS: list[type] = [MailMutations]
