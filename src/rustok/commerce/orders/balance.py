"""Sums: an order's totals are those of its parts, before they are written and ever after."""

from uuid import UUID

from sqlalchemy import text

from rustok.commerce.baskets.shapes import Totals
from rustok.kernel.context import Context


class Unbalanced(Exception):
    """Totals are not the sum of their parts: a fault of ours, which no order may keep."""


def check(totals: Totals) -> None:
    """Raise `Unbalanced` unless every total is the sum of its parts."""
    added = 0 if totals.tax_included else 1
    for one in totals.lines:
        _same("a line's subtotal", one.subtotal_minor, one.line.unit_minor * one.line.quantity)
        _same("a line's discount", one.discount_minor, sum(part.amount_minor for part in one.discounts))
        _same("a line's tax", one.tax_minor, sum(part.amount_minor for part in one.taxes))
        _same("a line's total", one.total_minor, one.subtotal_minor - one.discount_minor + added * one.tax_minor)
    shipping_tax = sum(part.amount_minor for part in totals.shipping_taxes)
    taken_off = sum(part.amount_minor for part in totals.shipping_discounts)
    price = totals.shipping.price_minor if totals.shipping else 0
    _same("the subtotal", totals.subtotal_minor, sum(one.subtotal_minor for one in totals.lines))
    _same("the discount", totals.discount_minor, sum(one.discount_minor for one in totals.lines))
    _same("the shipping", totals.shipping_minor, price - taken_off)
    _same("the tax", totals.tax_minor, sum(one.tax_minor for one in totals.lines) + shipping_tax)
    _same(
        "the total",
        totals.total_minor,
        totals.subtotal_minor - totals.discount_minor + totals.shipping_minor + added * totals.tax_minor,
    )
    given = sum(amount for _, amount in totals.gift_cards)
    _same("the due amount", totals.due_minor, totals.total_minor - given)


def _same(what: str, said: int, summed: int) -> None:
    if said != summed:
        raise Unbalanced(f"{what} is {said}, its parts sum to {summed}")


# Every order whose stored sums differ from those of its stored parts; the rest is kept by CHECK constraints.
_BROKEN = text("""
SELECT o.id FROM commerce_orders o
LEFT JOIN LATERAL (
  SELECT coalesce(sum(l.subtotal_minor), 0) AS subtotal, coalesce(sum(l.discount_minor), 0) AS discount,
         coalesce(sum(l.tax_minor), 0) AS tax,
         coalesce(bool_or(l.tax_included IS DISTINCT FROM o.tax_included
           OR l.discount_minor <> (SELECT coalesce(sum(amount_minor), 0) FROM commerce_order_adjustments a
                                   WHERE a.tenant_id = l.tenant_id AND a.line_id = l.id)
           OR l.tax_minor <> (SELECT coalesce(sum(amount_minor), 0) FROM commerce_order_taxes t
                              WHERE t.tenant_id = l.tenant_id AND t.line_id = l.id)
           OR l.fulfilled_quantity <> (
             SELECT coalesce(sum(f.quantity), 0) FROM commerce_fulfilment_lines f
             JOIN commerce_fulfilments p ON p.tenant_id = f.tenant_id AND p.id = f.fulfilment_id
             WHERE f.tenant_id = l.tenant_id AND f.line_id = l.id AND p.status <> 'cancelled')), false) AS broken
  FROM commerce_order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id
) s ON true
WHERE o.tenant_id = CAST(:tenant_id AS uuid) AND (
  s.broken OR s.subtotal <> o.subtotal_minor OR s.discount <> o.discount_minor
  OR s.tax + o.shipping_tax_minor <> o.tax_minor
  OR o.shipping_discount_minor <> (SELECT coalesce(sum(amount_minor), 0) FROM commerce_order_adjustments a
                                   WHERE a.tenant_id = o.tenant_id AND a.order_id = o.id AND a.line_id IS NULL)
  OR o.shipping_tax_minor <> (SELECT coalesce(sum(amount_minor), 0) FROM commerce_order_taxes t
                              WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id AND t.line_id IS NULL)
  OR NOT EXISTS (SELECT FROM commerce_order_claims c WHERE c.tenant_id = o.tenant_id AND c.id = o.id
                 AND c.created_at = o.created_at AND c.number = o.number AND c.token = o.token))
""")


async def broken(context: Context) -> list[UUID]:
    """The tenant's orders whose totals are not the sums of their parts: always none. Reads every order."""
    return list((await context.session.scalars(_BROKEN, {"tenant_id": context.tenant_id})).all())
