"""How many carts guests may begin: nobody fills the database from one place."""

from dataclasses import dataclass
from datetime import timedelta

from rustok.core.access import rates
from rustok.kernel.context import Context

WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class GuestCarts:
    """Handed down by the host: so many from one network address in ten minutes; 0: any number."""

    most: int = 60


async def count(context: Context, *, client_address: str) -> None:
    """Count a guest's new cart; raises `TooOften`. Customers and programs with a key are known, and not counted."""
    limit: GuestCarts = context.session.info.get(GuestCarts, GuestCarts())
    if limit.most and context.actor.kind == "anonymous":
        await rates.count(context, client_address, what="new carts", most=limit.most, within=WITHIN)
