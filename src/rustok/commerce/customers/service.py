"""What can be done with customers. Their id is the account's; guests have no row."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Integer, Select, Text, Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from rustok.commerce.baskets.shapes import Buyer
from rustok.commerce.catalogue import checks
from rustok.commerce.customers import firsts
from rustok.commerce.customers.models import Customer, GroupMember
from rustok.core import texts
from rustok.core.roles import service as roles
from rustok.core.rows import is_one_of, table
from rustok.core.users import emails
from rustok.core.users import service as users
from rustok.events.commerce import CustomerUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context

LONGEST_NOTE = 10_000
MOST_TAGS = 50
_PHONE = re.compile(r"\+?[0-9 ()./-]{3,39}")


class NoCustomer(errors.Forbidden):
    """The account belongs to staff: the shop's permissions do not reach it."""

    code = "no_customer"


class CustomerFacts(TypedDict, total=False):
    """What of a customer can be said or changed; what is absent stays."""

    name: str
    phone: str
    locale: str
    accepts_marketing: bool
    note: str
    tags: Sequence[str]
    metadata: Mapping[str, Any]


def self_id(context: Context) -> UUID:
    """The account that acts; raises `Unauthenticated` for guests and programs."""
    if context.actor.kind != "user" or context.actor.user_id is None:
        raise errors.Unauthenticated("log in first")
    return context.actor.user_id


async def get(context: Context, customer_id: UUID, *, lock: bool = False) -> Customer:
    """The customer; raises `NotFound`."""
    found = await context.session.get(
        Customer,
        (context.tenant_id, customer_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("there is no such customer", field="id")
    return found


async def many(context: Context, customer_ids: Sequence[UUID]) -> list[Customer]:
    """Those of the customers that there are."""
    found = await context.session.scalars(
        select(Customer)
        .where(Customer.tenant_id == context.tenant_id, is_one_of(Customer.id, customer_ids))
        .execution_options(populate_existing=True)
    )
    return list(found)


async def ensure(context: Context, customer_id: UUID | None = None) -> UUID:
    """Let the account, or else the actor's, have a customer's row, to which others can refer; returns its id."""
    wanted = customer_id or self_id(context)
    await context.session.execute(
        insert(Customer).values(tenant_id=context.tenant_id, id=wanted).on_conflict_do_nothing()
    )
    return wanted


async def buyer(context: Context, *, email: str | None = None) -> Buyer:
    """Whom prices and promotions ask about: the customer who acts, or else a guest with this address."""
    if context.actor.kind == "user" and context.actor.user_id is not None:
        return await buyer_of(context, context.actor.user_id, email=email)
    address = emails.normalise(email) if email else None
    if address is None:
        return Buyer()
    before = await context.session.scalar(select(firsts.ordered_before(context, customer_id=None, addresses=[address])))
    return Buyer(email=address, first_order=not before)


async def buyer_of(context: Context, customer_id: UUID, *, email: str | None = None) -> Buyer:
    """The same for a customer, whoever acts. An address given besides counts for `first_order`; one statement."""
    given = emails.normalise(email) if email else None
    own = users.email_of(literal(customer_id), literal(context.tenant_id))
    row = (await context.session.execute(_asked(context, customer_id, own, given))).one()
    return _buyer(customer_id, given, row)


async def buyers_of(
    context: Context, wanted: Collection[tuple[UUID, str | None]]
) -> dict[tuple[UUID, str | None], Buyer]:
    """The same for many, each with the address that was given besides; one statement."""
    if len(wanted) <= 1:  # the statement with arrays is planned anew every time, which costs more than it does
        return {(id_, email): await buyer_of(context, id_, email=email) for id_, email in wanted}
    given = {one: emails.normalise(one[1]) if one[1] else None for one in wanted}
    rows = [(place, id_, address) for place, ((id_, _), address) in enumerate(given.items())]
    named = table(rows, place=Integer, id=Uuid, given=Text)
    each = select(named, users.email_of(named.c.id, literal(context.tenant_id)).label("own")).subquery()
    statement = _asked(context, each.c.id, each.c.own, each.c.given).order_by(each.c.place)
    found = await context.session.execute(statement)
    return {one: _buyer(one[0], address, row) for (one, address), row in zip(given.items(), found, strict=True)}


def _asked(context: Context, customer_id: Any, own: Any, given: Any) -> Select[Any]:
    """What makes a buyer of an account: values, or columns that hold them."""
    member = select(GroupMember.group_id).where(
        GroupMember.tenant_id == context.tenant_id, GroupMember.customer_id == customer_id
    )
    addresses = [own] if given is None else [own, given]
    return select(
        own.label("email"),
        func.array(member.scalar_subquery()).label("groups"),
        firsts.ordered_before(context, customer_id=customer_id, addresses=addresses).label("before"),
    )


def _buyer(customer_id: UUID, given: str | None, row: Any) -> Buyer:
    return Buyer(
        customer_id=customer_id, email=row.email or given, groups=frozenset(row.groups), first_order=not row.before
    )


async def create(
    context: Context, *, email: str, password: str | None = None, **facts: Unpack[CustomerFacts]
) -> Customer:
    """Make an account and a customer, for staff and imports. Raises `EmailTaken`."""
    user = await users.register(
        context, email=email, password=password, name=facts.get("name", ""), locale=facts.get("locale")
    )
    customer = await get(context, await ensure(context, user.id))
    _apply(context, customer, facts)
    await context.session.flush()
    bus.record(context, CustomerUpdated(customer_id=customer.id))
    return customer


async def change(
    context: Context, customer_id: UUID, *, version: int | None = None, **facts: Unpack[CustomerFacts]
) -> Customer:
    """Change what is given. Raises `NotFound`, `Stale`, `Conflict` for one that was erased."""
    customer = await open_for_change(context, customer_id)
    checks.version(customer.version, version)
    if "name" in facts or "locale" in facts:
        user = await users.lock(context, customer_id)
        await users.update(
            context, customer_id, version=user.version, name=facts.get("name"), locale=facts.get("locale")
        )
    _apply(context, customer, facts)
    await touch(context, customer)
    return customer


async def open_for_change(context: Context, customer_id: UUID) -> Customer:
    """The customer's row, which nobody else changes until the transaction ends. Accounts are locked before it."""
    await users.lock(context, customer_id)
    await ensure(context, customer_id)
    customer = await get(context, customer_id, lock=True)
    if customer.erased_at is not None:
        raise errors.Conflict("the customer's data was erased", field="id")
    return customer


async def touch(context: Context, customer: Customer) -> None:
    """Write a customer that was changed, and tell."""
    customer.version += 1
    customer.updated_at = context.now
    await context.session.flush()
    bus.record(context, CustomerUpdated(customer_id=customer.id))


async def require_plain(context: Context, customer_id: UUID) -> None:
    """Raise `NoCustomer` for an account with more rights than customers have: the shop's staff must not end it."""
    user = await users.get(context, customer_id)
    if user.role != roles.CUSTOMER:
        raise NoCustomer("this is an account of staff: look after it among the users", field="id")


def _apply(context: Context, customer: Customer, facts: CustomerFacts) -> None:
    if "phone" in facts:
        customer.phone = check_phone(facts["phone"])
    if "accepts_marketing" in facts and facts["accepts_marketing"] != customer.accepts_marketing:
        customer.accepts_marketing = facts["accepts_marketing"]
        customer.marketing_changed_at = context.now
    if "note" in facts:
        customer.note = checks.optional_text(facts["note"], "note", most=LONGEST_NOTE) or ""
    if "tags" in facts:
        customer.tags = _tags(facts["tags"])
    if "metadata" in facts:
        customer.details = checks.metadata(facts["metadata"])


def check_phone(text: str) -> str:
    """A telephone number as people write it, or nothing; raises `Invalid`."""
    line = texts.check_line(text, field="phone", longest=40, required=False)
    if line and not _PHONE.fullmatch(line):
        raise errors.Invalid("this is not a telephone number", field="phone")
    return line


def _tags(given: Sequence[str]) -> list[str]:
    tags = list(dict.fromkeys(texts.check_line(one, field="tags", longest=64) for one in given))
    if len(tags) > MOST_TAGS:
        raise errors.Invalid(f"a customer has at most {MOST_TAGS} tags", field="tags")
    return tags
