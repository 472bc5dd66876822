"""Money goes back: written down in one transaction with all that follows from it, then providers are asked.

What can go back is what the order's payments took and its gift cards paid, less what went back already, over whatever
way, and less what stands in an exchange. Amounts of goods are those of returns, so that portions sum to what was paid.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.orders import moving, settling, timeline
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order
from rustok.commerce.payments import asking, booking
from rustok.commerce.payments import refunding as payments_refunding
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.shapes import Units
from rustok.commerce.returns import service
from rustok.commerce.returns.models import OrderReturn, Refund, RefundPart
from rustok.commerce.returns.states import ReturnStatus
from rustok.kernel import errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


class RefundTooMuch(errors.Conflict):
    """More than what was paid and has not gone back yet."""

    code = "refund_too_much"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What goes back. Without an amount for goods, a return's own worth; `shipping_minor` is a part of what shipping
    cost, `other_minor` something for the trouble."""

    goods_minor: int | None = None
    shipping_minor: int = 0
    other_minor: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What can still go back, and over which way."""

    payments: tuple[tuple[Payment, int], ...]
    gift_cards_minor: int
    exchanged_minor: int  # stands in exchanges, and is therefore no money any more
    shipping_minor: int  # of the shipping's price

    @property
    def minor(self) -> int:
        """Over all ways together."""
        held = sum(left for _, left in self.payments) + self.gift_cards_minor
        return max(held - self.exchanged_minor, 0)


async def refund(
    units: Units, order_id: UUID, wanted: Wanted, *, reason: str, key: str, return_id: UUID | None = None
) -> Refund:
    """Give so much back; the same key twice is one refund. The return it belongs to is completed by it.

    Providers are asked after the transaction that writes everything down; the reconciler asks again if we die between.
    Raises `RefundTooMuch`, `NotSupported` of a provider that refunds the whole or nothing, `NotFound`, `Conflict`.
    """
    async with units() as context:
        made = await write(context, order_id, wanted, reason=reason, key=key, return_id=return_id)
        parts = (await service.parts_of(context, [made.id])).get(made.id, [])
    for part in parts:
        await asking.ask(units, part.attempt_id)
    return made


async def write(
    context: Context,
    order_id: UUID,
    wanted: Wanted,
    *,
    reason: str,
    key: str,
    return_id: UUID | None = None,
) -> Refund:
    """The same within the caller's transaction, without asking anybody: the reconciler does within seconds."""
    key, reason = checks.text(key, "key"), checks.optional_text(reason, "reason") or ""
    order = await lock(context, order_id)
    known = await by_key(context, order_id, key)
    if known is not None:
        return _the_same(known, wanted, return_id)
    left = await what_is_left(context, order)
    found = None if return_id is None else await _received(context, order, return_id)
    amounts = await _amounts(context, order, wanted, left, found)
    made = await enter(context, order, left, amounts, reason=reason, key=key, return_id=return_id)
    if found is not None and found.status == ReturnStatus.RECEIVED:
        await service.move(context, found, ReturnStatus.COMPLETED)
    return made


async def lock(context: Context, order_id: UUID) -> Order:
    """The order with its gift cards before it and its payments after it, in everybody's order; raises `NotFound`."""
    for card in sorted(await giftcards.spent_on(context, order_id)):
        await giftcards.get(context, card, lock=True)
    order = await orders.lock(context, order_id)
    for payment in sorted(await payments.of_order(context, order_id), key=lambda one: one.id):
        await booking.lock(context, payment.id)
    return order


async def by_key(context: Context, order_id: UUID, key: str) -> Refund | None:
    """The order's refund with this key, or None."""
    return await context.session.scalar(
        select(Refund).where(Refund.tenant_id == context.tenant_id, Refund.order_id == order_id, Refund.key == key)
    )


# What a provider refused to give back has not gone back: it is taken off the goods first, then off the shipping.
_FAILED = """
JOIN LATERAL (
  SELECT coalesce(sum(p.amount_minor), 0) AS failed FROM commerce_refund_parts p
  JOIN commerce_payment_attempts a ON a.tenant_id = p.tenant_id AND a.id = p.attempt_id AND a.state = 'failed'
  WHERE p.tenant_id = r.tenant_id AND p.refund_id = r.id
) f ON true
"""
_BOOKED = text(f"""
SELECT coalesce(sum(r.exchange_minor), 0),
  coalesce(sum(greatest(r.shipping_minor - greatest(f.failed - r.goods_minor, 0), 0)), 0)
FROM commerce_refunds r {_FAILED} WHERE r.tenant_id = CAST(:tenant_id AS uuid) AND r.order_id = :order_id
""")
_GIVEN = text(f"""
SELECT coalesce(sum(greatest(r.goods_minor - f.failed, 0)), 0)
FROM commerce_refunds r {_FAILED} WHERE r.tenant_id = CAST(:tenant_id AS uuid) AND r.return_id = :return_id
""")


async def what_is_left(context: Context, order: Order) -> Left:
    """What of a locked order can still go back."""
    named = {"tenant_id": context.tenant_id, "order_id": order.id}
    exchanged, shipped = (await context.session.execute(_BOOKED, named)).one()
    paid = order.shipping_minor + (0 if order.tax_included else order.shipping_tax_minor)
    return Left(
        payments=tuple(
            (one, free)
            for one in await payments.of_order(context, order.id)
            if (free := one.captured_minor - one.refunded_minor - one.refunding_minor) > 0
        ),
        gift_cards_minor=sum((await giftcards.spent_on(context, order.id)).values()),
        exchanged_minor=int(exchanged),
        shipping_minor=max(paid - int(shipped), 0),
    )


async def worth_left(context: Context, found: OrderReturn) -> int:
    """What the goods of a return are worth, less what has gone back for them (failed refunds do not count)."""
    lines = (await service.lines_of(context, [found.id])).get(found.id, [])
    given = await context.session.scalar(_GIVEN, {"tenant_id": context.tenant_id, "return_id": found.id})
    return max(sum(one.amount_minor for one in lines) - int(given or 0), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Reasons and ways of a refund; the exchange's part is worth, not money."""

    goods_minor: int = 0
    shipping_minor: int = 0
    other_minor: int = 0
    exchange_minor: int = 0

    @property
    def minor(self) -> int:
        """The whole."""
        return self.goods_minor + self.shipping_minor + self.other_minor


async def enter(
    context: Context,
    order: Order,
    left: Left,
    amounts: Amounts,
    *,
    reason: str,
    key: str,
    return_id: UUID | None,
) -> Refund:
    """Write a refund of a locked order: payments first, the latest first, then gift cards. Raises `RefundTooMuch`."""
    if amounts.minor > left.minor:
        most = money.Money(left.minor, order.currency)
        raise RefundTooMuch(f"at most {most} can still go back for this order", field="amount")
    rest = amounts.minor - amounts.exchange_minor
    ways: list[tuple[Payment, int]] = []
    for payment, free in reversed(left.payments):
        if part := min(free, rest):
            ways.append((payment, part))
            rest -= part
    made = Refund(
        tenant_id=context.tenant_id,
        id=generate_id(),
        order_id=order.id,
        return_id=return_id,
        key=key,
        reason=reason,
        currency=order.currency,
        amount_minor=amounts.minor,
        goods_minor=amounts.goods_minor,
        shipping_minor=amounts.shipping_minor,
        other_minor=amounts.other_minor,
        payments_minor=sum(part for _, part in ways),
        gift_cards_minor=rest,
        exchange_minor=amounts.exchange_minor,
        actor_id=context.actor.user_id,
        created_at=context.now,
    )
    context.session.add(made)
    await context.session.flush()
    if rest:
        await giftcards.give_back(context, order.id, rest)
        await settling.look_again(context, order)
    rows = []
    for payment, part in ways:
        attempt = await payments_refunding.intend(context, payment.id, part, reason=reason, key=str(made.id))
        rows.append({"refund_id": made.id, "attempt_id": attempt.id, "amount_minor": part})
    await batches.insert(context, RefundPart, rows)
    moving.touch(context, order)
    await timeline.note(
        context,
        order.id,
        "refunded",
        refund_id=str(made.id),
        return_id=None if return_id is None else str(return_id),
        amount=made.amount_minor,
        payments=made.payments_minor,
        gift_cards=made.gift_cards_minor,
        exchange=made.exchange_minor,
        currency=made.currency,
        reason=reason,
    )
    await context.session.flush()
    return made


async def _received(context: Context, order: Order, return_id: UUID) -> OrderReturn:
    found = await service.get(context, return_id)
    if found.order_id != order.id:
        raise errors.NotFound("no such return of this order", field="returnId")
    if found.status not in (ReturnStatus.RECEIVED, ReturnStatus.COMPLETED):
        raise errors.Conflict(f"the goods of a return that is {found.status} are not back", field="returnId")
    return found


async def _amounts(context: Context, order: Order, wanted: Wanted, left: Left, found: OrderReturn | None) -> Amounts:
    shipping = checks.whole(wanted.shipping_minor, "shipping", most=money.LARGEST_MINOR)
    other = checks.whole(wanted.other_minor, "other", most=money.LARGEST_MINOR)
    if shipping > left.shipping_minor:
        most = money.Money(left.shipping_minor, order.currency)
        raise RefundTooMuch(f"at most {most} of the shipping can still go back", field="shipping")
    goods = wanted.goods_minor or 0
    if found is not None:
        worth = await worth_left(context, found)
        goods = min(worth, max(left.minor - shipping - other, 0)) if wanted.goods_minor is None else goods
        if goods > worth:
            most = money.Money(worth, order.currency)
            raise RefundTooMuch(f"at most {most} was paid for these goods and has not gone back", field="goods")
    elif goods:
        raise errors.Invalid("goods are refunded by their return", field="goods")
    checks.whole(goods, "goods", most=money.LARGEST_MINOR)
    if not goods + shipping + other:
        raise RefundTooMuch("there is nothing that could go back", field="amount")
    return Amounts(goods_minor=goods, shipping_minor=shipping, other_minor=other)


def _the_same(known: Refund, wanted: Wanted, return_id: UUID | None) -> Refund:
    told = (known.return_id, known.shipping_minor, known.other_minor)
    asked = (return_id, wanted.shipping_minor, wanted.other_minor)
    if told != asked or wanted.goods_minor not in (None, known.goods_minor):
        raise errors.Conflict("the key was used for another refund", field="key")
    return known


async def states_of(context: Context, refunds: list[Refund]) -> dict[UUID, str]:
    """How refunds went: `succeeded`, `failed`, or `pending` while a provider has not finished."""
    named = {"tenant_id": context.tenant_id, "ids": [one.id for one in refunds]}
    found: dict[UUID, str] = {one.id: "succeeded" for one in refunds}
    for refund_id, waiting, failed in (await context.session.execute(_STATES, named)).all():
        found[refund_id] = "pending" if waiting else "failed" if failed else "succeeded"
    return found


_STATES = text("""
SELECT p.refund_id, bool_or(a.state IN ('open', 'waiting')), bool_or(a.state = 'failed')
FROM commerce_refund_parts p JOIN commerce_payment_attempts a ON a.tenant_id = p.tenant_id AND a.id = p.attempt_id
WHERE p.tenant_id = CAST(:tenant_id AS uuid) AND p.refund_id = ANY(CAST(:ids AS uuid[]))
GROUP BY p.refund_id
""")


async def close(context: Context, return_id: UUID, *, version: int | None = None) -> OrderReturn:
    """End a return whose goods are back without giving (more) money back. Raises `IllegalReturnTransition`, `Stale`."""
    found, _ = await service.lock(context, return_id, version=version)
    await service.move(context, found, ReturnStatus.COMPLETED, refunded=False)
    return found
