"""Uses of promotions are counted when an order is placed: never more than the limit, whatever runs at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update

from rustok.commerce.baskets.shapes import Buyer, Discounts
from rustok.commerce.catalogue import batches
from rustok.commerce.promotions import buyers, wording
from rustok.commerce.promotions.applying import key_of
from rustok.commerce.promotions.models import Promotion, PromotionCode, PromotionUse
from rustok.core.rows import is_one_of, is_one_of_texts
from rustok.kernel import errors
from rustok.kernel.context import Context


class PromotionExhausted(errors.Conflict):
    """A promotion was used up, switched off or used by this buyer since the totals were worked out."""

    code = "promotion_exhausted"

    def __init__(self, message: str, *, promotion_id: UUID, entered: str | None) -> None:
        super().__init__(message, field="codes")
        self.promotion_id, self.entered = promotion_id, entered


@dataclass(slots=True)
class _Wanted:
    title: str
    entered: str | None
    amount_minor: int = 0


async def claim(
    context: Context, discounts: Discounts, *, order_id: UUID, buyer: Buyer, currency: str | None = None
) -> None:
    """Count one use of every promotion among the discounts for the order, or raise `PromotionExhausted` for all.

    Where there is a limit, one conditional update takes the use. `currency` is that of the amounts, for the report;
    without it the context's. In the lock order of a checkout this comes after the cart and before gift cards.
    """
    wanted: dict[UUID, _Wanted] = {}
    for one in discounts.discounts:
        wanted.setdefault(one.promotion_id, _Wanted(one.title, one.code)).amount_minor += one.amount_minor
    if not wanted:
        return
    keys = buyers.keys_of(context, buyer)
    async with context.session.begin_nested():
        await _count(context, wanted, keys, order_id, currency or context.currency)


async def release(context: Context, order_id: UUID) -> int:
    """Take the order's uses back, so that others can have them; returns how many. Saying it twice changes nothing."""
    freed = await context.session.execute(
        update(PromotionUse)
        .where(
            PromotionUse.tenant_id == context.tenant_id,
            PromotionUse.order_id == order_id,
            PromotionUse.released_at.is_(None),
        )
        .values(released_at=context.now)
        .returning(PromotionUse.promotion_id, PromotionUse.code_id, PromotionUse.buyers)
        .execution_options(synchronize_session=False)
    )
    uses = sorted(freed.all())
    await _stand_by(context, [promotion_id for promotion_id, _, _ in uses])
    for promotion_id, code_id, keys in uses:
        named = {"tenant_id": context.tenant_id, "promotion_id": promotion_id}
        await context.session.execute(_GIVE_BACK, named)
        if code_id is not None:
            await context.session.execute(_GIVE_BACK_CODE, {"tenant_id": context.tenant_id, "code_id": code_id})
        for key in sorted(keys):
            await context.session.execute(_GIVE_BACK_BUYER, {**named, "buyer": key})
    return len(uses)


_TAKE = text("""
UPDATE commerce_promotions SET uses = uses + 1
WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = :promotion_id AND is_active AND uses < usage_limit
RETURNING id
""")
_TAKE_CODE = text("""
UPDATE commerce_promotion_codes SET uses = uses + 1
WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = :code_id AND is_active AND uses < usage_limit
RETURNING id
""")
_TAKE_BUYER = text("""
INSERT INTO commerce_promotion_buyers AS b (tenant_id, promotion_id, buyer, uses)
VALUES (CAST(:tenant_id AS uuid), :promotion_id, :buyer, 1)
ON CONFLICT (tenant_id, promotion_id, buyer) DO UPDATE SET uses = b.uses + 1 WHERE b.uses < :most
RETURNING uses
""")
_GIVE_BACK = text("""
UPDATE commerce_promotions SET uses = uses - 1
WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = :promotion_id AND usage_limit IS NOT NULL AND uses > 0
""")
_GIVE_BACK_CODE = text("""
UPDATE commerce_promotion_codes SET uses = uses - 1
WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = :code_id AND usage_limit IS NOT NULL AND uses > 0
""")
_GIVE_BACK_BUYER = text("""
UPDATE commerce_promotion_buyers SET uses = uses - 1
WHERE tenant_id = CAST(:tenant_id AS uuid) AND promotion_id = :promotion_id AND buyer = :buyer AND uses > 0
""")


async def _stand_by(context: Context, promotion_ids: Sequence[UUID]) -> dict[UUID, tuple[bool, int | None, int | None]]:
    """Keep staff from changing limits until we are done, without standing in each other's way."""
    rows = await context.session.execute(
        select(Promotion.id, Promotion.is_active, Promotion.usage_limit, Promotion.per_customer_limit)
        .where(Promotion.tenant_id == context.tenant_id, is_one_of(Promotion.id, promotion_ids))
        .order_by(Promotion.id)
        .with_for_update(read=True, key_share=True)
    )
    return {id_: (active, most, each) for id_, active, most, each in rows}


async def _count(
    context: Context, wanted: dict[UUID, _Wanted], keys: list[bytes], order_id: UUID, currency: str
) -> None:
    limits = await _stand_by(context, sorted(wanted))
    codes = await _codes(context, [one.entered for one in wanted.values() if one.entered])
    rows = []
    for promotion_id in sorted(wanted):
        one = wanted[promotion_id]
        active, most, each = limits.get(promotion_id, (False, None, None))
        code = codes.get(key_of(one.entered)) if one.entered else None
        named = {"tenant_id": context.tenant_id, "promotion_id": promotion_id}

        def gone(why: str = "exhausted", one: _Wanted = one, promotion_id: UUID = promotion_id) -> PromotionExhausted:
            said = wording.say(context.locale, why if one.entered else "over", title=one.title)
            told = f"{one.entered}: {said}" if one.entered else said
            return PromotionExhausted(told, promotion_id=promotion_id, entered=one.entered)

        known = code is not None and code.is_active and code.promotion_id == promotion_id
        if not active or (one.entered and not known):
            raise gone()
        if most is not None and await context.session.scalar(_TAKE, named) is None:
            raise gone()
        if code is not None and code.usage_limit is not None:
            taken = await context.session.scalar(_TAKE_CODE, {"tenant_id": context.tenant_id, "code_id": code.id})
            if taken is None:
                raise gone()
        if each is not None:
            if not keys:
                raise errors.Invalid("an e-mail address is needed for a promotion with a limit", field="email")
            for key in keys:
                if await context.session.scalar(_TAKE_BUYER, {**named, "buyer": key, "most": each}) is None:
                    raise gone("used")
        rows.append(
            {
                "promotion_id": promotion_id,
                "code_id": code.id if code is not None else None,
                "order_id": order_id,
                "amount_minor": one.amount_minor,
                "currency": currency,
                "buyers": ["\\x" + key.hex() for key in keys],  # as PostgreSQL reads bytes
                "created_at": context.now,
            }
        )
    await batches.insert(context, PromotionUse, rows)


async def _codes(context: Context, entered: Sequence[str]) -> dict[str, PromotionCode]:
    if not entered:
        return {}
    found = await context.session.scalars(
        select(PromotionCode)
        .where(
            PromotionCode.tenant_id == context.tenant_id,
            is_one_of_texts(PromotionCode.key, [key_of(one) for one in entered]),
        )
        .execution_options(populate_existing=True)
    )
    return {code.key: code for code in found.all()}
