"""Who has used a promotion how often: an account and an address are counted as hashes, each for itself."""

import hashlib
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from rustok.commerce.baskets.shapes import Buyer
from rustok.commerce.promotions.models import PromotionBuyer
from rustok.core.rows import is_one_of
from rustok.core.users import emails
from rustok.kernel.context import Context


def keys_of(context: Context, buyer: Buyer) -> list[bytes]:
    """The account's and the address's key: who orders as a guest first and logs in later is still one buyer."""
    known = []
    if buyer.customer_id is not None:
        known.append(f"customer\0{buyer.customer_id}")
    if buyer.email:
        known.append(f"email\0{emails.normalise(buyer.email) or buyer.email.strip().lower()}")
    salt = context.tenant_id.bytes
    return sorted(hashlib.sha256(salt + one.encode("utf-8", "surrogatepass")).digest() for one in known)


async def uses(context: Context, promotion_ids: Collection[UUID], keys: Collection[bytes]) -> dict[UUID, int]:
    """How often the buyer has used each of the promotions that count it."""
    if not promotion_ids or not keys:
        return {}
    found = await context.session.execute(
        select(PromotionBuyer.promotion_id, func.max(PromotionBuyer.uses))
        .where(
            PromotionBuyer.tenant_id == context.tenant_id,
            is_one_of(PromotionBuyer.promotion_id, promotion_ids),
            PromotionBuyer.buyer.in_(list(keys)),
        )
        .group_by(PromotionBuyer.promotion_id)
    )
    return dict(found.all())
