"""Verify: the documents of a tenant's Tantivy index against the rows of the read model; names those that differ."""

import asyncio
import time
from uuid import UUID

from tantivy import Query

from rustok.index.tantivy import reading, shape
from rustok.index.tantivy.following import Follower
from rustok.index.tantivy.shelf import Opened
from rustok.index.verifying import NAMED, Difference, Verdict
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo

Digests = dict[UUID, int]


class IndexBehind(errors.Unavailable):
    """The search index does not reach what the read model has reached; is a server with this index running?"""

    code = "search_index_behind"


async def compare(follower: Follower, tenant: TenantInfo, name: str, *, patience: float) -> Verdict:
    """One entity of one tenant, in every language. A difference counts if it is there at one version of both."""
    deadline = time.monotonic() + patience
    while True:
        if time.monotonic() > deadline:
            raise IndexBehind(f"the search index of {tenant.slug} does not catch up")
        await follower.catch_up(tenant, seconds=1.0)
        opened = await asyncio.to_thread(follower.shelf(tenant).current)
        if opened is None or opened.version != await follower.reached(tenant.id):
            await asyncio.sleep(0.05)
            continue
        rows = await _rows(follower, tenant, name)
        verdict = Verdict(tenant.slug, f"{name} (search)", rows=sum(map(len, rows.values())))
        differences: list[Difference] = []
        for locale in tenant.locales:
            kept = await asyncio.to_thread(_documents, opened, name, locale)
            differences += _differences(locale, rows.get(locale, {}), kept)
        if differences and opened.version != await follower.reached(tenant.id):
            continue  # the rows moved on while they were read
        verdict.missing = sum(one.problem == "missing" for one in differences)
        verdict.extra = sum(one.problem == "extra" for one in differences)
        verdict.different = sum(one.problem == "different" for one in differences)
        verdict.differences = differences[:NAMED]
        return verdict


async def _rows(follower: Follower, tenant: TenantInfo, name: str) -> dict[str, Digests]:
    found: dict[str, Digests] = {}
    async for rows in reading.everything(follower.database, tenant, follower.entities[name]):
        for row in rows:
            found.setdefault(row.locale, {})[row.id] = row.digest
    return found


def _documents(opened: Opened, name: str, locale: str) -> list[tuple[UUID, int]]:
    """Ids and digests; a row that is there twice comes twice."""
    searcher = opened.searcher
    query = Query.term_query(opened.index.schema, shape.SCOPE, shape.scope(name, locale))
    places = [address for _, address in searcher.search(query, max(searcher.num_docs, 1), count=False).hits]
    columns = [searcher.fast_field_values(one, places) for one in (shape.HIGH, shape.LOW, shape.DIGEST)]
    return [
        (UUID(int=int(high or 0) << 64 | int(low or 0)), int(digest or 0))
        for high, low, digest in zip(*columns, strict=True)
    ]


def _differences(locale: str, rows: Digests, kept: list[tuple[UUID, int]]) -> list[Difference]:
    seen: set[UUID] = set()
    found: list[Difference] = []
    for identity, digest in kept:
        if identity not in rows or identity in seen:
            found.append(Difference(identity, locale, "extra"))
        elif rows[identity] != digest:
            found.append(Difference(identity, locale, "different", ("search",)))
        seen.add(identity)
    found += [Difference(identity, locale, "missing") for identity in rows if identity not in seen]
    return sorted(found, key=lambda one: one.id)
