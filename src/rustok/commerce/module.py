"""The shop as a module, on one screen."""

from pathlib import Path

from rustok.commerce import permissions
from rustok.commerce.accounts import graphql as accounts
from rustok.commerce.accounts import listeners as account_listeners
from rustok.commerce.accounts import listing as account_listing
from rustok.commerce.carts import expiring as expiring_carts
from rustok.commerce.carts import graphql as carts
from rustok.commerce.carts import listing as cart_listing
from rustok.commerce.carts import personal as carts_personal
from rustok.commerce.categories import graphql as categories
from rustok.commerce.categories.index_source import CategorySource
from rustok.commerce.checkout import graphql as checkout
from rustok.commerce.customers import personal as customers_personal
from rustok.commerce.giftcards import exporting as gift_card_tables
from rustok.commerce.giftcards import graphql as gift_cards
from rustok.commerce.giftcards import listeners as gift_card_listeners
from rustok.commerce.inventory import exporting, reserving
from rustok.commerce.inventory import graphql as inventory
from rustok.commerce.messages import graphql as messages
from rustok.commerce.messages import listeners as message_listeners
from rustok.commerce.orders import cancelling as cancelling_orders
from rustok.commerce.orders import exporting as exporting_orders
from rustok.commerce.orders import graphql as orders
from rustok.commerce.orders import partitions
from rustok.commerce.orders import personal as orders_personal
from rustok.commerce.payments import gateways, listing, reconciling, voiding
from rustok.commerce.payments import graphql as payments
from rustok.commerce.pricing import exporting as price_tables
from rustok.commerce.pricing import graphql as pricing
from rustok.commerce.products import graphql as products
from rustok.commerce.products.index_source import ProductSource
from rustok.commerce.promotions import exporting as promotion_tables
from rustok.commerce.promotions import graphql as promotions
from rustok.commerce.promotions import listeners as promotion_listeners
from rustok.commerce.returns import exporting as return_tables
from rustok.commerce.returns import graphql as returns
from rustok.commerce.returns import personal as returns_personal
from rustok.commerce.shipping import graphql as shipping
from rustok.commerce.tax import graphql as tax
from rustok.events import commerce as events
from rustok.kernel.module import Module

_SPEAKING = (
    products,
    pricing,
    inventory,
    categories,
    tax,
    carts,
    orders,
    shipping,
    accounts,
    payments,
    promotions,
    gift_cards,
    checkout,
    returns,
    messages,
)
here = Path(__file__).parent

module = Module(
    name="commerce",
    migrations=here / "migrations",
    depends_on=["core"],
    permissions=permissions.ALL,
    events=[
        events.ProductCreated,
        events.ProductUpdated,
        events.ProductPublished,
        events.ProductDeleted,
        events.VariantCreated,
        events.VariantUpdated,
        events.VariantDeleted,
        events.PriceChanged,
        events.InventoryUpdated,
        events.StockReserved,
        events.CommerceCategoryCreated,
        events.CommerceCategoryUpdated,
        events.CommerceCategoryRecounted,
        events.CommerceCategoryDeleted,
        events.OrderPlaced,
        events.OrderStatusChanged,
        events.OrderCompleted,
        events.OrderCancelled,
        events.OrderEdited,
        events.OrderFulfilled,
        events.OrderClaimed,
        events.ReturnRequested,
        events.ReturnStatusChanged,
        events.PaymentStatusChanged,
        events.PaymentRefunded,
        events.GiftCardIssued,
        events.CustomerUpdated,
        events.CustomerErased,
    ],
    admin_queries=[kind for part in _SPEAKING for kind in part.ADMIN_QUERIES],
    admin_mutations=[kind for part in _SPEAKING for kind in part.ADMIN_MUTATIONS],
    queries=[kind for part in _SPEAKING for kind in getattr(part, "QUERIES", ())],
    mutations=[kind for part in _SPEAKING for kind in getattr(part, "MUTATIONS", ())],
    additions=[*accounts.ADDITIONS, *payments.ADDITIONS],
    event_listeners=[
        *account_listeners.LISTENERS,
        *promotion_listeners.LISTENERS,
        *gift_card_listeners.LISTENERS,
        *voiding.LISTENERS,
        *message_listeners.LISTENERS,
    ],
    timers=[
        reserving.EXPIRY,
        expiring_carts.EXPIRY,
        partitions.QUARTERS,
        cancelling_orders.UNPAID,
    ],
    index_sources=[ProductSource(), CategorySource()],
    errands=[reconciling.ERRAND],
    gauges=[reconciling.STUCK, partitions.READY],
    mail_templates=here / "messages" / "templates",
    exports=[
        account_listing.EXPORT,
        cart_listing.CARTS,
        exporting.STOCK,
        listing.TRANSACTIONS,
        exporting_orders.ORDERS,
        exporting_orders.LINES,
        exporting_orders.DRAFTS,
        price_tables.PRICES,
        promotion_tables.PROMOTIONS,
        promotion_tables.CODES,
        *gift_card_tables.ALL,
        *return_tables.EXPORTS,
    ],
    payment_providers=gateways.BUILT_IN,
    offers=[carts_personal.PART, orders_personal.PART, customers_personal.PART, returns_personal.PART],
)
