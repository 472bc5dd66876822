"""How staff write content, and how readers answer it."""

from rustok.core.content.graphql.mutations import ContentMutations
from rustok.core.content.graphql.queries import ContentQueries
from rustok.core.content.graphql.readers import ReaderMutations

QUERIES: list[type] = []
MUTATIONS: list[type] = [ReaderMutations]
ADMIN_QUERIES: list[type] = [ContentQueries]
ADMIN_MUTATIONS: list[type] = [ContentMutations]
