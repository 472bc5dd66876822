"""What is written to whom when something happened to an order. Each letter is written once for its event."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rustok.commerce.messages import confirming, facts
from rustok.commerce.messages.facts import Whole
from rustok.commerce.orders import cancelling
from rustok.commerce.orders import service as orders
from rustok.commerce.returns import service as returns
from rustok.core.mailing import service as mailing
from rustok.core.users import emails
from rustok.events.commerce import (
    OrderCancelled,
    OrderFulfilled,
    OrderPlaced,
    PaymentRefunded,
    ReturnRequested,
    ReturnStatusChanged,
)
from rustok.kernel.context import Context
from rustok.kernel.module import Listener

MOST_STAFF = 20


async def when_an_order_is_placed_confirm_it(event: OrderPlaced, context: Context) -> None:
    """The buyer sees what was ordered and how it is paid; those of the staff who want to know hear of it."""
    whole = await _read(context, event.order_id)
    if whole is None:
        return
    if emails.normalise(whole.order.email) is not None:
        await confirming.confirm(context, whole, to=whole.order.email, once=str(context.causation_id))
    for address in _staff(context):
        await mailing.queue(
            context,
            "order_notice",
            to=address,
            locale=context.tenant.default_locale,
            values={"order": confirming.facts_of(context, whole)},
            once=f"{context.causation_id}:{address}"[:200],
        )


async def when_goods_leave_say_how_they_travel(event: OrderFulfilled, context: Context) -> None:
    """The buyer sees what is in the parcel, and where it can be followed."""
    whole = await _read(context, event.order_id)
    found = None if whole is None else await facts.parcel(context, whole, event.fulfilment_id)
    if whole is None or found is None:
        return
    fulfilment = found.fulfilment
    url = fulfilment.tracking_url or ""
    parcel = {
        "lines": found.lines,
        "carrier": fulfilment.carrier or "",
        "tracking_number": fulfilment.tracking_number or "",
        "tracking_url": url if url.startswith(("https://", "http://")) else "",
        "rest": found.rest,
    }
    await _write(context, "order_shipped", whole, {"order": facts.of(whole), "parcel": parcel})


async def when_money_goes_back_say_so(event: PaymentRefunded, context: Context) -> None:
    """The buyer knows what to look for on their account."""
    whole = await _read(context, event.order_id)
    if whole is not None:
        told = {"order": facts.of(whole), "amount_minor": event.amount, "currency": event.currency}
        await _write(context, "order_refunded", whole, told)


async def when_an_order_is_cancelled_say_so(event: OrderCancelled, context: Context) -> None:
    """The reason is the staff's own, and is not repeated; only that no payment came is said."""
    whole = await _read(context, event.order_id)
    if whole is not None:
        told = {"order": facts.of(whole), "not_paid": event.reason == cancelling.NOT_PAID}
        await _write(context, "order_cancelled", whole, told)


async def when_a_return_is_asked_for_say_that_it_was_heard(event: ReturnRequested, context: Context) -> None:
    """The buyer knows that somebody looks at it, and sends nothing yet; what staff enter needs no such answer."""
    whole, returned = await _returned(context, event.order_id, event.return_id)
    if whole is not None and returned and (await returns.get(context, event.return_id)).requested_by == "buyer":
        await _write(context, "return_requested", whole, {"order": facts.of(whole), "returned": returned})


async def when_a_return_moves_on_say_how(event: ReturnStatusChanged, context: Context) -> None:
    """The buyer knows what to do next, with what the shop has answered."""
    whole, returned = await _returned(context, event.order_id, event.return_id)
    if whole is None or not returned:
        return
    answer = (await returns.get(context, event.return_id)).answer or ""
    told = {"order": facts.of(whole), "returned": returned, "status": event.new_status, "answer": answer}
    await _write(context, "return_updated", whole, told)


async def _returned(
    context: Context, order_id: UUID, return_id: UUID
) -> tuple[Whole | None, Sequence[Mapping[str, Any]]]:
    whole = await _read(context, order_id)
    if whole is None:
        return None, ()
    lines = {line.id: line for line in whole.lines}
    parts = (await returns.lines_of(context, [return_id])).get(return_id, [])
    return whole, [facts.line_of(lines[one.line_id], one.quantity) for one in parts if one.line_id in lines]


async def _read(context: Context, order_id: UUID) -> Whole | None:
    order = await orders.find(context, order_id)
    return None if order is None else await facts.read(context, order)


async def _write(context: Context, template: str, whole: Whole, values: Mapping[str, Any]) -> None:
    """To the buyer, in the order's language; to nobody where the address was erased."""
    if emails.normalise(whole.order.email) is None:
        return
    await mailing.queue(
        context,
        template,
        to=whole.order.email,
        locale=whole.order.locale,
        values=values,
        once=str(context.causation_id),
    )


def _staff(context: Context) -> list[str]:
    """Whoever of the staff wants to hear of every order: `settings.mail.staff`."""
    given = confirming.settings(context).get("staff")
    wanted = given if isinstance(given, list) else [given]
    known = (emails.normalise(one) for one in wanted[:MOST_STAFF] if isinstance(one, str))
    return list(dict.fromkeys(address for address in known if address))


LISTENERS = (
    Listener("messages.confirm", (OrderPlaced,), when_an_order_is_placed_confirm_it, replayable=False),
    Listener("messages.shipped", (OrderFulfilled,), when_goods_leave_say_how_they_travel, replayable=False),
    Listener("messages.refunded", (PaymentRefunded,), when_money_goes_back_say_so, replayable=False),
    Listener("messages.cancelled", (OrderCancelled,), when_an_order_is_cancelled_say_so, replayable=False),
    Listener(
        "messages.return_requested",
        (ReturnRequested,),
        when_a_return_is_asked_for_say_that_it_was_heard,
        replayable=False,
    ),
    Listener("messages.return_updated", (ReturnStatusChanged,), when_a_return_moves_on_say_how, replayable=False),
)
