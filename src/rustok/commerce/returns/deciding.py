"""The shop's answer to a wish to send something back."""

from collections.abc import Sequence
from uuid import UUID

from rustok.commerce.catalogue import checks
from rustok.commerce.returns import service
from rustok.commerce.returns.models import OrderReturn
from rustok.commerce.returns.states import ReturnStatus
from rustok.kernel.context import Context

LONGEST_ANSWER = 2000


async def approve(
    context: Context, return_id: UUID, *, answer: str | None = None, version: int | None = None
) -> OrderReturn:
    """The goods may be sent back. Raises `IllegalReturnTransition`, `Stale`, `NotFound`."""
    return await _decide(context, return_id, ReturnStatus.APPROVED, answer, version)


async def decline(context: Context, return_id: UUID, *, answer: str, version: int | None = None) -> OrderReturn:
    """They may not, and the answer says why. Raises as `approve`."""
    return await _decide(context, return_id, ReturnStatus.DECLINED, checks.text(answer, "answer"), version)


async def cancel(context: Context, return_id: UUID, *, version: int | None = None) -> OrderReturn:
    """The goods do not come back after all. Raises as `approve`."""
    return await _decide(context, return_id, ReturnStatus.CANCELLED, None, version)


async def decide_many(
    context: Context, return_ids: Sequence[UUID], status: ReturnStatus, *, answer: str | None = None
) -> int:
    """The same answer to many, all of them or none; returns how many."""
    ids = checks.ids(return_ids, most=200)
    for order_id, return_id in sorted([((await service.get(context, one)).order_id, one) for one in ids]):
        del order_id  # orders are locked in everybody's order
        await _decide(context, return_id, status, answer, None)
    return len(ids)


async def _decide(
    context: Context, return_id: UUID, status: ReturnStatus, answer: str | None, version: int | None
) -> OrderReturn:
    found, _ = await service.lock(context, return_id, version=version)
    if answer is not None:
        found.answer = checks.optional_text(answer, "answer", most=LONGEST_ANSWER)
    if status is not ReturnStatus.CANCELLED:
        found.decided_at = context.now
    await service.move(context, found, status)
    return found
