"""What the parts of one compilation share: the selection, the parameters, and where in the world a row is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import cast

from graphql import GraphQLObjectType, GraphQLSchema
from graphql.execution.values import VariableValues

from rustok.index import searching, tables
from rustok.index.compiling.arguments import Arguments
from rustok.index.compiling.binding import Asked, Search, Slot, Slots
from rustok.index.compiling.rendering import Renderer, Row
from rustok.index.compiling.selecting import Chosen, Selector
from rustok.index.listing import Source
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.indexing import Entity


@dataclass(frozen=True)
class Place:
    """In which language and currency a part of an answer is read."""

    locale: Slot
    currency: str


@dataclass
class Work:
    """One operation on its way to SQL. `given`: another engine searches, and its hits are bound."""

    schema: GraphQLSchema
    entities: Mapping[str, Entity]
    tenant: TenantInfo
    variables: VariableValues
    selector: Selector
    given: bool
    slots: Slots = field(default_factory=Slots)
    searches: list[Search] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)  # parameters to be looked at though the statement may not need them
    used: set[str] = field(default_factory=set)  # names of the entities whose cells are read
    names: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.renderer = Renderer(self.selector)

    def alias(self) -> str:
        """A name for rows that no other part of the statement uses."""
        return f"r{next(self.names)}"

    def row(self, alias: str, entity: Entity, currency: str) -> Row:
        """Rows to render from."""
        self.used.add(entity.name)
        return Row(alias, entity, currency)

    def arguments(self, type_name: str, chosen: Chosen) -> Arguments:
        """The arguments of a field of an object type."""
        kind = cast(GraphQLObjectType, self.schema.type_map[type_name])
        return Arguments.of(chosen, kind.fields[chosen.name], self.variables)

    def place(self, arguments: Arguments, above: Place) -> Place:
        """What the arguments `locale` and `currency` make of the place above."""
        locale, currency = above.locale, above.currency
        if arguments["locale"]:
            locale = arguments.slot("locale", "locale", lambda asked, value: asked.tenant.locale_or_default(value))
        if arguments["currency"]:
            currency = self.tenant.currency_or_default(arguments["currency"].upper())
        return Place(locale, currency)

    def require(self, entity: Entity) -> None:
        """Refuse where the tenant has switched the entity's module off."""
        if entity.module in self.tenant.disabled_modules:
            raise errors.ModuleDisabled(f"the module {entity.module} is switched off for this tenant")

    def query(self, arguments: Arguments) -> Slot | None:
        """The words to search for, if there are any."""
        if not arguments["query"] or not searching.check_query(arguments["query"]):
            return None
        return arguments.slot("query", "query", lambda asked, value: searching.check_query(value))

    def words(self, entity: Entity, slots: Slots, locale: Slot, query: Slot) -> Source:
        """Who finds the rows that match the words."""
        if not entity.search:
            raise errors.Invalid(f"{entity.name} cannot be searched", field="query")
        if not self.given:

            def places(asked: Asked) -> str | None:
                return searching.places_of(asked.tenant, locale.take(asked), query.take(asked))

            filled = Slot(("places", *locale.name, *query.name), places)
            return searching.in_table(entity, slots, slots.add(query, "text"), slots.add(filled, "text"))
        number = len(self.searches)
        self.searches.append(Search(entity, locale, query))
        ids = Slot(("hits", str(number)), lambda asked: asked.hits[number].ids)
        ranks = Slot(("ranks", str(number)), lambda asked: asked.hits[number].ranks)
        return searching.given(slots.add(ids, "text"), slots.add(ranks, "text"))


def scope(slots: Slots) -> str:
    """The rows of `t` that may be seen."""
    return f"t.tenant_id = {slots.tenant} AND t.locale = {slots.locale} AND NOT t.deleted"


def is_current(entities: Iterable[Entity]) -> str:
    """SQL of whether the tables of these entities were built as they are declared now: in another table's cells, other
    values stand at the same places."""
    # One whose declaration changed in between holds rows of both kinds, whatever it is declared as now.
    known = " AND ".join(
        f"EXISTS (SELECT FROM index_state s WHERE s.entity = '{one.name}' AND s.status <> 'outdated'"
        f" AND s.ddl_hash = '{tables.ddl_hash(one)}')"
        for one in entities
    )
    return f"({known})" if known else "true"


def kind_of(entity: Entity, column: str) -> str:
    """PostgreSQL's type of a column."""
    return tables.base_type(tables.columns_of(entity)[column].sql)
