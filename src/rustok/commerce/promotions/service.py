"""What staff do with promotions: make, change, switch and delete them, and see what they cost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, func, select, text, update

from rustok.commerce.catalogue import checks
from rustok.commerce.promotions import checking, shapes
from rustok.commerce.promotions.applying import TARGET
from rustok.commerce.promotions.models import STACKS, Promotion, PromotionUse
from rustok.commerce.promotions.shapes import Conditions, Reward, Selection
from rustok.core.rows import is_one_of
from rustok.core.translations import service as translations
from rustok.kernel import errors
from rustok.kernel.context import Context


class PromotionUsed(errors.Conflict):
    """The promotion is part of orders: it can be switched off, not deleted."""

    code = "promotion_used"


class PromotionFacts(TypedDict, total=False):
    """What can be said of a promotion besides its name and kind."""

    title: str
    reward: Reward
    target: Selection
    conditions: Conditions
    needs_code: bool
    is_active: bool
    starts_at: datetime | None
    ends_at: datetime | None
    priority: int
    combines_with: Sequence[str]
    usage_limit: int | None
    per_customer_limit: int | None


class PromotionChanges(PromotionFacts, total=False):
    """What of a promotion can be changed; what is absent stays. Its kind never changes."""

    name: str


async def get(context: Context, promotion_id: UUID, *, lock: bool = False) -> Promotion:
    """The promotion; raises `NotFound`. With `lock`, no order claims or releases a use until the transaction ends."""
    found = await context.session.get(
        Promotion, (context.tenant_id, promotion_id), with_for_update=lock or None, populate_existing=True
    )
    if found is None:
        raise errors.NotFound("no such promotion", field="id")
    return found


async def create(context: Context, *, name: str, kind: str, **given: Unpack[PromotionFacts]) -> Promotion:
    """Add a promotion, which needs a reward.

    Without `combines_with` it stands beside those of the other classes, not beside its own.
    """
    name = checks.text(name, "name")
    promotion = Promotion(
        tenant_id=context.tenant_id,
        name=name,
        title=name,
        kind=checking.kind(kind),
        target={},
        conditions={},
        needs_code=False,
        is_active=True,
        priority=0,
        uses=0,
        version=1,
        created_at=context.now,
        updated_at=context.now,
    )
    if "reward" not in given:
        raise checking.BadPromotion("say what it gives", field="reward")
    await _apply(context, promotion, given)
    if "combines_with" not in given:
        promotion.combines_with = [one for one in STACKS if one != promotion.stack]
    context.session.add(promotion)
    await context.session.flush()
    return promotion


async def change(
    context: Context, promotion_id: UUID, *, version: int | None = None, **changes: Unpack[PromotionChanges]
) -> Promotion:
    """Change what is given. Raises `NotFound`, `Stale`, and `Conflict` for a limit below what was used already."""
    promotion = await get(context, promotion_id, lock=True)
    checks.version(promotion.version, version)
    if "name" in changes:
        promotion.name = checks.text(changes["name"], "name")
    await _apply(context, promotion, changes)
    promotion.version += 1
    promotion.updated_at = context.now
    await context.session.flush()
    return promotion


async def switch(context: Context, promotion_ids: Sequence[UUID], *, active: bool) -> int:
    """Switch promotions on or off; returns how many are others now."""
    changed = await context.session.scalars(
        update(Promotion)
        .where(
            Promotion.tenant_id == context.tenant_id,
            is_one_of(Promotion.id, checks.ids(promotion_ids)),
            Promotion.is_active.is_not(active),
        )
        .values(is_active=active, version=Promotion.version + 1, updated_at=context.now)
        .returning(Promotion.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


async def remove(context: Context, promotion_ids: Sequence[UUID]) -> int:
    """Delete promotions with their codes; raises `PromotionUsed` for one that is part of an order, and deletes none."""
    ids = checks.ids(promotion_ids)
    found = await context.session.scalars(
        select(Promotion)
        .where(Promotion.tenant_id == context.tenant_id, is_one_of(Promotion.id, ids))
        .order_by(Promotion.id)
        .with_for_update()
    )
    stored = {one.id: one for one in found.all()}
    used = await context.session.scalar(
        select(PromotionUse.promotion_id)
        .where(PromotionUse.tenant_id == context.tenant_id, is_one_of(PromotionUse.promotion_id, stored))
        .limit(1)
    )
    if used is not None:
        raise PromotionUsed(f"{stored[used].name!r} is part of orders: switch it off instead", field="id")
    await translations.delete_all(context, TARGET, list(stored))
    await context.session.execute(
        delete(Promotion)
        .where(Promotion.tenant_id == context.tenant_id, is_one_of(Promotion.id, stored))
        .execution_options(synchronize_session=False)
    )
    return len(stored)


async def translate(context: Context, promotion_id: UUID, *, locale: str, title: str | None) -> None:
    """What buyers of that language read; the title of the promotion itself is in the tenant's own language."""
    await get(context, promotion_id)
    if locale == context.tenant.default_locale:
        raise errors.Invalid("this is the language of the title itself", field="locale")
    title = checks.optional_text(title, "title")
    await translations.set_fields(context, TARGET, promotion_id, locale=locale, fields={"title": title})


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a promotion was used and what it took off, in one currency; released uses are not counted."""

    promotion_id: UUID
    currency: str
    uses: int
    amount_minor: int


async def usage(
    context: Context,
    promotion_ids: Collection[UUID] | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Usage]:
    """What promotions were used for, by promotion and currency; of all where none is named."""
    conditions = [PromotionUse.tenant_id == context.tenant_id, PromotionUse.released_at.is_(None)]
    if promotion_ids is not None:
        conditions.append(is_one_of(PromotionUse.promotion_id, promotion_ids))
    for moment, bound in ((since, PromotionUse.created_at.__ge__), (until, PromotionUse.created_at.__lt__)):
        if moment is not None:
            if moment.tzinfo is None:
                raise errors.Invalid("a date needs a time zone", field="since")
            conditions.append(bound(moment))
    found = await context.session.execute(
        select(PromotionUse.promotion_id, PromotionUse.currency, func.count(), func.sum(PromotionUse.amount_minor))
        .where(*conditions)
        .group_by(PromotionUse.promotion_id, PromotionUse.currency)
        .order_by(PromotionUse.promotion_id, PromotionUse.currency)
    )
    return [Usage(promotion, currency, uses, int(minor)) for promotion, currency, uses, minor in found]


async def _apply(context: Context, promotion: Promotion, given: PromotionFacts) -> None:
    if "reward" in given:
        reward = checking.reward(promotion.kind, given["reward"])
        await checking.exist(context, reward.bought)
        promotion.reward = shapes.stored(reward)
        promotion.stack = shapes.stack_of(promotion.kind, reward)
    if "target" in given:
        await checking.exist(context, given["target"])
        promotion.target = shapes.stored(given["target"])
    if "conditions" in given:
        promotion.conditions = shapes.stored(await checking.conditions(context, given["conditions"]))
    if "title" in given:
        promotion.title = checks.text(given["title"], "title")
    if "combines_with" in given:
        promotion.combines_with = checking.combines_with(given["combines_with"])
    if "priority" in given:
        promotion.priority = checks.whole(given["priority"], "priority", least=-1000, most=1000)
    promotion.needs_code = given.get("needs_code", promotion.needs_code)
    promotion.is_active = given.get("is_active", promotion.is_active)
    promotion.starts_at = given.get("starts_at", promotion.starts_at)
    promotion.ends_at = given.get("ends_at", promotion.ends_at)
    for moment in (promotion.starts_at, promotion.ends_at):
        if moment is not None and moment.tzinfo is None:
            raise errors.Invalid("a date needs a time zone", field="startsAt")
    if promotion.starts_at and promotion.ends_at and promotion.starts_at >= promotion.ends_at:
        raise errors.Invalid("the promotion ends before it starts", field="endsAt")
    await _limit(context, promotion, given)


_COUNT_BUYERS = text("""
INSERT INTO commerce_promotion_buyers (tenant_id, promotion_id, buyer, uses)
SELECT u.tenant_id, u.promotion_id, b.buyer, count(*)
FROM commerce_promotion_uses u, unnest(u.buyers) AS b (buyer)
WHERE u.tenant_id = CAST(:tenant_id AS uuid) AND u.promotion_id = :promotion_id AND u.released_at IS NULL
GROUP BY 1, 2, 3
""")
_FORGET_BUYERS = text("""
DELETE FROM commerce_promotion_buyers WHERE tenant_id = CAST(:tenant_id AS uuid) AND promotion_id = :promotion_id
""")


async def _limit(context: Context, promotion: Promotion, given: PromotionFacts) -> None:
    """A limit that was not there before begins with the uses that there are: until then nobody counted."""
    named: dict[str, Any] = {"tenant_id": context.tenant_id, "promotion_id": promotion.id}
    if "usage_limit" in given and given["usage_limit"] != promotion.usage_limit:
        most = given["usage_limit"]
        if most is not None:
            checks.whole(most, "usageLimit", least=1)
            promotion.uses = await _uses(context, promotion.id) if promotion.usage_limit is None else promotion.uses
            if promotion.uses > most:
                raise errors.Conflict(f"it has been used {promotion.uses} times already", field="usageLimit")
        promotion.usage_limit = most
    if "per_customer_limit" in given and given["per_customer_limit"] != promotion.per_customer_limit:
        each = given["per_customer_limit"]
        if each is not None:
            checks.whole(each, "perCustomerLimit", least=1)
            if promotion.per_customer_limit is None and promotion.id is not None:
                await context.session.execute(_FORGET_BUYERS, named)
                await context.session.execute(_COUNT_BUYERS, named)
        promotion.per_customer_limit = each


async def _uses(context: Context, promotion_id: UUID | None) -> int:
    if promotion_id is None:
        return 0
    found = await context.session.scalar(
        select(func.count())
        .select_from(PromotionUse)
        .where(
            PromotionUse.tenant_id == context.tenant_id,
            PromotionUse.promotion_id == promotion_id,
            PromotionUse.released_at.is_(None),
        )
    )
    return found or 0
