"""Make one product draft from its row and its variations' rows in WooCommerce's CSV."""

import html
import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rustok.commerce.importing import cells
from rustok.commerce.importing.cells import BadCell
from rustok.commerce.importing.outcomes import BrokenRow, Outcome, Warned
from rustok.commerce.importing.tables import Row
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
MOST_EXPANDED = 100
"""How many variants one variation for "any size, any colour" may become."""
_MEASURE = re.compile(r"(weight|length|width|height) \((\w+)\)")
_ATTRIBUTE = re.compile(r"attribute (\d{1,3}) name")
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


def unescaped(text: str) -> str:
    """WooCommerce writes line breaks as backslash and n, and guards cells that a spreadsheet would compute."""
    text = text.strip()
    if text[:1] == "'" and text[1:2] in "=+-@":
        text = text[1:]
    return text.replace("\\r", "").replace("\\n", "\n")


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
        attributes = self._attributes(head)
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
            external_key=f"woocommerce:{own_id}" if own_id else f"woocommerce:sku:{sku}" if sku else None,
            line=head.line,
        )

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

    def _attributes(self, row: Row) -> dict[str, tuple[str, ...]]:
        """Names and values of the row's attributes, in the file's order."""
        found: dict[str, tuple[str, ...]] = {}
        for column in row.cells:
            matched = _ATTRIBUTE.fullmatch(column)
            name = html.unescape(" ".join(row.text(column).split())) if matched else ""
            if matched and name:
                values = cells.listed(html.unescape(row.text(f"attribute {matched[1]} value(s)")))
                found[name[:255]] = tuple(value[:255] for value in values)
        return found

    def _variants(
        self, attributes: dict[str, tuple[str, ...]]
    ) -> tuple[tuple[OptionDraft, ...], tuple[VariantDraft, ...]]:
        if self.kind == "grouped":
            return (), ()
        if not self.variations:
            return (), () if self.kind == "variable" else (self._variant(self.head, {}, 0),)
        spelt = {name.casefold(): name for name in attributes}
        used: dict[str, dict[str, None]] = {}
        chosen: list[tuple[Row, dict[str, str]]] = []
        for row in self.variations:
            picked = {spelt.get(name.casefold(), name): values for name, values in self._attributes(row).items()}
            chosen.append((row, {name: values[0] if values else "" for name, values in picked.items()}))
            for name, value in chosen[-1][1].items():
                used.setdefault(name, {})
                if value:
                    used[name].setdefault(self._canonical(value, attributes.get(name, ())))
        names = [name for name in attributes if name in used] + [name for name in used if name not in attributes]
        if not names and len(self.variations) > 1:
            raise BrokenRow(self.variations[1].line, "variations without attributes cannot be told apart")
        values = {name: self._all_values(attributes.get(name, ()), used[name]) for name in names}
        variants = self._expanded(chosen, names, values, attributes)
        options = tuple(
            OptionDraft(
                name=name,
                values=tuple(value for value in values[name] if any(v.options[name] == value for v in variants)),
            )
            for name in names
        )
        return options, variants

    @staticmethod
    def _canonical(value: str, offered: Sequence[str]) -> str:
        return next((one for one in offered if one.casefold() == value.casefold()), value)

    @staticmethod
    def _all_values(offered: Sequence[str], used: dict[str, None]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*offered, *used]))

    def _expanded(
        self,
        chosen: list[tuple[Row, dict[str, str]]],
        names: list[str],
        values: dict[str, tuple[str, ...]],
        attributes: dict[str, tuple[str, ...]],
    ) -> tuple[VariantDraft, ...]:
        """One variant per combination; a variation for "any" value fills what no other one says."""
        taken: dict[tuple[str, ...], int] = {}
        rows: list[tuple[Row, tuple[str, ...]]] = []
        exact = [(row, picked) for row, picked in chosen if all(picked.get(name) for name in names)]
        loose = [(row, picked) for row, picked in chosen if not all(picked.get(name) for name in names)]
        for row, picked in exact:
            combination = tuple(self._canonical(picked[name], attributes.get(name, ())) for name in names)
            if combination in taken:
                what = " / ".join(combination) or "the variation"
                raise BrokenRow(row.line, f"{what} repeats line {taken[combination]}")
            taken[combination] = row.line
            rows.append((row, combination))
        for row, picked in loose:
            ranges = [
                (self._canonical(picked[name], attributes.get(name, ())),) if picked.get(name) else values[name]
                for name in names
            ]
            if not all(ranges):
                raise BrokenRow(row.line, "the variation is for any value of an attribute that has none")
            for count, combination in enumerate(itertools.product(*ranges)):
                if count >= MOST_EXPANDED:
                    raise BrokenRow(row.line, f"the variation stands for more than {MOST_EXPANDED} combinations")
                if combination not in taken:
                    taken[combination] = row.line
                    rows.append((row, combination))
        first: set[int] = set()
        variants: list[VariantDraft] = []
        for row, combination in rows:
            try:
                draft = self._variant(
                    row, dict(zip(names, combination, strict=True)), len(variants), coded=row.line not in first
                )
            except BadCell as bad:
                raise BrokenRow(row.line, str(bad)) from bad
            first.add(row.line)
            variants.append(draft)
        return tuple(variants)

    def _variant(self, row: Row, options: dict[str, str], position: int, *, coded: bool = True) -> VariantDraft:
        quantity, manage, backorder = self._stock(row)
        pictures = self._pictures(row) if row is not self.head else []
        sizes = self._measures(row)
        if row is not self.head:
            sizes = {**self._measures(self.head), **sizes}
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
        regular = cells.price(unescaped(row.text("regular price")), currency=self.currency, column="Regular price")
        sale = cells.price(unescaped(row.text("sale price")), currency=self.currency, column="Sale price")
        if regular is not None and sale is not None and regular.currency != sale.currency:
            raise BadCell("the prices of the row are in different currencies")
        if sale is not None and not self._on_sale(row):
            sale = None if regular is not None else sale
        if regular is None and sale is None:
            return ()
        if regular is not None and (sale is None or sale.minor >= regular.minor):
            return (PriceDraft(currency=regular.currency, amount_minor=regular.minor),)
        price = sale or regular
        if price is None:
            return ()
        before = regular.minor if regular is not None else None
        return (PriceDraft(currency=price.currency, amount_minor=price.minor, compare_at_minor=before),)

    def _on_sale(self, row: Row) -> bool:
        starts, ends = self._moment(row, "date sale price starts"), self._moment(row, "date sale price ends")
        return (starts is None or starts <= self.now) and (ends is None or self.now <= ends)

    def _moment(self, row: Row, column: str) -> datetime | None:
        text = row.text(column)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise BrokenRow(row.line, f"{column} {cells.shown(text)} is no date") from error
        if len(text) <= 10 and column.endswith("ends"):
            moment = moment.replace(hour=23, minute=59, second=59)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

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

    def _measures(self, row: Row) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for column in row.cells:
            matched = _MEASURE.fullmatch(column)
            if not matched:
                continue
            units = cells.GRAMS if matched[1] == "weight" else cells.MILLIMETRES
            size = cells.rounded(row.text(column), column=column, times=units.get(matched[2], Decimal(1)))
            if size is not None:
                sizes[matched[1]] = size
        return sizes

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
