"""How buyers ask what shipping costs, and how staff say it."""

from rustok.commerce.shipping.graphql.mutations import ShippingMutations
from rustok.commerce.shipping.graphql.queries import ShippingQueries
from rustok.commerce.shipping.graphql.storefront import ShippingShopQueries

QUERIES = [ShippingShopQueries]
ADMIN_QUERIES = [ShippingQueries]
ADMIN_MUTATIONS = [ShippingMutations]
