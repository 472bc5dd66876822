"""What an order costs when it does not come from a cart: taxes on given prices and discounts, and the sums."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rustok.commerce.baskets.shapes import Basket, Discount, Discounts, Taxable, Totals
from rustok.commerce.orders.placing import LineFacts
from rustok.commerce.tax import calculating as tax
from rustok.commerce.totals import calculating as totals
from rustok.commerce.totals.calculating import Reason
from rustok.commerce.totals.goods import Goods
from rustok.kernel.context import Context

BY_HAND = UUID(int=0)
"""Stands for the promotion, or the way of shipping, where staff said it themselves."""


async def count(
    context: Context,
    basket: Basket,
    reasons: Mapping[UUID, Reason],
    discounts: Sequence[Discount],
    *,
    rules: tax.Rules | None = None,
) -> Totals:
    """The totals; `rules` are the destination's where they have been loaded already. Raises `TaxUnavailable`."""
    off: dict[UUID | None, int] = {}
    for one in discounts:
        off[one.line_id] = off.get(one.line_id, 0) + one.amount_minor
    items = [
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
        items.append(Taxable(id=None, amount_minor=left, tax_class=basket.shipping.tax_class))
    taxes = await tax.calculate(
        context, basket.destination, items, currency=basket.currency, buyer=basket.buyer, rules=rules
    )
    return totals.put_together(basket, Discounts(discounts=tuple(discounts)), taxes, reasons)


def facts_of(goods: Goods) -> LineFacts:
    """What a line shows for good of a variant as it is now."""
    return LineFacts(
        title=goods.title,
        variant_title=goods.variant_title or None,
        sku=goods.sku,
        options=dict(goods.options),
        image_url=str(goods.image["url"]) if goods.image else None,
        product_handle=goods.handle,
    )
