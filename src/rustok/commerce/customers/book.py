"""A customer's address book. Every call names the customer: an id of somebody else's address is not found."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.service import Address
from rustok.commerce.catalogue import checks
from rustok.commerce.customers import service
from rustok.commerce.customers.models import CustomerAddress
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST = 50


async def list_all(context: Context, customer_id: UUID) -> Sequence[CustomerAddress]:
    """The customer's addresses, the default ones first, then the oldest."""
    rows = await context.session.scalars(
        select(CustomerAddress)
        .where(CustomerAddress.tenant_id == context.tenant_id, CustomerAddress.customer_id == customer_id)
        .order_by(
            CustomerAddress.is_default_shipping.desc(), CustomerAddress.is_default_billing.desc(), CustomerAddress.id
        )
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def get(context: Context, customer_id: UUID, address_id: UUID) -> CustomerAddress:
    """One of the customer's addresses; raises `NotFound` for anybody else's."""
    found = await context.session.scalar(
        select(CustomerAddress)
        .where(
            CustomerAddress.tenant_id == context.tenant_id,
            CustomerAddress.customer_id == customer_id,
            CustomerAddress.id == address_id,
        )
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise errors.NotFound("there is no such address", field="id")
    return found


async def add(
    context: Context,
    customer_id: UUID,
    address: Address,
    *,
    default_shipping: bool | None = None,
    default_billing: bool | None = None,
) -> CustomerAddress:
    """Add an address; the first one is the default for both purposes unless that is said otherwise."""
    checked = addresses.check(address)
    customer = await service.open_for_change(context, customer_id)
    present = await list_all(context, customer_id)
    if len(present) >= MOST:
        raise errors.TooMany(f"an address book has at most {MOST} entries")
    made = CustomerAddress(
        tenant_id=context.tenant_id,
        id=generate_id(),
        customer_id=customer_id,
        address=checked.stored(),
        is_default_shipping=not present if default_shipping is None else default_shipping,
        is_default_billing=not present if default_billing is None else default_billing,
        created_at=context.now,
        updated_at=context.now,
        version=1,
    )
    await _give_up_defaults(context, made)
    context.session.add(made)
    await service.touch(context, customer)
    return made


async def change(
    context: Context,
    customer_id: UUID,
    address_id: UUID,
    *,
    version: int | None = None,
    address: Address | None = None,
    default_shipping: bool | None = None,
    default_billing: bool | None = None,
) -> CustomerAddress:
    """Change what is given. Raises `NotFound`, `Stale`, `BadAddress`."""
    checked = None if address is None else addresses.check(address)
    customer = await service.open_for_change(context, customer_id)
    changed = await get(context, customer_id, address_id)
    checks.version(changed.version, version)
    if checked is not None:
        changed.address = checked.stored()
    if default_shipping is not None:
        changed.is_default_shipping = default_shipping
    if default_billing is not None:
        changed.is_default_billing = default_billing
    changed.version += 1
    changed.updated_at = context.now
    with context.session.no_autoflush:
        await _give_up_defaults(context, changed)
    await service.touch(context, customer)
    return changed


async def remove(context: Context, customer_id: UUID, address_id: UUID) -> None:
    """Remove an address; orders that went there keep their copy."""
    customer = await service.open_for_change(context, customer_id)
    await context.session.delete(await get(context, customer_id, address_id))
    await service.touch(context, customer)


async def _give_up_defaults(context: Context, chosen: CustomerAddress) -> None:
    """Let no other address be the default for what the chosen one is."""
    for flag, wanted in (
        (CustomerAddress.is_default_shipping, chosen.is_default_shipping),
        (CustomerAddress.is_default_billing, chosen.is_default_billing),
    ):
        if wanted:
            await context.session.execute(
                update(CustomerAddress)
                .where(
                    CustomerAddress.tenant_id == context.tenant_id,
                    CustomerAddress.customer_id == chosen.customer_id,
                    CustomerAddress.id != chosen.id,
                    flag,
                )
                .values({flag: False, CustomerAddress.version: CustomerAddress.version + 1})
                .execution_options(synchronize_session=False)
            )
