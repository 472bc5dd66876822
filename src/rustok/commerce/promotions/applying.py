"""What promotions do to a basket: which of them apply, what each takes off, and what became of every entered code."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, literal, not_, or_, select

from rustok.commerce.baskets.shapes import Basket, CodeVerdict, Discount, Discounts
from rustok.commerce.promotions import buyers, combining, shapes, wording
from rustok.commerce.promotions.effects import Offer
from rustok.commerce.promotions.models import Promotion, PromotionCode
from rustok.core.rows import is_one_of_texts
from rustok.core.translations import service as translations
from rustok.kernel.context import Context

TARGET = "promotion"
LONGEST_CODE = 64
Stored = Sequence[Any]  # rows of a promotion, the code that names it, and its title in the language of the context


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a promotion does not count: a word for programs, and a sentence for the buyer."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class _Found:
    promotion: Promotion
    code: PromotionCode | None
    offer: Offer
    refusal: Refusal | None


def key_of(code: str) -> str:
    """A code as codes are compared: without spaces around it, in capitals. Empty for what can be no code."""
    key = unicodedata.normalize("NFKC", code).strip().upper()
    return key if key.isprintable() and 0 < len(key) <= LONGEST_CODE else ""


async def apply(context: Context, basket: Basket, *, stored: Stored | None = None) -> Discounts:
    """The discounts of every line and of the shipping, and a verdict on every code, in the language of the context.

    The order of the rules is told in `combining`. Nothing is written; `claiming` counts the uses. `stored` is what
    `load` gives for the basket's codes, where the caller has asked already.
    """
    if stored is None:
        stored = await load(context, basket.codes, at=basket.at)
    found = await _find(context, basket, stored)
    combined = combining.combine(basket, [one.offer for one in found if one.refusal is None])
    discounts = tuple(
        Discount(
            promotion_id=offer.id,
            code=offer.code,
            title=offer.title,
            amount_minor=amount,
            line_id=key,
            reason=_reason(context, offer, basket),
        )
        for offer, amounts in combined.outcome.taken
        for key, amount in amounts.items()
    )
    return Discounts(discounts=discounts, codes=_verdicts(context, basket, found, combined))


async def load(context: Context, codes: Sequence[str], *, at: datetime) -> Stored:
    """The promotions that are in force by themselves at that moment, and those of the codes."""
    keys = sorted({key for code in codes if (key := key_of(code))})
    title = (
        literal(None)
        if context.locale == context.tenant.default_locale
        else translations.field_of(TARGET, Promotion.id, context.locale, "title")
    )
    in_force = and_(
        Promotion.is_active,
        not_(Promotion.needs_code),
        or_(Promotion.starts_at.is_(None), Promotion.starts_at <= at),
        or_(Promotion.ends_at.is_(None), Promotion.ends_at > at),
        or_(Promotion.usage_limit.is_(None), Promotion.uses < Promotion.usage_limit),
    )
    rows = await context.session.execute(
        select(Promotion, PromotionCode, title)
        .outerjoin(
            PromotionCode,
            and_(
                PromotionCode.tenant_id == Promotion.tenant_id,
                PromotionCode.promotion_id == Promotion.id,
                is_one_of_texts(PromotionCode.key, keys),
            ),
        )
        .where(Promotion.tenant_id == context.tenant_id, or_(in_force, PromotionCode.id.is_not(None)))
        .order_by(Promotion.id, PromotionCode.key)
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def _find(context: Context, basket: Basket, stored: Stored) -> list[_Found]:
    """Each of them with why it does not count, if so."""
    counted = [promotion.id for promotion, _, _ in stored if promotion.per_customer_limit is not None]
    used = await buyers.uses(context, counted, buyers.keys_of(context, basket.buyer)) if counted else {}
    found: list[_Found] = []
    for promotion, code, translated in stored:
        offer = offer_of(promotion, code, translated)
        limit = promotion.per_customer_limit
        spent = limit is not None and used.get(promotion.id, 0) >= limit
        refusal = _closed(context, promotion, code, basket.at) or (_no(context, "used") if spent else None)
        if refusal is None and any(one.promotion is promotion and one.refusal is None for one in found):
            refusal = _no(context, "not_combined", title=offer.title)  # two codes of one promotion
        found.append(_Found(promotion, code, offer, refusal or unmet(context, offer, basket)))
    return found


def offer_of(promotion: Promotion, code: PromotionCode | None, title: str | None = None) -> Offer:
    """The promotion as it is reckoned with."""
    return Offer(
        id=promotion.id,
        code=code.code if code is not None else None,
        title=title or promotion.title,
        kind=promotion.kind,
        reward=shapes.reward_of(promotion.reward),
        target=shapes.selection_of(promotion.target),
        conditions=shapes.conditions_of(promotion.conditions),
        priority=promotion.priority,
        stack=promotion.stack,
        combines_with=frozenset(promotion.combines_with),
    )


def _closed(context: Context, promotion: Promotion, code: PromotionCode | None, at: datetime) -> Refusal | None:
    """Whether it is switched off, not begun, over or used up. A switched-off code looks like one that never was."""
    if not promotion.is_active or (code is not None and not code.is_active):
        return _no(context, "unknown")
    if promotion.starts_at is not None and at < promotion.starts_at:
        return _no(context, "not_started", date=wording.day(context.locale, promotion.starts_at))
    if promotion.ends_at is not None and at >= promotion.ends_at:
        return _no(context, "expired")
    limits = [(promotion.uses, promotion.usage_limit)]
    if code is not None:
        limits.append((code.uses, code.usage_limit))
    if any(limit is not None and uses >= limit for uses, limit in limits):
        return _no(context, "exhausted")
    return None


_NOT_FOR_YOU = frozenset({"used", "group", "first_order", "country"})
_SHOWN_AS = {"unknown", "not_started", "expired", "exhausted", "not_combined"}


def _no(context: Context, key: str, **values: object) -> Refusal:
    reason = key if key in _SHOWN_AS else "not_for_you" if key in _NOT_FOR_YOU else "conditions"
    return Refusal(reason, wording.say(context.locale, key, **values))


def unmet(context: Context, offer: Offer, basket: Basket) -> Refusal | None:
    """The first condition that does not hold, if any."""
    conditions, currency, buyer = offer.conditions, basket.currency, basket.buyer
    if conditions.currencies and currency not in conditions.currencies:
        return _no(context, "currency", currency=currency)
    for amounts in (conditions.min_subtotal, conditions.max_subtotal, offer.reward.amounts):
        if amounts and currency not in amounts:
            return _no(context, "currency", currency=currency)
    if conditions.groups and buyer.groups.isdisjoint(conditions.groups):
        return _no(context, "group")
    if conditions.first_order and not buyer.first_order:
        return _no(context, "first_order")
    if conditions.countries and basket.destination.country not in conditions.countries:
        return _no(context, "country")
    lines = [line for line in basket.lines if conditions.of.holds(line)]
    subtotal, quantity = sum(line.subtotal_minor for line in lines), sum(line.quantity for line in lines)
    if conditions.of.named and not lines:
        return _no(context, "goods")
    if subtotal < (least := conditions.min_subtotal.get(currency, 0)):
        return _no(context, "min_subtotal", amount=wording.amount(context.locale, least - subtotal, currency))
    if conditions.max_subtotal and subtotal > (most := conditions.max_subtotal[currency]):
        return _no(context, "max_subtotal", amount=wording.amount(context.locale, most, currency))
    if quantity < conditions.min_quantity:
        missing = conditions.min_quantity - quantity
        return _no(context, "min_quantity", count=missing, least=conditions.min_quantity)
    if offer.stack != "shipping" and not any(line.discountable and offer.target.holds(line) for line in basket.lines):
        return _no(context, "goods")
    return None


def _verdicts(
    context: Context, basket: Basket, found: Sequence[_Found], combined: combining.Combined
) -> tuple[CodeVerdict, ...]:
    by_key: dict[str, _Found] = {one.code.key: one for one in found if one.code is not None}
    taken: Collection[Any] = {offer.id for offer, _ in combined.outcome.taken}

    def verdict(code: str) -> CodeVerdict:
        one = by_key.get(key_of(code))
        if one is None:
            no = _no(context, "unknown")
            return CodeVerdict(code=code, accepted=False, reason=no.reason, message=no.message)
        if one.refusal is not None:
            return CodeVerdict(code=code, accepted=False, reason=one.refusal.reason, message=one.refusal.message)
        if one.offer.id in taken:
            return CodeVerdict(code=code, accepted=True, message=wording.say(context.locale, "accepted"))
        rival = combined.kept_out.get(one.offer.id)
        if rival is not None:
            no = _no(context, "not_combined", title=rival.title)
        elif one.offer.stack == "shipping" and basket.shipping is None:
            return CodeVerdict(code=code, accepted=True, message=wording.say(context.locale, "waiting"))
        else:
            no = _no(context, "nothing")
        return CodeVerdict(code=code, accepted=False, reason=no.reason, message=no.message)

    return tuple(verdict(code) for code in basket.codes)


def _reason(context: Context, offer: Offer, basket: Basket) -> str:
    """Why this much, as a sentence for the buyer."""
    reward, locale, currency = offer.reward, context.locale, basket.currency
    fixed = wording.amount(locale, reward.amounts.get(currency, 0), currency)
    percent = wording.percent(locale, reward.percent) if reward.percent is not None else ""
    whole = reward.percent is None or reward.percent == 100
    if offer.kind == "buy_x_get_y":
        key = "gift" if whole else "gift_percent"
        said = wording.say(locale, key, percent=percent, buy=reward.buy, get=reward.get)
    elif offer.kind == "shipping":
        key = "shipping_amount" if reward.percent is None else "free_shipping" if whole else "shipping_percent"
        said = wording.say(locale, key, percent=percent, amount=fixed)
    elif offer.kind == "fixed_price":
        said = wording.say(locale, "price", amount=fixed)
    elif offer.kind == "percentage":
        key = "percent_order" if reward.each == "order" and len(basket.lines) > 1 else "percent_line"
        said = wording.say(locale, key, percent=percent)
    else:
        each = "line" if reward.each == "order" and len(basket.lines) == 1 else reward.each
        said = wording.say(locale, f"amount_{each}", amount=fixed)
    most = reward.most.get(currency)
    return (
        said
        if most is None
        else wording.say(locale, "capped", reason=said, most=wording.amount(locale, most, currency))
    )
