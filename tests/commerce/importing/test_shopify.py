"""Shopify's CSV: every product comes out whole, or stays out with its line and reason."""

from collections import Counter
from pathlib import Path

import pytest

from rustok.commerce.importing import shopify
from rustok.commerce.importing.outcomes import Warned
from rustok.commerce.products.drafts import PriceDraft, ProductDraft, ProductStatus
from rustok.kernel.importing import NotImportable, Skipped

REAL = Path(__file__).resolve().parents[4] / "shared" / "data"


def outcomes(path: Path, text: str, currency: str = "EUR") -> tuple[list[ProductDraft], list[Skipped], list[Warned]]:
    path.write_text(text, encoding="utf-8")
    found = list(shopify.read(path, currency=currency).outcomes)
    return (
        [one for one in found if isinstance(one, ProductDraft)],
        [one for one in found if isinstance(one, Skipped)],
        [one for one in found if isinstance(one, Warned)],
    )


@pytest.mark.parametrize(
    ("name", "products", "variants", "images"),
    [("shopify-apparel.csv", 20, 22, 20), ("shopify-jewelery.csv", 20, 23, 41)],
)
def test_every_product_of_the_real_files_is_read(name: str, products: int, variants: int, images: int) -> None:
    if not (REAL / name).exists():
        pytest.skip(f"{name} is not beside the repository")

    export = shopify.read(REAL / name, currency="EUR")
    found = list(export.outcomes)

    drafts = [one for one in found if isinstance(one, ProductDraft)]
    assert len(found) == len(drafts) == export.total == products
    assert sum(len(draft.variants or ()) for draft in drafts) == variants
    assert sum(len(draft.images or ()) for draft in drafts) == images
    assert all(draft.status is ProductStatus.PUBLISHED and draft.tags for draft in drafts)


def test_options_variants_images_and_prices_are_gathered_from_the_rows_of_a_handle(tmp_path: Path) -> None:
    drafts, skipped, warned = outcomes(
        tmp_path / "a.csv",
        "Handle,Title,Tags,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price,"
        "Variant Compare At Price,Variant Inventory Qty,Variant Inventory Policy,Variant Inventory Tracker,"
        "Cost per item,Image Src,Image Position,Image Alt Text\n"
        'shirt,Shirt,"summer, blue,summer",Size,S,Colour,Blue,S-B,19.99,29.99,4,deny,shopify,7,https://x.test/2.jpg,2,\n'
        "shirt,,,,M,,Blue,'0012,19.99,19.99,-3,continue,,,https://x.test/1.jpg,1,Front\n"
        "shirt,,,,,,,,,,,,,,https://x.test/3.jpg,3,\n",
    )

    assert skipped == []
    assert [one.reason for one in warned] == ["a stock of -3 was taken as 0"]
    [draft] = drafts
    assert draft.tags == ("summer", "blue")
    assert draft.options is not None
    assert [(option.name, option.values) for option in draft.options] == [("Size", ("S", "M")), ("Colour", ("Blue",))]
    assert [image.url[-5:] for image in draft.images or ()] == ["1.jpg", "2.jpg", "3.jpg"]
    small, medium = draft.variants or ()
    assert small.prices == (PriceDraft(currency="EUR", amount_minor=1999, compare_at_minor=2999),)
    assert (small.sku, small.quantity, small.allow_backorder, small.manage_inventory) == ("S-B", 4, False, True)
    assert small.cost_minor == 700
    assert medium.prices == (PriceDraft(currency="EUR", amount_minor=1999),)
    assert (medium.sku, medium.quantity, medium.allow_backorder, medium.manage_inventory) == ("0012", 0, True, False)
    assert medium.title == "M / Blue"


def test_columns_of_the_newer_template_mean_the_same(tmp_path: Path) -> None:
    drafts, _, _ = outcomes(
        tmp_path / "a.csv",
        "Title,URL handle,Description,Published on online store,Status,SKU,Price,Compare-at price,Product image URL,"
        "Weight value (grams),Continue selling when out of stock,Inventory quantity\n"
        "Cup,a-cup,<p>Hot</p>,TRUE,Active,C1,5,6,https://x.test/c.png,250,DENY,3\n",
    )

    [cup] = drafts
    assert (cup.handle, cup.description_html, cup.status) == ("a-cup", "<p>Hot</p>", ProductStatus.PUBLISHED)
    [variant] = cup.variants or ()
    assert variant.prices == (PriceDraft(currency="EUR", amount_minor=500, compare_at_minor=600),)
    assert (variant.sku, variant.weight_grams, variant.allow_backorder, variant.quantity) == ("C1", 250, False, 3)


def test_a_title_is_enough(tmp_path: Path) -> None:
    drafts, skipped, _ = outcomes(tmp_path / "a.csv", "Title\nRed Mug\nСиняя кружка\n")

    assert skipped == []
    assert [(draft.handle, draft.variants, draft.tags) for draft in drafts] == [
        ("red-mug", None, None),
        ("синяя-кружка", None, None),
    ]


@pytest.mark.parametrize(
    ("price", "minor", "currency"),
    [
        ("19.99", 1999, "EUR"),
        ("19,99", 1999, "EUR"),
        ("1,234.50", 123450, "EUR"),
        ("1.234,50", 123450, "EUR"),
        ("1 234,50", 123450, "EUR"),
        ("1\u00a0234,50 €", 123450, "EUR"),
        ("1,234", 123400, "EUR"),
        ("1'234.50", 123450, "EUR"),
        ("$19.99", 1999, "EUR"),
        ("19.99 USD", 1999, "USD"),
        ("£5", 500, "GBP"),
        ("1500 ₽", 150000, "RUB"),
        ("0", 0, "EUR"),
        ("50.000", 5000, "EUR"),
        (".5", 50, "EUR"),
        ("1500 JPY", 1500, "JPY"),
        ("1.234 KWD", 1234, "KWD"),
    ],
)
def test_prices_are_read_exactly_however_they_are_written(
    tmp_path: Path, price: str, minor: int, currency: str
) -> None:
    drafts, skipped, _ = outcomes(tmp_path / "a.csv", f'Title,Variant Price\nMug,"{price}"\n')

    assert skipped == []
    [variant] = drafts[0].variants or ()
    assert variant.prices == (PriceDraft(currency=currency, amount_minor=minor),)


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("abc", "not a number"),
        ("-5", "negative"),
        ("5-", "negative"),
        ("(5)", "negative"),
        ("NaN", "not a number"),
        ("1e9", "not a number"),
        ("19.995", "more decimal places"),
        ("1.5 JPY", "more decimal places"),
        ("5 pieces", "not a number"),
        ("1,2,3", "not a number"),
        ("99999999999999999", "too large"),
        ("€5 USD", "two currencies"),
    ],
)
def test_what_is_no_price_keeps_its_product_out(tmp_path: Path, price: str, reason: str) -> None:
    drafts, skipped, _ = outcomes(tmp_path / "a.csv", f'Handle,Title,Variant Price\nmug,Mug,"{price}"\ncup,Cup,3\n')

    assert [draft.handle for draft in drafts] == ["cup"]
    assert [(one.line, one.what) for one in skipped] == [(2, "mug")]
    assert reason in skipped[0].reason


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        ("bad,Bad,,S,5\nbad,,,S,6", 3, "S repeats line 2"),
        ("bad,Bad,sold,S,5", 2, "status “sold”"),
        ("bad,,,S,5", 2, "title is missing"),
        ("bad,Bad,,S,5\nbad,,,M,x", 3, "not a number"),
        ("bad,Bad,,S,5\nbad,,,,6", 3, "no value for the option “Size”"),
        (f"bad,{'x' * 256},,S,5", 2, "longer than 255"),
        ('bad,Bad,,S,5\nbad,,,M,"6', 3, "ends inside a quoted cell"),
    ],
)
def test_one_bad_row_keeps_its_whole_product_out_and_no_other(
    tmp_path: Path, rows: str, line: int, reason: str
) -> None:
    header = "Handle,Title,Status,Option1 Value,Variant Price,Option1 Name\n"
    named = "\n".join(row + ",Size" if not row.endswith('"6') else row for row in rows.split("\n"))
    good = "good,Good,,S,5,Size\n"
    text = header + named + "\n" if rows.endswith('"6') else header + named + "\n" + good
    drafts, skipped, _ = outcomes(tmp_path / "a.csv", text)

    assert [draft.handle for draft in drafts] == ([] if rows.endswith('"6') else ["good"])
    assert [(one.line, one.what) for one in skipped] == [(line, "bad")]
    assert reason in skipped[0].reason


def test_a_handle_that_comes_again_with_a_title_is_reported_and_one_without_is_joined(tmp_path: Path) -> None:
    drafts, skipped, _ = outcomes(
        tmp_path / "a.csv",
        "Handle,Title,Option1 Name,Option1 Value,Variant Price\n"
        "a,A,Size,S,1\n"
        "b,B,Size,S,2\n"
        "a,,,M,3\n"
        "b,Another B,Size,S,4\n"
        "b,,,M,5\n"
        "c,C,Size,S,6\n",
    )

    assert [(one.line, one.reason, one.what) for one in skipped] == [(5, "handle repeats line 3", "b")]
    by_handle = {draft.handle: draft for draft in drafts}
    assert [variant.title for variant in by_handle["a"].variants or ()] == ["S", "M"]
    assert [variant.title for variant in by_handle["b"].variants or ()] == ["S"]
    assert len(drafts) == 3


def test_rows_that_repeat_the_title_are_variants(tmp_path: Path) -> None:
    drafts, skipped, _ = outcomes(
        tmp_path / "a.csv", "Handle,Title,Option1 Name,Option1 Value\na,A,Size,S\na,A,Size,M\na,A,Size,S\n"
    )

    assert [variant.title for variant in drafts[0].variants or ()] == ["S", "M"]
    assert [(one.line, one.reason) for one in skipped] == [(4, "handle repeats line 2")]


@pytest.mark.parametrize(
    ("published", "status", "expected"),
    [
        ("true", "active", ProductStatus.PUBLISHED),
        ("TRUE", "", ProductStatus.PUBLISHED),
        ("", "", ProductStatus.PUBLISHED),
        ("false", "active", ProductStatus.DRAFT),
        ("true", "draft", ProductStatus.DRAFT),
        ("true", "Archived", ProductStatus.ARCHIVED),
    ],
)
def test_published_and_status_together_say_where_a_product_stands(
    tmp_path: Path, published: str, status: str, expected: ProductStatus
) -> None:
    drafts, _, _ = outcomes(tmp_path / "a.csv", f"Title,Published,Status\nMug,{published},{status}\n")

    assert drafts[0].status is expected


def test_what_has_no_place_is_kept_as_metadata_and_strange_columns_are_named(tmp_path: Path) -> None:
    drafts, _, warned = outcomes(
        tmp_path / "a.csv",
        "Title,Gift Card,Google Shopping / Gender,Included / Europe,Price / Europe,Compare At Price / Europe,"
        "Fabric (product.metafields.custom.fabric),Variant Tax Code,Variant Price,Product Category,Horoscope\n"
        "Mug,true,unisex,true,9,10,clay,P1,5,Home & Garden > Kitchen,leo\n",
    )

    [mug] = drafts
    assert mug.metadata == {
        "gift_card": True,
        "google_shopping": {"gender": "unisex"},
        "markets": {"europe": True},
        "metafields": {"custom.fabric": "clay"},
    }
    assert mug.categories == (("Home & Garden", "Kitchen"),)
    [variant] = mug.variants or ()
    assert variant.metadata == {"tax_code": "P1", "market_prices": {"europe": {"price": "9", "compare_at": "10"}}}
    assert [one.reason for one in warned] == ["columns that are not known were left out: Horoscope"]


def test_a_picture_that_is_no_web_address_is_left_out_with_a_warning(tmp_path: Path) -> None:
    drafts, skipped, warned = outcomes(
        tmp_path / "a.csv", "Handle,Title,Image Src\nm,Mug,javascript:alert(1)\nm,,//x.test/a.png\nm,,C:\\a.png\n"
    )

    assert skipped == []
    assert [image.url for image in drafts[0].images or ()] == ["https://x.test/a.png"]
    assert len(warned) == 2


def test_a_wordpress_export_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<?xml version="1.0"?><rss xmlns:wp="https://wordpress.org/export/1.2/"></rss>')

    with pytest.raises(NotImportable, match="no Shopify product export"):
        shopify.read(path, currency="EUR")


def test_ten_thousand_products_with_a_mistake_in_every_tenth(tmp_path: Path) -> None:
    lines = ["Handle,Title,Option1 Name,Option1 Value,Variant Price"]
    for number in range(10_000):
        lines.append(f"p-{number},Product {number},Size,S,{'x' if number % 10 == 0 else '9.90'}")
        lines.append(f"p-{number},,,M,10.90")

    drafts, skipped, _ = outcomes(tmp_path / "a.csv", "\n".join(lines))

    assert Counter(len(draft.variants or ()) for draft in drafts) == {2: 9_000}
    assert [one.line for one in skipped] == list(range(2, 20_002, 20))
