"""What staff do with customers' accounts. Accounts of staff are out of their reach: those are looked after as users."""

from collections.abc import Sequence
from typing import Unpack
from uuid import UUID

from rustok.commerce.customers import groups, service
from rustok.commerce.customers.models import Customer
from rustok.commerce.customers.service import CustomerFacts
from rustok.core.access import resets, verification
from rustok.core.roles.service import CUSTOMER
from rustok.core.users import service as users
from rustok.kernel.context import Context

__all__ = ["CUSTOMER", "change", "create", "invite", "turn"]


async def create(
    context: Context,
    *,
    email: str,
    group_ids: Sequence[UUID] = (),
    invite: bool = False,
    **facts: Unpack[CustomerFacts],
) -> Customer:
    """Make an account for a customer. Raises `EmailTaken`, `NotFound` for a group."""
    made = await service.create(context, email=email, **facts)
    if group_ids:
        await groups.set_of_customer(context, made.id, group_ids)
    if invite:
        await resets.invite(context, made.id)
    return await service.get(context, made.id)


async def change(
    context: Context,
    customer_id: UUID,
    *,
    version: int,
    email: str | None = None,
    group_ids: Sequence[UUID] | None = None,
    **facts: Unpack[CustomerFacts],
) -> Customer:
    """Change what is given. Another address is not verified, and gets a link for that. Raises `NoCustomer`, `Stale`."""
    if email is not None or "name" in facts or "locale" in facts:
        await service.require_plain(context, customer_id)
    await service.change(context, customer_id, version=version, **facts)
    if email is not None:
        user = await users.lock(context, customer_id)
        before = user.email
        user = await users.update(context, customer_id, version=user.version, email=email)
        if user.email != before:
            await users.end_sessions(context, customer_id)
            await verification.welcome(context, user)
    if group_ids is not None:
        await groups.set_of_customer(context, customer_id, group_ids)
    return await service.get(context, customer_id)


async def invite(context: Context, customer_id: UUID) -> Customer:
    """Write to a customer for whom an account was made. Raises `NoCustomer`."""
    found = await service.get(context, customer_id)
    await service.require_plain(context, customer_id)
    await resets.invite(context, customer_id)
    return found


async def turn(context: Context, customer_ids: Sequence[UUID], *, active: bool) -> int:
    """Disable accounts or let them be used again, all or none; returns how many changed. Raises `NoCustomer`."""
    wanted = sorted(set(customer_ids))
    changed = 0
    for customer_id in wanted:
        await service.open_for_change(context, customer_id)
        await service.require_plain(context, customer_id)
        user = await users.get(context, customer_id)
        status = "active" if active else "disabled"
        if user.status != status:
            await users.update(context, customer_id, version=user.version, status=status)
            changed += 1
    return changed
