"""What the shop knows of a customer, as personal data."""

from typing import Any

from sqlalchemy import delete

from rustok.commerce.customers import book, groups, service
from rustok.commerce.customers.models import CustomerAddress, GroupMember
from rustok.events.commerce import CustomerErased
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject


async def export(context: Context, subject: Subject) -> Any:
    """Profile, consent, address book and groups."""
    if subject.user_id is None:
        return None
    try:
        customer = await service.get(context, subject.user_id)
    except errors.NotFound:
        return None
    return {
        "phone": customer.phone,
        "accepts_marketing": customer.accepts_marketing,
        "marketing_changed_at": customer.marketing_changed_at,
        "note": customer.note,
        "tags": customer.tags,
        "metadata": customer.details,
        "groups": [group.name for group in await groups.of_customer(context, customer.id)],
        "addresses": [
            {
                **entry.address,
                "is_default_shipping": entry.is_default_shipping,
                "is_default_billing": entry.is_default_billing,
            }
            for entry in await book.list_all(context, customer.id)
        ],
        "orders_count": customer.orders_count,
        "spent": customer.spent,
        "created_at": customer.created_at,
    }


async def erase(context: Context, subject: Subject) -> None:
    """Leave of the customer an id and figures."""
    if subject.user_id is None:
        return
    try:
        customer = await service.get(context, subject.user_id, lock=True)
    except errors.NotFound:
        return
    if customer.erased_at is not None:
        return
    for table in (CustomerAddress, GroupMember):
        await context.session.execute(
            delete(table)
            .where(table.tenant_id == context.tenant_id, table.customer_id == customer.id)
            .execution_options(synchronize_session=False)
        )
    customer.phone, customer.note, customer.tags, customer.details = "", "", [], {}
    customer.accepts_marketing, customer.marketing_changed_at = False, None
    customer.erased_at = customer.updated_at = context.now
    customer.version += 1
    await context.session.flush()
    bus.record(context, CustomerErased(customer_id=customer.id))


PART = PersonalData("customer", export, erase)
