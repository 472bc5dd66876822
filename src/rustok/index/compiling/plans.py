"""Plans: what is known of an operation once it was seen, and the statements made of it, both within bounds.

    plan = Plan.of(schema, document, operation, entities, statements)       # None: not the read model's business
    answer = await plan.run(readers, backend, asked)            # Answer | None, where the ordinary executor must answer

The values of most variables are bound when the statement runs. Those that decide about the SQL (a `where`, a sort, a
page size) are part of the key under which the statement is kept, as are the tenant's languages and currencies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from typing import Any

import msgspec
from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues, get_variable_values

from rustok.index.compiling import arguments, planning, selecting
from rustok.index.compiling.binding import Asked, Statement
from rustok.index.compiling.selecting import Inexpressible, Selector
from rustok.index.compiling.work import Work
from rustok.index.pages import COUNTED
from rustok.index.readers import Readers
from rustok.index.searching import Backend, Postgres
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.indexing import Entity
from rustok.kernel.recent import Recent

MOST_STATEMENTS = 4_000  # of all plans of a process together
MOST_SQL = 8_000_000  # characters of them
_NO_VARIABLES = VariableValues({}, {})


@dataclass(frozen=True)
class Answer:
    """The JSON text of `data`, and the version of the tenant's read model that it shows. `is_whole`: nothing older was
    looked at on the way, as another search engine may have done."""

    data: str
    version: int
    is_whole: bool = True


class Declined(Exception):
    """The ordinary executor has to answer; the message says why, in a few words."""


class Statements:
    """What all plans of a process were compiled to, within bounds: anybody can send documents and variables."""

    def __init__(self) -> None:
        self.known = Recent[Any, Statement | str](most=MOST_STATEMENTS, weight=MOST_SQL)
        self.numbers = count()


@dataclass
class Plan:
    """One operation of one document."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    entities: Mapping[str, Entity]
    deciding: tuple[str, ...]
    bound: tuple[str, ...]
    statements: Statements
    number: int

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        entities: Mapping[str, Entity],
        statements: Statements,
    ) -> "Plan | None":
        """A plan for a valid query whose every field at the top is the read model's; None for any other operation."""
        if operation.operation is not OperationType.QUERY:
            return None
        if not selecting.roots_of(operation, document) <= planning.roots(entities):
            return None
        deciding, bound = arguments.usage(document)
        return cls(schema, document, operation, entities, deciding, bound, statements, next(statements.numbers))

    def coerced(self, variables: Mapping[str, Any]) -> VariableValues:
        """The variables as the operation declares them; raises `Declined` where they are refused."""
        if not self.operation.variable_definitions:
            return _NO_VARIABLES
        found = get_variable_values(self.schema, self.operation.variable_definitions, dict(variables))
        if not isinstance(found, VariableValues):
            raise Declined("variables")
        return found

    async def run(
        self,
        readers: Readers,
        backend: Backend,
        tenant: TenantInfo,
        *,
        locale: str,
        currency: str,
        variables: Mapping[str, Any],
    ) -> Answer:
        """The answer to one request; raises `Declined`."""
        coerced = self.coerced(variables)
        asked = Asked(tenant, locale, currency, coerced.coerced)
        given = not isinstance(backend, Postgres)
        try:
            statement = self.statement(asked, coerced, variables, given=given)
            version: int | None = None
            if statement.searches:
                for one in statement.searches:
                    hits = await backend.hits(
                        tenant, one.entity, locale=one.locale.take(asked), query=one.query.take(asked), most=COUNTED + 1
                    )
                    if hits is None:
                        statement = self.statement(asked, coerced, variables, given=False)
                        break
                    asked.hits.append(hits)
                version = min((hits.version for hits in asked.hits), default=None)
            values = statement.values(asked)
        except errors.RustokError as error:
            raise Declined("refused") from error
        row = await readers.row(tenant.id, statement.sql, values)
        if not row[2]:
            raise Declined("outdated")
        shown = row[1] or 0
        return Answer(row[0], shown, version is None or version >= shown)

    def statement(
        self, asked: Asked, coerced: VariableValues, variables: Mapping[str, Any], *, given: bool
    ) -> Statement:
        """The statement for such a request, made if it is not known yet; raises `Declined`."""
        tenant = asked.tenant
        key: Any = (asked.currency, tenant.currencies, tenant.default_currency, tenant.disabled_modules, given)
        if self.deciding or self.bound:
            # Null is not the same as absent: what is absent may have a default.
            decided = msgspec.json.encode({name: variables[name] for name in self.deciding if name in variables})
            digest = blake2b(decided, digest_size=16).digest()  # they can be as long as a request
            key = (*key, digest, *[arguments.presence(coerced.coerced.get(name)) for name in self.bound])
        known = self.statements.known.get((self.number, key))
        if known is None:
            known = self._made(asked, coerced, given=given)
            weight = len(known if isinstance(known, str) else known.sql) + 100
            self.statements.known.put((self.number, key), known, weight=weight)
        if isinstance(known, str):
            raise Declined(known)
        return known

    def _made(self, asked: Asked, coerced: VariableValues, *, given: bool) -> Statement | str:
        selector = Selector(self.schema, selecting.fragments_of(self.document), coerced.coerced)
        work = Work(self.schema, self.entities, asked.tenant, coerced, selector, given)
        try:
            return planning.statement(work, self.operation, asked.currency)
        except Inexpressible as error:
            return f"inexpressible: {error}"
        except (errors.RustokError, GraphQLError):
            return "refused"
