"""What a product's document holds, and so what the storefront's GraphQL says of products."""

from rustok.core.media.shapes import IMAGE
from rustok.core.seo.shapes import SEO
from rustok.core.tags.shapes import TAG_LINK
from rustok.kernel.indexing import Field, Kind, Shape

PRICE_RANGE = Shape(
    "PriceRange",
    (Field("min", Kind.MONEY, required=True), Field("max", Kind.MONEY, required=True)),
    description="The lowest and the highest price of a product's variants.",
)
PRICE_TIER = Shape(
    "PriceTier",
    (Field("min_quantity", Kind.INT, required=True), Field("price", Kind.MONEY, required=True)),
    description="What one piece costs from a quantity on.",
)
OPTION = Shape(
    "ProductOption",
    (Field("name", Kind.TEXT, required=True), Field("values", Kind.TEXT, many=True, required=True)),
    description="A way in which variants differ.",
)
SELECTED_OPTION = Shape(
    "SelectedOption", (Field("name", Kind.TEXT, required=True), Field("value", Kind.TEXT, required=True))
)
CATEGORY_STEP = Shape(
    "CategoryStep", (Field("name", Kind.TEXT, required=True), Field("handle", Kind.TEXT, required=True))
)
CATEGORY_REF = Shape(
    "CategoryRef",
    (
        Field("id", Kind.ID, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("handle", Kind.TEXT, required=True),
        Field("path", CATEGORY_STEP, many=True, required=True, description="From the root down to itself."),
    ),
    description="A category that a product stands in.",
)
VARIANT = Shape(
    "ProductVariant",
    (
        Field("id", Kind.ID, required=True),
        Field("title", Kind.TEXT, required=True),
        Field("sku", Kind.TEXT),
        Field("barcode", Kind.TEXT),
        Field("prices", Kind.MONEY, per_currency=True, alias="price"),
        Field("compare_at_prices", Kind.MONEY, per_currency=True, alias="compareAtPrice"),
        Field("price_tiers", PRICE_TIER, many=True, per_currency=True),
        Field("available_for_sale", Kind.BOOL, required=True, description="It has a price, and there is some of it."),
        Field("quantity_available", Kind.INT, description="Absent where stock is not counted."),
        Field("options", SELECTED_OPTION, many=True, required=True),
        Field("image", IMAGE),
        Field("weight_grams", Kind.INT),
        Field("requires_shipping", Kind.BOOL, required=True),
        Field("position", Kind.INT, required=True),
    ),
    description="One thing that can be bought.",
)
FIELDS = (
    Field("id", Kind.ID, required=True),
    Field("title", Kind.TEXT, required=True),
    Field("subtitle", Kind.TEXT),
    Field("handle", Kind.TEXT, required=True),
    Field("description", Kind.HTML, description="Sanitised HTML."),
    Field("description_text", Kind.TEXT, listed=False),
    Field("status", Kind.TEXT, required=True),
    Field("vendor", Kind.TEXT),
    Field("product_type", Kind.TEXT),
    Field("featured", Kind.BOOL, required=True),
    Field("price_range", PRICE_RANGE, per_currency=True, description="Absent where it has no price in the currency."),
    Field("compare_at_range", PRICE_RANGE, per_currency=True),
    Field("featured_image", IMAGE, description="The first of its pictures."),
    Field("images", IMAGE, many=True, required=True),
    Field("options", OPTION, many=True, required=True),
    Field("variants", VARIANT, many=True, required=True),
    Field("categories", CATEGORY_REF, many=True, required=True),
    Field("tags", Kind.TEXT, many=True, required=True),
    Field("tag_links", TAG_LINK, many=True, required=True),
    Field("total_stock", Kind.INT, required=True),
    Field("has_stock", Kind.BOOL, required=True),
    Field("seo", SEO, required=True, listed=False),
    Field("published_at", Kind.TIME),
    Field("created_at", Kind.TIME, required=True),
    Field("updated_at", Kind.TIME, required=True),
)
