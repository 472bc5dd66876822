"""How staff and buyers ask for orders and change them."""

from rustok.commerce.orders.graphql.bulk import OrderBulkMutations
from rustok.commerce.orders.graphql.drafts import DraftOrderMutations, DraftOrderQueries
from rustok.commerce.orders.graphql.editing import OrderEditingMutations
from rustok.commerce.orders.graphql.mutations import OrderMutations
from rustok.commerce.orders.graphql.queries import OrderQueries
from rustok.commerce.orders.graphql.storefront import BuyerOrderQueries

QUERIES = [BuyerOrderQueries]
ADMIN_QUERIES = [OrderQueries, DraftOrderQueries]
ADMIN_MUTATIONS = [OrderMutations, OrderEditingMutations, OrderBulkMutations, DraftOrderMutations]
