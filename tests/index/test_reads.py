"""Reads: pages that cover every row once, counts and facets that agree with counting by hand, errors that say why."""

from collections import Counter
from typing import Any

import pytest
from tests.index.conftest import Workshop, titles
from tests.index.gadgets import GADGETS

from rustok.index import listing, reads
from rustok.index.cursors import InvalidCursor
from rustok.index.filters import InvalidFilter
from rustok.kernel import errors
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.ids import generate_id

SORTS = [sort.name for sort in GADGETS.sorts]
COUNT = 37


async def by_hand(workshop: Workshop, tenant: TenantInfo) -> list[dict[str, Any]]:
    """Every row of the tenant's English."""
    return [row for row in await workshop.rows(tenant) if row["locale"] == "en" and not row["deleted"]]


@pytest.fixture(scope="session")
async def stocked(built_workshop: Workshop) -> TenantInfo:
    """A tenant with 37 gadgets that nobody changes."""
    tenant = built_workshop.tenant()
    await built_workshop.stock(tenant, COUNT)
    return tenant


async def walk(context: Context, *, backwards: bool = False, **arguments: Any) -> list[str]:
    """The ids of a whole list, page by page."""
    found: list[str] = []
    cursor: str | None = None
    for _ in range(100):
        if backwards:
            page = await reads.page(context, GADGETS, last=5, before=cursor, **arguments)
            found = [node["id"] for node in page.nodes] + found
            more, at = page.has_previous, 0
        else:
            page = await reads.page(context, GADGETS, first=5, after=cursor, **arguments)
            found += [node["id"] for node in page.nodes]
            more, at = page.has_next, -1
        if not more:
            return found
        cursor = page.cursors[at]
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("sort", [*SORTS, None])
async def test_cursors_both_ways_cover_every_row_exactly_once(
    workshop: Workshop, stocked: TenantInfo, sort: str | None
) -> None:
    async with workshop.database.read(stocked) as context:
        forward = await walk(context, sort=sort)
        backward = await walk(context, sort=sort, backwards=True)

    assert len(forward) == len(set(forward)) == COUNT
    assert backward == forward


@pytest.mark.parametrize(
    "where", [{"tags": {"in": ["even", "third"]}}, {"options": [{"name": "Size", "values": ["M"]}]}, {"maker": "Acme"}]
)
async def test_filtered_pages_cover_every_match_exactly_once(
    workshop: Workshop, stocked: TenantInfo, where: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop.database.read(stocked) as context:
        few = await walk(context, where=where, sort="WEIGHT_DESC")
        monkeypatch.setattr(listing, "PROBED", 3)  # more than 3 overlap now: the order's index is walked instead
        many = await walk(context, where=where, sort="WEIGHT_DESC")
        page = await reads.page(context, GADGETS, where=where, want_nodes=False, want_count=True)

    assert few == many
    assert len(set(few)) == len(few) == page.total_count


async def test_nulls_stand_last_in_both_directions(workshop: Workshop, stocked: TenantInfo) -> None:
    async with workshop.database.read(stocked) as context:
        for sort in ("WEIGHT_ASC", "WEIGHT_DESC", "PRICE_ASC", "PRICE_DESC"):
            page = await reads.page(context, GADGETS, sort=sort, first=100)
            key = "weight" if sort.startswith("WEIGHT") else "price_range"
            absent = [not node[key] and node[key] != 0 for node in page.nodes]
            assert absent == sorted(absent), sort
            assert any(absent)


async def test_page_info_tells_of_both_sides(workshop: Workshop, stocked: TenantInfo) -> None:
    async with workshop.database.read(stocked) as context:
        first = await reads.page(context, GADGETS, first=5)
        second = await reads.page(context, GADGETS, first=5, after=first.cursors[-1])
        back = await reads.page(context, GADGETS, last=5, before=second.cursors[0])

    assert (first.has_previous, first.has_next) == (False, True)
    assert (second.has_previous, second.has_next) == (True, True)
    assert (back.has_previous, back.has_next) == (False, True)
    assert back.nodes == first.nodes


async def test_a_page_has_20_rows_unless_asked_and_never_more_than_100(workshop: Workshop, stocked: TenantInfo) -> None:
    async with workshop.database.read(stocked) as context:
        assert len((await reads.page(context, GADGETS)).nodes) == 20
        assert (await reads.page(context, GADGETS, first=0)).nodes == []
        for wrong in ({"first": 101}, {"first": -1}, {"last": 101}, {"first": 1, "last": 1}):
            with pytest.raises(errors.Invalid):
                await reads.page(context, GADGETS, **wrong)  # type: ignore[arg-type]  # one at a time


async def test_a_cursor_of_another_list_or_with_a_changed_letter_is_refused(
    workshop: Workshop, stocked: TenantInfo
) -> None:
    async with workshop.database.read(stocked) as context:
        cursor = (await reads.page(context, GADGETS, sort="TITLE_ASC")).cursors[3]
        other = "A" if cursor[9] != "A" else "B"
        for wrong in (cursor[:9] + other + cursor[10:], cursor[:-4], "", "x", "é", "\x00", "Z" * 5000, cursor + "AAAA"):
            if wrong:
                with pytest.raises(InvalidCursor):
                    await reads.page(context, GADGETS, sort="TITLE_ASC", after=wrong)
        with pytest.raises(InvalidCursor):
            await reads.page(context, GADGETS, sort="TITLE_DESC", after=cursor)


async def test_relevance_has_cursors_too(workshop: Workshop, stocked: TenantInfo) -> None:
    async with workshop.database.read(stocked) as context:
        forward = await walk(context, query="gadget")
        backward = await walk(context, query="gadget", backwards=True)
        by_title = await walk(context, query="gadget", sort="TITLE_ASC")

    assert len(forward) == COUNT
    assert backward == forward
    assert sorted(by_title) == sorted(forward)


CASES: list[tuple[dict[str, Any], Any]] = [
    ({"maker": {"eq": "Acme"}}, lambda r: r["maker"] == "Acme"),
    ({"maker": {"in": ["Acme", "Globex"]}}, lambda r: r["maker"] in ("Acme", "Globex")),
    ({"maker": {"in": []}}, lambda r: False),
    ({"not": {"maker": {"eq": "Acme"}}}, lambda r: r["maker"] != "Acme"),
    ({"weight": {"gte": 2, "lte": 3}}, lambda r: r["weight"] is not None and 2 <= r["weight"] <= 3),
    ({"weight": {"gt": 4}}, lambda r: r["weight"] is not None and r["weight"] > 4),
    ({"in_stock": True}, lambda r: r["in_stock"]),
    ({"in_stock": False, "weight": {"lt": 3}}, lambda r: not r["in_stock"] and (r["weight"] or 9) < 3),
    ({"tags": {"all": ["even", "third"]}}, lambda r: {"even", "third"} <= set(r["tags"])),
    ({"tags": {"in": ["fifth", "third"]}}, lambda r: {"fifth", "third"} & set(r["tags"])),
    ({"price": {"gte": "12.00", "lte": "20"}},
     lambda r: r["price"] and r["price"]["EUR"][1] >= 1200 and r["price"]["EUR"][0] <= 2000),
    (
        {"options": [{"name": "Size", "values": ["M", "L"]}, {"name": "Colour", "values": ["red"]}]},
        lambda r: {"Size\x1fM", "Size\x1fL"} & set(r["options"]) and "Colour\x1fred" in r["options"],
    ),
    ({"or": [{"maker": {"eq": "Acme"}}, {"weight": {"eq": 1}}]}, lambda r: r["maker"] == "Acme" or r["weight"] == 1),
    ({"or": []}, lambda r: False),
    ({"and": [{"in_stock": True}, {"not": {"tags": {"eq": "third"}}}]},
     lambda r: r["in_stock"] and "third" not in r["tags"]),
    ({"made_at": {"gte": "2026-01-03T00:00:00Z"}}, lambda r: r["made_at"] and r["made_at"].day >= 3),
    ({}, lambda r: True),
]  # fmt: skip


@pytest.mark.parametrize(("where", "holds"), CASES)
async def test_filters_agree_with_filtering_by_hand(
    workshop: Workshop, stocked: TenantInfo, where: dict[str, Any], holds: Any
) -> None:
    wanted = {str(row["gadget_id"]) for row in await by_hand(workshop, stocked) if holds(row)}

    async with workshop.database.read(stocked) as context:
        page = await reads.page(context, GADGETS, where=where, first=100, want_count=True)

    assert {node["id"] for node in page.nodes} == wanted
    assert (page.total_count, page.total_exact) == (len(wanted), True)


@pytest.mark.parametrize(
    "where",
    [
        {"colour": {"eq": "red"}},
        {"maker": {"like": "A%"}},
        {"maker": {"eq": 5}},
        {"maker": {"eq": "A\x00"}},
        {"maker": {"eq": "x" * 3000}},
        {"maker": {"in": "Acme"}},
        {"maker": {"in": ["Acme"] * 201}},
        {"weight": {"gte": 2**31}},
        {"weight": {"eq": True}},
        {"weight": {"gte": "many"}},
        {"in_stock": {"eq": "yes"}},
        {"price": {"gte": "free"}},
        {"price": {"eq": "1.00"}},
        {"price": {"gte": "1e400"}},
        {"options": [{"values": ["M"]}]},
        {"options": ["M"]},
        {"made_at": {"gte": "yesterday"}},
        {"id": {"eq": "nonsense"}},
        {"boxes": {"in": ["nonsense"]}},
        {"or": "maker"},
        {"not": []},
        {"and": [{"and": [{"and": [{"and": [{"and": [{"and": [{"and": [{}, {"in_stock": True}]}]}]}]}]}]}]},
        {"or": [{"in_stock": True}] * 70},
    ],
)
async def test_a_where_that_cannot_be_answered_is_refused_by_name(
    workshop: Workshop, stocked: TenantInfo, where: dict[str, Any]
) -> None:
    async with workshop.database.read(stocked) as context:
        with pytest.raises(errors.Invalid):
            await reads.page(context, GADGETS, where=where)
        # The transaction is as good as before: nothing reached the database.
        assert (await reads.page(context, GADGETS, first=1)).nodes


async def test_a_refusal_names_the_field(workshop: Workshop, stocked: TenantInfo) -> None:
    async with workshop.database.read(stocked) as context:
        with pytest.raises(InvalidFilter) as refused:
            await reads.page(context, GADGETS, where={"or": [{"weight": {"gte": "x"}}]})
        assert refused.value.field == ("where", "or", "0", "weight", "gte")
        with pytest.raises(errors.Invalid) as refused_sort:
            await reads.page(context, GADGETS, sort="BEAUTY")
        assert refused_sort.value.field == ("sort",)


def counted(rows: list[dict[str, Any]], values: Any) -> dict[str, int]:
    """Value → count, by hand."""
    return dict(Counter(value for row in rows for value in set(values(row))))


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"maker": {"eq": "Acme"}},
        {"tags": {"in": ["even"]}, "in_stock": True},
        {"options": [{"name": "Size", "values": ["M"]}]},
        {
            "options": [{"name": "Size", "values": ["M", "S"]}, {"name": "Colour", "values": ["red"]}],
            "maker": {"eq": "Acme"},
        },
    ],
)
@pytest.mark.parametrize("query", [None, "gadget"])
async def test_facets_agree_with_counting_by_hand(
    workshop: Workshop, stocked: TenantInfo, where: dict[str, Any], query: str | None
) -> None:
    rows = await by_hand(workshop, stocked)

    def matching(without: str, option: str | None = None) -> list[dict[str, Any]]:
        found = []
        for row in rows:
            holds = [
                without == "maker" or "maker" not in where or row["maker"] == where["maker"]["eq"],
                without == "tags" or "tags" not in where or bool(set(where["tags"]["in"]) & set(row["tags"])),
                without == "in_stock" or "in_stock" not in where or row["in_stock"] == where["in_stock"],
                *(
                    (without == "options" and option == one["name"])
                    or bool({f"{one['name']}\x1f{v}" for v in one["values"]} & set(row["options"]))
                    for one in where.get("options", [])
                ),
            ]
            if all(holds):
                found.append(row)
        return found

    async with workshop.database.read(stocked) as context:
        page = await reads.page(
            context, GADGETS, where=where, query=query, want_nodes=False, want_count=True, want_facets=True
        )

    assert page.total_count == len(matching(""))
    facets = {facet["name"]: facet for facet in page.facets or []}
    shown = {name: {v["value"]: v["count"] for v in facet["values"]} for name, facet in facets.items()}
    assert shown["maker"] == counted(matching("maker"), lambda r: [r["maker"]] if r["maker"] else [])
    assert shown["tags"] == counted(matching("tags"), lambda r: r["tags"])
    assert shown["in_stock"] == counted(matching("in_stock"), lambda r: [str(r["in_stock"]).lower()])
    for option in ("Size", "Colour"):
        wanted = counted(
            matching("options", option),
            lambda r, option=option: [o.split("\x1f")[1] for o in r["options"] if o.startswith(option)],
        )
        assert shown[f"options:{option}"] == wanted
    assert all(facet["exact"] for facet in facets.values())
    spans = [r["price"]["EUR"] for r in matching("price") if r["price"]]
    price = facets["price"]
    if spans:
        assert price["min"]["amount"] == f"{min(s[0] for s in spans) / 100:.2f}"
        assert price["max"]["amount"] == f"{max(s[1] for s in spans) / 100:.2f}"
    for bucket in price["values"]:
        low, high = (round(float(bucket[end]["amount"]) * 100) for end in ("min", "max"))
        assert bucket["count"] == sum(s[1] >= low and s[0] <= high for s in spans)


async def test_a_price_bucket_counts_what_its_filter_finds(workshop: Workshop, stocked: TenantInfo) -> None:
    async with workshop.database.read(stocked) as context:
        page = await reads.page(context, GADGETS, want_nodes=False, want_facets=["price"])
        (facet,) = page.facets or []
        for bucket in facet["values"]:
            where = {"price": {"gte": bucket["min"]["amount"], "lte": bucket["max"]["amount"]}}
            found = await reads.page(context, GADGETS, where=where, want_nodes=False, want_count=True)
            assert found.total_count == bucket["count"]


async def test_a_count_beyond_the_limit_says_at_least(
    workshop: Workshop, stocked: TenantInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "COUNTED", 10)

    async with workshop.database.read(stocked) as context:
        page = await reads.page(context, GADGETS, first=5, want_count=True, want_facets=True)

    assert (page.total_count, page.total_exact) == (10, False)
    assert not any(facet["exact"] for facet in page.facets or [])


async def test_facets_name_ids_by_their_labels(workshop: Workshop, tenant: TenantInfo) -> None:
    box = await workshop.box(tenant, "Blue box")
    await workshop.gadget(tenant, "Lamp", box_id=box)
    await workshop.catch_up()

    async with workshop.database.read(tenant) as context:
        page = await reads.page(context, GADGETS, where={"boxes": {"in": [str(box)]}}, want_facets=["boxes"])

    assert titles(page.nodes) == ["Lamp"]
    (facet,) = page.facets or []
    assert facet["values"] == [{"value": str(box), "label": "Blue box", "count": 1}]


async def test_a_former_handle_finds_its_owner_and_says_so(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.gadget(tenant, "Lamp", previous=["torch"])
    await workshop.gadget(tenant, "Torch light", handle="torch-light", previous=["lamp"])
    await workshop.catch_up()

    async with workshop.database.read(tenant) as context:
        moved = await reads.one(context, GADGETS, handle="torch")
        present = await reads.one(context, GADGETS, handle="lamp")
        nobody = await reads.one(context, GADGETS, handle="candle")
        absurd = await reads.one(context, GADGETS, handle="x\x00" * 10_000)

    assert moved is not None
    assert (moved.document["handle"], moved.moved) == ("lamp", True)
    assert present is not None
    assert (present.document["title"], present.moved) == ("Lamp", False)
    assert nobody is None
    assert absurd is None


async def test_nodes_come_in_the_order_of_their_ids(workshop: Workshop, tenant: TenantInfo) -> None:
    first, second = await workshop.gadget(tenant, "First"), await workshop.gadget(tenant, "Second")
    await workshop.catch_up()

    async with workshop.database.read(tenant) as context:
        found = await reads.nodes(context, [GADGETS], [second, generate_id(), first])

    assert [node and (node["__typename"], node["title"]) for node in found] == [
        ("Gadget", "Second"),
        None,
        ("Gadget", "First"),
    ]


async def test_a_module_that_is_switched_off_answers_so(workshop: Workshop) -> None:
    tenant = workshop.tenant(disabled=frozenset({"gadgetry"}))
    gadget = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()

    async with workshop.database.read(tenant) as context:
        with pytest.raises(errors.ModuleDisabled):
            await reads.page(context, GADGETS)
        with pytest.raises(errors.ModuleDisabled):
            await reads.one(context, GADGETS, id=gadget)
        assert (await reads.search(context, [GADGETS], "lamp")).nodes == []
        assert await reads.nodes(context, [GADGETS], [gadget]) == [None]
