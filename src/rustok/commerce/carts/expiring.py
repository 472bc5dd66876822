"""Carts that nobody has touched for long are deleted; orders that came from carts keep their own account of them."""

from datetime import timedelta

from sqlalchemy import text

from rustok.kernel.context import Context
from rustok.kernel.module import Timer

KEPT = timedelta(days=30)  # a cart that was ordered or merged, so that its page can still say what became of it

_EXPIRE = text("""
DELETE FROM commerce_carts WHERE tenant_id = CAST(:tenant_id AS uuid) AND id IN (
  SELECT id FROM commerce_carts
  WHERE tenant_id = CAST(:tenant_id AS uuid)
    AND (expires_at <= now() OR (status <> 'open' AND updated_at < now() - CAST(:kept AS interval)))
  LIMIT :most FOR UPDATE SKIP LOCKED
)
""")


async def expire(context: Context, *, most: int = 1_000) -> int:
    """Delete carts whose time is over, at most so many; returns how many."""
    named = {"tenant_id": context.tenant_id, "kept": KEPT, "most": most}
    return int((await context.session.execute(_EXPIRE, named)).rowcount)  # type: ignore[attr-defined]  # a DELETE has it


async def expire_carts(context: Context) -> None:
    """What the timer does."""
    await expire(context)


EXPIRY = Timer(name="commerce.expire_carts", every_seconds=300, run=expire_carts)
