"""Orders that staff prepare: lines at present or agreed prices, a discount, a buyer; then placed like any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, select

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.service import Address
from rustok.commerce.catalogue import checks
from rustok.commerce.customers import service as customers
from rustok.commerce.inventory import reserving
from rustok.commerce.orders import costing, editing, placing, stocking
from rustok.commerce.orders.editing import Added
from rustok.commerce.orders.models import DraftOrder, Order
from rustok.commerce.orders.placing import AlreadyPlaced, Placement
from rustok.core.users import emails
from rustok.kernel import errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

LONGEST_NOTE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDiscount:
    """What is taken off all lines together: a part of a hundred, or an amount."""

    title: str = ""
    percent: Decimal | None = None
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftShipping:
    """A way of shipping in staff's own words, with its price."""

    name: str
    price_minor: int
    tax_class: str | None = None


class DraftFacts(TypedDict, total=False):
    """What of a draft can be said or changed; what is absent stays."""

    currency: str
    customer_id: UUID | None
    email: str | None
    locale: str | None
    channel: str | None
    lines: Sequence[Added]
    discount: DraftDiscount | None
    shipping: DraftShipping | None
    shipping_address: Address | None
    billing_address: Address | None
    note: str | None


async def get(context: Context, draft_id: UUID, *, lock: bool = False) -> DraftOrder:
    """The draft; raises `NotFound`."""
    found = await context.session.get(
        DraftOrder,
        (context.tenant_id, draft_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such draft", field="id")
    return found


async def create(context: Context, **facts: Unpack[DraftFacts]) -> DraftOrder:
    """A new draft. Raises `Invalid`, `NotFound`, `NoPrice`, `BadAddress`."""
    made = DraftOrder(
        tenant_id=context.tenant_id,
        id=generate_id(),
        currency=money.check_currency(facts.get("currency") or context.currency),
        locale=context.tenant.locale_or_default(facts.get("locale")),
        lines=[],
        version=1,
        created_at=context.now,
        updated_at=context.now,
    )
    await _fill(context, made, facts)
    context.session.add(made)
    await context.session.flush()
    return made


async def change(
    context: Context, draft_id: UUID, *, version: int | None = None, **facts: Unpack[DraftFacts]
) -> DraftOrder:
    """Change what is said. Raises as `create`, and `AlreadyPlaced`, `Stale`."""
    draft = await _open(context, draft_id, version=version)
    await _fill(context, draft, facts)
    draft.version += 1
    draft.updated_at = context.now
    await context.session.flush()
    return draft


async def remove(context: Context, draft_id: UUID) -> None:
    """Throw a draft away; raises `AlreadyPlaced` for one that is an order."""
    await context.session.delete(await _open(context, draft_id))
    await context.session.flush()


async def _open(context: Context, draft_id: UUID, *, version: int | None = None) -> DraftOrder:
    draft = await get(context, draft_id, lock=True)
    if draft.order_id is not None:
        raise AlreadyPlaced("this draft has become an order already", field="id")
    checks.version(draft.version, version)
    return draft


async def _fill(context: Context, draft: DraftOrder, facts: DraftFacts) -> None:
    if "currency" in facts:
        draft.currency = money.check_currency(facts["currency"])
    if "customer_id" in facts:
        chosen = facts["customer_id"]
        if chosen is not None:
            await customers.get(context, chosen)
        draft.customer_id = chosen
    if "email" in facts:
        given = facts["email"]
        draft.email = None if given is None else emails.check_email(given)
    if "locale" in facts:
        draft.locale = context.tenant.locale_or_default(facts["locale"])
    if "channel" in facts:
        draft.channel = checks.optional_text(facts["channel"], "channel", most=64)
    if "note" in facts:
        draft.note = checks.optional_text(facts["note"], "note", most=LONGEST_NOTE)
    if "shipping_address" in facts:
        draft.shipping_stored = _address(facts["shipping_address"], "shippingAddress")
    if "billing_address" in facts:
        draft.billing_stored = _address(facts["billing_address"], "billingAddress")
    if "discount" in facts:
        draft.discount = None if facts["discount"] is None else _discount_row(facts["discount"])
    if "shipping" in facts:
        draft.shipping = None if facts["shipping"] is None else _shipping_row(facts["shipping"])
    if "lines" in facts:
        draft.lines = _line_rows(facts["lines"])
    # Whatever cannot be priced is refused now, and not when the buyer waits.
    await costing.cost(context, draft)


def _address(given: Address | None, field: str) -> dict[str, str] | None:
    return None if given is None else addresses.check(given, field=field).stored()


def _discount_row(given: DraftDiscount) -> dict[str, Any]:
    if (given.percent is None) == (given.amount_minor is None):
        raise errors.Invalid("a discount is a percentage or an amount", field="discount")
    title = checks.optional_text(given.title, "title") or "Discount"
    if given.amount_minor is not None:
        return {"title": title, "amount_minor": checks.whole(given.amount_minor, "amount", most=money.LARGEST_MINOR)}
    percent = given.percent or Decimal(0)
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise errors.Invalid("a percentage lies between 0 and 100", field="percent")
    return {"title": title, "percent": str(percent.quantize(Decimal("0.0001")))}


def _shipping_row(given: DraftShipping) -> dict[str, Any]:
    return {
        "name": checks.text(given.name, "name"),
        "price_minor": checks.whole(given.price_minor, "price", most=money.LARGEST_MINOR),
        "tax_class": checks.optional_text(given.tax_class, "taxClass", most=64),
    }


def _line_rows(given: Sequence[Added]) -> list[dict[str, Any]]:
    if len(given) > editing.MOST_LINES:
        raise errors.Invalid(f"an order has at most {editing.MOST_LINES} lines", field="lines")
    return [
        {
            "variant_id": str(one.variant_id),
            "quantity": checks.whole(one.quantity, "quantity", least=1),
            "unit_minor": None
            if one.unit_minor is None
            else checks.whole(one.unit_minor, "price", most=money.LARGEST_MINOR),
        }
        for one in given
    ]


async def place(context: Context, draft_id: UUID, *, version: int | None = None) -> Order:
    """Make an order of it: stock is promised, a number is taken. It waits for its payment, or for staff's word.

    Raises `AlreadyPlaced`, `OutOfStock`, `Stale`, `NotFound`, `Invalid` without lines or an e-mail address, and as
    `cost` does.
    """
    draft = await _open(context, draft_id, version=version)
    if not draft.lines:
        raise errors.Invalid("the draft has no lines", field="lines")
    costed = await costing.cost(context, draft)
    email = draft.email or costed.buyer.email
    if email is None:
        raise errors.Invalid("say whose order this is: an e-mail address, or a customer", field="email")
    order_id = generate_id()
    asked = [reserving.Line(one.variant_id, one.quantity) for one in costing.added_of(draft)]
    await reserving.reserve(context, stocking.reference(order_id), asked)
    draft.order_id = order_id
    draft.version += 1
    draft.updated_at = context.now
    await context.session.flush()
    return await placing.place(
        context,
        Placement(
            order_id=order_id,
            cart_id=draft.id,
            email=email,
            buyer=costed.buyer,
            locale=draft.locale,
            totals=costed.totals,
            facts=costed.facts,
            shipping_address=draft.shipping_address,
            billing_address=draft.billing_address,
            note=draft.note,
            channel=draft.channel,
            source="draft",
        ),
    )


def matching(context: Context, *, placed: bool | None = None) -> Select[DraftOrder]:
    """The drafts that are orders already, that are none yet, or all; for paging and for files."""
    found = select(DraftOrder).where(DraftOrder.tenant_id == context.tenant_id)
    if placed is None:
        return found
    return found.where(DraftOrder.order_id.is_not(None) if placed else DraftOrder.order_id.is_(None))


async def find(context: Context, draft_id: UUID) -> DraftOrder | None:
    """The draft, or None."""
    return await context.session.scalar(
        select(DraftOrder).where(DraftOrder.tenant_id == context.tenant_id, DraftOrder.id == draft_id)
    )
