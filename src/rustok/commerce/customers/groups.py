"""Groups of customers, and who is in them: staff decide."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from rustok.commerce.catalogue import checks, clashes
from rustok.commerce.customers import service
from rustok.commerce.customers.models import Customer, CustomerGroup, GroupMember
from rustok.core.rows import is_one_of
from rustok.events.commerce import CustomerUpdated
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context


class GroupCodeTaken(errors.Conflict):
    """Another group has this code."""

    code = "code_taken"


class GroupFacts(TypedDict, total=False):
    """What can be said of a group besides its name."""

    code: str
    description: str
    metadata: Mapping[str, Any]


class GroupChanges(GroupFacts, total=False):
    """What of a group can be changed; what is absent stays."""

    name: str


async def get(context: Context, group_id: UUID, *, lock: bool = False) -> CustomerGroup:
    """The group; raises `NotFound`."""
    found = await context.session.get(
        CustomerGroup,
        (context.tenant_id, group_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("there is no such group", field="id")
    return found


async def get_many(context: Context, group_ids: Sequence[UUID]) -> dict[UUID, CustomerGroup]:
    """The groups with these ids; absent ones are left out."""
    rows = await context.session.scalars(
        select(CustomerGroup).where(CustomerGroup.tenant_id == context.tenant_id, CustomerGroup.id.in_(group_ids))
    )
    return {group.id: group for group in rows}


def listing(context: Context, *, query: str | None = None) -> Select[CustomerGroup]:
    """The groups whose name or code holds the words, for paging."""
    statement = select(CustomerGroup).where(CustomerGroup.tenant_id == context.tenant_id)
    if words := checks.optional_text(query, "query", most=200):
        named = CustomerGroup.name.icontains(words, autoescape=True)
        statement = statement.where(named | CustomerGroup.code.icontains(words, autoescape=True))
    return statement


async def of_customer(context: Context, customer_id: UUID) -> Sequence[CustomerGroup]:
    """The groups that a customer is in, by name."""
    rows = await context.session.scalars(
        listing(context)
        .join(
            GroupMember,
            (GroupMember.tenant_id == CustomerGroup.tenant_id) & (GroupMember.group_id == CustomerGroup.id),
        )
        .where(GroupMember.customer_id == customer_id)
        .order_by(CustomerGroup.name, CustomerGroup.id)
    )
    return list(rows)


async def count_members(context: Context, group_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many are in the groups; those without any are left out."""
    found = await context.session.execute(
        select(GroupMember.group_id, func.count())
        .where(GroupMember.tenant_id == context.tenant_id, is_one_of(GroupMember.group_id, group_ids))
        .group_by(GroupMember.group_id)
    )
    return dict(found.all())


async def create(context: Context, *, name: str, **given: Unpack[GroupFacts]) -> CustomerGroup:
    """Add a group; its code is made from the name where none is given. Raises `GroupCodeTaken`."""
    called = checks.text(name, "name")
    group = CustomerGroup(
        tenant_id=context.tenant_id, name=called, code=slugs.slugify(called)[:64], details={}, version=1
    )
    _apply(group, given)
    context.session.add(group)
    await _flush(context, group)
    await context.session.refresh(group)
    return group


async def change(
    context: Context, group_id: UUID, *, version: int | None = None, **changes: Unpack[GroupChanges]
) -> CustomerGroup:
    """Change what is given. Raises `NotFound`, `Stale`, `GroupCodeTaken`."""
    group = await get(context, group_id, lock=True)
    checks.version(group.version, version)
    if "name" in changes:
        group.name = checks.text(changes["name"], "name")
    _apply(group, changes)
    group.version += 1
    group.updated_at = context.now
    await _flush(context, group)
    return group


async def remove(context: Context, group_id: UUID) -> None:
    """Remove a group. Prices and promotions that are for it alone hold for nobody, or keep it from being removed."""
    await get(context, group_id, lock=True)
    members = await context.session.scalars(
        select(GroupMember.customer_id).where(
            GroupMember.tenant_id == context.tenant_id, GroupMember.group_id == group_id
        )
    )
    bus.record_many(context, [CustomerUpdated(customer_id=one) for one in members])
    await context.session.execute(
        delete(CustomerGroup).where(CustomerGroup.tenant_id == context.tenant_id, CustomerGroup.id == group_id)
    )


async def add_members(context: Context, group_id: UUID, customer_ids: Sequence[UUID]) -> int:
    """Let customers be in a group, all or none; returns how many were not yet. Raises `NotFound`."""
    wanted = sorted(checks.ids(customer_ids))
    await get(context, group_id)
    known = await context.session.scalars(
        select(Customer.id).where(
            Customer.tenant_id == context.tenant_id, Customer.id.in_(wanted), Customer.erased_at.is_(None)
        )
    )
    if set(wanted) - set(known):
        raise errors.NotFound("there is no such customer", field="customerIds")
    if not wanted:
        return 0
    added = await context.session.scalars(
        insert(GroupMember)
        .values([{"tenant_id": context.tenant_id, "group_id": group_id, "customer_id": one} for one in wanted])
        .on_conflict_do_nothing()
        .returning(GroupMember.customer_id)
    )
    return _told(context, added.all())


async def remove_members(context: Context, group_id: UUID, customer_ids: Sequence[UUID]) -> int:
    """Take customers out of a group; returns how many were in it. Raises `NotFound` for the group."""
    await get(context, group_id)
    gone = await context.session.scalars(
        delete(GroupMember)
        .where(
            GroupMember.tenant_id == context.tenant_id,
            GroupMember.group_id == group_id,
            GroupMember.customer_id.in_(checks.ids(customer_ids)),
        )
        .returning(GroupMember.customer_id)
        .execution_options(synchronize_session=False)
    )
    return _told(context, gone.all())


async def set_of_customer(context: Context, customer_id: UUID, group_ids: Sequence[UUID]) -> None:
    """Let a customer be in exactly these groups."""
    wanted = set(checks.ids(group_ids))
    await service.open_for_change(context, customer_id)
    present = {group.id for group in await of_customer(context, customer_id)}
    for group_id in sorted(wanted - present):
        await add_members(context, group_id, [customer_id])
    for group_id in sorted(present - wanted):
        await remove_members(context, group_id, [customer_id])


def _told(context: Context, customer_ids: Sequence[UUID]) -> int:
    bus.record_many(context, [CustomerUpdated(customer_id=one) for one in customer_ids])
    return len(customer_ids)


def _apply(group: CustomerGroup, given: GroupFacts) -> None:
    if "code" in given:
        group.code = slugs.check_slug(checks.text(given["code"], "code", most=64), field="code")
    if "description" in given:
        group.description = checks.optional_text(given["description"], "description", most=2000) or ""
    if "metadata" in given:
        group.details = checks.metadata(given["metadata"])


async def _flush(context: Context, group: CustomerGroup) -> None:
    taken = GroupCodeTaken(f"another group has the code {group.code!r}", field="code")
    with clashes.told_as(uq_commerce_customer_groups_code=taken):
        await context.session.flush()
