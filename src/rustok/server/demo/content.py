"""The demo's shop and magazine as typed values; `reading.load` fills them from the text files."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in both languages."""

    en: str
    ru: str

    def __getitem__(self, locale: str) -> str:
        return {"en": self.en, "ru": self.ru}[locale]


@dataclass(frozen=True, slots=True)
class DemoPicture:
    """A picture to be drawn by `pictures.render`; `name` is unique and makes a file name.

    `kind` is "product" (subject, colour, view), "still_life" (things, tone), "landscape" (subject is the
    scene, tone the weather) or "portrait" (subject is the author's key).
    """

    name: str
    kind: str
    width: int
    height: int
    alt: Text
    subject: str = ""
    colour: str = ""
    view: str = ""
    things: tuple[tuple[str, str], ...] = ()
    tone: str = ""

    @property
    def filename(self) -> str:
        return f"{self.name}.jpg"


@dataclass(frozen=True, slots=True)
class DemoSeo:
    """A title and a description for search engines."""

    title: Text
    description: Text


@dataclass(frozen=True, slots=True)
class DemoOption:
    """One choice a product offers, such as its colour, with all values in order."""

    name: Text
    values: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class DemoTier:
    """What one piece costs from some quantity on, in minor units by currency."""

    min_quantity: int
    prices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DemoVariant:
    """One thing on the shelf. `options` are the values in the order of the product's options."""

    sku: str
    barcode: str | None
    options: tuple[Text, ...]
    prices: Mapping[str, int]
    compare_at: Mapping[str, int] | None
    tiers: tuple[DemoTier, ...]
    stock: Mapping[str, int]
    allow_backorder: bool
    weight_grams: int
    picture: str | None


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A product; its description is Markdown, the first category is its main one."""

    handle: str
    title: Text
    subtitle: Text
    description: Text
    vendor: str
    product_type: Text
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    options: tuple[DemoOption, ...]
    variants: tuple[DemoVariant, ...]
    pictures: tuple[DemoPicture, ...]
    seo: DemoSeo | None
    days_ago: int


@dataclass(frozen=True, slots=True)
class DemoCategory:
    """A category of the shop; parents come before their children."""

    handle: str
    parent: str | None
    name: Text
    description: Text
    picture: DemoPicture
    seo: DemoSeo | None


@dataclass(frozen=True, slots=True)
class DemoTag:
    """A tag of products and articles; `slug` is what they refer to."""

    slug: str
    name: Text


@dataclass(frozen=True, slots=True)
class DemoLocation:
    """A place that holds stock."""

    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class DemoAuthor:
    """Somebody who writes for the magazine."""

    key: str
    email: str
    name: Text
    bio: Text
    portrait: DemoPicture


@dataclass(frozen=True, slots=True)
class DemoTopic:
    """A category of the magazine."""

    slug: str
    name: Text
    description: Text


@dataclass(frozen=True, slots=True)
class DemoComment:
    """A reader's comment; `reply_to` is the place of an earlier comment in the same list, from 0."""

    author_name: str
    text: Text
    hours_after: int
    reply_to: int | None


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """An article of the magazine; bodies are Markdown with links that fit their language."""

    slug: str
    topic: str
    author: str
    days_ago: int
    tags: tuple[str, ...]
    title: Text
    excerpt: Text
    body: Text
    cover: DemoPicture
    related_products: tuple[str, ...]
    comments: tuple[DemoComment, ...]


@dataclass(frozen=True, slots=True)
class DemoPage:
    """A page such as "About"; parents come before their children."""

    slug: str
    parent: str | None
    title: Text
    excerpt: Text
    body: Text
    cover: DemoPicture | None


@dataclass(frozen=True, slots=True)
class DemoMenuItem:
    """A line of a menu; `target` is "category", "topic", "page" or "url", and `key` what it points at."""

    title: Text
    target: str
    key: str
    children: tuple["DemoMenuItem", ...]


@dataclass(frozen=True, slots=True)
class DemoMenu:
    """A menu with its lines."""

    slug: str
    name: Text
    items: tuple[DemoMenuItem, ...]


@dataclass(frozen=True, slots=True)
class DemoTaxZone:
    """Places (country, region, postcodes) with a rate for each class, in per cent."""

    name: str
    places: tuple[tuple[str, str, str], ...]
    tax: str
    rates: Mapping[str, str]
    included: bool


@dataclass(frozen=True, slots=True)
class DemoShippingMethod:
    """A way of shipping; `bands` are weights in grams and minor units by currency from there on."""

    code: str
    name: Text
    estimate: Text
    bands: tuple[tuple[int, Mapping[str, int]], ...]
    free_from: Mapping[str, int]
    least: int
    most: int | None
    pickup: str | None  # a location's code


@dataclass(frozen=True, slots=True)
class DemoShippingZone:
    """Places with the same ways of shipping."""

    code: str
    name: str
    places: tuple[tuple[str, str, str], ...]
    methods: tuple[DemoShippingMethod, ...]


@dataclass(frozen=True, slots=True)
class Duties:
    """What buyers pay besides the goods; `addresses` are those of the locations, by code."""

    tax_classes: Mapping[str, str]  # name by code, the default one first
    tax_zones: tuple[DemoTaxZone, ...]
    default_country: str
    shipping_zones: tuple[DemoShippingZone, ...]
    addresses: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class DemoPromotion:
    """Something that is taken off; amounts are minor units by currency, categories are handles."""

    kind: str
    name: str
    title: Text
    code: str | None
    percent: Decimal | None
    buy: int
    get: int
    times: int | None
    methods: tuple[str, ...]
    categories: tuple[str, ...]
    countries: tuple[str, ...]
    first_order: bool
    per_customer: int | None
    min_subtotal: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DemoGiftCard:
    """A gift card whose code everybody may know."""

    code: str
    currency: str
    amount_minor: int
    note: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What buyers do not pay."""

    promotions: tuple[DemoPromotion, ...]
    gift_cards: tuple[DemoGiftCard, ...]


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything that the demo tenant is filled with."""

    slug: str
    name: Text
    tagline: Text
    description: Text
    magazine: Text
    email: str
    seller: Mapping[str, object]  # as `settings.seller` (docs/mail.md)
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    locations: tuple[DemoLocation, ...]
    tags: tuple[DemoTag, ...]
    categories: tuple[DemoCategory, ...]
    products: tuple[DemoProduct, ...]
    authors: tuple[DemoAuthor, ...]
    topics: tuple[DemoTopic, ...]
    articles: tuple[DemoArticle, ...]
    pages: tuple[DemoPage, ...]
    menus: tuple[DemoMenu, ...]
    duties: Duties
    offers: Offers

    def pictures(self) -> tuple[DemoPicture, ...]:
        """Every picture of the demo, products first."""
        covers = (page.cover for page in self.pages)
        return (
            *(picture for product in self.products for picture in product.pictures),
            *(category.picture for category in self.categories),
            *(article.cover for article in self.articles),
            *(cover for cover in covers if cover is not None),
            *(author.portrait for author in self.authors),
        )
