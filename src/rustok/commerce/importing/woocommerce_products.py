"""Make one product draft from its row and its variations' rows in WooCommerce's CSV."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rustok.commerce.importing import cells, woocommerce_combining, woocommerce_rows
from rustok.commerce.importing.cells import BadCell
from rustok.commerce.importing.outcomes import BrokenRow, Outcome, Warned
from rustok.commerce.importing.tables import Row
from rustok.commerce.importing.woocommerce_rows import unescaped
from rustok.commerce.products.drafts import (
    CategoryPath,
    ImageDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    ProductStatus,
    SeoDraft,
    VariantDraft,
)
from rustok.core.importing import bodies, markup
from rustok.kernel.importing import Skipped

KNOWN = frozenset(
    """id|type|sku|gtin, upc, ean, or isbn|name|slug|published|is featured?|visibility in catalog|short description
|description|date sale price starts|date sale price ends|tax status|tax class|in stock?|stock|low stock amount
|backorders allowed?|sold individually?|weight (kg)|length (cm)|width (cm)|height (cm)|allow customer reviews?
|purchase note|sale price|regular price|categories|tags|shipping class|images|download limit|download expiry days
|parent|grouped products|upsells|cross-sells|external url|button text|position|brands|attribute 1 name
|attribute 1 value(s)|attribute 1 visible|attribute 1 global|attribute 1 default""".replace("\n", "").split("|")
)
KINDS = {"simple", "variable", "grouped", "external"}
_DOWNLOAD = re.compile(r"download (\d{1,3}) (name|url)")
_PICTURES = re.compile(r",(?=\s|https?://|//)")
_SEO_TITLE = ("meta: yoast wpseo title", "meta: rank math title")
_SEO_DESCRIPTION = ("meta: yoast wpseo metadesc", "meta: rank math description")


def build(
    handle: str, head: Row, variations: Sequence[Row], *, columns: frozenset[str], currency: str, now: datetime
) -> Iterator[Outcome]:
    """The draft and its warnings, or the one reason why there is none. `columns` are those the file has."""
    warnings: list[Warned] = []
    builder = _Builder(handle, head, variations, columns, currency, now, warnings)
    try:
        draft = builder.draft()
    except BrokenRow as broken:
        yield Skipped(broken.line, broken.reason, head.text("name")[:100])
        return
    except BadCell as bad:
        yield Skipped(head.line, str(bad), head.text("name")[:100])
        return
    yield from warnings
    yield draft


class _Builder:
    def __init__(
        self,
        handle: str,
        head: Row,
        variations: Sequence[Row],
        columns: frozenset[str],
        currency: str,
        now: datetime,
        warnings: list[Warned],
    ) -> None:
        self.handle = handle
        self.head = head
        self.variations = sorted(variations, key=lambda row: (self._place(row), row.line))
        self.columns = columns
        self.currency = currency
        self.now = now
        self.warnings = warnings
        kinds = [part.strip() for part in head.text("type").casefold().split(",") if part.strip()]
        self.kind = next((kind for kind in kinds if kind in KINDS), "variable" if variations else "simple")
        self.virtual = "virtual" in kinds
        self.downloadable = "downloadable" in kinds
        for kind in kinds:
            if kind not in KINDS | {"virtual", "downloadable"}:
                self._warn(head, f"a product of the type {cells.shown(kind)} was taken as {self.kind}")

    @staticmethod
    def _place(row: Row) -> int:
        text = row.text("position")
        return int(text) if text.isdecimal() and len(text) < 7 else 10**7

    def draft(self) -> ProductDraft:
        head = self.head
        name = cells.one_line(html.unescape(unescaped(head.text("name"))), column="Name", longest=255)
        attributes = woocommerce_rows.attributes(head)
        options, variants = self._variants(attributes)
        subtitle, short = self._short_description()
        own_id, sku = head.text("id"), head.text("sku")
        return ProductDraft(
            handle=self.handle,
            title=name,
            subtitle=subtitle,
            description_html=bodies.to_html(unescaped(head.text("description"))).html
            if "description" in self.columns
            else None,
            vendor=self._brand(),
            product_type=None,
            status=self._status(),
            tags=self._tags(),
            categories=self._categories(),
            options=options,
            variants=variants,
            images=self._images(),
            seo=self._seo(),
            metadata=self._metadata(attributes, {option.name for option in options}, short),
            external_key=self._key(own_id, sku),
            line=head.line,
        )

    def _key(self, own_id: str, sku: str) -> str | None:
        """Ids alone are not enough: every shop counts from one, and the file does not name itself."""
        if sku:
            return f"woocommerce:sku:{sku}"[:255]
        return f"woocommerce:{own_id[:20]}:{self.handle[:200]}" if own_id else None

    def _warn(self, row: Row, reason: str) -> None:
        self.warnings.append(Warned(row.line, reason, self.head.text("name")[:100]))

    def _status(self) -> ProductStatus:
        text = self.head.text("published") or "1"
        if text == "-1" or cells.truth(text, column="Published") is False:
            return ProductStatus.DRAFT
        if self.head.text("visibility in catalog").casefold() == "hidden":
            self._warn(self.head, "a product that the catalogue hides was taken as a draft")
            return ProductStatus.DRAFT
        return ProductStatus.PUBLISHED

    def _tags(self) -> tuple[str, ...] | None:
        if "tags" not in self.columns:
            return None
        tags = cells.listed(html.unescape(self.head.text("tags")))
        for tag in tags:
            if len(tag) > 100:
                self._warn(self.head, f"the tag {cells.shown(tag)} is longer than 100 characters, left out")
        return tuple(tag for tag in tags if len(tag) <= 100)

    def _categories(self) -> tuple[CategoryPath, ...] | None:
        if "categories" not in self.columns:
            return None
        paths: dict[CategoryPath, None] = {}
        for part in cells.listed(html.unescape(self.head.text("categories"))):
            path = tuple(name for raw in part.split(">") if (name := raw.strip()))
            if any(len(name) > 255 for name in path):
                self._warn(self.head, f"the category {cells.shown(part)} is too long, left out")
            elif path:
                paths[path] = None
        return tuple(paths)

    def _brand(self) -> str | None:
        if "brands" not in self.columns:
            return None
        brands = cells.listed(html.unescape(self.head.text("brands")))
        return brands[0].split(">")[-1].strip()[:255] if brands else ""

    def _short_description(self) -> tuple[str | None, str]:
        """The subtitle (one line), and the whole text where the subtitle cannot hold it."""
        if "short description" not in self.columns:
            return None, ""
        written = unescaped(self.head.text("short description"))
        flat = markup.plain(written)
        if len(flat) <= 255:
            return flat, written if "<" in written else ""
        return flat[:254].rsplit(" ", 1)[0] + "…", written

    def _variants(
        self, attributes: dict[str, tuple[str, ...]]
    ) -> tuple[tuple[OptionDraft, ...], tuple[VariantDraft, ...]]:
        if self.kind == "grouped":
            return (), ()
        if not self.variations:
            return (), () if self.kind == "variable" else (self._variant(self.head, {}, 0),)
        combined = woocommerce_combining.combine(attributes, self.variations)
        coded: set[int] = set()
        variants: list[VariantDraft] = []
        for row, options in combined.rows:
            try:
                variants.append(self._variant(row, options, len(variants), coded=row.line not in coded))
            except BadCell as bad:
                raise BrokenRow(row.line, str(bad)) from bad
            coded.add(row.line)
        return combined.options, tuple(variants)

    def _variant(self, row: Row, options: dict[str, str], position: int, *, coded: bool = True) -> VariantDraft:
        quantity, manage, backorder = self._stock(row)
        pictures = self._pictures(row) if row is not self.head else []
        sizes = woocommerce_rows.measures(row)
        if row is not self.head:
            sizes = {**woocommerce_rows.measures(self.head), **sizes}
        kinds = row.text("type").casefold()
        metadata = self._meta(row) if row is not self.head else {}
        if row is not self.head and row.text("description"):
            metadata["description"] = unescaped(row.text("description"))
        return VariantDraft(
            title=" / ".join(options.values())[:255] or None,
            options=options,
            sku=cells.one_line(unescaped(row.text("sku")), column="SKU", longest=64) if coded else "",
            barcode=cells.one_line(row.text("gtin, upc, ean, or isbn"), column="GTIN", longest=64) if coded else "",
            prices=self._prices(row),
            manage_inventory=manage,
            allow_backorder=backorder,
            quantity=quantity,
            weight_grams=sizes.get("weight"),
            length_mm=sizes.get("length"),
            width_mm=sizes.get("width"),
            height_mm=sizes.get("height"),
            requires_shipping=not (self.virtual or "virtual" in kinds),
            taxable=row.text("tax status").casefold() != "none",
            image_url=pictures[0] if pictures else None,
            position=position,
            metadata=metadata,
        )

    def _prices(self, row: Row) -> tuple[PriceDraft, ...] | None:
        if not {"regular price", "sale price"} & self.columns:
            return None
        return woocommerce_rows.prices(row, currency=self.currency, now=self.now)

    def _stock(self, row: Row) -> tuple[int | None, bool | None, bool | None]:
        """Quantity, whether it is counted, and whether more may be ordered."""
        backorder_text = row.text("backorders allowed?").casefold()
        in_stock = row.text("in stock?").casefold()
        backorder = backorder_text == "notify" or bool(cells.truth(backorder_text, column="Backorders allowed?"))
        stock_text = row.text("stock")
        if stock_text.casefold() == "parent":
            stock_text = self.head.text("stock")
            if len(self.variations) > 1 and stock_text:
                self._warn(row, "the stock is shared by all variations: each got the whole of it")
        if self.kind == "external":
            return None, False, None
        stock = cells.whole(unescaped(stock_text), column="Stock")
        if stock is not None:
            if stock < 0:
                self._warn(row, f"a stock of {stock} was taken as 0")
            return max(stock, 0), True, backorder
        if in_stock in ("backorder", "onbackorder"):
            return 0, True, True
        if cells.truth(in_stock.replace("instock", "1").replace("outof1", "0"), column="In stock?") is False:
            return 0, True, backorder
        if not {"stock", "in stock?"} & self.columns:
            return None, None, None
        return None, False, backorder

    def _pictures(self, row: Row) -> list[str]:
        urls: dict[str, None] = {}
        for part in _PICTURES.split(row.text("images")):
            try:
                url = cells.web_address(part, column="Images")
            except BadCell as bad:
                self._warn(row, f"{bad}, left out")
                continue
            if url is not None:
                urls[url] = None
        return list(urls)

    def _images(self) -> tuple[ImageDraft, ...] | None:
        if "images" not in self.columns:
            return None
        return tuple(ImageDraft(url=url, position=at) for at, url in enumerate(self._pictures(self.head)))

    def _seo(self) -> SeoDraft | None:
        title = next((text for column in _SEO_TITLE if (text := self.head.text(column))), None)
        description = next((text for column in _SEO_DESCRIPTION if (text := self.head.text(column))), None)
        return SeoDraft(title=title, description=description) if title or description else None

    @staticmethod
    def _meta(row: Row) -> dict[str, Any]:
        meta = {column[6:]: row.text(column) for column in row.cells if column.startswith("meta: ")}
        return {"meta": {key: value for key, value in meta.items() if value}} if any(meta.values()) else {}

    def _metadata(self, attributes: dict[str, tuple[str, ...]], options: set[str], short: str) -> dict[str, Any]:
        """What has no place of its own here is kept, so that nothing of the file is lost."""
        head = self.head
        metadata: dict[str, Any] = {"type": self.kind, **self._meta(head)}
        if short:
            metadata["short_description"] = short
        facts = {name: list(values) for name, values in attributes.items() if name not in options}
        if facts:
            metadata["attributes"] = facts
        for column in ("grouped products", "upsells", "cross-sells"):
            listed = cells.listed(head.text(column))
            if listed:
                metadata[column.replace(" ", "_").replace("-", "_")] = list(listed)
        if head.text("external url"):
            metadata["external_url"] = cells.web_address(head.text("external url"), column="External URL")
        for column in ("button text", "purchase note", "shipping class", "tax class", "download limit",
                       "download expiry days", "low stock amount", "visibility in catalog",
                       "date sale price starts", "date sale price ends"):  # fmt: skip
            if head.text(column):
                metadata[column.replace(" ", "_")] = unescaped(head.text(column))
        for column in ("is featured?", "sold individually?"):
            if cells.truth(head.text(column), column=column):
                metadata[column.rstrip("?").replace(" ", "_")] = True
        if self.virtual:
            metadata["virtual"] = True
        if self.downloadable:
            metadata["downloadable"] = True
            metadata["downloads"] = self._downloads()
        return metadata

    def _downloads(self) -> list[dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for column in self.head.cells:
            matched = _DOWNLOAD.fullmatch(column)
            if matched and self.head.text(column):
                found.setdefault(matched[1], {})[matched[2]] = self.head.text(column)
        return list(found.values())
