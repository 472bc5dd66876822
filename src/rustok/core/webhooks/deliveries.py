"""What was told to whom and how it went: listed, told again, and swept in the end."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, select, tuple_, update

from rustok.core import rows
from rustok.core.webhooks.models import Delivery, Endpoint, State
from rustok.core.webhooks.service import EndpointDisabled
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.module import Timer

KEPT = timedelta(days=30)
MOST_SWEPT = 5_000  # in one transaction


class UnderWay(errors.Conflict):
    """The delivery is waiting or being sent already."""

    code = "webhook_delivery_under_way"


def every(
    *, endpoint_id: UUID | None = None, state: State | None = None, event_type: str | None = None
) -> Select[Delivery]:
    """The deliveries of the tenant, as a select to be paged."""
    found = select(Delivery)
    if endpoint_id is not None:
        found = found.where(Delivery.endpoint_id == endpoint_id)
    if state is not None:
        found = found.where(Delivery.state == state)
    if event_type:
        found = found.where(Delivery.event_type == event_type)
    return found


async def find(context: Context, delivery_id: UUID) -> Delivery | None:
    """One delivery, or None."""
    mine = select(Delivery).where(Delivery.tenant_id == context.tenant_id, Delivery.id == delivery_id)
    found: Delivery | None = await context.session.scalar(mine.execution_options(populate_existing=True))
    return found


async def replay(context: Context, delivery_id: UUID) -> Delivery:
    """Tell it again, the same event with the same id. Raises `UnderWay`, or `EndpointDisabled`."""
    if not await replay_many(context, [delivery_id]):
        delivery = await find(context, delivery_id)
        if delivery is None:
            raise errors.NotFound("there is no such delivery", field="id")
        if delivery.state in (State.WAITING, State.SENDING):
            raise UnderWay("the delivery is under way already", field="id")
        raise EndpointDisabled("the endpoint is switched off", field="id")
    found = await find(context, delivery_id)
    assert found is not None  # noqa: S101 - it was changed above, in this transaction
    return found


async def replay_many(context: Context, delivery_ids: Sequence[UUID]) -> int:
    """Tell those again that are not under way, of endpoints that are switched on; returns how many that are."""
    again = await context.session.scalars(
        update(Delivery)
        .where(
            Delivery.tenant_id == context.tenant_id,
            rows.is_one_of(Delivery.id, delivery_ids),
            Delivery.state.in_((State.DELIVERED, State.FAILED)),
            Endpoint.tenant_id == Delivery.tenant_id,
            Endpoint.id == Delivery.endpoint_id,
            Endpoint.enabled,
        )
        .values(state=State.WAITING, attempts=0, next_attempt_at=context.now)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(again.all())


async def sweep(context: Context) -> None:
    """Delete what is over and older than 30 days."""
    old = (
        select(Delivery.tenant_id, Delivery.id)
        .where(
            Delivery.tenant_id == context.tenant_id,
            Delivery.created_at < context.now - KEPT,
            Delivery.state.in_((State.DELIVERED, State.FAILED)),
        )
        .limit(MOST_SWEPT)
    )
    await context.session.execute(
        delete(Delivery)
        .where(tuple_(Delivery.tenant_id, Delivery.id).in_(old))
        .execution_options(synchronize_session=False)
    )


TIMER = Timer("core.sweep_webhooks", every_seconds=3600, run=sweep)
