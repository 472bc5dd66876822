"""Make one product draft from its rows in Shopify's CSV."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from rustok.commerce.importing import cells
from rustok.commerce.importing.cells import BadCell
from rustok.commerce.importing.outcomes import BrokenRow, Outcome, Warned
from rustok.commerce.importing.tables import Row
from rustok.commerce.products.drafts import (
    ImageDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    ProductStatus,
    SeoDraft,
    VariantDraft,
)
from rustok.kernel.importing import Skipped

KNOWN = frozenset(
    """handle|title|body (html)|vendor|type|product category|standard product type|custom product type|tags|published
|status|option1 name|option1 value|option1 linked to|option2 name|option2 value|option2 linked to|option3 name
|option3 value|option3 linked to|variant sku|variant grams|variant weight|variant inventory tracker
|variant inventory qty|variant inventory policy|variant fulfillment service|variant price|variant compare at price
|variant requires shipping|variant taxable|variant barcode|image src|image position|image alt text|gift card
|seo title|seo description|variant image|variant weight unit|variant tax code|cost per item|collection
|template suffix|unit price total measure|unit price total measure unit|unit price base measure
|unit price base measure unit""".replace("\n", "").split("|")
)
ALIASES = {
    "url handle": "handle",
    "description": "body (html)",
    "body html": "body (html)",
    "body": "body (html)",
    "custom product type": "type",
    "published on online store": "published",
    "sku": "variant sku",
    "barcode": "variant barcode",
    "price": "variant price",
    "variant compare-at price": "variant compare at price",
    "compare-at price": "variant compare at price",
    "compare at price": "variant compare at price",
    "variant cost": "cost per item",
    "charge tax": "variant taxable",
    "tax code": "variant tax code",
    "inventory tracker": "variant inventory tracker",
    "inventory quantity": "variant inventory qty",
    "variant inventory quantity": "variant inventory qty",
    "continue selling when out of stock": "variant inventory policy",
    "weight value (grams)": "variant grams",
    "weight unit for display": "variant weight unit",
    "requires shipping": "variant requires shipping",
    "fulfillment service": "variant fulfillment service",
    "product image url": "image src",
    "image url": "image src",
    "variant image url": "variant image",
}
PREFIXES = ("google shopping / ", "included / ", "price / ", "compare at price / ", "compare-at price / ")
VARIANT_CELLS = ("option1 value", "option2 value", "option3 value", "variant sku", "variant price", "variant barcode")
LONGEST = {"title": 255, "vendor": 255, "type": 255, "variant sku": 64, "variant barcode": 64}
LONGEST_TAG = 100
_METAFIELD = re.compile(r"\((product|variant)\.metafields\.([^)]+)\)")
_GROUPS = {"google shopping": "google_shopping", "included": "markets"}
_PRICES = {"price": "price", "compare at price": "compare_at", "compare-at price": "compare_at"}
_VARIANT_FACTS = ("variant tax code", "variant fulfillment service", "variant weight unit")
_STATUS = {"active": ProductStatus.PUBLISHED, "draft": ProductStatus.DRAFT, "archived": ProductStatus.ARCHIVED}


class Columns:
    """The columns of a file, sorted once into those with a place here and those that are kept as metadata."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.names = frozenset(columns)
        self.of_products: list[tuple[str, str, str]] = []
        """Column, the group it is kept in (or none) and its name there."""
        self.of_variants: list[tuple[str, str, str]] = []
        for column in dict.fromkeys(columns):
            self._sort(column)

    def _sort(self, column: str) -> None:
        before, _, after = column.partition(" / ")
        if found := _METAFIELD.search(column):
            place = self.of_products if found[1] == "product" else self.of_variants
            place.append((column, "metafields", found[2]))
        elif after and before in _GROUPS:
            self.of_products.append((column, _GROUPS[before], after))
        elif after and before in _PRICES:
            self.of_variants.append((column, _PRICES[before], after))
        elif column.endswith(" linked to") or column == "template suffix":
            self.of_products.append((column, "", column.replace(" ", "_")))
        elif column.startswith("unit price ") or column in _VARIANT_FACTS:
            self.of_variants.append((column, "", column.removeprefix("variant ").replace(" ", "_")))


def option_values(row: Row) -> tuple[str, str, str]:
    """The three option cells of a row."""
    return row.text("option1 value"), row.text("option2 value"), row.text("option3 value")


def build(handle: str, head: Row, rows: Sequence[Row], *, columns: Columns, currency: str) -> Iterator[Outcome]:
    """The draft and its warnings, or the one reason why there is none."""
    warnings: list[Warned] = []
    try:
        draft = _Builder(handle, head, rows, columns, currency, warnings).draft()
    except BrokenRow as broken:
        yield Skipped(broken.line, broken.reason, handle)
        return
    yield from warnings
    yield draft


class _Builder:
    def __init__(
        self,
        handle: str,
        head: Row,
        rows: Sequence[Row],
        columns: Columns,
        currency: str,
        warnings: list[Warned],
    ) -> None:
        self.handle = handle
        self.head = head
        self.rows = rows
        self.columns = columns
        self.currency = currency
        self.warnings = warnings

    def draft(self) -> ProductDraft:
        head = self.head
        names = self._option_names()
        variants = self._variants(names)
        options = tuple(
            OptionDraft(name=name, values=tuple(dict.fromkeys(variant.options[name] for variant in variants or ())))
            for _, name in names
        )
        return ProductDraft(
            handle=self.handle,
            title=self._limited(head, "title"),
            description_html=self._said(head, "body (html)"),
            vendor=self._limited(head, "vendor") if "vendor" in self.columns.names else None,
            product_type=self._limited(head, "type") if "type" in self.columns.names else None,
            status=self._status(),
            tags=self._tags(),
            categories=self._categories(),
            options=options if variants is not None else None,
            variants=variants,
            images=self._images(),
            seo=self._seo(),
            metadata=self._metadata(),
            external_key=f"shopify:{self.handle}",
            line=head.line,
        )

    def _warn(self, row: Row, reason: str) -> None:
        self.warnings.append(Warned(row.line, reason, self.handle))

    def _said(self, row: Row, column: str) -> str | None:
        return row.text(column) if column in self.columns.names else None

    def _limited(self, row: Row, column: str) -> str:
        try:
            return cells.one_line(row.text(column), column=column, longest=LONGEST[column])
        except BadCell as bad:
            raise BrokenRow(row.line, str(bad)) from bad

    def _truth(self, row: Row, column: str) -> bool | None:
        try:
            return cells.truth(row.text(column), column=column)
        except BadCell as bad:
            raise BrokenRow(row.line, str(bad)) from bad

    def _status(self) -> ProductStatus | None:
        if not {"published", "status"} & self.columns.names:
            return ProductStatus.PUBLISHED
        word = self.head.text("status").casefold() or "active"
        if word == "unlisted":
            self._warn(self.head, "an unlisted product was taken as a draft")
            word = "draft"
        if word not in _STATUS:
            raise BrokenRow(self.head.line, f"status {cells.shown(word)} is none of active, draft, archived")
        status = _STATUS[word]
        if status is ProductStatus.PUBLISHED and self._truth(self.head, "published") is False:
            return ProductStatus.DRAFT
        return status

    def _tags(self) -> tuple[str, ...] | None:
        if "tags" not in self.columns.names:
            return None
        tags = cells.listed(self.head.text("tags"))
        for tag in tags:
            if len(tag) > LONGEST_TAG:
                self._warn(self.head, f"the tag {cells.shown(tag)} is longer than {LONGEST_TAG} characters, left out")
        return tuple(tag for tag in tags if len(tag) <= LONGEST_TAG)

    def _categories(self) -> tuple[tuple[str, ...], ...] | None:
        """Shopify's category, else its collection, else the type: a shop's shelves are never empty."""
        columns = ("product category", "standard product type", "collection", "type")
        if not self.columns.names.intersection(columns):
            return None
        for column in columns:
            text = self.head.text(column)
            if not text or text.isdigit() or text.casefold() == "uncategorized":
                continue
            path = tuple(name for part in text.split(" > ") if (name := " ".join(part.split())))
            if path and all(len(name) <= LONGEST["type"] for name in path):
                return (path,)
        return ()

    def _option_names(self) -> list[tuple[int, str]]:
        """Position and name of each option that the product really has."""
        names: list[tuple[int, str]] = []
        for position in (1, 2, 3):
            name = " ".join(self.head.text(f"option{position} name").split())
            values = {value for row in self.rows if (value := row.text(f"option{position} value"))}
            if not name and values:
                name = f"Option {position}"
                if values == {"Default Title"}:
                    continue
            if not name or (name.casefold() == "title" and values <= {"Default Title"}):
                continue
            if not values:
                continue
            if len(name) > 255:
                raise BrokenRow(self.head.line, "the name of an option is longer than 255 characters")
            if any(name == other for _, other in names):
                raise BrokenRow(self.head.line, f"two options are called {cells.shown(name)}")
            names.append((position, name))
        return names

    def _variants(self, names: list[tuple[int, str]]) -> tuple[VariantDraft, ...] | None:
        if not self.columns.names.intersection(VARIANT_CELLS):
            return None
        variants: list[VariantDraft] = []
        seen: dict[tuple[str, ...], int] = {}
        for row in self.rows:
            if not any(row.text(column) for column in VARIANT_CELLS):
                continue
            options: dict[str, str] = {}
            for position, name in names:
                value = " ".join(row.text(f"option{position} value").split())
                if not value:
                    raise BrokenRow(row.line, f"the variant has no value for the option {cells.shown(name)}")
                if len(value) > 255:
                    raise BrokenRow(row.line, f"a value of the option {cells.shown(name)} is too long")
                options[name] = value
            combination = tuple(options.values())
            if combination in seen:
                what = " / ".join(combination) or "a variant without options"
                raise BrokenRow(row.line, f"{what} repeats line {seen[combination]}")
            seen[combination] = row.line
            try:
                variants.append(self._variant(row, options, position=len(variants)))
            except BadCell as bad:
                raise BrokenRow(row.line, str(bad)) from bad
        return tuple(variants)

    def _variant(self, row: Row, options: dict[str, str], *, position: int) -> VariantDraft:
        prices, cost = self._prices(row)
        quantity = cells.whole(row.text("variant inventory qty").lstrip("'"), column="Variant Inventory Qty")
        if quantity is not None and quantity < 0:
            self._warn(row, f"a stock of {quantity} was taken as 0")
            quantity = 0
        manage: bool | None = quantity is not None or None
        if "variant inventory tracker" in self.columns.names:
            manage = bool(row.text("variant inventory tracker"))
        return VariantDraft(
            title=" / ".join(options.values())[:255] or None,
            options=options,
            sku=self._code(row, "variant sku"),
            barcode=self._code(row, "variant barcode"),
            prices=prices,
            cost_minor=cost,
            manage_inventory=manage,
            allow_backorder=self._policy(row),
            quantity=quantity,
            weight_grams=self._weight(row),
            requires_shipping=self._truth(row, "variant requires shipping"),
            taxable=self._truth(row, "variant taxable"),
            image_url=self._address(row, "variant image"),
            position=position,
            metadata=self._variant_metadata(row),
        )

    def _prices(self, row: Row) -> tuple[tuple[PriceDraft, ...] | None, int | None]:
        price = cells.price(row.text("variant price"), currency=self.currency, column="Variant Price")
        before = cells.price(
            row.text("variant compare at price"),
            currency=price.currency if price else self.currency,
            column="Variant Compare At Price",
        )
        cost = cells.price(
            row.text("cost per item"), currency=price.currency if price else self.currency, column="Cost per item"
        )
        cost_minor = cost.minor if cost else None
        if "variant price" not in self.columns.names:
            return None, cost_minor
        if price is None:
            return (), cost_minor
        for other in (before, cost):
            if other is not None and other.currency != price.currency:
                raise BadCell("the prices of the row are in different currencies")
        reduced = before is not None and before.minor > price.minor
        draft = PriceDraft(
            currency=price.currency,
            amount_minor=price.minor,
            compare_at_minor=before.minor if reduced and before is not None else None,
        )
        return (draft,), cost_minor

    def _code(self, row: Row, column: str) -> str | None:
        """A SKU or barcode; Shopify puts an apostrophe before digits to keep spreadsheets from changing them."""
        if column not in self.columns.names:
            return None
        return self._limited(row, column).lstrip("'")

    def _policy(self, row: Row) -> bool | None:
        word = row.text("variant inventory policy").casefold()
        if word in ("deny", "continue"):
            return word == "continue"
        return self._truth(row, "variant inventory policy")

    def _weight(self, row: Row) -> int | None:
        if row.text("variant grams"):
            return cells.rounded(row.text("variant grams").lstrip("'"), column="Variant Grams")
        unit = cells.GRAMS.get(row.text("variant weight unit").casefold(), Decimal(1))
        return cells.rounded(row.text("variant weight"), column="Variant Weight", times=unit)

    def _address(self, row: Row, column: str) -> str | None:
        try:
            return cells.web_address(row.text(column), column=column)
        except BadCell as bad:
            self._warn(row, f"{bad}, left out")
            return None

    def _images(self) -> tuple[ImageDraft, ...] | None:
        if "image src" not in self.columns.names:
            return None
        found: dict[str, tuple[int, int, str]] = {}
        for order, row in enumerate(self.rows):
            url = self._address(row, "image src")
            if url is None or url in found:
                continue
            place = row.text("image position")
            found[url] = (
                int(place) if place.isdecimal() and len(place) < 7 else 10**7,
                order,
                row.text("image alt text"),
            )
        ordered = sorted(found.items(), key=lambda item: item[1][:2])
        return tuple(
            ImageDraft(url=url, alt_text=alt[:255], position=at) for at, (url, (_, _, alt)) in enumerate(ordered)
        )

    def _seo(self) -> SeoDraft | None:
        if not {"seo title", "seo description"} & self.columns.names:
            return None
        return SeoDraft(title=self._said(self.head, "seo title"), description=self._said(self.head, "seo description"))

    def _metadata(self) -> dict[str, Any]:
        """What has no place of its own here is kept, so that nothing of the file is lost."""
        metadata: dict[str, Any] = {}
        for column, group, name in self.columns.of_products:
            value = self.head.text(column)
            if not value:
                continue
            if group == "markets":
                metadata.setdefault(group, {})[name] = value.casefold() in ("true", "1", "yes")
            elif group:
                metadata.setdefault(group, {})[name] = value
            else:
                metadata[name] = value
        if self._truth(self.head, "gift card"):
            metadata["gift_card"] = True
        if self.head.text("product category").isdigit():
            metadata["product_category"] = self.head.text("product category")
        return metadata

    def _variant_metadata(self, row: Row) -> dict[str, Any]:
        metadata: dict[str, Any] = {}
        for column, group, name in self.columns.of_variants:
            value = row.text(column)
            if not value:
                continue
            if group in ("price", "compare_at"):
                metadata.setdefault("market_prices", {}).setdefault(name, {})[group] = value
            elif group:
                metadata.setdefault(group, {})[name] = value
            else:
                metadata[name] = value
        return metadata
