"""What can be done with tax classes."""

from uuid import UUID

from sqlalchemy import func, literal, select, update

from rustok.commerce.catalogue import checks, clashes
from rustok.commerce.tax.models import TaxClass
from rustok.kernel import errors, slugs
from rustok.kernel.context import Context


class TaxClassTaken(errors.Conflict):
    """Another tax class has this code."""

    code = "tax_class_taken"


class TaxClassInUse(errors.Conflict):
    """Rates, variants or shipping methods name the class, or it is the default one."""

    code = "tax_class_in_use"


async def get(context: Context, class_id: UUID, *, lock: bool = False) -> TaxClass:
    """The class; raises `NotFound`."""
    found = await context.session.get(
        TaxClass,
        (context.tenant_id, class_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such tax class", field="id")
    return found


async def by_code(context: Context) -> dict[str, TaxClass]:
    """Every class of the tenant."""
    found = await context.session.scalars(select(TaxClass).where(TaxClass.tenant_id == context.tenant_id))
    return {one.code: one for one in found.all()}


async def create(context: Context, *, name: str, code: str | None = None, is_default: bool = False) -> TaxClass:
    """Add a class; the first one becomes the default. Raises `TaxClassTaken`."""
    await _lock(context)
    name = checks.text(name, "name")
    first = not await context.session.scalar(
        select(func.count()).where(TaxClass.tenant_id == context.tenant_id, TaxClass.is_default)
    )
    if is_default and not first:
        await _no_default(context)
    made = TaxClass(
        tenant_id=context.tenant_id,
        name=name,
        code=slugs.check_slug(code, field="code")[:64] if code else slugs.slugify(name)[:64],
        is_default=first or is_default,
    )
    context.session.add(made)
    taken = TaxClassTaken(f"the code {made.code!r} belongs to another tax class", field="code")
    with clashes.told_as(uq_commerce_tax_classes_code=taken):
        await context.session.flush()
    await context.session.refresh(made)
    return made


async def change(
    context: Context,
    class_id: UUID,
    *,
    version: int | None = None,
    name: str | None = None,
    is_default: bool | None = None,
) -> TaxClass:
    """Change what is given; the code stays, because goods carry it. Default can only be taken over."""
    await _lock(context)
    found = await get(context, class_id, lock=True)
    checks.version(found.version, version)
    if name is not None:
        found.name = checks.text(name, "name")
    if is_default is not None and is_default != found.is_default:
        if not is_default:
            raise errors.Conflict("make another tax class the default one instead", field="isDefault")
        await _no_default(context)
        found.is_default = True
    found.version += 1
    found.updated_at = context.now
    await context.session.flush()
    return found


async def remove(context: Context, class_id: UUID) -> None:
    """Remove a class that nothing names. Raises `NotFound`, `TaxClassInUse`."""
    await _lock(context)
    found = await get(context, class_id, lock=True)
    if found.is_default:
        raise TaxClassInUse("the default tax class cannot be removed", field="id")
    await context.session.delete(found)
    rated = TaxClassInUse("a zone has rates for this tax class", field="id")
    carried = TaxClassInUse("variants carry this tax class", field="id")
    shipped = TaxClassInUse("a shipping method carries this tax class", field="id")
    with clashes.told_as(
        fk_commerce_tax_rates_class=rated,
        fk_commerce_variants_tax_class=carried,
        fk_commerce_shipping_methods_tax_class=shipped,
    ):
        await context.session.flush()


async def _no_default(context: Context) -> None:
    await context.session.execute(
        update(TaxClass)
        .where(TaxClass.tenant_id == context.tenant_id, TaxClass.is_default)
        .values(is_default=False, version=TaxClass.version + 1)
    )


async def _lock(context: Context) -> None:
    key = func.hashtextextended(literal(f"commerce_tax_classes:{context.tenant_id}"), 0)
    await context.session.execute(select(func.pg_advisory_xact_lock(key)))
