"""Goods leave, arrive, or are called back: parcels with some pieces of an order each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.inventory import parting
from rustok.commerce.orders import moving, service, states, stocking, timeline
from rustok.commerce.orders.models import Fulfilment, FulfilmentLine, Order, OrderLine
from rustok.commerce.orders.states import IllegalTransition, OrderStatus
from rustok.events.commerce import OrderFulfilled
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

SHIPPED, DELIVERED, CALLED_BACK = "shipped", "delivered", "cancelled"


class NothingToFulfil(errors.Conflict):
    """More pieces of a line were named than are still to be sent."""

    code = "nothing_to_fulfil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """Who carries a parcel, and where it can be followed."""

    carrier: str | None = None
    number: str | None = None
    url: str | None = None

    def checked(self) -> "Tracking":
        """Trimmed; raises `Invalid`: a link leads to a page of the web, nowhere else."""
        url = checks.optional_text(self.url, "trackingUrl", most=2000)
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
                raise errors.Invalid("a tracking link begins with https:// or http://", field="trackingUrl")
        return Tracking(
            carrier=checks.optional_text(self.carrier, "carrier", most=64),
            number=checks.optional_text(self.number, "trackingNumber", most=128),
            url=url,
        )


async def fulfil(
    context: Context,
    order_id: UUID,
    pieces: Mapping[UUID, int] | None = None,
    *,
    tracking: Tracking | None = None,
    version: int | None = None,
) -> Fulfilment:
    """Send these pieces (by line), or everything that has not been sent: they leave the shelf.

    Raises `IllegalTransition` for an order that is not confirmed, `NothingToFulfil`, `OutOfStock`, `Stale`, `NotFound`.
    """
    await stocking.hold(context, [order_id])
    order = await service.lock(context, order_id, version=version)
    return await send(context, order, pieces, tracking=tracking or Tracking())


async def send(
    context: Context, order: Order, pieces: Mapping[UUID, int] | None = None, *, tracking: Tracking
) -> Fulfilment:
    """The same for an order that the caller has locked, its stock before it."""
    tracking = tracking.checked()
    if order.status not in (OrderStatus.CONFIRMED, OrderStatus.PROCESSING):
        raise IllegalTransition(f"nothing can be sent of an order that is {order.status}", field="status")
    lines = {one.id: one for one in await service.lines(context, order.id)}
    wanted = _wanted(lines, pieces)
    made = Fulfilment(
        tenant_id=context.tenant_id,
        id=generate_id(),
        order_id=order.id,
        status=SHIPPED,
        carrier=tracking.carrier,
        tracking_number=tracking.number,
        tracking_url=tracking.url,
        version=1,
        created_at=context.now,
        updated_at=context.now,
    )
    context.session.add(made)
    of_variant: dict[UUID, int] = {}
    for line_id, quantity in wanted.items():
        line = lines[line_id]
        line.fulfilled_quantity += quantity
        of_variant[line.variant_id] = of_variant.get(line.variant_id, 0) + quantity
    await context.session.flush()
    await batches.insert(
        context,
        FulfilmentLine,
        [{"fulfilment_id": made.id, "line_id": line, "quantity": quantity} for line, quantity in wanted.items()],
    )
    await stocking.send(context, order.id, of_variant)
    await timeline.note(
        context,
        order.id,
        "fulfilled",
        fulfilment_id=str(made.id),
        pieces=sum(wanted.values()),
        carrier=made.carrier,
        tracking_number=made.tracking_number,
    )
    bus.record(context, OrderFulfilled(order_id=order.id, fulfilment_id=made.id))
    await settle_goods(context, order, list(lines.values()))
    return made


def _wanted(lines: Mapping[UUID, OrderLine], pieces: Mapping[UUID, int] | None) -> dict[UUID, int]:
    left = {id_: one.quantity - one.fulfilled_quantity for id_, one in lines.items()}
    if pieces is None:
        found = {id_: quantity for id_, quantity in left.items() if quantity}
    else:
        for id_, quantity in pieces.items():
            checks.whole(quantity, "quantity", least=1)
            if id_ not in left:
                raise errors.NotFound("no such line in this order", field="lines")
            if quantity > left[id_]:
                raise NothingToFulfil(
                    f"{lines[id_].title}: {quantity} pieces named, {left[id_]} are still to be sent", field="lines"
                )
        found = dict(pieces)
    if not found:
        raise NothingToFulfil("there is nothing to be sent", field="lines")
    return found


async def settle_goods(context: Context, order: Order, lines: Sequence[OrderLine]) -> None:
    """Write what the lines' sums mean for the order: its fulfilment status, and with it its status."""
    quantity = sum(one.quantity for one in lines)
    fulfilled = sum(one.fulfilled_quantity for one in lines)
    returned = sum(one.returned_quantity for one in lines)
    order.fulfilment_status = states.fulfilment_status(quantity=quantity, fulfilled=fulfilled, returned=returned)
    moving.touch(context, order)
    if order.status in (OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.SHIPPED):
        status = OrderStatus.CONFIRMED
        if fulfilled:
            status = OrderStatus.SHIPPED if fulfilled == quantity else OrderStatus.PROCESSING
        if status != order.status:
            await moving.move(context, order, status)
        if status is OrderStatus.SHIPPED:
            parcels = (await service.fulfilments_of(context, [order.id])).get(order.id, [])
            if all(one.status != SHIPPED for one in parcels):
                await moving.move(context, order, OrderStatus.DELIVERED)
                await moving.complete_if_done(context, order)
    await context.session.flush()


async def _locked(
    context: Context, fulfilment_id: UUID, *, version: int | None, stock: bool = False
) -> tuple[Fulfilment, Order]:
    order_id = await context.session.scalar(
        select(Fulfilment.order_id).where(Fulfilment.tenant_id == context.tenant_id, Fulfilment.id == fulfilment_id)
    )
    if order_id is None:
        raise errors.NotFound("no such fulfilment", field="id")
    if stock:
        await stocking.hold(context, [order_id])
    order = await service.lock(context, order_id)
    found = await context.session.get(Fulfilment, (context.tenant_id, fulfilment_id), populate_existing=True)
    assert found is not None  # noqa: S101 - fulfilments are never deleted
    checks.version(found.version, version)
    return found, order


def _changed(context: Context, fulfilment: Fulfilment) -> None:
    fulfilment.version += 1
    fulfilment.updated_at = context.now


async def track(context: Context, fulfilment_id: UUID, tracking: Tracking, *, version: int | None = None) -> Fulfilment:
    """Say who carries a parcel. Raises `IllegalTransition` for one that was called back, `Stale`, `NotFound`."""
    tracking = tracking.checked()
    found, order = await _locked(context, fulfilment_id, version=version)
    if found.status == CALLED_BACK:
        raise IllegalTransition("this parcel was called back", field="status")
    found.carrier, found.tracking_number, found.tracking_url = tracking.carrier, tracking.number, tracking.url
    _changed(context, found)
    moving.touch(context, order)
    await timeline.note(
        context,
        order.id,
        "tracking_changed",
        fulfilment_id=str(found.id),
        carrier=found.carrier,
        tracking_number=found.tracking_number,
    )
    await context.session.flush()
    return found


async def deliver(context: Context, fulfilment_id: UUID, *, version: int | None = None) -> Fulfilment:
    """A parcel has arrived; the last one makes its order delivered, and complete if it is paid.

    Raises `IllegalTransition` for one that has arrived already or was called back, `Stale`, `NotFound`.
    """
    found, order = await _locked(context, fulfilment_id, version=version)
    if found.status != SHIPPED:
        raise IllegalTransition(f"this parcel is {found.status}", field="status")
    found.status, found.delivered_at = DELIVERED, context.now
    _changed(context, found)
    await context.session.flush()
    await timeline.note(context, order.id, "delivered", fulfilment_id=str(found.id))
    await settle_goods(context, order, await service.lines(context, order.id))
    return found


async def call_back(context: Context, fulfilment_id: UUID, *, version: int | None = None) -> Fulfilment:
    """A parcel did not leave after all: its goods are on the shelf again, promised to the order.

    Raises `IllegalTransition` unless it is on its way, `Stale`, `NotFound`.
    """
    found, order = await _locked(context, fulfilment_id, version=version, stock=True)
    if found.status != SHIPPED:
        raise IllegalTransition(f"this parcel is {found.status}", field="status")
    lines = {one.id: one for one in await service.lines(context, order.id)}
    await unpack(context, order, [found], lines)
    await settle_goods(context, order, list(lines.values()))
    return found


async def unpack(
    context: Context, order: Order, parcels: Sequence[Fulfilment], lines: Mapping[UUID, OrderLine]
) -> None:
    """Call parcels back: lines count their pieces as not sent, and the stock is promised again."""
    contents = await service.contents_of(context, [one.id for one in parcels])
    back: dict[UUID, int] = {}
    for parcel in parcels:
        for one in contents.get(parcel.id, ()):
            line = lines[one.line_id]
            line.fulfilled_quantity -= one.quantity
            back[line.variant_id] = back.get(line.variant_id, 0) + one.quantity
        parcel.status = CALLED_BACK
        _changed(context, parcel)
        await timeline.note(context, order.id, "called_back", fulfilment_id=str(parcel.id))
    await context.session.flush()
    await parting.take_back(context, stocking.reference(order.id), back, reason="called back")
