"""Search: words in the row's language, half-typed and mistyped ones too, the best first."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from tests.index.conftest import Workshop, titles
from tests.index.gadgets import GADGETS

from rustok.index import reads, together
from rustok.index.searching import Backend, Hits
from rustok.index.verifying import Verdict
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.indexing import Entity

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="session")
async def shelf(built_workshop: Workshop) -> TenantInfo:
    """A few gadgets with names in English and Russian."""
    tenant = built_workshop.tenant(locales=("en", "ru", "xx"))
    rows = [
        ("Blue cotton shirt", "Синяя хлопковая рубашка", "Acme", ["summer"], "Soft and light, for running in the heat"),
        ("Red shirts, pack of two", "Красные рубашки, две штуки", "Globex", ["AB-1234-X"], None),
        ("Wireless headphones", "Беспроводные наушники", None, [], "They go well with a shirt"),
        ("Café crème set", "Набор для кофе, чёрный", None, [], None),
        ("Christmas tree", "Ёлка", None, [], "<b>Green</b> needles"),
    ]
    for title, russian, maker, tags, notes in rows:
        await built_workshop.gadget(tenant, title, title_ru=russian, maker=maker, tags=tags, notes=notes)
    await built_workshop.catch_up()
    return tenant


async def search(workshop: Workshop, tenant: TenantInfo, locale: str, query: str) -> list[str]:
    async with workshop.database.read(tenant, locale=locale) as context:
        page = await reads.page(context, GADGETS, query=query, want_count=True)
        assert page.total_count == len(page.nodes)
        return titles(page.nodes)


BLUE, RED, EARS, CAFE, TREE = (
    "Blue cotton shirt",
    "Red shirts, pack of two",
    "Wireless headphones",
    "Café crème set",
    "Christmas tree",
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cotton", {BLUE}),
        ("COTTON shirts", {BLUE}),
        ("shirt", {BLUE, RED, EARS}),
        ("run", {BLUE}),
        ("the shirt of a", {BLUE, RED, EARS}),
        ("the", set()),
        ("wirel", {EARS}),
        ("wireless headph", {EARS}),
        ("ab-1234-x", {RED}),
        ("AB-12", {RED}),
        ("globex", {RED}),
        ("cafe creme", {CAFE}),
        ("Café", {CAFE}),
        ("cottn", {BLUE}),
        ("headphnes", {EARS}),
        ("wireles hedphones", {EARS}),
        ("chrismas", {TREE}),
        ("cotton headphones", set()),
        ("zzzzqqq", set()),
        ("!!!", set()),
        ("'); DROP TABLE index_gadgets; --", set()),
        ("shirt & | ! ( :* <->", {BLUE, RED, EARS}),
        ("\\ ' \" %", set()),
    ],
)
async def test_english(workshop: Workshop, shelf: TenantInfo, query: str, found: set[str]) -> None:
    assert set(await search(workshop, shelf, "en", query)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("рубашка", {"Синяя хлопковая рубашка", "Красные рубашки, две штуки"}),
        ("красной рубашкой", {"Красные рубашки, две штуки"}),
        ("науш", {"Беспроводные наушники"}),
        ("наушнки", {"Беспроводные наушники"}),
        ("елка", {"Ёлка"}),
        ("ЁЛКИ", {"Ёлка"}),
        ("черный", {"Набор для кофе, чёрный"}),
        ("acme", {"Синяя хлопковая рубашка"}),
    ],
)
async def test_russian(workshop: Workshop, shelf: TenantInfo, query: str, found: set[str]) -> None:
    assert set(await search(workshop, shelf, "ru", query)) == found


async def test_a_language_without_a_stemmer_is_read_as_it_is(workshop: Workshop, shelf: TenantInfo) -> None:
    assert await search(workshop, shelf, "xx", "cotton") == [BLUE]
    assert await search(workshop, shelf, "xx", "cottons") == [BLUE]  # not by its stem, but as a slip of the keys


async def test_a_title_outranks_a_note(workshop: Workshop, shelf: TenantInfo) -> None:
    assert (await search(workshop, shelf, "en", "shirt"))[-1] == EARS


async def test_a_query_that_is_no_text_or_too_long_is_refused(workshop: Workshop, shelf: TenantInfo) -> None:
    async with workshop.database.read(shelf) as context:
        for query in ("a\x00b", "x" * 501, "\ud800"):
            with pytest.raises(errors.Invalid):
                await reads.page(context, GADGETS, query=query)
            with pytest.raises(errors.Invalid):
                await reads.search(context, [GADGETS], query)


async def test_searching_everything_pages_through_every_hit_once(workshop: Workshop, shelf: TenantInfo) -> None:
    async with workshop.database.read(shelf) as context:
        found, cursor = [], None
        while True:
            page = await reads.search(context, [GADGETS], "shirt", first=1, after=cursor, want_count=True)
            found += titles(page.nodes)
            assert page.total_count == 3
            assert all(node["__typename"] == "Gadget" for node in page.nodes)
            if not page.has_next:
                break
            cursor = page.cursors[-1]

    assert sorted(found) == sorted([BLUE, RED, EARS])
    assert found[-1] == EARS


SYNONYMS = {
    "en": [["shirt", "blouse"], ["tree", "fir tree", "conifer of the woods"], "earphones, cans => headphones"],
    "ru": [["рубашка", "сорочка"]],
    "*": [["acme", "initech"]],
}


@pytest.mark.parametrize(
    ("locale", "query", "found"),
    [
        ("en", "blouse", {BLUE, RED, EARS}),
        ("en", "Blouses", {BLUE, RED, EARS}),
        ("en", "blue BLOUSE", {BLUE}),
        ("en", "christmas fir tree", {TREE}),
        ("en", "conifers of the wood", {TREE}),
        ("en", "fir", set()),
        ("en", "cans", {EARS}),
        ("en", "wireless earphones", {EARS}),
        ("en", "initech cot", {BLUE}),
        ("en", "сорочка", set()),
        ("ru", "сорочкой", {"Синяя хлопковая рубашка", "Красные рубашки, две штуки"}),
        ("ru", "красная сорочка", {"Красные рубашки, две штуки"}),
        ("ru", "initech", {"Синяя хлопковая рубашка"}),
    ],
)
async def test_synonyms_are_found_too(
    workshop: Workshop, shelf: TenantInfo, locale: str, query: str, found: set[str]
) -> None:
    knowing = replace(shelf, settings={"search": {"synonyms": SYNONYMS}})

    assert set(await search(workshop, knowing, locale, query)) == found


async def test_synonyms_hold_from_the_next_query_on(workshop: Workshop, shelf: TenantInfo) -> None:
    before = await search(workshop, shelf, "en", "chemise")
    with_it = await search(
        workshop, replace(shelf, settings={"search": {"synonyms": [["chemise", "cotton"]]}}), "en", "chemise"
    )
    after = await search(workshop, shelf, "en", "chemise")

    assert (before, with_it, after) == ([], [BLUE], [])


async def test_another_engine_finds_and_postgresql_filters(workshop: Workshop, shelf: TenantInfo) -> None:
    class Everything:
        """An engine that finds every id it was told of, in that order."""

        async def hits(self, tenant: TenantInfo, entity: Entity, *, locale: str, query: str, most: int) -> Hits | None:
            async with workshop.database.read(tenant, locale=locale) as context:
                rows = (await reads.page(context, entity, sort="TITLE_ASC")).nodes
            ids = [row["id"] for row in rows]
            return Hits.of(ids, list(range(len(ids), 0, -1)))

        def start(self) -> None: ...

        async def stop(self) -> None: ...

        async def rebuild(self, tenants: Sequence[TenantInfo]) -> None: ...

        async def verify(
            self, tenants: Sequence[TenantInfo], entities: Sequence[str], *, patience: float
        ) -> list[Verdict]:
            return []

        async def reach(self, tenant_id: UUID, version: int | None = None, *, seconds: float) -> bool:
            return True

    async with workshop.database.read(shelf) as context:
        context.session.info[Backend] = Everything()
        page = await reads.page(
            context, GADGETS, query="x", where={"maker": {"in": ["Acme", "Globex"]}}, want_count=True
        )
        both = await together.read(
            context,
            lambda c: reads.page(c, GADGETS, query="x", first=1),
            lambda c: reads.search(c, [GADGETS], "x", first=2),
        )

    assert titles(page.nodes) == [BLUE, RED]
    assert page.total_count == 2
    assert [titles(found.nodes) for found in both] == [[BLUE], [BLUE, CAFE]]
