"""Gift cards and the ledger of each: what was put on it and what was taken off."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel.db import TenantModel

KINDS = ("issued", "spent", "given_back", "adjusted")


class GiftCard(TenantModel):
    """Money for whoever knows the code. Only a hash of the code is kept, and its last four characters to talk about it.

    Always: `balance_minor` is the sum of the card's entries.
    """

    __tablename__ = "commerce_gift_cards"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_commerce_gift_cards_tenant", ondelete="CASCADE"),
        UniqueConstraint("code_hash", "tenant_id", name="uq_commerce_gift_cards_code_hash"),
        CheckConstraint("balance_minor >= 0", name="balance_positive"),
        CheckConstraint("initial_minor >= 0", name="initial_positive"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_formed"),
        Index("ix_commerce_gift_cards_created_at", "created_at", "tenant_id", "id"),
        Index("ix_commerce_gift_cards_last_four", "last_four", "tenant_id"),
    )

    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    last_four: Mapped[str] = mapped_column(String(4))
    currency: Mapped[str] = mapped_column(String(3))
    initial_minor: Mapped[int] = mapped_column(BigInteger)
    balance_minor: Mapped[int] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    note: Mapped[str | None] = mapped_column(String(1000))
    order_id: Mapped[UUID | None] = mapped_column(Uuid)  # that it was bought with, or refunded for
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class GiftCardEntry(TenantModel):
    """One change of a card's balance. Entries are only ever added."""

    __tablename__ = "commerce_gift_card_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "gift_card_id"],
            ["commerce_gift_cards.tenant_id", "commerce_gift_cards.id"],
            name="fk_commerce_gift_card_entries_gift_card",
        ),
        CheckConstraint("kind IN ('issued', 'spent', 'given_back', 'adjusted')", name="kind_known"),
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        CheckConstraint("balance_minor >= 0", name="balance_positive"),
        Index("ix_commerce_gift_card_entries_gift_card_id", "gift_card_id", "tenant_id", "id"),
        Index(
            "ix_commerce_gift_card_entries_order_id",
            "order_id",
            "tenant_id",
            postgresql_where=text("order_id IS NOT NULL"),
        ),
    )

    gift_card_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(16))
    amount_minor: Mapped[int] = mapped_column(BigInteger)  # what the balance grew by: negative for what was spent
    balance_minor: Mapped[int] = mapped_column(BigInteger)  # afterwards
    order_id: Mapped[UUID | None] = mapped_column(Uuid)
    reason: Mapped[str | None] = mapped_column(String(255))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
