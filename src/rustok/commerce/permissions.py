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
)
