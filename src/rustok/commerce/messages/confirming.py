"""The confirmation of an order: written when it is placed, and once more when staff say so."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rustok.commerce.messages import facts, papers, seller
from rustok.commerce.messages.facts import Whole
from rustok.commerce.orders import service as orders
from rustok.commerce.orders import timeline
from rustok.commerce.orders.models import Order
from rustok.commerce.payments import methods as ways
from rustok.core.mailing import service as mailing
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


class NotConfirmable(errors.Conflict):
    """The order is cancelled, or nobody is left to write to."""

    code = "order_not_confirmable"


async def confirm(context: Context, whole: Whole, *, to: str, once: str) -> UUID | None:
    """Write to an address what was ordered and how it is paid; answers as `mailing.queue` does."""
    told = facts_of(context, whole)
    files = []
    if settings(context).get("attach_invoice") is True:
        number = papers.invoice_number(context.tenant, told)
        content = await papers.invoice(context.tenant, told)
        files.append(mailing.Attachment(f"{number}.pdf", papers.PDF, content))
    return await mailing.queue(
        context,
        "order_confirmation",
        to=to,
        locale=whole.order.locale,
        values={"order": told},
        once=once,
        attachments=files,
    )


def facts_of(context: Context, whole: Whole) -> dict[str, Any]:
    """The order as JSON, with the bank account that waits for its money."""
    is_cash = (whole.payment or {}).get("code") == ways.CASH_ON_DELIVERY
    bank = [] if is_cash else list(seller.of(context.tenant, whole.order.locale).bank)
    return facts.of(whole) | {"bank": bank}


async def resend(context: Context, order_id: UUID, *, to: str | None = None) -> Order:
    """Write the confirmation once more, as the order is now, to the buyer or to another address.

    Raises `NotFound`, `InvalidEmail`, and `NotConfirmable`, also for the address of somebody whose data was erased.
    """
    order = await orders.find(context, order_id)
    if order is None:
        raise errors.NotFound("no such order", field="orderId")
    if order.cancelled_at is not None:
        raise NotConfirmable("a cancelled order is not confirmed", field="orderId")
    # Named by its order, so that it is forgotten with the buyer's data, wherever it went.
    once = f"{order.id}:{generate_id()}"
    whole = await facts.read(context, order)
    sent = await confirm(context, whole, to=order.email if to is None else to, once=once)
    if sent is None:
        raise NotConfirmable("nobody's address: say where it shall go", field="to")
    await timeline.note(context, order.id, "confirmation_resent", mail_id=str(sent), to_buyer=to is None)
    return order


def settings(context: Context) -> Mapping[str, Any]:
    """What the tenant says about its mail."""
    found = context.tenant.settings.get("mail")
    return found if isinstance(found, Mapping) else {}
