"""How buyers pay, and how staff see to it."""

from rustok.commerce.payments.graphql import orders
from rustok.commerce.payments.graphql.admin import PaymentAdminMutations, PaymentAdminQueries
from rustok.commerce.payments.graphql.buying import PaymentMutations, PaymentQueries
from rustok.commerce.payments.graphql.methods import PaymentMethodMutations, PaymentMethodQueries

QUERIES = [PaymentQueries]
MUTATIONS = [PaymentMutations]
ADMIN_QUERIES = [PaymentMethodQueries, PaymentAdminQueries]
ADMIN_MUTATIONS = [PaymentMethodMutations, PaymentAdminMutations]
ADDITIONS = [orders.payments]
