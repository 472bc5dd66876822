"""Which shelf every piece of a promise comes from: what there is, locked in one order, and a plan of what to take."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from rustok.commerce.inventory.service import Place
from rustok.kernel import errors
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line that cannot be promised, and what is left for it."""

    variant_id: UUID
    wanted: int
    left: int


@dataclass(slots=True)
class Shelf:
    """A level that is locked, and what can still be promised of it; without end where it may be backordered."""

    level_id: UUID
    location_id: UUID
    free: int
    endless: bool
    first: bool  # at the default location


@dataclass(slots=True)
class Stock:
    """A variant and its levels at active locations."""

    managed: bool
    backorder: bool
    shelves: list[Shelf]


# Everybody locks in this one order, so that nobody waits in a circle; whoever has waited for a row sees it as it is
# then. No foreign key needs these rows: NO KEY, and a reference to them does not wait.
_LOOK = text("""
WITH locked AS MATERIALIZED (
  SELECT l.id, l.variant_id, l.location_id, l.on_hand - l.reserved AS free, l.allow_backorder, o.is_default
  FROM commerce_stock_levels l
  JOIN commerce_stock_locations o ON o.tenant_id = l.tenant_id AND o.id = l.location_id AND o.is_active
  JOIN commerce_variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id AND v.manage_inventory
  WHERE l.tenant_id = CAST(:tenant_id AS uuid) AND l.variant_id = ANY(CAST(:variants AS uuid[]))
  ORDER BY l.variant_id, l.location_id
  FOR NO KEY UPDATE OF l
)
SELECT v.id, v.manage_inventory, v.allow_backorder, k.id, k.location_id, k.free, k.allow_backorder, k.is_default
FROM commerce_variants v LEFT JOIN locked k ON k.variant_id = v.id
WHERE v.tenant_id = CAST(:tenant_id AS uuid) AND v.id = ANY(CAST(:variants AS uuid[]))
ORDER BY v.id, k.location_id
""")


async def look(context: Context, variant_ids: Collection[UUID]) -> dict[UUID, Stock]:
    """What there is of the variants, locked until the transaction ends; raises `NotFound` when one is missing."""
    named = {"tenant_id": context.tenant_id, "variants": sorted(variant_ids)}
    found: dict[UUID, Stock] = {}
    for variant, managed, backorder, id_, location, free, endless, first in await context.session.execute(_LOOK, named):
        stock = found.setdefault(variant, Stock(managed, backorder, []))
        if id_ is not None:
            stock.shelves.append(Shelf(id_, location, free, endless, first))
    if missing := set(variant_ids) - found.keys():
        raise errors.NotFound(f"no such variant: {min(missing)}", field="variantId")
    return found


class Plan:
    """What is taken from which shelf; nothing is written before all lines have found theirs."""

    def __init__(self, stocks: Mapping[UUID, Stock]) -> None:
        self.stocks = stocks
        self.taken: dict[Place, tuple[UUID, int]] = {}  # place: (level, quantity)
        self.shortages: list[Shortage] = []
        self.uncounted: list[UUID] = []

    def take(self, variant_id: UUID, location_id: UUID | None, quantity: int) -> None:
        """From the named location; else from the default one, else from one that has enough, else from several."""
        stock = self.stocks[variant_id]
        if not stock.managed:
            return
        shelves = stock.shelves
        if location_id is not None:
            shelves = [one for one in shelves if one.location_id == location_id]
        elif stock.backorder and not any(one.first for one in shelves):
            self.uncounted.append(variant_id)
            return
        whole = [one for one in shelves if one.endless or one.free >= quantity]
        if whole:
            best = min(whole, key=lambda one: (not one.first, one.endless, -one.free, one.location_id))
            self._from(variant_id, best, quantity)
            return
        filled = sorted((one for one in shelves if one.free > 0), key=lambda one: (not one.first, -one.free))
        left = sum(one.free for one in filled)
        if left < quantity:
            self.shortages.append(Shortage(variant_id, quantity, left))
            return
        for one in filled:
            part = min(quantity, one.free)
            if part:
                self._from(variant_id, one, part)
                quantity -= part

    def _from(self, variant_id: UUID, shelf: Shelf, quantity: int) -> None:
        place = (variant_id, shelf.location_id)
        _, before = self.taken.get(place, (shelf.level_id, 0))
        self.taken[place] = (shelf.level_id, before + quantity)
        shelf.free -= quantity
