"""The seam between modules that own data and the read model that flattens it: declarations, nothing that runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from sqlalchemy import Select

from rustok.kernel.context import Context
from rustok.kernel.events import Event


class Kind(StrEnum):
    """Scalar kinds of a document's fields; each has one GraphQL scalar and one way to be read from JSON."""

    ID = "id"
    TEXT = "text"
    HTML = "html"
    INT = "int"
    BIG = "big"
    FLOAT = "float"
    BOOL = "bool"
    TIME = "time"
    MONEY = "money"
    JSON = "json"


@dataclass(frozen=True)
class Shape:
    """A nested object of a document, and so a GraphQL object type. Its name is unique in the schema."""

    name: str
    fields: tuple["Field", ...]
    description: str = ""


@dataclass(frozen=True)
class Field:
    """A key of a document. `per_currency` values are maps from currency to value, of which a read takes one."""

    name: str
    kind: Kind | Shape
    many: bool = False
    required: bool = False
    per_currency: bool = False
    public: bool = True  # False: only our own pages read it; GraphQL does not show it
    listed: bool = True  # False: rarely asked for in lists, so it is not kept ready for them
    description: str = ""
    alias: str | None = None  # the GraphQL name where it is not the camel-cased name


@dataclass(frozen=True)
class Column:
    """A typed column beside the document, for filters, sorts and uniqueness. `sql` is PostgreSQL's type."""

    name: str
    sql: str
    required: bool = False


class Op(StrEnum):
    """How a filter compares: the GraphQL `where` input follows from it."""

    EQ = "eq"  # eq, in
    TEXT = "text"  # eq, in, on text
    RANGE = "range"  # gte, lte
    FLAG = "flag"  # a Boolean
    ANY = "any"  # the column is an array: eq (holds it), in (holds one of), all (holds all of)
    PRICE = "price"  # a jsonb map from currency to [min, max] in minor units: gte, lte in the read's currency
    OPTION = "option"  # the column is text[] of "name\x1fvalue": { name, values }


@dataclass(frozen=True)
class Filter:
    """A key of the GraphQL `where` input, answered from a column."""

    name: str
    column: str
    op: Op


@dataclass(frozen=True)
class Sort:
    """A value of the GraphQL sort enum: `TITLE_ASC`. `column` may be per currency (`Op.PRICE` columns, min price)."""

    name: str
    column: str
    descending: bool = False
    per_currency: bool = False


@dataclass(frozen=True)
class Facet:
    """Counts of a column's values among the matches. `labels` names a jsonb column that maps value to label."""

    name: str
    column: str
    op: Op
    labels: str | None = None


@dataclass(frozen=True)
class Link:
    """A connection to the rows of another entity whose filter holds this one's id: Category.products."""

    name: str  # of the GraphQL field
    entity: str  # Entity.name of the rows
    filter: str  # one of that entity's filters, on ids


@dataclass(frozen=True)
class Entity:
    """One kind of row of the read model: table `index_<name>`, its documents, and what can be asked of it.

    Every table also has: tenant_id, entity_id, locale, as_of_seq, deleted, refs uuid[], indexed_at and `document`.
    """

    name: str  # plural, snake case: "products"
    type_name: str  # GraphQL: "Product"
    id_column: str  # the manifest's name of entity_id: "product_id"
    fields: tuple[Field, ...]
    columns: tuple[Column, ...] = ()
    handle: str | None = None  # the column that names a row in addresses: "handle" or "slug"
    filters: tuple[Filter, ...] = ()
    sorts: tuple[Sort, ...] = ()
    facets: tuple[Facet, ...] = ()
    search: Mapping[str, str] = field(default_factory=dict)  # column or document text field → weight A..D
    singular: str | None = None  # GraphQL query for one: "product"; None: no query of its own
    plural: str | None = None  # GraphQL query for many: "products"
    key: tuple[str, ...] = ()  # columns that find one row besides id: ("handle",) or ("kind", "slug")
    links: tuple[Link, ...] = ()
    unique: tuple[str, ...] = ()  # columns unique within tenant and locale among rows that are not deleted
    module: str = "core"  # a tenant that has switched this module off sees none of it
    description: str = ""


class IndexSource(Protocol):
    """How an owner's data looks when flattened.

    `documents` selects one row per (entity, locale of the tenant) for the given ids, or for all. Its columns, by label:
    `id` uuid, `locale` text, `refs` uuid[] (ids of everything the row was glued from, so that their events reach it),
    `document` jsonb, and every column that the entity declares. Rows that must not be seen are simply not selected.
    """

    entity: Entity
    events: Collection[type[Event]]

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[tuple[object, ...]]:
        """One set-based query that builds some documents or all of the context's tenant."""
        ...
