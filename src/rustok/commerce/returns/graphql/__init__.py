"""How buyers ask to send goods back, and how staff take them back and give money for them."""

from rustok.commerce.returns.graphql.mutations import ReturnMutations
from rustok.commerce.returns.graphql.queries import ReturnQueries
from rustok.commerce.returns.graphql.refunds import RefundMutations, RefundQueries
from rustok.commerce.returns.graphql.storefront import BuyerReturnMutations, BuyerReturnQueries

QUERIES = [BuyerReturnQueries]
MUTATIONS = [BuyerReturnMutations]
ADMIN_QUERIES = [ReturnQueries, RefundQueries]
ADMIN_MUTATIONS = [ReturnMutations, RefundMutations]
