"""How staff ask for prices and change them, and how shoppers have them explained."""

from rustok.commerce.pricing.graphql.mutations import PricingMutations
from rustok.commerce.pricing.graphql.queries import PricingQueries
from rustok.commerce.pricing.graphql.storefront import PriceQueries

QUERIES = [PriceQueries]
ADMIN_QUERIES = [PricingQueries]
ADMIN_MUTATIONS = [PricingMutations]
