"""What can be done with a product's variants and the options in which they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, func, select

from rustok.commerce.catalogue import batches, checks, clashes
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.inventory import service as inventory
from rustok.commerce.products import service, translating
from rustok.commerce.products.models import ProductOption
from rustok.core.rows import is_one_of
from rustok.core.translations import service as translations
from rustok.events.commerce import ProductUpdated, VariantCreated, VariantDeleted, VariantUpdated
from rustok.kernel import bus, errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


class SameOptions(errors.Conflict):
    """Another variant of the product has the same option values."""

    code = "same_options"


class VariantPromised(errors.Conflict):
    """Pieces of the variant are promised to buyers, so it cannot vanish."""

    code = "variant_promised"


class ValueInUse(errors.Conflict):
    """A variant has the option value that would vanish."""

    code = "value_in_use"


@dataclass(frozen=True, slots=True)
class Option:
    """An option as it shall be. With the `id` of an existing one it renames that one, in all variants too."""

    name: str
    values: Sequence[str]
    id: UUID | None = None


class VariantChanges(TypedDict, total=False):
    """What of a variant can be changed; what is absent stays."""

    title: str | None
    options: Mapping[str, str]
    sku: str | None
    barcode: str | None
    manage_inventory: bool
    allow_backorder: bool
    requires_shipping: bool
    taxable: bool
    tax_class: str | None
    weight_grams: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    cost: money.Money | None
    image_id: UUID | None
    position: int
    metadata: Mapping[str, Any]


def default_title(options: Mapping[str, str]) -> str:
    """What a variant is called when nobody says: "Red / Large"."""
    return " / ".join(options.values())[:255].strip() or "Default"


def is_default_title(variant: Variant) -> bool:
    """Whether nobody gave it a title. PostgreSQL does not keep the order of options, so none is asked for."""
    return sorted(variant.title.split(" / ")) == sorted(variant.options.values() or ["Default"])


async def add(context: Context, product_id: UUID, **given: Unpack[VariantChanges]) -> Variant:
    """Add a variant. Raises `NotFound`, `SameOptions`, `Invalid` when its options are not the product's."""
    product = await catalogue.get_product(context, product_id, lock=True)
    count, last = (
        await context.session.execute(
            select(func.count(), func.coalesce(func.max(Variant.position), -1)).where(
                Variant.tenant_id == context.tenant_id, Variant.product_id == product_id
            )
        )
    ).one()
    if count >= checks.MOST_VARIANTS:
        raise errors.Invalid(f"a product has at most {checks.MOST_VARIANTS} variants")
    chosen = await _fit(context, product_id, given.get("options", {}))
    variant = Variant(
        tenant_id=context.tenant_id,
        id=generate_id(),
        product_id=product_id,
        title=checks.optional_text(given.get("title"), "title") or default_title(chosen),
        options=chosen,
        options_key=checks.options_key(chosen),
        manage_inventory=True,
        allow_backorder=False,
        requires_shipping=True,
        taxable=True,
        position=last + 1,
        details={},
    )
    _apply(variant, given)
    context.session.add(variant)
    await _flush(context, variant)
    await context.session.refresh(variant)
    bus.record(context, VariantCreated(variant_id=variant.id, product_id=product_id))
    await service.changed(context, product)
    return variant


async def change(context: Context, variant_id: UUID, **changes: Unpack[VariantChanges]) -> Variant:
    """Change what is given. Raises `NotFound`, `SameOptions`, `Invalid`, `BelowReserved` when backorders are open."""
    variant = await catalogue.get_variant(context, variant_id, lock=True)
    named_itself = is_default_title(variant)
    if "options" in changes:
        variant.options = await _fit(context, variant.product_id, changes["options"])
        variant.options_key = checks.options_key(variant.options)
    if "title" in changes:
        variant.title = checks.optional_text(changes["title"], "title") or default_title(variant.options)
    elif named_itself:
        variant.title = default_title(variant.options)
    backorder = variant.allow_backorder
    _apply(variant, changes)
    variant.updated_at = context.now
    await _flush(context, variant)
    if variant.allow_backorder != backorder:
        await inventory.copy_backorder(context, [variant_id])
    bus.record(context, VariantUpdated(variant_id=variant_id, product_id=variant.product_id))
    return variant


async def remove(context: Context, variant_id: UUID) -> None:
    """Remove a variant with its prices and stock. Raises `NotFound`, `VariantPromised`."""
    variant = await catalogue.get_variant(context, variant_id)
    await remove_many(context, [variant])


async def remove_many(context: Context, variants: Sequence[Variant]) -> None:
    """The same for several. Raises `VariantPromised` and removes none."""
    if not variants:
        return
    ids = [variant.id for variant in variants]
    await catalogue.lock_variants(context, ids)
    if promised := await inventory.promised(context, ids):
        which = next(variant for variant in variants if variant.id in promised)
        raise VariantPromised(f"pieces of {which.title!r} are promised to buyers")
    await translations.delete_all(context, service.VARIANT_TARGET, ids)
    await context.session.execute(
        delete(Variant)
        .where(Variant.tenant_id == context.tenant_id, is_one_of(Variant.id, ids))
        .execution_options(synchronize_session=False)
    )
    for variant in variants:
        if variant in context.session:
            context.session.expunge(variant)
    bus.record_many(context, [VariantDeleted(variant_id=v.id, product_id=v.product_id) for v in variants])
    products = sorted({variant.product_id for variant in variants})
    bus.record_many(context, [ProductUpdated(product_id=product) for product in products])


async def reorder(context: Context, product_id: UUID, variant_ids: Sequence[UUID]) -> None:
    """Let shoppers see the variants in this order; those that are not named come last. Raises `NotFound`, `Invalid`."""
    product = await catalogue.get_product(context, product_id, lock=True)
    variants = await catalogue.variants_of(context, [product_id])
    place = {id_: position for position, id_ in enumerate(checks.ids(variant_ids, most=checks.MOST_VARIANTS))}
    if strange := place.keys() - {variant.id for variant in variants}:
        raise errors.NotFound(f"no such variant of this product: {min(strange)}", field="variantIds")
    ordered = sorted(variants, key=lambda variant: place.get(variant.id, len(place) + variant.position))
    for position, variant in enumerate(ordered):
        variant.position = position
    await service.changed(context, product)


async def options_of(context: Context, product_ids: Sequence[UUID]) -> dict[UUID, list[ProductOption]]:
    """The options of the products, in order."""
    found: dict[UUID, list[ProductOption]] = {}
    statement = (
        select(ProductOption)
        .where(ProductOption.tenant_id == context.tenant_id, is_one_of(ProductOption.product_id, product_ids))
        .order_by(ProductOption.product_id, ProductOption.position, ProductOption.id)
        .execution_options(populate_existing=True)
    )
    for option in (await context.session.scalars(statement)).all():
        found.setdefault(option.product_id, []).append(option)
    return found


async def set_options(
    context: Context, product_id: UUID, options: Sequence[Option], *, version: int | None = None
) -> Product:
    """Make these the product's options, in this order.

    Variants follow: a renamed option keeps its values, a new one gives them its first value, a removed one leaves
    them. Raises `NotFound`, `Stale`, `ValueInUse`, and `SameOptions` when two variants would not differ any more.
    """
    product = await catalogue.get_product(context, product_id, lock=True)
    checks.version(product.version, version)
    wanted = _checked(options)
    stored = {option.id: option for option in (await options_of(context, [product_id])).get(product_id, [])}
    by_name = {option.name: option for option in stored.values()}
    renamed: dict[str, str] = {}
    kept: list[ProductOption | None] = []
    for option in wanted:
        existing = by_name.get(option.name)
        if option.id is not None:
            existing = stored.get(option.id)
            if existing is None:
                raise errors.NotFound("no such option of this product", field="options")
        kept.append(existing)
        if existing is not None:
            if existing.name in renamed:
                raise errors.Invalid(f"the option {existing.name!r} is named twice", field="options")
            renamed[existing.name] = option.name
    variants = await catalogue.variants_of(context, [product_id])
    follows = {variant.id: _follow(variant, wanted, renamed) for variant in variants}
    keys = [checks.options_key(chosen) for chosen in follows.values()]
    if len(set(keys)) < len(keys):
        raise SameOptions("two variants would have the same options", field="options")
    await _write_options(context, product_id, wanted, kept)
    moved = [variant for variant in variants if variant.options != follows[variant.id]]
    await _write_choices(context, moved, follows)
    await service.changed(context, product)
    return product


async def translate_option(
    context: Context, option_id: UUID, *, locale: str, name: str | None = None, values: Mapping[str, str] | None = None
) -> Product:
    """Say an option's name and values in another language. Raises `NotFound`, `UnknownLocale`, `Invalid`."""
    option = await context.session.get(ProductOption, (context.tenant_id, option_id))
    if option is None:
        raise errors.NotFound("no such option", field="optionId")
    if strange := sorted(set(values or {}) - set(option.values)):
        raise errors.Invalid(f"the option has no value {strange[0][:64]!r}", field="values")
    fields: dict[str, str | None] = {translating.value_field(value): text for value, text in (values or {}).items()}
    if name is not None:
        fields["name"] = name
    await translations.set_fields(context, service.OPTION_TARGET, option_id, locale=locale, fields=fields)
    bus.record(context, ProductUpdated(product_id=option.product_id))
    return await catalogue.get_product(context, option.product_id)


def _checked(options: Sequence[Option]) -> list[Option]:
    if len(options) > checks.MOST_OPTIONS:
        raise errors.Invalid(f"a product has at most {checks.MOST_OPTIONS} options", field="options")
    checked = []
    for option in options:
        name = checks.text(option.name.replace("\x1f", " "), "name")
        values = [checks.text(value.replace("\x1f", " "), "values") for value in option.values]
        if not values:
            raise errors.Invalid(f"the option {name!r} needs a value", field="options")
        if len(values) > checks.MOST_VARIANTS:
            raise errors.Invalid(f"an option has at most {checks.MOST_VARIANTS} values", field="options")
        checked.append(Option(name, list(dict.fromkeys(values)), option.id))
    names = [option.name.casefold() for option in checked]
    if len(set(names)) < len(names):
        raise errors.Invalid("two options have the same name", field="options")
    return checked


def _follow(variant: Variant, wanted: Sequence[Option], renamed: Mapping[str, str]) -> dict[str, str]:
    before = {renamed[name]: value for name, value in variant.options.items() if name in renamed}
    chosen = {}
    for option in wanted:
        value = before.get(option.name, option.values[0])
        if value not in option.values:
            raise ValueInUse(f"the variant {variant.title!r} has {option.name} {value!r}", field="options")
        chosen[option.name] = value
    return chosen


async def _write_options(
    context: Context, product_id: UUID, wanted: Sequence[Option], kept: Sequence[ProductOption | None]
) -> None:
    """Kept options keep their ids, and so their translations. Names may be swapped, so the rows are written anew."""
    before = (await options_of(context, [product_id])).get(product_id, [])
    ids = [existing.id if existing is not None else generate_id() for existing in kept]
    await translations.delete_all(
        context, service.OPTION_TARGET, [option.id for option in before if option.id not in ids]
    )
    for option in before:
        context.session.expunge(option)
    await context.session.execute(
        delete(ProductOption)
        .where(ProductOption.tenant_id == context.tenant_id, ProductOption.product_id == product_id)
        .execution_options(synchronize_session=False)
    )
    await batches.insert(
        context,
        ProductOption,
        [
            {"id": id_, "product_id": product_id, "name": o.name, "values": list(o.values), "position": position}
            for position, (id_, o) in enumerate(zip(ids, wanted, strict=True))
        ],
    )


async def _write_choices(context: Context, moved: Sequence[Variant], follows: Mapping[UUID, dict[str, str]]) -> None:
    # Two steps, for on the way one variant may have what another one still has.
    for variant in moved:
        variant.options_key = variant.id.hex
    await context.session.flush()
    for variant in moved:
        if is_default_title(variant):
            variant.title = default_title(follows[variant.id])
        variant.options = follows[variant.id]
        variant.options_key = checks.options_key(variant.options)
        variant.updated_at = context.now
    await context.session.flush()
    bus.record_many(context, [VariantUpdated(variant_id=v.id, product_id=v.product_id) for v in moved])


async def _fit(context: Context, product_id: UUID, chosen: Mapping[str, str]) -> dict[str, str]:
    """The choice in the order of the product's options; a value that is new to an option is added to it."""
    checked = checks.options(chosen)
    options = (await options_of(context, [product_id])).get(product_id, [])
    if checked.keys() != {option.name for option in options}:
        told = ", ".join(option.name for option in options) or "none"
        raise errors.Invalid(f"a variant names each option of its product: {told}", field="options")
    for option in options:
        if checked[option.name] not in option.values:
            option.values = [*option.values, checked[option.name]]
    return {option.name: checked[option.name] for option in options}


def _apply(variant: Variant, changes: VariantChanges) -> None:
    if "sku" in changes:
        variant.sku = checks.optional_text(changes["sku"], "sku", most=64)
    if "barcode" in changes:
        variant.barcode = checks.optional_text(changes["barcode"], "barcode", most=64)
    if "weight_grams" in changes:
        variant.weight = checks.measure(changes["weight_grams"], "weightGrams")
    if "length_mm" in changes:
        variant.length = checks.measure(changes["length_mm"], "lengthMm")
    if "width_mm" in changes:
        variant.width = checks.measure(changes["width_mm"], "widthMm")
    if "height_mm" in changes:
        variant.height = checks.measure(changes["height_mm"], "heightMm")
    if "cost" in changes:
        cost = changes["cost"]
        if cost is not None:
            checks.whole(cost.minor, "cost", most=money.LARGEST_MINOR)
        variant.cost_minor, variant.cost_currency = (cost.minor, cost.currency) if cost else (None, None)
    if "image_id" in changes:
        variant.image_id = changes["image_id"]
    if "position" in changes:
        variant.position = checks.whole(changes["position"], "position")
    if "metadata" in changes:
        variant.details = checks.metadata(changes["metadata"])
    variant.manage_inventory = changes.get("manage_inventory", variant.manage_inventory)
    variant.allow_backorder = changes.get("allow_backorder", variant.allow_backorder)
    variant.requires_shipping = changes.get("requires_shipping", variant.requires_shipping)
    variant.taxable = changes.get("taxable", variant.taxable)
    if "tax_class" in changes:
        variant.tax_class = checks.optional_text(changes["tax_class"], "taxClass", most=64)


async def _flush(context: Context, variant: Variant) -> None:
    same = ", ".join(f"{name} {value}" for name, value in variant.options.items()) or "no options"
    with clashes.told_as(
        uq_commerce_variants_options=SameOptions(f"another variant has {same}", field="options"),
        fk_commerce_variants_image=errors.NotFound("no such picture", field="imageId"),
        fk_commerce_variants_tax_class=errors.NotFound("no such tax class", field="taxClass"),
    ):
        await context.session.flush()
