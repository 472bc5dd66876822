"""What people may be allowed to do in the shop: `resource:action`; `manage` covers all of a resource."""

PRODUCTS_READ = "products:read"
PRODUCTS_WRITE = "products:write"
PRODUCTS_PUBLISH = "products:publish"
PRODUCTS_DELETE = "products:delete"
PRODUCTS_MANAGE = "products:manage"

PRICES_READ = "prices:read"
PRICES_WRITE = "prices:write"
PRICES_MANAGE = "prices:manage"

INVENTORY_READ = "inventory:read"
INVENTORY_WRITE = "inventory:write"
INVENTORY_MANAGE = "inventory:manage"

COMMERCE_CATEGORIES_READ = "commerce_categories:read"
COMMERCE_CATEGORIES_WRITE = "commerce_categories:write"
COMMERCE_CATEGORIES_DELETE = "commerce_categories:delete"
COMMERCE_CATEGORIES_MANAGE = "commerce_categories:manage"

CUSTOMERS_READ = "customers:read"
CUSTOMERS_WRITE = "customers:write"
CUSTOMERS_DELETE = "customers:delete"
CUSTOMERS_MANAGE = "customers:manage"

PROMOTIONS_READ = "promotions:read"
PROMOTIONS_WRITE = "promotions:write"
PROMOTIONS_DELETE = "promotions:delete"
PROMOTIONS_MANAGE = "promotions:manage"

GIFT_CARDS_READ = "gift_cards:read"
GIFT_CARDS_WRITE = "gift_cards:write"
GIFT_CARDS_MANAGE = "gift_cards:manage"

TAXES_READ = "taxes:read"
TAXES_WRITE = "taxes:write"
TAXES_MANAGE = "taxes:manage"

SHIPPING_READ = "shipping:read"
SHIPPING_WRITE = "shipping:write"
SHIPPING_MANAGE = "shipping:manage"

CARTS_READ = "carts:read"
CARTS_WRITE = "carts:write"
CARTS_MANAGE = "carts:manage"

ORDERS_READ = "orders:read"
ORDERS_WRITE = "orders:write"
ORDERS_DELETE = "orders:delete"
ORDERS_MANAGE = "orders:manage"

PAYMENTS_READ = "payments:read"
PAYMENTS_WRITE = "payments:write"
PAYMENTS_REFUND = "payments:refund"
PAYMENTS_MANAGE = "payments:manage"

RETURNS_READ = "returns:read"
RETURNS_WRITE = "returns:write"
RETURNS_MANAGE = "returns:manage"

ALL = (
    PRODUCTS_READ,
    PRODUCTS_WRITE,
    PRODUCTS_PUBLISH,
    PRODUCTS_DELETE,
    PRODUCTS_MANAGE,
    PRICES_READ,
    PRICES_WRITE,
    PRICES_MANAGE,
    INVENTORY_READ,
    INVENTORY_WRITE,
    INVENTORY_MANAGE,
    COMMERCE_CATEGORIES_READ,
    COMMERCE_CATEGORIES_WRITE,
    COMMERCE_CATEGORIES_DELETE,
    COMMERCE_CATEGORIES_MANAGE,
    CUSTOMERS_READ,
    CUSTOMERS_WRITE,
    CUSTOMERS_DELETE,
    CUSTOMERS_MANAGE,
    PROMOTIONS_READ,
    PROMOTIONS_WRITE,
    PROMOTIONS_DELETE,
    PROMOTIONS_MANAGE,
    GIFT_CARDS_READ,
    GIFT_CARDS_WRITE,
    GIFT_CARDS_MANAGE,
    TAXES_READ,
    TAXES_WRITE,
    TAXES_MANAGE,
    SHIPPING_READ,
    SHIPPING_WRITE,
    SHIPPING_MANAGE,
    CARTS_READ,
    CARTS_WRITE,
    CARTS_MANAGE,
    ORDERS_READ,
    ORDERS_WRITE,
    ORDERS_DELETE,
    ORDERS_MANAGE,
    PAYMENTS_READ,
    PAYMENTS_WRITE,
    PAYMENTS_REFUND,
    PAYMENTS_MANAGE,
    RETURNS_READ,
    RETURNS_WRITE,
    RETURNS_MANAGE,
)
