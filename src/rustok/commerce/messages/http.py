"""Papers over HTTP: invoices and packing slips for staff, and a buyer's own invoice by the order's link."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, Request, Response

from rustok.commerce import permissions
from rustok.commerce.messages import facts, papers
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order
from rustok.kernel import errors, ids
from rustok.kernel.context import Context

Open = Callable[[Request], AbstractAsyncContextManager[Context]]


def router(*, authorise: Open, look: Open) -> APIRouter:
    """The three routes. `authorise` opens a unit of work for whoever holds the bearer token, `look` for nobody in
    particular."""
    made = APIRouter(tags=["orders"])
    answers: dict[int | str, dict[str, Any]] = {
        200: {"content": {papers.PDF: {}}, "description": "The paper."},
        404: {"description": "There is no such order."},
    }

    @made.get("/admin/orders/{order_id}/invoice.pdf", responses=answers, response_class=Response)
    async def order_invoice(request: Request, order_id: str) -> Response:
        """An order's invoice, in its language. Needs `orders:read`."""
        async with authorise(request) as context:
            _admit(context)
            told = await _told(context, await orders.get(context, ids.parse_id(order_id)))
        return _pdf(await papers.invoice(context.tenant, told), papers.invoice_number(context.tenant, told))

    @made.get("/admin/orders/{order_id}/packing-slip.pdf", responses=answers, response_class=Response)
    async def order_packing_slip(request: Request, order_id: str, fulfilment: str | None = None) -> Response:
        """What is to be packed of an order, or what is in one of its parcels (`fulfilment`). Needs `orders:read`."""
        async with authorise(request) as context:
            _admit(context)
            whole = await facts.read(context, await orders.get(context, ids.parse_id(order_id)))
            told = facts.of(whole)
            packed, carrier, tracking = None, "", ""
            if fulfilment is not None:
                found = await facts.parcel(context, whole, ids.parse_id(fulfilment))
                if found is None:
                    raise errors.NotFound("the order has no such fulfilment")
                packed = found.lines
                carrier, tracking = found.fulfilment.carrier or "", found.fulfilment.tracking_number or ""
        paper = await papers.packing_slip(context.tenant, told, lines=packed, carrier=carrier, tracking=tracking)
        return _pdf(paper, f"{told['number']}-packing-slip")

    @made.get("/orders/{token}/invoice.pdf", responses=answers, response_class=Response)
    async def own_invoice(request: Request, token: str) -> Response:
        """The invoice of the order whose link the buyer has."""
        async with look(request) as context:
            context.require_module("commerce")
            order = await orders.by_token(context, token)
            if order is None:
                raise errors.NotFound("no such order")
            told = await _told(context, order)
        return _pdf(await papers.invoice(context.tenant, told), papers.invoice_number(context.tenant, told))

    return made


def _admit(context: Context) -> None:
    context.require_module("commerce")
    context.require(permissions.ORDERS_READ)


async def _told(context: Context, order: Order) -> dict[str, object]:
    return facts.of(await facts.read(context, order))


def _pdf(content: bytes, name: str) -> Response:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name) or "order"
    headers = {
        "Content-Disposition": f'inline; filename="{safe}.pdf"',
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }
    return Response(content, media_type=papers.PDF, headers=headers)
