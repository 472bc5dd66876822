"""The demo's promotions and its gift card."""

from rustok.commerce.categories import service as categories
from rustok.commerce.giftcards import service as gift_cards
from rustok.commerce.promotions import codes
from rustok.commerce.promotions import service as promotions
from rustok.commerce.promotions.shapes import Conditions, Reward, Selection
from rustok.kernel.context import Context
from rustok.server.demo.content import DemoPromotion, Offers


async def furnish(context: Context, offers: Offers) -> None:
    """Promotions with their codes and titles, and gift cards; the categories are there already."""
    for one in offers.promotions:
        await _promotion(context, one)
    for card in offers.gift_cards:
        await gift_cards.issue(
            context, amount_minor=card.amount_minor, currency=card.currency, code=card.code, note=card.note
        )


async def _promotion(context: Context, one: DemoPromotion) -> None:
    shelves = await categories.ids_by_handle(context, one.categories)
    made = await promotions.create(
        context,
        name=one.name,
        kind=one.kind,
        title=one.title["en"],
        reward=Reward(percent=one.percent, buy=one.buy, get=one.get, times=one.times, methods=one.methods),
        target=Selection(categories=frozenset(shelves[handle] for handle in one.categories)),
        conditions=Conditions(
            min_subtotal=dict(one.min_subtotal), countries=one.countries, first_order=one.first_order
        ),
        needs_code=one.code is not None,
        per_customer_limit=one.per_customer,
    )
    if one.code is not None:
        await codes.add(context, made.id, one.code)
    await promotions.translate(context, made.id, locale="ru", title=one.title["ru"])
