"""The outbox. A row says whom to write to and with what; the letter itself is made when it is sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rustok.core.tenants.models import Tenant
from rustok.kernel import db


class State(StrEnum):
    """Where a mail is. `failed` is final until somebody asks for another try."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Mail(db.TenantModel):
    """One letter to one address. `next_attempt_at` says when it is due; while it is being sent, when that counts as
    broken off. `facts` are what the template is filled with; they are emptied once the letter is out."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("tenant_id", "template", "once"),
        ForeignKeyConstraint(["tenant_id"], [Tenant.id], ondelete="CASCADE"),
        CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state_known"),
        CheckConstraint(
            "(next_attempt_at IS NOT NULL) = (state IN ('queued', 'sending'))", name="next_attempt_while_unfinished"
        ),
        Index(
            "ix_mails_next_attempt_at",
            "tenant_id",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index("ix_mails_created_at", "tenant_id", "created_at", "id"),
        Index("ix_mails_failed", "tenant_id", postgresql_where=text("state = 'failed'")),
        Index("ix_mails_recipient", "recipient", "tenant_id"),
    )

    template: Mapped[str] = mapped_column(String(100))
    recipient: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(35))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    once: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default=State.QUEUED, server_default=State.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    subject: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(Text)  # ours, the same at every attempt
    provider_id: Mapped[str | None] = mapped_column(Text)  # what the server said when it took the letter
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = db.created_at()


class MailAttachment(db.TenantModel):
    """A file that goes with a mail; its bytes are dropped once the letter is out."""

    __tablename__ = "mail_attachments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "mail_id"], ["mails.tenant_id", "mails.id"], ondelete="CASCADE"),
        Index("ix_mail_attachments_mail_id", "mail_id", "tenant_id"),
    )

    mail_id: Mapped[UUID]
    filename: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    content: Mapped[bytes] = mapped_column(LargeBinary)
