"""WooCommerce's CSV: every kind of product comes out whole, variations with their parents."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rustok.commerce.importing import woocommerce
from rustok.commerce.importing.outcomes import Warned
from rustok.commerce.products.drafts import PriceDraft, ProductDraft, ProductStatus
from rustok.kernel.importing import NotImportable, Skipped

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def outcomes(path: Path, text: str) -> tuple[list[ProductDraft], list[Skipped], list[Warned]]:
    path.write_text(text, encoding="utf-8")
    found = list(woocommerce.read(path, currency="EUR", now=NOW).outcomes)
    return (
        [one for one in found if isinstance(one, ProductDraft)],
        [one for one in found if isinstance(one, Skipped)],
        [one for one in found if isinstance(one, Warned)],
    )


def test_a_simple_product_brings_prices_stock_measures_and_shelves(tmp_path: Path) -> None:
    [draft], skipped, _ = outcomes(
        tmp_path / "a.csv",
        "ID,Type,SKU,Name,Published,Is featured?,Short description,Description,In stock?,Stock,Backorders allowed?,"
        "Weight (lbs),Length (in),Sale price,Regular price,Categories,Tags,Images\n"
        '44,simple,HB,Hoodie &amp; Beanie,1,1,<p>Short</p>,"One\\n\\nTwo",1,7,notify,2,10,15,20,'
        '"Clothing > Hoodies, Sale, Bits\\, Bobs","warm, soft",'
        '"https://x.test/a.jpg, https://x.test/b.jpg?s=1,2"\n',
    )

    assert skipped == []
    assert (draft.title, draft.handle, draft.external_key) == ("Hoodie & Beanie", "hoodie-beanie", "woocommerce:sku:HB")
    assert draft.description_html == "<p>One</p>\n<p>Two</p>"
    assert draft.subtitle == "Short"
    assert draft.categories == (("Clothing", "Hoodies"), ("Sale",), ("Bits, Bobs",))
    assert draft.tags == ("warm", "soft")
    assert [image.url for image in draft.images or ()] == ["https://x.test/a.jpg", "https://x.test/b.jpg?s=1,2"]
    assert draft.metadata == {"type": "simple", "is_featured": True, "short_description": "<p>Short</p>"}
    [variant] = draft.variants or ()
    assert variant.prices == (PriceDraft(currency="EUR", amount_minor=1500, compare_at_minor=2000),)
    assert (variant.sku, variant.quantity, variant.manage_inventory, variant.allow_backorder) == ("HB", 7, True, True)
    assert (variant.weight_grams, variant.length_mm) == (907, 254)


def test_variations_find_their_parent_before_and_after_it_by_id_and_by_sku(tmp_path: Path) -> None:
    drafts, skipped, _ = outcomes(
        tmp_path / "a.csv",
        "ID,Type,SKU,Name,Parent,Position,Regular price,Stock,Attribute 1 name,Attribute 1 value(s),"
        "Attribute 2 name,Attribute 2 value(s),Images\n"
        '11,variation,T-L,Tee - L,T,2,12,1,Size,l,,,"https://x.test/l.jpg"\n'
        '10,variable,T,Tee,,0,,,Size,"S, M, L",Fabric,Cotton,\n'
        "99,simple,M,Mug,,0,4,,,,,,\n"
        "12,variation,T-S,Tee - S,id:10,1,10,0,Size,S,,,\n",
    )

    assert skipped == []
    by_title = {draft.title: draft for draft in drafts}
    tee = by_title["Tee"]
    assert [(variant.title, variant.sku, variant.quantity) for variant in tee.variants or ()] == [
        ("S", "T-S", 0),
        ("L", "T-L", 1),
    ]
    assert tee.options is not None
    assert [(option.name, option.values) for option in tee.options] == [("Size", ("S", "L"))]
    assert tee.variants is not None
    assert tee.variants[1].image_url == "https://x.test/l.jpg"
    assert tee.metadata == {"type": "variable", "attributes": {"Fabric": ["Cotton"]}}
    assert len(by_title) == 2


def test_a_variation_for_any_value_becomes_every_combination_that_is_left(tmp_path: Path) -> None:
    [draft], skipped, _ = outcomes(
        tmp_path / "a.csv",
        "ID,Type,SKU,Name,Parent,Regular price,Attribute 1 name,Attribute 1 value(s),Attribute 2 name,"
        "Attribute 2 value(s)\n"
        '1,variable,T,Tee,,,Size,"S, M",Logo,"Yes, No"\n'
        "2,variation,T-SY,Tee,id:1,9,Size,S,Logo,Yes\n"
        "3,variation,T-ANY,Tee,id:1,8,Size,,Logo,No\n",
    )

    assert skipped == []
    assert [(variant.title, variant.sku) for variant in draft.variants or ()] == [
        ("S / Yes", "T-SY"),
        ("S / No", "T-ANY"),
        ("M / No", ""),
    ]


def test_grouped_external_and_downloadable_products_are_kept_with_what_makes_them_so(tmp_path: Path) -> None:
    drafts, skipped, _ = outcomes(
        tmp_path / "a.csv",
        "ID,Type,SKU,Name,Regular price,Grouped products,External URL,Button text,Download limit,Download 1 name,"
        "Download 1 URL,Meta: _yoast_wpseo_title,Meta: colour\n"
        '1,grouped,G,Set,,"A, B",,,,,,,\n'
        "2,external,E,Elsewhere,5,,https://x.test/buy,Buy there,,,,,\n"
        '3,"simple, downloadable, virtual",D,Album,7,,,,3,MP3,https://x.test/a.zip,Album to hear,blue\n',
    )

    assert skipped == []
    group, elsewhere, album = drafts
    assert group.variants == ()
    assert group.metadata == {"type": "grouped", "grouped_products": ["A", "B"]}
    assert elsewhere.metadata == {
        "type": "external",
        "external_url": "https://x.test/buy",
        "button_text": "Buy there",
    }
    assert album.variants is not None
    assert album.variants[0].requires_shipping is False
    assert album.metadata is not None
    assert album.metadata["downloads"] == [{"name": "MP3", "url": "https://x.test/a.zip"}]
    assert album.metadata["meta"]["colour"] == "blue"
    assert album.seo is not None
    assert album.seo.title == "Album to hear"


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        ("", "", (800, 1000)),
        ("2026-04-01", "2026-05-01", (800, 1000)),
        ("2026-06-01", "", (1000, None)),
        ("", "2026-04-30 23:59:59", (1000, None)),
    ],
)
def test_a_sale_counts_while_it_is_on(tmp_path: Path, starts: str, ends: str, expected: tuple[int, int | None]) -> None:
    [draft], _, _ = outcomes(
        tmp_path / "a.csv",
        f"ID,Name,Date sale price starts,Date sale price ends,Sale price,Regular price\n1,Mug,{starts},{ends},8,10\n",
    )

    [variant] = draft.variants or ()
    [price] = variant.prices or ()
    assert (price.amount_minor, price.compare_at_minor) == expected


@pytest.mark.parametrize(
    ("published", "visibility", "expected"),
    [
        ("1", "visible", ProductStatus.PUBLISHED),
        ("", "", ProductStatus.PUBLISHED),
        ("0", "visible", ProductStatus.DRAFT),
        ("-1", "visible", ProductStatus.DRAFT),
        ("1", "hidden", ProductStatus.DRAFT),
    ],
)
def test_only_what_shoppers_see_there_is_published_here(
    tmp_path: Path, published: str, visibility: str, expected: ProductStatus
) -> None:
    [draft], _, _ = outcomes(
        tmp_path / "a.csv", f"ID,Name,Published,Visibility in catalog\n1,Mug,{published},{visibility}\n"
    )

    assert draft.status is expected


@pytest.mark.parametrize(
    ("rows", "reason", "line"),
    [
        ("2,simple,X,Bad,,abc,,", "not a number", 2),
        ("2,simple,X,,,5,,", "name is missing", 2),
        ("2,variation,X,Bad,id:77,5,,", "its parent id:77 is not in the file", 2),
        ("2,variation,X,Bad,,5,,", "names no parent", 2),
        ("1,simple,X,Bad,,5,,\n1,simple,Y,Bad,,5,,", "ID repeats line 2", 3),
        ("1,simple,X,Bad,,5,,\n2,simple,X,Bad,,5,,", "SKU repeats line 2", 3),
        ("1,variable,X,Bad,,,Size,S\n2,variation,,,id:1,x,Size,S", "not a number", 3),
        ("1,variable,X,Bad,,,Size,S\n2,variation,,,id:1,1,Size,S\n3,variation,,,id:1,1,Size,S", "repeats line 3", 4),
    ],
)
def test_a_bad_row_keeps_its_product_out_and_no_other(tmp_path: Path, rows: str, reason: str, line: int) -> None:
    drafts, skipped, _ = outcomes(
        tmp_path / "a.csv",
        f"ID,Type,SKU,Name,Parent,Regular price,Attribute 1 name,Attribute 1 value(s)\n{rows}\n"
        "50,simple,GOOD,Good,,5,,\n",
    )

    assert drafts[-1].title == "Good"
    assert [one.line for one in skipped] == [line]
    assert reason in skipped[0].reason


def test_products_of_one_name_get_handles_that_differ(tmp_path: Path) -> None:
    drafts, _, _ = outcomes(tmp_path / "a.csv", "ID,Name\n1,Mug\n2,Mug\n")

    assert [(draft.handle, draft.external_key) for draft in drafts] == [
        ("mug", "woocommerce:1:mug"),
        ("mug-2", "woocommerce:2:mug-2"),
    ]


def test_other_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Name,E-mail\nAnn,a@x.test\n")

    with pytest.raises(NotImportable, match="no WooCommerce product export"):
        woocommerce.read(path, currency="EUR", now=NOW)
