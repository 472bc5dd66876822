"""Whom to tell what, and every message with what became of it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rustok.core.tenants.models import Tenant
from rustok.kernel import db


class State(StrEnum):
    """Where a delivery is. `failed` is final until somebody replays it."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Endpoint(db.TenantModel):
    """An address that is told of events. While a secret is replaced, two are good: both sign."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], [Tenant.id], ondelete="CASCADE"),)

    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(255), default="", server_default="")
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))  # `*`: all
    enabled: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    secret: Mapped[str] = mapped_column(Text)
    previous_secret: Mapped[str | None] = mapped_column(Text)
    previous_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]  # the first failure after the last success
    disabled_reason: Mapped[str | None] = mapped_column(Text)  # why we switched it off; None where somebody did
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    created_at: Mapped[datetime] = db.created_at()
    updated_at: Mapped[datetime] = db.created_at()


class Delivery(db.TenantModel):
    """One event for one endpoint, told until it is heard. `body` is what is signed: the same at every attempt."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "endpoint_id", "event_id"),
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoints.tenant_id", "webhook_endpoints.id"], ondelete="CASCADE"
        ),
        CheckConstraint("state IN ('waiting', 'sending', 'delivered', 'failed')", name="state_known"),
        CheckConstraint(
            "(next_attempt_at IS NOT NULL) = (state IN ('waiting', 'sending'))", name="next_attempt_while_unfinished"
        ),
        Index(
            "ix_webhook_deliveries_next_attempt_at",
            "tenant_id",
            "endpoint_id",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index("ix_webhook_deliveries_failed", "tenant_id", postgresql_where=text("state = 'failed'")),
        Index("ix_webhook_deliveries_created_at", "tenant_id", "created_at", "id"),
    )

    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default=State.WAITING, server_default=State.WAITING)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    response_status: Mapped[int | None]
    response_excerpt: Mapped[str | None] = mapped_column(Text)
    duration_ms: Mapped[int | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = db.created_at()
