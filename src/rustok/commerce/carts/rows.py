"""Carts as they are read, locked and written: rows as values, and the statements of every edit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.service import Address
from rustok.commerce.carts.models import CartKind, CartStatus
from rustok.kernel import errors
from rustok.kernel.context import Context

GUESTS_LIFE = timedelta(days=30)  # after the last change
CUSTOMERS_LIFE = timedelta(days=180)


class CartCompleted(errors.Conflict):
    """The cart became an order: it cannot be changed any more."""

    code = "cart_completed"


class CartMerged(errors.Conflict):
    """The cart's lines lie in the cart of a customer since a log-in."""

    code = "cart_merged"


@dataclass(slots=True, kw_only=True)
class CartRow:
    """A cart without its lines."""

    id: UUID
    kind: CartKind = CartKind.CART
    name: str | None = None
    customer_id: UUID | None = None
    status: CartStatus = CartStatus.OPEN
    order_id: UUID | None = None
    merged_into: UUID | None = None
    currency: str
    channel: str = "web"
    email: str | None = None
    note: str | None = None
    codes: tuple[str, ...] = ()
    gift_codes: tuple[str, ...] = ()
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_method_id: UUID | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class LineRow:
    """Some pieces of a variant in a cart; `seen_minor` and `title` are what the buyer saw last."""

    id: UUID
    variant_id: UUID
    quantity: int
    seen_minor: int | None = None
    title: str = ""


_COLUMNS = """c.id, c.kind, c.name, c.customer_id, c.status, c.order_id, c.merged_into, c.currency, c.email, c.note,
  c.codes, c.gift_codes, c.shipping_address, c.billing_address, c.shipping_method_id, c.version, c.created_at,
  c.updated_at, c.expires_at, c.channel"""
# Whoever knows a guest's cart may use it; a customer's cart is for the customer, and for the system.
_MINE = "(c.customer_id IS NULL OR c.customer_id = CAST(:user_id AS uuid) OR :system)"
_ALIVE = "(c.expires_at IS NULL OR c.expires_at > now())"
# The time is moved by days, not by every edit: the index on it stays as it is.
_HOLD = text(f"""
UPDATE commerce_carts AS c SET version = c.version + 1, updated_at = now(),
  status = CASE WHEN CAST(:order_id AS uuid) IS NULL THEN c.status ELSE 'completed' END,
  order_id = CAST(:order_id AS uuid), expires_at = CASE
    WHEN c.kind = 'wish_list' THEN NULL
    WHEN c.customer_id IS NULL THEN CASE WHEN c.expires_at < now() + CAST(:guests AS interval) - interval '1 day'
      THEN now() + CAST(:guests AS interval) ELSE c.expires_at END
    WHEN c.expires_at > now() + CAST(:customers AS interval) - interval '1 day' THEN c.expires_at
    ELSE now() + CAST(:customers AS interval) END
WHERE c.tenant_id = CAST(:tenant_id AS uuid) AND c.id = :id AND c.status = 'open' AND {_ALIVE} AND {_MINE}
RETURNING {_COLUMNS}
""")
_READ = text(f"""
SELECT {_COLUMNS} FROM commerce_carts c
WHERE c.tenant_id = CAST(:tenant_id AS uuid) AND c.id = ANY(CAST(:ids AS uuid[])) AND {_ALIVE} AND {_MINE}
""")
_OF_CUSTOMER = text(f"""
SELECT {_COLUMNS} FROM commerce_carts c
WHERE c.tenant_id = CAST(:tenant_id AS uuid) AND c.customer_id = CAST(:user_id AS uuid) AND c.status = 'open'
  AND {_ALIVE}
ORDER BY c.updated_at DESC, c.id
""")
_LINES = text("""
SELECT l.cart_id, l.id, l.variant_id, l.quantity, l.seen_minor, l.title FROM commerce_cart_lines l
WHERE l.tenant_id = CAST(:tenant_id AS uuid) AND l.cart_id = ANY(CAST(:ids AS uuid[])) ORDER BY l.id
""")
_WRITE = text("""
INSERT INTO commerce_cart_lines AS l (tenant_id, id, cart_id, variant_id, quantity, seen_minor, title)
SELECT CAST(:tenant_id AS uuid), r.id, :cart_id, r.variant_id, r.quantity, r.seen_minor, r.title
FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]), CAST(:quantities AS int[]), CAST(:seen AS bigint[]),
            CAST(:titles AS text[])) AS r(id, variant_id, quantity, seen_minor, title)
ON CONFLICT (tenant_id, id) DO UPDATE
  SET quantity = excluded.quantity, seen_minor = excluded.seen_minor, title = excluded.title
""")
_REMOVE = text("""
DELETE FROM commerce_cart_lines l
WHERE l.tenant_id = CAST(:tenant_id AS uuid) AND l.cart_id = :cart_id AND l.id = ANY(CAST(:ids AS uuid[]))
""")


def _asking(context: Context, **more: Any) -> dict[str, Any]:
    return {
        "tenant_id": context.tenant_id,
        "user_id": context.actor.user_id if context.actor.kind == "user" else None,
        "system": context.actor.kind == "system",
        **more,
    }


async def hold(context: Context, cart_id: UUID, *, order_id: UUID | None = None) -> CartRow:
    """The open cart, locked until the end of the transaction: every edit begins with this.

    With `order_id` it becomes that order, and nobody can change it any more. Raises `NotFound` (also for somebody
    else's), `CartCompleted` and `CartMerged`. A merged cart's own customer gets the cart that it was merged into.
    """
    named = _asking(context, guests=GUESTS_LIFE, customers=CUSTOMERS_LIFE)
    row = (await context.session.execute(_HOLD, {**named, "id": cart_id, "order_id": order_id})).first()
    if row is not None:
        return _cart(row)
    there = await find(context, cart_id)
    if there is None:
        raise errors.NotFound("no such cart", field="cartId")
    if there.status == CartStatus.COMPLETED:
        raise CartCompleted("this cart was ordered already", field="cartId")
    if there.merged_into is not None and there.merged_into != cart_id:
        owner = await find(context, there.merged_into)
        if owner is not None:
            return await hold(context, there.merged_into, order_id=order_id)
    raise CartMerged("this cart's lines lie in a customer's cart: log in", field="cartId")


async def find(context: Context, cart_id: UUID, *, anybodys: bool = False) -> CartRow | None:
    """The cart, open or not; None when there is none that the actor may see."""
    named = _asking(context, ids=[cart_id])
    named["system"] |= anybodys
    found = (await context.session.execute(_READ, named)).first()
    return None if found is None else _cart(found)


async def mine(context: Context) -> list[CartRow]:
    """The acting customer's open carts and wish lists, the one changed last first."""
    if context.actor.user_id is None:
        return []
    return [_cart(row) for row in (await context.session.execute(_OF_CUSTOMER, _asking(context))).all()]


async def lines_of(context: Context, cart_ids: Collection[UUID]) -> dict[UUID, list[LineRow]]:
    """The lines of carts, in the order in which they were added."""
    found: dict[UUID, list[LineRow]] = {id_: [] for id_ in cart_ids}
    named = {"tenant_id": context.tenant_id, "ids": list(cart_ids)}
    for cart_id, id_, variant_id, quantity, seen, title in (await context.session.execute(_LINES, named)).all():
        found[cart_id].append(
            LineRow(id=id_, variant_id=variant_id, quantity=quantity, seen_minor=seen, title=title),
        )
    return found


async def lines(context: Context, cart_id: UUID) -> list[LineRow]:
    """The lines of one cart."""
    return (await lines_of(context, [cart_id]))[cart_id]


async def write_lines(context: Context, cart_id: UUID, changed: Sequence[LineRow]) -> None:
    """Write new and changed lines of a cart that is held."""
    if not changed:
        return
    await context.session.execute(
        _WRITE,
        {
            "tenant_id": context.tenant_id,
            "cart_id": cart_id,
            "ids": [one.id for one in changed],
            "variants": [one.variant_id for one in changed],
            "quantities": [one.quantity for one in changed],
            "seen": [one.seen_minor for one in changed],
            "titles": [one.title for one in changed],
        },
    )


async def remove_lines(context: Context, cart_id: UUID, line_ids: Collection[UUID]) -> None:
    """Take lines out of a cart that is held."""
    if line_ids:
        named = {"tenant_id": context.tenant_id, "cart_id": cart_id, "ids": list(line_ids)}
        await context.session.execute(_REMOVE, named)


def _cart(row: Any) -> CartRow:
    return CartRow(
        id=row[0],
        kind=CartKind(row[1]),
        name=row[2],
        customer_id=row[3],
        status=CartStatus(row[4]),
        order_id=row[5],
        merged_into=row[6],
        currency=row[7],
        email=row[8],
        note=row[9],
        codes=tuple(row[10]),
        gift_codes=tuple(row[11]),
        shipping_address=addresses.of(row[12]),
        billing_address=addresses.of(row[13]),
        shipping_method_id=row[14],
        version=row[15],
        created_at=row[16],
        updated_at=row[17],
        expires_at=row[18],
        channel=row[19],
    )


_INSERT = text("""
INSERT INTO commerce_carts
  (tenant_id, id, kind, name, customer_id, currency, channel, expires_at, created_at, updated_at)
VALUES (CAST(:tenant_id AS uuid), :id, :kind, :name, CAST(:customer_id AS uuid), :currency, :channel, :expires_at,
  :now, :now)
""")
_SET = text("""
UPDATE commerce_carts SET kind = :kind, name = :name, customer_id = CAST(:customer_id AS uuid), status = :status,
  order_id = CAST(:order_id AS uuid), merged_into = CAST(:merged_into AS uuid), currency = :currency, email = :email,
  note = :note, codes = CAST(:codes AS text[]), gift_codes = CAST(:gift_codes AS text[]),
  shipping_address = CAST(:shipping_address AS jsonb), billing_address = CAST(:billing_address AS jsonb),
  shipping_method_id = CAST(:shipping_method_id AS uuid), expires_at = :expires_at
WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = :id
""")
_DELETE = text(
    "DELETE FROM commerce_carts WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = ANY(CAST(:ids AS uuid[]))"
)


async def insert(context: Context, cart: CartRow) -> None:
    """Write a new cart."""
    await context.session.execute(
        _INSERT,
        {
            "tenant_id": context.tenant_id,
            "id": cart.id,
            "kind": cart.kind,
            "name": cart.name,
            "customer_id": cart.customer_id,
            "currency": cart.currency,
            "channel": cart.channel,
            "expires_at": cart.expires_at,
            "now": cart.created_at,
        },
    )


async def write(context: Context, cart: CartRow) -> None:
    """Write everything about a cart that is held, but its lines."""
    await context.session.execute(
        _SET,
        {
            "tenant_id": context.tenant_id,
            "id": cart.id,
            "kind": cart.kind,
            "name": cart.name,
            "customer_id": cart.customer_id,
            "status": cart.status,
            "order_id": cart.order_id,
            "merged_into": cart.merged_into,
            "currency": cart.currency,
            "email": cart.email,
            "note": cart.note,
            "codes": list(cart.codes),
            "gift_codes": list(cart.gift_codes),
            "shipping_address": _stored(cart.shipping_address),
            "billing_address": _stored(cart.billing_address),
            "shipping_method_id": cart.shipping_method_id,
            "expires_at": cart.expires_at,
        },
    )


async def delete(context: Context, cart_ids: Collection[UUID]) -> int:
    """Carts with all that lies in them; returns how many there were."""
    named = {"tenant_id": context.tenant_id, "ids": list(cart_ids)}
    return int((await context.session.execute(_DELETE, named)).rowcount)  # type: ignore[attr-defined]  # a DELETE has it


def _stored(address: Address | None) -> str | None:
    return None if address is None else msgspec.json.encode(address.stored()).decode()
