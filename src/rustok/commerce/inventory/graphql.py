"""How staff ask for stock and change it."""

from datetime import datetime
from enum import Enum
from typing import cast

import strawberry
from sqlalchemy import select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.inventory import locations, reserving, service
from rustok.commerce.inventory.locations import LocationChanges, LocationFacts
from rustok.commerce.inventory.models import Reservation, ReservationState, StockLevel, StockLocation, StockMovement
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(name="ReservationState", description="What became of a promise.")
class ReservationStateEnum(Enum):
    OPEN = ReservationState.OPEN.value
    COMMITTED = ReservationState.COMMITTED.value
    RELEASED = ReservationState.RELEASED.value
    EXPIRED = ReservationState.EXPIRED.value


@strawberry.type(name="StockLevel", description="A variant at a location.")
class StockLevelType:
    variant_id: strawberry.ID
    location_id: strawberry.ID
    on_hand: int
    reserved: int
    available: int
    allow_backorder: bool
    updated_at: datetime

    @classmethod
    def of(cls, row: StockLevel) -> "StockLevelType":
        """From the stored row."""
        return cls(
            variant_id=strawberry.ID(str(row.variant_id)),
            location_id=strawberry.ID(str(row.location_id)),
            on_hand=row.on_hand,
            reserved=row.reserved,
            available=max(row.on_hand - row.reserved, 0),
            allow_backorder=row.allow_backorder,
            updated_at=row.updated_at,
        )


@strawberry.type(name="StockLocation", description="A shelf, shop or warehouse.")
class StockLocationType:
    id: strawberry.ID
    code: str
    name: str
    address: graphql.JSON
    is_default: bool
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: StockLocation) -> "StockLocationType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            code=row.code,
            name=row.name,
            address=graphql.JSON(row.address),
            is_default=row.is_default,
            is_active=row.is_active,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(name="StockMovement", description="One change of a quantity on hand.")
class StockMovementType:
    id: strawberry.ID
    variant_id: strawberry.ID
    location_id: strawberry.ID
    delta: int
    on_hand: int = strawberry.field(description="Afterwards.")
    reason: str
    reference: str | None
    actor_id: strawberry.ID | None
    created_at: datetime

    @classmethod
    def of(cls, row: StockMovement) -> "StockMovementType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            variant_id=strawberry.ID(str(row.variant_id)),
            location_id=strawberry.ID(str(row.location_id)),
            delta=row.delta,
            on_hand=row.on_hand,
            reason=row.reason,
            reference=row.reference,
            actor_id=strawberry.ID(str(row.actor_id)) if row.actor_id else None,
            created_at=row.created_at,
        )


@strawberry.type(name="StockReservation", description="A promise of some pieces.")
class StockReservationType:
    id: strawberry.ID
    variant_id: strawberry.ID
    location_id: strawberry.ID
    quantity: int
    reference: str
    state: ReservationStateEnum
    expires_at: datetime | None
    created_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, row: Reservation) -> "StockReservationType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            variant_id=strawberry.ID(str(row.variant_id)),
            location_id=strawberry.ID(str(row.location_id)),
            quantity=row.quantity,
            reference=row.reference,
            state=ReservationStateEnum(row.state),
            expires_at=row.expires_at,
            created_at=row.created_at,
            closed_at=row.closed_at,
        )


@strawberry.input(description="A new location; the first one is the default one.")
class StockLocationCreateInput:
    name: str
    code: str | None = strawberry.UNSET
    address: graphql.JSON | None = strawberry.UNSET
    is_default: bool | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays.")
class StockLocationUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = strawberry.UNSET
    code: str | None = strawberry.UNSET
    address: graphql.JSON | None = strawberry.UNSET
    is_default: bool | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET


@strawberry.input(description="How many pieces of a variant there are at a location, or at the default one.")
class StockQuantityInput:
    variant_id: strawberry.ID
    quantity: int
    location_id: strawberry.ID | None = None


@strawberry.type
class StockLocationPayload:
    location: StockLocationType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class StockLocationDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class StockLevelPayload:
    level: StockLevelType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class InventoryQueries:
    @graphql.query(permission=permissions.INVENTORY_READ, description="Every location, the default one among them.")
    async def stock_locations(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> graphql.Connection[StockLocationType]:
        statement = select(StockLocation).where(StockLocation.tenant_id == context.tenant_id)
        keys: list[paging.Key] = [(StockLocation.name, paging.ASC), (StockLocation.id, paging.ASC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, StockLocationType.of, statement=statement)

    @graphql.query(permission=permissions.INVENTORY_READ, description="What lies where.")
    async def stock_levels(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        variant_id: strawberry.ID | None = None,
        location_id: strawberry.ID | None = None,
        at_most: int | None = None,
    ) -> graphql.Connection[StockLevelType]:
        statement = select(StockLevel).where(StockLevel.tenant_id == context.tenant_id)
        if variant_id is not None:
            statement = statement.where(StockLevel.variant_id == graphql.to_id(variant_id))
        if location_id is not None:
            statement = statement.where(StockLevel.location_id == graphql.to_id(location_id))
        if at_most is not None:
            statement = statement.where(StockLevel.on_hand - StockLevel.reserved <= at_most)
        keys: list[paging.Key] = [(StockLevel.id, paging.ASC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, StockLevelType.of, statement=statement)

    @graphql.query(permission=permissions.INVENTORY_READ, description="Every change of a quantity, the newest first.")
    async def stock_movements(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        variant_id: strawberry.ID | None = None,
    ) -> graphql.Connection[StockMovementType]:
        statement = select(StockMovement).where(StockMovement.tenant_id == context.tenant_id)
        if variant_id is not None:
            statement = statement.where(StockMovement.variant_id == graphql.to_id(variant_id))
        keys: list[paging.Key] = [(StockMovement.created_at, paging.DESC), (StockMovement.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, StockMovementType.of, statement=statement)

    @graphql.query(permission=permissions.INVENTORY_READ, description="Promises of stock, the newest first.")
    async def stock_reservations(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        state: ReservationStateEnum | None = None,
        reference: str | None = None,
        variant_id: strawberry.ID | None = None,
    ) -> graphql.Connection[StockReservationType]:
        statement = select(Reservation).where(Reservation.tenant_id == context.tenant_id)
        if state is not None:
            statement = statement.where(Reservation.state == state.value)
        if reference is not None:
            statement = statement.where(Reservation.reference == checks.optional_text(reference, "reference"))
        if variant_id is not None:
            statement = statement.where(Reservation.variant_id == graphql.to_id(variant_id))
        keys: list[paging.Key] = [(Reservation.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, StockReservationType.of, statement=statement)


@strawberry.type
class InventoryMutations:
    @graphql.mutation(permission=permissions.INVENTORY_WRITE, description="Add a location.")
    async def stock_location_create(self, context: Context, input: StockLocationCreateInput) -> StockLocationPayload:
        given = inputs.changes(input, nullable=())
        name = given.pop("name")
        made = await locations.create(context, name=name, **cast(LocationFacts, given))
        return StockLocationPayload(location=StockLocationType.of(made))

    @graphql.mutation(permission=permissions.INVENTORY_WRITE, description="Change a location.")
    async def stock_location_update(
        self, context: Context, id: strawberry.ID, input: StockLocationUpdateInput
    ) -> StockLocationPayload:
        given = inputs.changes(input, nullable=())
        version = given.pop("version")
        changed = await locations.change(context, graphql.to_id(id), version=version, **cast(LocationChanges, given))
        return StockLocationPayload(location=StockLocationType.of(changed))

    @graphql.mutation(permission=permissions.INVENTORY_WRITE, description="Remove a location that was never used.")
    async def stock_location_delete(self, context: Context, id: strawberry.ID) -> StockLocationDeletePayload:
        await locations.remove(context, graphql.to_id(id))
        return StockLocationDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.INVENTORY_WRITE, description="Say how many pieces there are.")
    async def stock_set(
        self, context: Context, input: StockQuantityInput, reference: str | None = None
    ) -> StockLevelPayload:
        level = await service.set_on_hand(
            context,
            graphql.to_id(input.variant_id),
            input.quantity,
            location_id=None if input.location_id is None else graphql.to_id(input.location_id),
            reference=reference,
        )
        return StockLevelPayload(level=StockLevelType.of(level))

    @graphql.mutation(
        permission=permissions.INVENTORY_WRITE, description="The same for many; `count` says how many changed."
    )
    async def stock_bulk_set(
        self, context: Context, quantities: list[StockQuantityInput], reference: str | None = None
    ) -> graphql.BulkPayload:
        variants = graphql.to_ids([one.variant_id for one in quantities])
        default = await locations.default(context)
        wanted: dict[service.Place, int] = {}
        for variant, one in zip(variants, quantities, strict=True):
            place = (variant, default if one.location_id is None else graphql.to_id(one.location_id))
            if place in wanted:
                raise errors.Invalid("a variant is named twice for one location", field="quantities")
            wanted[place] = one.quantity
        return graphql.BulkPayload(count=await service.set_many(context, wanted, reference=reference))

    @graphql.mutation(permission=permissions.INVENTORY_WRITE, description="Add pieces, or take them away.")
    async def stock_adjust(
        self,
        context: Context,
        variant_id: strawberry.ID,
        delta: int,
        reason: str,
        location_id: strawberry.ID | None = None,
        reference: str | None = None,
    ) -> StockLevelPayload:
        level = await service.adjust(
            context,
            graphql.to_id(variant_id),
            delta,
            location_id=None if location_id is None else graphql.to_id(location_id),
            reason=reason,
            reference=reference,
        )
        return StockLevelPayload(level=StockLevelType.of(level))

    @graphql.mutation(permission=permissions.INVENTORY_WRITE, description="Carry pieces to another location.")
    async def stock_move(
        self,
        context: Context,
        variant_id: strawberry.ID,
        quantity: int,
        from_location_id: strawberry.ID,
        to_location_id: strawberry.ID,
        reference: str | None = None,
    ) -> StockLevelPayload:
        id_, target = graphql.to_id(variant_id), graphql.to_id(to_location_id)
        await service.move(
            context,
            id_,
            quantity,
            from_location_id=graphql.to_id(from_location_id),
            to_location_id=target,
            reference=reference,
        )
        return StockLevelPayload(level=StockLevelType.of(await service.level(context, id_, target)))

    @graphql.mutation(
        permission=permissions.INVENTORY_WRITE, description="Take back every open promise to a reference."
    )
    async def stock_reservations_release(self, context: Context, reference: str) -> graphql.BulkPayload:
        wanted = checks.text(reference, "reference")
        return graphql.BulkPayload(count=await reserving.release(context, wanted))


ADMIN_QUERIES = [InventoryQueries]
ADMIN_MUTATIONS = [InventoryMutations]
