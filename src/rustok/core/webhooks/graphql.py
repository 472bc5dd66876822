"""Webhooks in GraphQL, for staff: endpoints with their secrets, and every delivery."""

from datetime import datetime
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.keeping import KEEP, Keep
from rustok.core.webhooks import deliveries, models, service
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context

T = TypeVar("T")


@strawberry.enum(description="Where a delivery is. FAILED is final until it is replayed.")
class WebhookDeliveryState(Enum):
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


@strawberry.type(name="WebhookEndpoint", description="An address that is told of events. Its secret is not shown.")
class EndpointType:
    id: strawberry.ID
    url: str
    description: str
    event_types: list[str] = strawberry.field(description='Names of events, or "*" for all.')
    enabled: bool
    failing_since: datetime | None = strawberry.field(description="The first failure after the last success.")
    disabled_reason: str | None = strawberry.field(description="Why it was switched off, where nobody did it.")
    previous_secret_until: datetime | None = strawberry.field(description="Until when the old secret signs as well.")
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, endpoint: models.Endpoint) -> "EndpointType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(endpoint.id)),
            url=endpoint.url,
            description=endpoint.description,
            event_types=list(endpoint.event_types),
            enabled=endpoint.enabled,
            failing_since=endpoint.failing_since,
            disabled_reason=endpoint.disabled_reason,
            previous_secret_until=endpoint.previous_secret_until,
            version=endpoint.version,
            created_at=endpoint.created_at,
            updated_at=endpoint.updated_at,
        )


@strawberry.type(name="WebhookDelivery", description="One event for one endpoint.")
class DeliveryType:
    id: strawberry.ID
    endpoint_id: strawberry.ID
    event_id: strawberry.ID
    event_type: str
    state: WebhookDeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    response_status: int | None
    response_excerpt: str | None = strawberry.field(description="How the last answer began.")
    duration_ms: int | None
    body: str = strawberry.field(description="What is sent and signed.")
    delivered_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, delivery: models.Delivery) -> "DeliveryType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(delivery.id)),
            endpoint_id=strawberry.ID(str(delivery.endpoint_id)),
            event_id=strawberry.ID(str(delivery.event_id)),
            event_type=delivery.event_type,
            state=WebhookDeliveryState(delivery.state),
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at,
            last_error=delivery.last_error,
            response_status=delivery.response_status,
            response_excerpt=delivery.response_excerpt,
            duration_ms=delivery.duration_ms,
            body=delivery.body,
            delivered_at=delivery.delivered_at,
            created_at=delivery.created_at,
        )


@strawberry.input
class WebhookEndpointCreateInput:
    url: str
    event_types: list[str]
    description: str = ""
    enabled: bool = True


@strawberry.input
class WebhookEndpointUpdateInput:
    version: int
    url: str | None = strawberry.UNSET
    event_types: list[str] | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    enabled: bool | None = strawberry.UNSET


@strawberry.type
class WebhookEndpointPayload:
    endpoint: EndpointType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class WebhookSecretPayload:
    endpoint: EndpointType | None = None
    secret: str | None = strawberry.field(default=None, description="Shown this once.")
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class WebhookEndpointDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class WebhookDeliveryPayload:
    delivery: DeliveryType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class WebhookQueries:
    @graphql.query(permission=permissions.WEBHOOKS_READ, description="The events that an endpoint can be told of.")
    async def webhook_event_types(self, context: Context) -> list[str]:
        return service.event_types()

    @graphql.query(permission=permissions.WEBHOOKS_READ)
    async def webhook_endpoints(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> graphql.Connection[EndpointType]:
        found = service.every()
        page = await paging.page(
            context,
            found,
            keys=[(models.Endpoint.created_at, paging.DESC), (models.Endpoint.id, paging.DESC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, EndpointType.of, statement=found)

    @graphql.query(permission=permissions.WEBHOOKS_READ)
    async def webhook_endpoint(self, context: Context, id: strawberry.ID) -> EndpointType | None:
        found = await service.find(context, graphql.to_id(id))
        return EndpointType.of(found) if found else None

    @graphql.query(permission=permissions.WEBHOOKS_READ, description="Deliveries, the newest first.")
    async def webhook_deliveries(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        endpoint_id: strawberry.ID | None = None,
        state: WebhookDeliveryState | None = None,
        event_type: str | None = None,
    ) -> graphql.Connection[DeliveryType]:
        found = deliveries.every(
            endpoint_id=graphql.to_id(endpoint_id) if endpoint_id else None,
            state=models.State(state.value) if state else None,
            event_type=event_type,
        )
        page = await paging.page(
            context,
            found,
            keys=[(models.Delivery.created_at, paging.DESC), (models.Delivery.id, paging.DESC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, DeliveryType.of, statement=found)

    @graphql.query(permission=permissions.WEBHOOKS_READ)
    async def webhook_delivery(self, context: Context, id: strawberry.ID) -> DeliveryType | None:
        found = await deliveries.find(context, graphql.to_id(id))
        return DeliveryType.of(found) if found else None


@strawberry.type
class WebhookMutations:
    @graphql.mutation(
        permission=permissions.WEBHOOKS_WRITE, description="Tell an address of events; answers with its secret, once."
    )
    async def webhook_endpoint_create(
        self, context: Context, input: WebhookEndpointCreateInput
    ) -> WebhookSecretPayload:
        made = await service.create(
            context,
            url=input.url,
            event_types=input.event_types,
            description=input.description,
            enabled=input.enabled,
        )
        return WebhookSecretPayload(endpoint=EndpointType.of(made.endpoint), secret=made.secret)

    @graphql.mutation(permission=permissions.WEBHOOKS_WRITE)
    async def webhook_endpoint_update(
        self, context: Context, id: strawberry.ID, input: WebhookEndpointUpdateInput
    ) -> WebhookEndpointPayload:
        changed = await service.update(
            context,
            graphql.to_id(id),
            version=input.version,
            url=input.url if input.url else KEEP,
            event_types=input.event_types
            if graphql.given(input.event_types) and input.event_types is not None
            else KEEP,
            description=(input.description or "") if graphql.given(input.description) else KEEP,
            enabled=input.enabled if graphql.given(input.enabled) and input.enabled is not None else KEEP,
        )
        return WebhookEndpointPayload(endpoint=EndpointType.of(changed))

    @graphql.mutation(
        permission=permissions.WEBHOOKS_WRITE,
        description="A new secret, shown once; the old one signs as well for `overlapHours`.",
    )
    async def webhook_secret_rotate(
        self, context: Context, id: strawberry.ID, overlap_hours: int = 24
    ) -> WebhookSecretPayload:
        made = await service.rotate(context, graphql.to_id(id), overlap_hours=overlap_hours)
        return WebhookSecretPayload(endpoint=EndpointType.of(made.endpoint), secret=made.secret)

    @graphql.mutation(permission=permissions.WEBHOOKS_WRITE, description="Forget an endpoint and its deliveries.")
    async def webhook_endpoint_delete(self, context: Context, id: strawberry.ID) -> WebhookEndpointDeletePayload:
        await service.remove(context, graphql.to_id(id))
        return WebhookEndpointDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(
        permission=permissions.WEBHOOKS_WRITE, description="Send a message that means nothing, as a test."
    )
    async def webhook_endpoint_ping(self, context: Context, id: strawberry.ID) -> WebhookDeliveryPayload:
        return WebhookDeliveryPayload(delivery=DeliveryType.of(await service.ping(context, graphql.to_id(id))))

    @graphql.mutation(permission=permissions.WEBHOOKS_WRITE, description="Tell an event again, with the same id.")
    async def webhook_delivery_replay(self, context: Context, id: strawberry.ID) -> WebhookDeliveryPayload:
        again = await deliveries.replay(context, graphql.to_id(id))
        return WebhookDeliveryPayload(delivery=DeliveryType.of(again))

    @graphql.mutation(
        permission=permissions.WEBHOOKS_WRITE,
        description="The same for many: those that are not under way, of endpoints that are switched on.",
    )
    async def webhook_deliveries_bulk_replay(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await deliveries.replay_many(context, graphql.to_ids(ids)))


def _kept(value: T | None) -> T | Keep:
    """What is given; absent and null change nothing."""
    return value if graphql.given(value) and value is not None else KEEP


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [WebhookQueries]
ADMIN_MUTATIONS: list[type] = [WebhookMutations]
