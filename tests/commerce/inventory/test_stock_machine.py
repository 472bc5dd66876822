"""Whatever happens in whatever order: movements add up, promises add up, and nothing is oversold."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from tests.conftest import Addresses, MakeTenant

from rustok.commerce.inventory import locations, reserving, service
from rustok.commerce.inventory.reserving import Line
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database

T = TypeVar("T")
WHICH = st.integers(0, 2)
QUANTITY = st.integers(1, 6)

SUMS = text("""
SELECT l.on_hand, l.reserved, l.allow_backorder,
  (SELECT coalesce(sum(m.delta), 0) FROM commerce_stock_movements m
   WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id),
  (SELECT coalesce(sum(r.quantity), 0) FROM commerce_reservations r
   WHERE r.variant_id = l.variant_id AND r.location_id = l.location_id AND r.state = 'open')
FROM commerce_stock_levels l
""")


def machine_for(addresses: Addresses, tenant: TenantInfo, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> type:
    """The machine's steps are services; each runs in a transaction that is rolled back when the example ends."""

    class Stock(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.stack = AsyncExitStack()
            self.references = 0

        @initialize()
        def open_shop(self) -> None:
            run(self._open())

        async def _open(self) -> None:
            self.database = Database(addresses.app, addresses.worker, pool_size=1)
            self.session = await self.stack.enter_async_context(self.database.session())
            await self.session.execute(text("SELECT set_config('app.tenant', :t, false)"), {"t": str(tenant.id)})
            self.context = Context(self.session, tenant)
            product = await products.create(self.context, title="Shirt")
            await variants.set_options(self.context, product.id, [variants.Option("No", ["0", "1", "2"])])
            self.ids: list[UUID] = []
            for number in range(3):
                made = await variants.add(
                    self.context, product.id, options={"No": str(number)}, allow_backorder=number == 2
                )
                self.ids.append(made.id)
            shop = await locations.create(self.context, name="Main")
            other = await locations.create(self.context, name="Shop")
            self.places = [shop.id, other.id]

        def attempt(self, step: Callable[[], Coroutine[Any, Any, object]]) -> None:
            """A refusal must change nothing, so the sums must hold after it as well."""

            async def within() -> None:
                with suppress(service.BelowReserved, reserving.OutOfStock):
                    await step()

            run(within())

        @rule(which=WHICH, place=st.integers(0, 1), quantity=st.integers(0, 12))
        def count(self, which: int, place: int, quantity: int) -> None:
            self.attempt(
                lambda: service.set_on_hand(self.context, self.ids[which], quantity, location_id=self.places[place])
            )

        @rule(which=WHICH, delta=st.integers(-6, 6))
        def adjust(self, which: int, delta: int) -> None:
            self.attempt(lambda: service.adjust(self.context, self.ids[which], delta, reason="test"))

        @rule(which=WHICH, quantity=QUANTITY)
        def carry(self, which: int, quantity: int) -> None:
            here, there = self.places
            self.attempt(
                lambda: service.move(
                    self.context, self.ids[which], quantity, from_location_id=here, to_location_id=there
                )
            )

        @rule(wanted=st.lists(st.tuples(WHICH, QUANTITY), min_size=1, max_size=4), named=st.booleans())
        def reserve(self, wanted: list[tuple[int, int]], named: bool) -> None:
            self.references += 1
            lines = [Line(self.ids[which], quantity, self.places[1] if named else None) for which, quantity in wanted]
            self.attempt(lambda: reserving.reserve(self.context, str(self.references), lines))

        @rule(data=st.data())
        def release(self, data: st.DataObject) -> None:
            reference = str(data.draw(st.integers(0, self.references)))
            self.attempt(lambda: reserving.release(self.context, reference))

        @rule(data=st.data())
        def commit(self, data: st.DataObject) -> None:
            reference = str(data.draw(st.integers(0, self.references)))
            self.attempt(lambda: reserving.commit_reservation(self.context, reference))

        @invariant()
        def everything_adds_up(self) -> None:
            if not hasattr(self, "ids"):
                return
            for on_hand, reserved, backorder, moved, promised in run(self._sums()):
                assert on_hand == moved
                assert reserved == promised
                assert backorder or 0 <= reserved <= on_hand

        async def _sums(self) -> list[Any]:
            return list((await self.session.execute(SUMS)).all())

        def teardown(self) -> None:
            async def close() -> None:
                await self.stack.aclose()
                await self.database.close()

            if hasattr(self, "database"):
                run(close())

    return Stock


async def test_stock_always_adds_up(addresses: Addresses, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant()

    def machine() -> None:
        with asyncio.Runner() as runner:
            run_state_machine_as_test(
                machine_for(addresses, tenant, runner.run),
                settings=settings(
                    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
                ),
            )

    # The machine is not asynchronous: it has a loop of its own in a thread beside this one.
    await asyncio.to_thread(machine)
