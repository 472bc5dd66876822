"""Customers in GraphQL: the storefront's own account, and the admin's list of all of them."""

from rustok.commerce.accounts.graphql import buyers
from rustok.commerce.accounts.graphql.customers import CustomerMutations, CustomerQueries
from rustok.commerce.accounts.graphql.groups import CustomerGroupMutations, CustomerGroupQueries
from rustok.commerce.accounts.graphql.own import OwnMutations, OwnQueries
from rustok.commerce.accounts.graphql.privacy import CustomerDataMutations, CustomerDataQueries
from rustok.kernel.graphql import Addition

QUERIES: list[type] = [OwnQueries]
MUTATIONS: list[type] = [OwnMutations]
ADMIN_QUERIES: list[type] = [CustomerQueries, CustomerGroupQueries, CustomerDataQueries]
ADMIN_MUTATIONS: list[type] = [CustomerMutations, CustomerGroupMutations, CustomerDataMutations]
ADDITIONS: list[Addition] = [buyers.customer]
