"""How staff ask for products and change them."""

from rustok.commerce.products.graphql.bulk import ProductBulkMutations
from rustok.commerce.products.graphql.mutations import ProductMutations
from rustok.commerce.products.graphql.queries import ProductQueries
from rustok.commerce.products.graphql.variants import VariantMutations

ADMIN_QUERIES = [ProductQueries]
ADMIN_MUTATIONS = [ProductMutations, VariantMutations, ProductBulkMutations]
