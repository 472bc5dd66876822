"""Totals: prices, shipping, promotions, tax and gift cards, in this order, and every part checked against the whole."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from rustok.commerce.baskets.shapes import (
    Basket,
    BasketLine,
    Buyer,
    Destination,
    Discount,
    Discounts,
    LineTotal,
    ShippingChoice,
    Taxable,
    Taxes,
    TaxPart,
    Totals,
)
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.pricing import resolving as pricing
from rustok.commerce.promotions import applying as promotions
from rustok.commerce.shipping import quoting
from rustok.commerce.tax import calculating as tax
from rustok.commerce.totals import goods as goods_of
from rustok.commerce.totals.goods import Goods
from rustok.kernel.context import Context

NOWHERE = Destination()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Some pieces of a variant. `unit_minor` is a price that staff agreed to, instead of the price lists'."""

    id: UUID
    variant_id: UUID
    quantity: int
    unit_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be worked out, for whom and where to."""

    currency: str
    lines: Sequence[Wanted]
    buyer: Buyer
    at: datetime
    destination: Destination = NOWHERE
    codes: tuple[str, ...] = ()
    gift_codes: tuple[str, ...] = ()
    shipping_method_id: UUID | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What has to be known of some baskets, each of it loaded once for all of them."""

    goods: Mapping[UUID, Goods]
    prices: pricing.Prices
    rules: Mapping[Destination, tax.Rules]
    offers: dict[tuple[tuple[str, ...], datetime], promotions.Stored] = field(default_factory=dict)  # once needed


class PartsDiffer(Exception):
    """The parts of totals do not sum to the whole: a fault of this program, never of the caller."""


async def know(context: Context, requests: Sequence[Request], *, goods: Mapping[UUID, Goods] | None = None) -> Known:
    """What `calculate` has to know of the requests. `goods` are the variants where they have been loaded already."""
    variants = {one.variant_id for request in requests for one in request.lines}
    return Known(
        goods=goods if goods is not None else await goods_of.load(context, variants),
        prices=await pricing.load(context, variants, {one.currency for one in requests}),
        rules=await tax.rules_at(context, {one.destination for one in requests}),
    )


async def calculate(context: Context, request: Request, *, known: Known | None = None) -> Totals:
    """What the lines cost. Lines without a price in the currency, or whose variant is gone, are left out.

    A shipping method that cannot be used for this basket (any more) is left out as well: `shipping` is None then.
    `known` is for callers who have asked for several requests at once. Raises `TaxUnavailable`.
    """
    known = known or await know(context, [request])
    basket, reasons = price(request, known.goods, known.prices)
    if request.shipping_method_id is not None and any(line.requires_shipping for line in basket.lines):
        # The method is not offered any more, or its carrier does not answer: the caller sees that there is none.
        with contextlib.suppress(quoting.ShippingNotPossible, quoting.ShippingUnavailable):
            basket = replace(basket, shipping=await quoting.quote(context, basket, request.shipping_method_id))
    discounts = await _discounts(context, basket, known) if basket.lines or basket.codes else Discounts()
    taxes = await tax.calculate(
        context,
        basket.destination,
        _taxable(basket, discounts),
        currency=basket.currency,
        buyer=basket.buyer,
        rules=known.rules[basket.destination],
    )
    totals = put_together(basket, discounts, taxes, reasons)
    if request.gift_codes and totals.total_minor:
        parts = await giftcards.spendable(
            context, request.gift_codes, currency=basket.currency, due_minor=totals.total_minor
        )
        totals = replace(totals, gift_cards=parts, due_minor=totals.total_minor - sum(minor for _, minor in parts))
    check(totals)
    return totals


async def basket_of(context: Context, request: Request, goods: Mapping[UUID, Goods]) -> Basket:
    """The basket at its prices, for asking what ways of shipping there are."""
    prices = await pricing.load(context, {one.variant_id for one in request.lines}, [request.currency])
    return price(request, goods, prices)[0]


async def _discounts(context: Context, basket: Basket, known: Known) -> Discounts:
    """Baskets without codes, of which there are most, ask for the same promotions."""
    named = basket.codes, basket.at
    if named not in known.offers:
        known.offers[named] = await promotions.load(context, basket.codes, at=basket.at)
    return await promotions.apply(context, basket, stored=known.offers[named])


def _taxable(basket: Basket, discounts: Discounts) -> list[Taxable]:
    """What is left of every line, and of the shipping, after its discounts."""
    off: dict[UUID | None, int] = {}
    for one in discounts.discounts:
        off[one.line_id] = off.get(one.line_id, 0) + one.amount_minor
    found = [
        Taxable(
            id=line.id,
            amount_minor=line.subtotal_minor - off.get(line.id, 0),
            tax_class=line.tax_class,
            taxable=line.taxable,
        )
        for line in basket.lines
    ]
    if basket.shipping is not None:
        left = basket.shipping.price_minor - off.get(None, 0)
        found.append(Taxable(id=None, amount_minor=left, tax_class=basket.shipping.tax_class))
    return found


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line costs what it costs."""

    compare_at_minor: int | None
    told: Mapping[str, object]


def price(
    request: Request, goods: Mapping[UUID, Goods], prices: pricing.Prices
) -> tuple[Basket, Mapping[UUID, Reason]]:
    """The basket before promotions, without shipping, and why each line costs what it costs."""
    quantities: dict[UUID, int] = {}
    for one in request.lines:
        quantities[one.variant_id] = quantities.get(one.variant_id, 0) + one.quantity
    explained = pricing.explain(
        prices,
        quantities,
        currency=request.currency,
        buyer=request.buyer,
        destination=request.destination,
        channel=request.channel,
        at=request.at,
    )
    lines: list[BasketLine] = []
    reasons: dict[UUID, Reason] = {}
    for one in request.lines:
        found, known = explained.get(one.variant_id), goods.get(one.variant_id)
        if known is None or (found is None and one.unit_minor is None):
            continue
        if one.unit_minor is not None:
            unit, reasons[one.id] = one.unit_minor, Reason(None, {"agreed": True, "price_minor": one.unit_minor})
        else:
            assert found is not None  # noqa: S101 - looked at above
            unit, reasons[one.id] = found.price_minor, Reason(found.compare_at_minor, found.told())
        lines.append(
            BasketLine(
                id=one.id,
                variant_id=one.variant_id,
                product_id=known.product_id,
                quantity=one.quantity,
                unit_minor=unit,
                categories=known.categories,
                weight=known.weight,
                requires_shipping=known.requires_shipping,
                taxable=known.taxable,
                tax_class=known.tax_class,
                discountable=known.discountable,
            )
        )
    basket = Basket(
        currency=request.currency,
        lines=tuple(lines),
        buyer=request.buyer,
        at=request.at,
        destination=request.destination,
        codes=request.codes,
    )
    return basket, reasons


def put_together(
    basket: Basket,
    discounts: Discounts,
    taxes: Taxes,
    reasons: Mapping[UUID, Reason],
) -> Totals:
    """The totals of what was found, before gift cards."""
    off: dict[UUID | None, list[Discount]] = {}
    for each in discounts.discounts:
        off.setdefault(each.line_id, []).append(each)
    on: dict[UUID | None, list[TaxPart]] = {}
    for part in taxes.parts:
        on.setdefault(part.id, []).append(part)
    lines = []
    for line in basket.lines:
        less = tuple(off.get(line.id, ()))
        more = tuple(on.get(line.id, ()))
        discount_minor = sum(one.amount_minor for one in less)
        tax_minor = sum(one.amount_minor for one in more)
        lines.append(
            LineTotal(
                line=line,
                compare_at_minor=reasons[line.id].compare_at_minor,
                price_reason=reasons[line.id].told,
                discounts=less,
                taxes=more,
                subtotal_minor=line.subtotal_minor,
                discount_minor=discount_minor,
                tax_minor=tax_minor,
                total_minor=line.subtotal_minor - discount_minor + (0 if taxes.included else tax_minor),
            )
        )
    shipping_discounts = tuple(off.get(None, ()))
    shipping_taxes = tuple(on.get(None, ()))
    shipping_minor = (basket.shipping.price_minor if basket.shipping else 0) - sum(
        one.amount_minor for one in shipping_discounts
    )
    subtotal = sum(one.subtotal_minor for one in lines)
    discount = sum(one.discount_minor for one in lines)
    tax = sum(part.amount_minor for part in taxes.parts)
    total = subtotal - discount + shipping_minor + (0 if taxes.included else tax)
    return Totals(
        currency=basket.currency,
        tax_included=taxes.included,
        lines=tuple(lines),
        shipping=basket.shipping,
        shipping_discounts=shipping_discounts,
        shipping_taxes=shipping_taxes,
        codes=discounts.codes,
        subtotal_minor=subtotal,
        discount_minor=discount,
        shipping_minor=shipping_minor,
        tax_minor=tax,
        total_minor=total,
        due_minor=total,
    )


def check(totals: Totals) -> None:
    """Raise `PartsDiffer` unless the totals equal their parts and nothing is discounted below zero."""
    taxed = 0 if totals.tax_included else 1
    shipping_tax = sum(one.amount_minor for one in totals.shipping_taxes)
    for line in totals.lines:
        if line.discount_minor != sum(one.amount_minor for one in line.discounts):
            raise PartsDiffer(f"discounts of line {line.line.id}")
        if line.tax_minor != sum(one.amount_minor for one in line.taxes):
            raise PartsDiffer(f"taxes of line {line.line.id}")
        if line.subtotal_minor != line.line.unit_minor * line.line.quantity:
            raise PartsDiffer(f"subtotal of line {line.line.id}")
        if line.total_minor != line.subtotal_minor - line.discount_minor + taxed * line.tax_minor:
            raise PartsDiffer(f"total of line {line.line.id}")
        if not 0 <= line.discount_minor <= line.subtotal_minor or any(d.amount_minor < 0 for d in line.discounts):
            raise PartsDiffer(f"line {line.line.id} is discounted below zero")
    for told, whole, parts in (
        ("subtotal", totals.subtotal_minor, sum(one.subtotal_minor for one in totals.lines)),
        ("discount", totals.discount_minor, sum(one.discount_minor for one in totals.lines)),
        ("tax", totals.tax_minor, sum(one.tax_minor for one in totals.lines) + shipping_tax),
        (
            "shipping",
            totals.shipping_minor,
            _full(totals.shipping) - sum(one.amount_minor for one in totals.shipping_discounts),
        ),
        (
            "total",
            totals.total_minor,
            sum(one.total_minor for one in totals.lines) + totals.shipping_minor + taxed * shipping_tax,
        ),
        ("due", totals.due_minor, totals.total_minor - sum(minor for _, minor in totals.gift_cards)),
    ):
        if whole != parts:
            raise PartsDiffer(f"{told}: {whole} is not the {parts} of its parts")
    if min(totals.shipping_minor, totals.due_minor, *(minor for _, minor in totals.gift_cards), 0) < 0:
        raise PartsDiffer("something is below zero")


def _full(shipping: ShippingChoice | None) -> int:
    return shipping.price_minor if shipping else 0
