"""The quarters that orders are kept in: made ahead of time, so that no order ever finds none.

The program's roles own nothing. A function with the owner's rights makes one quarter; it takes a point in time, no
text, and only workers may call it.
"""

from datetime import datetime

import structlog
from sqlalchemy import text

from rustok.kernel.context import Context
from rustok.kernel.module import Gauge, Timer

AHEAD = 4
FEW = 2
logger = structlog.get_logger("rustok.orders")

# Names sort as the quarters do.
_AHEAD = """
SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'commerce_orders'::regclass
  AND c.relname > 'commerce_orders_' || to_char({now} AT TIME ZONE 'UTC', 'YYYY"_q"Q')
"""
_AHEAD_THEN = text(_AHEAD.format(now="CAST(:now AS timestamptz)"))
_MAKE = text("SELECT commerce_orders_make_quarter(CAST(:at AS timestamptz))")
_MAKE_AHEAD = text("""
SELECT commerce_orders_make_quarter(CAST(:now AS timestamptz) + number * interval '3 months')
FROM generate_series(0, :ahead) AS number ORDER BY number
""")


async def ahead(context: Context) -> int:
    """How many quarters there are after the present one."""
    return await context.session.scalar(_AHEAD_THEN, {"now": context.now}) or 0


async def make(context: Context, at: datetime) -> bool:
    """Make the quarter that holds this moment, for orders of the past as well; returns whether it was missing.

    Only workers may. The database refuses what is before the year 2000 or more than three years ahead.
    """
    return bool(await context.session.scalar(_MAKE, {"at": at}))


async def keep_ahead(context: Context) -> None:
    """What the timer does: four quarters after the present one, and a warning where there were fewer than two."""
    found = await ahead(context)
    if found < FEW:
        logger.warning("orders.few_quarters_ahead", ahead=found, wanted=AHEAD)
    if found < AHEAD:
        await context.session.execute(_MAKE_AHEAD, {"now": context.now, "ahead": AHEAD})
        logger.info("orders.quarters_made", ahead=await ahead(context))


READY = Gauge(
    "order_quarters_ahead",
    "Quarters after the present one for which orders have a partition.",
    _AHEAD.format(now="now()"),
)
QUARTERS = Timer(name="commerce.order_quarters", every_seconds=300, run=keep_ahead)
