"""The codes of a promotion: chosen words, or thousands made at random that work once each."""

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update

from rustok.commerce.catalogue import batches, checks, clashes
from rustok.commerce.promotions import service
from rustok.commerce.promotions.applying import LONGEST_CODE, key_of
from rustok.commerce.promotions.models import Promotion, PromotionCode, PromotionUse
from rustok.core.rows import is_one_of
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_ids

MOST_AT_ONCE = 10_000
# Without 0 and O, 1, I and L: people type codes from paper.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class CodeTaken(errors.Conflict):
    """The code belongs to a promotion already."""

    code = "code_taken"


async def add(context: Context, promotion_id: UUID, code: str, *, usage_limit: int | None = None) -> PromotionCode:
    """A code that somebody thought of. Raises `CodeTaken`, `Invalid` for what nobody could type."""
    promotion = await _needing(context, promotion_id)
    written = code.strip()
    key = key_of(written)
    if not key or " " in key or len(key) < 2:
        raise errors.Invalid(f"a code has 2 to {LONGEST_CODE} characters and no spaces", field="code")
    if usage_limit is not None:
        checks.whole(usage_limit, "usageLimit", least=1)
    made = PromotionCode(
        tenant_id=context.tenant_id,
        promotion_id=promotion.id,
        code=written,
        key=key,
        usage_limit=usage_limit,
        uses=0,
        is_active=True,
        created_at=context.now,
    )
    context.session.add(made)
    with clashes.told_as(uq_commerce_promotion_codes_key=CodeTaken(f"{written!r} is a code already", field="code")):
        await context.session.flush()
    return made


async def generate(
    context: Context,
    promotion_id: UUID,
    count: int,
    *,
    prefix: str = "",
    length: int = 10,
    usage_limit: int | None = 1,
) -> list[str]:
    """So many random codes, each for one use where nothing else is said; returns them."""
    checks.whole(count, "count", least=1, most=MOST_AT_ONCE)
    checks.whole(length, "length", least=8, most=32)
    if usage_limit is not None:
        checks.whole(usage_limit, "usageLimit", least=1)
    promotion = await _needing(context, promotion_id)
    head = prefix.strip()
    if head and (not key_of(head) or len(head) > LONGEST_CODE - length or any(sign.isspace() for sign in head)):
        raise errors.Invalid(f"a prefix has at most {LONGEST_CODE - length} characters and no spaces", field="prefix")
    made: set[str] = set()
    while len(made) < count:
        made.add(head + "".join(secrets.choice(ALPHABET) for _ in range(length)))
    rows = [
        {
            "id": id_,
            "promotion_id": promotion.id,
            "code": code,
            "key": key_of(code),
            "usage_limit": usage_limit,
            "uses": 0,
            "is_active": True,
            "created_at": context.now,
        }
        for id_, code in zip(generate_ids(count), sorted(made), strict=True)
    ]
    with clashes.told_as(uq_commerce_promotion_codes_key=CodeTaken("one of them is taken: try again", field="prefix")):
        await batches.insert(context, PromotionCode, rows)
    return sorted(made)


async def switch(context: Context, code_ids: Sequence[UUID], *, active: bool) -> int:
    """Switch codes on or off; returns how many are others now."""
    changed = await context.session.scalars(
        update(PromotionCode)
        .where(
            PromotionCode.tenant_id == context.tenant_id,
            is_one_of(PromotionCode.id, checks.ids(code_ids)),
            PromotionCode.is_active.is_not(active),
        )
        .values(is_active=active)
        .returning(PromotionCode.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


async def remove(context: Context, code_ids: Sequence[UUID]) -> int:
    """Delete codes that no order has used; raises `PromotionUsed` for another, and deletes none."""
    ids = checks.ids(code_ids)
    used = await context.session.scalar(
        select(PromotionCode.code)
        .join(
            PromotionUse,
            (PromotionUse.tenant_id == PromotionCode.tenant_id) & (PromotionUse.code_id == PromotionCode.id),
        )
        .where(PromotionCode.tenant_id == context.tenant_id, is_one_of(PromotionCode.id, ids))
        .limit(1)
    )
    if used is not None:
        raise service.PromotionUsed(f"the code {used!r} is part of orders: switch it off instead", field="ids")
    gone = await context.session.scalars(
        delete(PromotionCode)
        .where(PromotionCode.tenant_id == context.tenant_id, is_one_of(PromotionCode.id, ids))
        .returning(PromotionCode.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


async def uses(context: Context, code_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How often each of the codes was used."""
    found = await context.session.execute(
        select(PromotionUse.code_id, func.count())
        .where(
            PromotionUse.tenant_id == context.tenant_id,
            is_one_of(PromotionUse.code_id, code_ids),
            PromotionUse.released_at.is_(None),
        )
        .group_by(PromotionUse.code_id)
    )
    return {code: count for code, count in found if code is not None}


async def _needing(context: Context, promotion_id: UUID) -> Promotion:
    promotion = await service.get(context, promotion_id)
    if not promotion.needs_code:
        raise errors.Conflict("this promotion applies by itself: say first that it needs a code", field="id")
    return promotion
