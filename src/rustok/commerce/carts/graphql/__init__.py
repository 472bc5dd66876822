"""How buyers and staff ask for carts and change them."""

from rustok.commerce.carts.graphql.admin import CartAdminMutations, CartAdminQueries
from rustok.commerce.carts.graphql.mutations import CartMutations
from rustok.commerce.carts.graphql.queries import CartQueries

QUERIES = [CartQueries]
MUTATIONS = [CartMutations]
ADMIN_QUERIES = [CartAdminQueries]
ADMIN_MUTATIONS = [CartAdminMutations]
