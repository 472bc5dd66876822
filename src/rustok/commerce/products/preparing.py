"""A draft, checked and brought into the form of the tables, before anything is asked of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rustok.commerce.catalogue import checks
from rustok.commerce.pricing import service as pricing
from rustok.commerce.products import service
from rustok.commerce.products.drafts import ImageDraft, PriceDraft, ProductDraft, ProductStatus, VariantDraft
from rustok.core.seo import service as seo
from rustok.kernel import errors, money, slugs

MOST_IMAGES = 250
MOST_CATEGORIES = 100


@dataclass(slots=True)
class PreparedVariant:
    """A variant as stated: `columns` holds only what the draft says, under the names of the table."""

    options: dict[str, str]
    key: str
    columns: dict[str, Any]
    prices: list[PriceDraft] | None
    quantity: int | None
    image_url: str | None


@dataclass(slots=True)
class Prepared:
    """A product as stated: `columns` holds only what the draft says, under the names of the table."""

    draft: ProductDraft
    handle: str
    external_key: str | None
    columns: dict[str, Any]
    options: list[tuple[str, list[str]]] | None = None
    variants: list[PreparedVariant] | None = None
    pictures: list[tuple[str, str]] | None = None
    tags: list[str] | None = None
    categories: list[tuple[str, ...]] | None = None
    meta: seo.Meta | None = None
    picture_urls: dict[str, str] = field(default_factory=dict)
    """Every address with its alternative text, those of variants too."""


def prepare(draft: ProductDraft, *, default_currency: str) -> Prepared:
    """Check a draft; raises `Invalid` with what is wrong with it."""
    prepared = Prepared(
        draft=draft,
        handle=slugs.check_slug(draft.handle, field="handle"),
        external_key=checks.optional_text(draft.external_key, "externalKey"),
        columns=_columns(draft),
    )
    if draft.options is not None:
        prepared.options = _options(draft)
    if draft.variants is not None:
        if len(draft.variants) > checks.MOST_VARIANTS:
            raise errors.Invalid(f"a product has at most {checks.MOST_VARIANTS} variants", field="variants")
        names = None if prepared.options is None else [name for name, _ in prepared.options]
        prepared.variants = [_variant(one, names, default_currency) for one in draft.variants]
        stated = [one.key for one in prepared.variants]
        if prepared.options is not None and len(set(stated)) < len(stated):
            raise errors.Invalid("two variants have the same options", field="variants")
        if prepared.options is not None:
            _complete_values(prepared.options, prepared.variants)
    if draft.images is not None:
        prepared.pictures = _pictures(draft.images)
        prepared.picture_urls.update(prepared.pictures)
    for one in prepared.variants or ():
        if one.image_url:
            prepared.picture_urls.setdefault(one.image_url, "")
    if draft.tags is not None:
        prepared.tags = [checks.text(name, "tags", most=100) for name in draft.tags if name.strip()]
    if draft.categories is not None:
        if len(draft.categories) > MOST_CATEGORIES:
            raise errors.Invalid(f"a product stands in at most {MOST_CATEGORIES} categories", field="categories")
        prepared.categories = [
            tuple(checks.text(name, "categories") for name in path) for path in draft.categories if path
        ]
    if draft.seo is not None:
        prepared.meta = seo.Meta(title=_short(draft.seo.title, 255), description=_short(draft.seo.description, 500))
    return prepared


def _columns(draft: ProductDraft) -> dict[str, Any]:
    columns: dict[str, Any] = {"title": checks.text(draft.title, "title")}
    for name, value in (
        ("subtitle", draft.subtitle),
        ("vendor", draft.vendor),
        ("product_type", draft.product_type),
    ):
        if value is not None:
            columns[name] = checks.optional_text(value, name)
    if draft.description_html is not None:
        columns["description"], columns["description_text"] = service.described(draft.description_html)
    if draft.status is not None:
        columns["status"] = ProductStatus(draft.status).value
    if draft.published_at is not None:
        if draft.published_at.tzinfo is None:
            raise errors.Invalid("the date of publication needs a time zone", field="publishedAt")
        columns["published_at"] = draft.published_at
    if draft.discountable is not None:
        columns["discountable"] = draft.discountable
    if draft.metadata is not None:
        columns["metadata"] = checks.metadata(draft.metadata)
    if draft.external_key is not None:
        columns["external_key"] = checks.optional_text(draft.external_key, "externalKey")
    return columns


def _options(draft: ProductDraft) -> list[tuple[str, list[str]]]:
    found = []
    for option in draft.options or ():
        name = checks.text(option.name.replace("\x1f", " "), "options")
        values = [checks.text(value.replace("\x1f", " "), "options") for value in option.values if value.strip()]
        found.append((name, list(dict.fromkeys(values))))
    if len({name for name, _ in found}) < len(found):
        raise errors.Invalid("two options have the same name", field="options")
    if len(found) > checks.MOST_OPTIONS:
        raise errors.Invalid(f"a product has at most {checks.MOST_OPTIONS} options", field="options")
    return found


def _complete_values(options: list[tuple[str, list[str]]], variants: list[PreparedVariant]) -> None:
    """What variants have is a value of the option, whether it is listed or not."""
    for name, values in options:
        known = set(values)
        for variant in variants:
            value = variant.options[name]
            if value not in known:
                known.add(value)
                values.append(value)


def _variant(draft: VariantDraft, names: list[str] | None, default_currency: str) -> PreparedVariant:
    options = checks.options(draft.options)
    if names is not None:
        if options.keys() != set(names):
            raise errors.Invalid(
                f"a variant names each option of its product ({', '.join(names) or 'none'}), not"
                f" {', '.join(options) or 'none'}",
                field="variants",
            )
        options = {name: options[name] for name in names}
    prices = None if draft.prices is None else list(draft.prices)
    if prices is not None:
        _check_prices(prices)
    columns: dict[str, Any] = {"position": checks.whole(draft.position, "position")}
    if draft.title is not None:
        columns["title"] = checks.optional_text(draft.title, "title")
    for name, text in (("sku", draft.sku), ("barcode", draft.barcode), ("tax_class", draft.tax_class)):
        if text is not None:
            columns[name] = checks.optional_text(text, name, most=64)
    for name, flag in (
        ("manage_inventory", draft.manage_inventory),
        ("allow_backorder", draft.allow_backorder),
        ("requires_shipping", draft.requires_shipping),
        ("taxable", draft.taxable),
    ):
        if flag is not None:
            columns[name] = flag
    for name, measure in (
        ("weight", draft.weight_grams),
        ("length", draft.length_mm),
        ("width", draft.width_mm),
        ("height", draft.height_mm),
    ):
        if measure is not None:
            columns[name] = checks.measure(measure, name)
    if draft.cost_minor is not None:
        columns["cost_minor"] = checks.whole(draft.cost_minor, "cost", most=money.LARGEST_MINOR)
        columns["cost_currency"] = prices[0].currency if prices else default_currency
    if draft.metadata is not None:
        columns["metadata"] = checks.metadata(draft.metadata)
    quantity = draft.quantity
    if quantity is not None:
        checks.whole(quantity, "quantity", least=-checks.LARGEST_INT)
    return PreparedVariant(
        options=options,
        key=checks.options_key(options),
        columns=columns,
        prices=prices,
        quantity=quantity,
        image_url=None if draft.image_url is None else draft.image_url.strip(),
    )


def _check_prices(prices: list[PriceDraft]) -> None:
    by_list: dict[str | None, list[pricing.PriceRow]] = {}
    for price in prices:
        by_list.setdefault(price.price_list, []).append(
            pricing.PriceRow(
                currency=price.currency,
                amount_minor=price.amount_minor,
                compare_at_minor=price.compare_at_minor,
                min_quantity=price.min_quantity,
            )
        )
    for rows in by_list.values():
        pricing.check_rows(rows)


def _pictures(images: tuple[ImageDraft, ...]) -> list[tuple[str, str]]:
    if len(images) > MOST_IMAGES:
        raise errors.Invalid(f"a product has at most {MOST_IMAGES} pictures", field="images")
    ordered: Mapping[str, str] = {
        one.url.strip(): one.alt_text for one in sorted(images, key=lambda one: one.position) if one.url.strip()
    }
    return list(ordered.items())


def _short(value: str | None, most: int) -> str | None:
    """Shops write long ones, search engines cut them anyway."""
    if value is None:
        return None
    cleaned = "".join(c if c.isprintable() else " " for c in value)
    return " ".join(cleaned.split())[:most].strip()
