"""How staff ask for promotions and change them."""

from rustok.commerce.promotions.graphql.codes import PromotionCodeMutations, PromotionCodeQueries
from rustok.commerce.promotions.graphql.mutations import PromotionMutations
from rustok.commerce.promotions.graphql.queries import PromotionQueries

ADMIN_QUERIES = [PromotionQueries, PromotionCodeQueries]
ADMIN_MUTATIONS = [PromotionMutations, PromotionCodeMutations]
