"""Suggestions while somebody types: words first, then things, of what is shown only."""

import pytest
from tests.index.conftest import Workshop
from tests.index.gadgets import GADGETS

from rustok.index import suggesting
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo

NAMES = [
    ("Blue cotton shirt", "Синяя хлопковая рубашка"),
    ("Blue denim jacket", "Синяя джинсовая куртка"),
    ("Blueberry jam", "Черничное варенье"),
    ("Cotton towel", "Хлопковое полотенце"),
    ("Café crème set", "Набор для кофе, чёрный"),
    ("100% «linen» napkins", "Льняные салфетки"),
]

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="module")
async def shelf(built_workshop: Workshop) -> TenantInfo:
    """A few gadgets, one of them withdrawn and one never shown."""
    tenant = built_workshop.tenant()
    for title, russian in NAMES:
        await built_workshop.gadget(tenant, title, title_ru=russian)
    await built_workshop.gadget(tenant, "Blue secret prototype", published=False)
    withdrawn = await built_workshop.gadget(tenant, "Blue withdrawn lamp")
    await built_workshop.catch_up()
    await built_workshop.remove(tenant, withdrawn)
    await built_workshop.catch_up()
    return tenant


async def suggest(
    workshop: Workshop, tenant: TenantInfo, query: str, *, locale: str = "en", first: int = 10
) -> tuple[list[str], list[str]]:
    async with workshop.database.read(tenant, locale=locale) as context:
        found = await suggesting.suggest(context, [GADGETS], query, first=first)
    assert len(found) <= first
    assert all((one.type_name is None) == (one.id is None) == (one.handle is None) for one in found)
    assert found == sorted(found, key=lambda one: one.id is not None)
    return [one.text for one in found if one.id is None], [one.text for one in found if one.id is not None]


@pytest.mark.parametrize(
    ("locale", "query", "words", "things"),
    [
        ("en", "blu", ["blue", "blueberry"], {"Blue cotton shirt", "Blue denim jacket", "Blueberry jam"}),
        ("en", "BLUE c", ["BLUE cotton"], {"Blue cotton shirt"}),
        ("en", "cot", ["cotton"], {"Blue cotton shirt", "Cotton towel"}),
        ("en", "cottn", ["cotton"], {"Blue cotton shirt", "Cotton towel"}),
        ("en", "cafe cr", ["cafe crème"], {"Café crème set"}),
        ("en", "lin", ["linen"], {"100% «linen» napkins"}),
        ("en", "secret", [], set()),
        ("en", "withdrawn", [], set()),
        ("en", "zzzqqq", [], set()),
        ("en", "  ", [], set()),
        ("en", "%", [], set()),
        ("en", "'; DROP TABLE index_gadgets; --", [], set()),
        ("ru", "син", ["синяя"], {"Синяя хлопковая рубашка", "Синяя джинсовая куртка"}),
        ("ru", "синяя ру", ["синяя рубашка"], {"Синяя хлопковая рубашка"}),
        ("ru", "полотенцо", ["полотенце"], {"Хлопковое полотенце"}),
        ("ru", "черн", ["чёрный", "черничное"], {"Черничное варенье", "Набор для кофе, чёрный"}),
    ],
)
async def test_what_is_typed_goes_on(
    workshop: Workshop, shelf: TenantInfo, locale: str, query: str, words: list[str], things: set[str]
) -> None:
    found_words, found_things = await suggest(workshop, shelf, query, locale=locale)

    assert found_words == words
    assert set(found_things) == things


async def test_names_that_begin_as_the_query_does_come_first(workshop: Workshop, shelf: TenantInfo) -> None:
    _, things = await suggest(workshop, shelf, "cotton")

    assert things == ["Cotton towel", "Blue cotton shirt"]


async def test_no_more_than_wanted(workshop: Workshop, shelf: TenantInfo) -> None:
    words, things = await suggest(workshop, shelf, "blue", first=2)

    assert (words, len(things)) == (["blueberry"], 1)
    assert await suggest(workshop, shelf, "blue", first=0) == ([], [])
    async with workshop.database.read(shelf) as context:
        for first in (-1, 26):
            with pytest.raises(errors.Invalid):
                await suggesting.suggest(context, [GADGETS], "blue", first=first)
        with pytest.raises(errors.Invalid):
            await suggesting.suggest(context, [GADGETS], "a\x00b")


async def test_nothing_of_another_tenant_or_of_a_module_that_is_off(workshop: Workshop, shelf: TenantInfo) -> None:
    stranger = workshop.tenant()
    await workshop.gadget(stranger, "Blue stranger")
    await workshop.catch_up()
    off = workshop.tenant(disabled=frozenset({"gadgetry"}))

    assert await suggest(workshop, stranger, "blu") == (["blue"], ["Blue stranger"])
    assert "Blue stranger" not in (await suggest(workshop, shelf, "blu"))[1]
    assert await suggest(workshop, off, "blu") == ([], [])
