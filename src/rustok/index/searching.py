"""Search: what a query becomes, over one kind of row or over several together, and the seam for other engines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec
from sqlalchemy import text

from rustok.index import cursors, expanding, tables
from rustok.index.filters import Bound
from rustok.index.listing import Source
from rustok.index.pages import COUNTED, Page, Slice
from rustok.index.verifying import Verdict
from rustok.kernel import errors
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.indexing import Entity

LONGEST_QUERY = 500


@dataclass(frozen=True)
class Hits:
    """What another engine found: ids and their ranks, where more is better, as literals of PostgreSQL's arrays.

    Ten thousand ids as one text are bound twenty times faster than as ten thousand objects. `version` is the read
    model's that the engine had reached: an answer that shows a later one may hold what the words do not find any more.
    """

    ids: str  # '{...}' of uuid
    ranks: str  # '{...}' of bigint
    version: int = 0

    @classmethod
    def of(cls, ids: Sequence[UUID], ranks: Sequence[int], version: int = 0) -> "Hits":
        """From values."""
        return cls("{" + ",".join(map(str, ids)) + "}", "{" + ",".join(map(str, ranks)) + "}", version)


class Backend(Protocol):
    """An engine that finds rows by words. Filters, facets, order and policies stay with PostgreSQL in every case."""

    async def hits(self, tenant: TenantInfo, entity: Entity, *, locale: str, query: str, most: int) -> Hits | None:
        """At most `most` rows of the tenant in that language; None leaves the search to the statement itself.

        `locale` is one of the tenant's and `query` has passed `check_query`.
        """
        ...

    async def reach(self, tenant_id: UUID, version: int | None = None, *, seconds: float) -> bool:
        """Wait until hits are no older than this version of the tenant's read model, or than the one it has now; False
        when time is up."""
        ...

    def start(self) -> None:
        """Follow the read model from now on, inside the running loop."""
        ...

    async def stop(self) -> None:
        """Follow it no more."""
        ...

    async def rebuild(self, tenants: Sequence[TenantInfo]) -> None:
        """Make anew whatever the engine keeps of these tenants."""
        ...

    async def verify(self, tenants: Sequence[TenantInfo], entities: Sequence[str], *, patience: float) -> list[Verdict]:
        """Compare what the engine keeps with the rows of the read model; nothing is kept, nothing is compared."""
        ...


class Postgres:
    """Full text in the row's language, the last word by its beginning, slips of the keys by trigrams."""

    async def hits(self, tenant: TenantInfo, entity: Entity, *, locale: str, query: str, most: int) -> Hits | None:
        """The table's candidates function answers inside the one statement."""
        return None

    async def reach(self, tenant_id: UUID, version: int | None = None, *, seconds: float) -> bool:
        """What is searched is what is read."""
        return True

    def start(self) -> None:
        """There is nothing to follow."""

    async def stop(self) -> None:
        """There is nothing to stop."""

    async def rebuild(self, tenants: Sequence[TenantInfo]) -> None:
        """The tables are the index."""

    async def verify(self, tenants: Sequence[TenantInfo], entities: Sequence[str], *, patience: float) -> list[Verdict]:
        """The tables are the index."""
        return []


POSTGRES = Postgres()


def backend_of(context: Context) -> Backend:
    """The engine that the host handed down in `Database.resources`; PostgreSQL where it handed none."""
    found: Backend = context.session.info.get(Backend, POSTGRES)
    return found


def check_query(query: str) -> str:
    """The query as it is searched for: no NUL, one kind of blanks, at most 500 characters."""
    if "\x00" in query or any("\ud800" <= c <= "\udfff" for c in query):
        raise errors.Invalid("the query holds characters that are no text", field="query")
    cleaned = " ".join(query.split())
    if len(cleaned) > LONGEST_QUERY:
        raise errors.Invalid(f"the query has more than {LONGEST_QUERY} characters", field="query")
    return cleaned


def places_of(tenant: TenantInfo, locale: str, query: str) -> str | None:
    """JSON of what may stand at each place of a checked query, where it holds synonyms."""
    places = expanding.places(tenant.settings, locale, query)
    return msgspec.json.encode(places).decode() if places else None


def in_table(entity: Entity, bound: Bound, query: str, places: str) -> Source:
    """The table's own search; query and places are given as SQL of texts."""
    words = f"public.index_query({bound.locale}, {query}, CAST({places} AS jsonb)), public.index_folded({query})"
    head = f"{tables.table_of(entity)}__candidates({bound.tenant}, {bound.locale}, {words}"
    return lambda held, most: f"{head}, {held}, {most})"


def given(ids: str, ranks: str) -> Source:
    """Another engine's hits; their literals are given as SQL of texts."""
    return lambda held, most: f"unnest(CAST({ids} AS uuid[]), CAST({ranks} AS bigint[]))"


async def source(context: Context, entity: Entity, bound: Bound, query: str, *, most: int = COUNTED + 1) -> Source:
    """Who finds the rows of a checked query: the statement itself, or another engine before it."""
    engine = backend_of(context)
    hits = await engine.hits(context.tenant, entity, locale=context.locale, query=query, most=most)
    if hits is not None:
        return given(bound.add(hits.ids, "text"), bound.add(hits.ranks, "text"))
    places = places_of(context.tenant, context.locale, query)
    return in_table(entity, bound, bound.add(query, "text"), bound.add(places, "text"))


async def together(
    context: Context,
    entities: Sequence[Entity],
    query: str,
    wanted: Slice,
    *,
    want_count: bool,
) -> Page:
    """Rows of several entities in one order of rank, in one statement; each document has its `__typename`."""
    asked = check_query(query)
    enabled = [e for e in entities if e.search and e.module not in context.tenant.disabled_modules]
    if not enabled or not asked:
        return Page(total_count=0 if want_count else None)
    bound = Bound({"tenant": context.tenant_id, "locale": context.locale})
    found, documents = [], []
    for entity in enabled:
        table, name = tables.table_of(entity), entity.type_name
        table_function = (await source(context, entity, bound, asked))("NULL", COUNTED + 1)
        found.append(f"SELECT '{name}' AS kind, c.id, c.rank FROM {table_function} c(id, rank)")
        documents.append(
            f"SELECT p.kind, p.id, p.rank, t.document FROM page p JOIN {table} t ON t.{entity.id_column} = p.id"
            f" WHERE p.kind = '{name}' AND t.tenant_id = :tenant AND t.locale = :locale AND NOT t.deleted"
        )
    order, keyset = f"search|{asked}", ""
    if wanted.after:
        at = cursors.decode(wanted.after, order, "bigint", field="after")
        keyset = f" WHERE (rank, id) < ({bound.add(int(at.key), 'bigint')}, {bound.add(at.id, 'uuid')})"
    sql = f"""
    WITH found AS MATERIALIZED ({" UNION ALL ".join(found)}),
    page AS MATERIALIZED (SELECT * FROM found{keyset} ORDER BY rank DESC, id DESC LIMIT {wanted.size + 1}),
    shown AS MATERIALIZED ({" UNION ALL ".join(documents)})
    SELECT (SELECT count(*) FROM found),
        (SELECT '[' || string_agg(s.document::text, ',' ORDER BY s.rank DESC, s.id DESC) || ']' FROM shown s),
        (SELECT json_agg(json_build_array(s.kind, s.rank::text, s.id) ORDER BY s.rank DESC, s.id DESC)::text
         FROM shown s)"""
    count, nodes, keys = (await context.session.execute(text(sql), bound.values)).one()
    rows = msgspec.json.decode(nodes or "[]")
    marks = msgspec.json.decode(keys or "[]", type=list[tuple[str, str, UUID]])
    return Page(
        nodes=[{"__typename": kind, **row} for row, (kind, _, _) in zip(rows, marks, strict=True)][: wanted.size],
        cursors=[cursors.encode(cursors.Position(rank, i), order) for _, rank, i in marks[: wanted.size]],
        has_next=len(rows) > wanted.size,
        has_previous=wanted.after is not None,
        total_count=min(count, COUNTED) if want_count else None,
        total_exact=count <= COUNTED,
    )
