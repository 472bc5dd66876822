"""The ledger of gift cards: whatever changes a balance is written here, and nothing is ever changed."""

from collections.abc import Sequence
from uuid import UUID

from rustok.commerce.catalogue import batches
from rustok.commerce.giftcards.models import GiftCardEntry
from rustok.kernel.context import Context


async def enter(
    context: Context,
    kind: str,
    entries: Sequence[tuple[UUID, int, int]],
    *,
    order_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Write into the ledger: (card, what its balance grew by, its balance now)."""
    await batches.insert(
        context,
        GiftCardEntry,
        [
            {
                "gift_card_id": gift_card_id,
                "kind": kind,
                "amount_minor": minor,
                "balance_minor": balance,
                "order_id": order_id,
                "reason": reason,
                "actor_id": context.actor.user_id,
                "created_at": context.now,
            }
            for gift_card_id, minor, balance in entries
        ],
    )
