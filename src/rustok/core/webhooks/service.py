"""What can be done with endpoints: named, changed, given a new secret, tried, removed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, select

from rustok.core import texts
from rustok.core.keeping import KEEP, Keep
from rustok.core.webhooks import calling, messages
from rustok.core.webhooks.models import Delivery, Endpoint, State
from rustok.kernel import errors, events
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_ENDPOINTS = 50
LONGEST_OVERLAP_HOURS = 7 * 24
PING = "Ping"
EVERYTHING = "*"


class TooManyEndpoints(errors.Conflict):
    """A tenant has as many endpoints as it may have."""

    code = "too_many_webhook_endpoints"


class EndpointDisabled(errors.Conflict):
    """Nothing is sent to an endpoint that is switched off."""

    code = "webhook_endpoint_disabled"


@dataclass(frozen=True, slots=True)
class Revealed:
    """An endpoint with its secret, which is shown this once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


def event_types() -> list[str]:
    """Everything that an endpoint can be told of."""
    return sorted(events.kinds())


def every() -> Select[Endpoint]:
    """The endpoints of the tenant, as a select to be paged."""
    return select(Endpoint)


async def find(context: Context, endpoint_id: UUID) -> Endpoint | None:
    """One endpoint, or None."""
    mine = select(Endpoint).where(Endpoint.tenant_id == context.tenant_id, Endpoint.id == endpoint_id)
    found: Endpoint | None = await context.session.scalar(mine.execution_options(populate_existing=True))
    return found


async def create(
    context: Context, *, url: str, event_types: Sequence[str], description: str = "", enabled: bool = True
) -> Revealed:
    """Tell an address of events from now on. Raises `InvalidAddress` for one that is not public."""
    await _require_room(context)
    secret = calling.new_secret()
    endpoint = Endpoint(
        tenant_id=context.tenant_id,
        id=generate_id(),
        url=await caller(context).check(url),
        description=texts.check_line(description, field="description", required=False),
        event_types=_checked(event_types),
        enabled=enabled,
        secret=secret,
        version=1,
        created_at=context.now,
        updated_at=context.now,
    )
    context.session.add(endpoint)
    await context.session.flush()
    return Revealed(endpoint, secret)


async def update(
    context: Context,
    endpoint_id: UUID,
    *,
    version: int,
    url: str | Keep = KEEP,
    event_types: Sequence[str] | Keep = KEEP,
    description: str | Keep = KEEP,
    enabled: bool | Keep = KEEP,
) -> Endpoint:
    """Change what is given; switching on forgets why it was switched off."""
    checked = KEEP if url is KEEP else await caller(context).check(url)  # before the row is locked
    endpoint = await _lock(context, endpoint_id)
    if endpoint.version != version:
        raise errors.Stale("the endpoint was changed by somebody else in between", field="version")
    if checked is not KEEP:
        endpoint.url = checked
    if event_types is not KEEP:
        endpoint.event_types = _checked(event_types)
    if description is not KEEP:
        endpoint.description = texts.check_line(description, field="description", required=False)
    if enabled is not KEEP:
        endpoint.enabled = enabled
        endpoint.disabled_reason = None
        endpoint.failing_since = None
    return await _changed(context, endpoint)


async def rotate(context: Context, endpoint_id: UUID, *, overlap_hours: int = 24) -> Revealed:
    """Give an endpoint a new secret; the old one signs as well for some hours, so that nothing is refused meanwhile."""
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        raise errors.Invalid(f"the old secret is good for 0 to {LONGEST_OVERLAP_HOURS} hours", field="overlap_hours")
    endpoint = await _lock(context, endpoint_id)
    endpoint.previous_secret = endpoint.secret if overlap_hours else None
    endpoint.previous_secret_until = context.now + timedelta(hours=overlap_hours) if overlap_hours else None
    endpoint.secret = secret = calling.new_secret()
    return Revealed(await _changed(context, endpoint), secret)


async def remove(context: Context, endpoint_id: UUID) -> None:
    """Forget an endpoint and what was sent to it."""
    gone = await context.session.scalar(
        delete(Endpoint)
        .where(Endpoint.tenant_id == context.tenant_id, Endpoint.id == endpoint_id)
        .returning(Endpoint.id)
        .execution_options(synchronize_session=False)
    )
    if gone is None:
        raise errors.NotFound("there is no such endpoint", field="id")


async def ping(context: Context, endpoint_id: UUID) -> Delivery:
    """Send a message that means nothing, to see whether it is heard."""
    endpoint = await _lock(context, endpoint_id)
    if not endpoint.enabled:
        raise EndpointDisabled("the endpoint is switched off", field="id")
    event_id = generate_id()
    delivery = Delivery(
        tenant_id=context.tenant_id,
        id=generate_id(),
        endpoint_id=endpoint.id,
        event_id=event_id,
        event_type=PING,
        body=messages.ping(context, event_id),
        state=State.WAITING,
        attempts=0,
        next_attempt_at=context.now,
        created_at=context.now,
    )
    context.session.add(delivery)
    await context.session.flush()
    return delivery


def caller(context: Context) -> calling.Caller:
    """How this process calls; the strict way where the host has not said otherwise."""
    found: calling.Caller | None = context.session.info.get(calling.Caller)
    return found or calling.Caller()


async def _require_room(context: Context) -> None:
    mine = select(func.count()).select_from(Endpoint).where(Endpoint.tenant_id == context.tenant_id)
    if (await context.session.scalar(mine) or 0) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(f"a tenant has at most {MOST_ENDPOINTS} endpoints")


def _checked(wanted: Sequence[str]) -> list[str]:
    types = list(dict.fromkeys(wanted))
    if not types:
        raise errors.Invalid("say which events the endpoint is told of", field="event_types")
    if EVERYTHING in types:
        return [EVERYTHING]
    unknown = sorted(set(types) - set(event_types()))
    if unknown:
        raise errors.Invalid(f"there is no event {unknown[0][:100]!r}", field="event_types")
    return types


async def _lock(context: Context, endpoint_id: UUID) -> Endpoint:
    endpoint = await context.session.scalar(
        select(Endpoint)
        .where(Endpoint.tenant_id == context.tenant_id, Endpoint.id == endpoint_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if endpoint is None:
        raise errors.NotFound("there is no such endpoint", field="id")
    return endpoint


async def _changed(context: Context, endpoint: Endpoint) -> Endpoint:
    endpoint.version += 1
    endpoint.updated_at = context.now
    await context.session.flush()
    return endpoint
