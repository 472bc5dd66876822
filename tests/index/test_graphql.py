"""The storefront's GraphQL, made from a stranger's declaration."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import strawberry.federation
from sqlalchemy import event
from strawberry.schema.config import StrawberryConfig
from tests.index.conftest import Workshop

from rustok.index.graphql import storefront_queries
from rustok.kernel.context import ANONYMOUS, Context, TenantInfo
from rustok.kernel.graphql import SCALARS, Operation

CARD = "fragment Card on Gadget { id title priceRange { min { amount currencyCode } } }"


@pytest.fixture(scope="module")
def schema(built_workshop: Workshop) -> strawberry.federation.Schema:
    """A schema of the index's queries alone."""
    (query,) = storefront_queries(built_workshop.sources)
    return strawberry.federation.Schema(query=query, config=StrawberryConfig(scalar_map=SCALARS))


@pytest.fixture
async def ask(
    workshop: Workshop, tenant: TenantInfo, schema: strawberry.federation.Schema
) -> AsyncIterator[Callable[..., Any]]:
    """`await ask("{ gadgets { totalCount } }")` → (data, error messages)."""

    def look() -> AbstractAsyncContextManager[Context]:
        return workshop.database.read(tenant)

    async def asked(query: str, of: TenantInfo = tenant, **variables: Any) -> tuple[Any, list[Any]]:
        operation = Operation(
            tenant=of, actor=ANONYMOUS, locale="en", currency="EUR", work=look, look=lambda: workshop.database.read(of)
        )
        result = await schema.execute(query, variable_values=variables, context_value=operation)
        return result.data, [getattr(e.original_error, "code", str(e)) for e in result.errors or []]

    return asked


@pytest.fixture
async def lamp(workshop: Workshop, tenant: TenantInfo) -> str:
    """A lamp in a box."""
    box = await workshop.box(tenant, "Box")
    made = await workshop.gadget(
        tenant, "Lamp", title_ru="Лампа", box_id=box, low=1000, high=2500, tags=["new"], previous=["torch"]
    )
    await workshop.gadget(tenant, "Candle", maker="Acme", options=["Size\x1fM"])
    await workshop.catch_up()
    return str(made)


async def test_one_is_found_by_handle_id_and_former_handle(ask: Callable[..., Any], lamp: str) -> None:
    data, refused = await ask(
        f"""query($id: ID!) {{ byHandle: gadget(handle: "lamp") {{ ...Card box {{ name }} tags }}
            byId: gadget(id: $id, locale: "ru") {{ title }} former: gadget(handle: "torch") {{ handle }}
            nobody: gadget(handle: "nobody") {{ id }}
            dollars: gadget(id: $id, currency: "USD") {{ ...Card }} }} {CARD}""",
        id=lamp,
    )

    assert refused == []
    assert data == {
        "byHandle": {
            "id": lamp,
            "title": "Lamp",
            "priceRange": {"min": {"amount": "10.00", "currencyCode": "EUR"}},
            "box": {"name": "Box"},
            "tags": ["new"],
        },
        "byId": {"title": "Лампа"},
        "former": {"handle": "lamp"},
        "nobody": None,
        "dollars": {"id": lamp, "title": "Lamp", "priceRange": None},
    }


async def test_a_list_filters_sorts_counts_and_pages(ask: Callable[..., Any], lamp: str) -> None:
    data, refused = await ask("""{ gadgets(first: 1, sort: TITLE_DESC, where: { or: [{ price: { gte: 19.99 } },
        { maker: { in: ["Acme"] } }], not: { tags: { eq: "old" } } }) {
        edges { cursor node { title } } nodes { title } pageInfo { hasNextPage hasPreviousPage endCursor }
        totalCount totalCountPrecision facets { name label values { value label count } } } }""")

    assert refused == []
    page = data["gadgets"]
    assert page["nodes"] == [{"title": "Lamp"}] == [edge["node"] for edge in page["edges"]]
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "endCursor": page["edges"][0]["cursor"],
    }
    assert (page["totalCount"], page["totalCountPrecision"]) == (2, "EXACT")
    facets = {facet["name"]: facet["values"] for facet in page["facets"]}
    assert facets["tags"] == [{"value": "new", "label": "new", "count": 1}]
    assert facets["options:Size"] == [{"value": "M", "label": "M", "count": 1}]


async def test_search_node_and_nodes_know_their_types(ask: Callable[..., Any], lamp: str) -> None:
    data, refused = await ask(
        """query($id: ID!, $things: [_Any!]!) {
            search(query: "lam") { totalCount nodes { __typename ... on Gadget { title } } }
            node(id: $id) { __typename id } nodes(ids: [$id, "01ARZ3NDEKTSV4RRFFQ69G5FAV"]) { id }
            _entities(representations: $things) { ... on Gadget { title } } }""",
        id=lamp,
        things=[{"__typename": "Gadget", "id": lamp}],
    )

    assert refused == []
    assert data == {
        "search": {"totalCount": 1, "nodes": [{"__typename": "Gadget", "title": "Lamp"}]},
        "node": {"__typename": "Gadget", "id": lamp},
        "nodes": [{"id": lamp}, None],
        "_entities": [{"title": "Lamp"}],
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ gadgets(first: 101) { totalCount } }", "invalid"),
        ('{ gadgets(after: "x") { nodes { id } } }', "invalid_cursor"),
        ("{ gadget { id } }", "invalid"),
        ('{ gadget(id: "nonsense") { id } }', "invalid_id"),
        ('{ gadgets(where: { price: { gte: "1e99" } }) { totalCount } }', "invalid_money"),
        ('{ node(id: "1") { id } }', "invalid_id"),
        ('{ gadgets(query: "a\\u0000b") { totalCount } }', "invalid"),
    ],
)
async def test_bad_arguments_are_refused_with_a_code(ask: Callable[..., Any], query: str, code: str) -> None:
    _, refused = await ask(query)

    assert refused == [code]


async def test_highlights_are_safe_html_and_made_when_asked_for(
    ask: Callable[..., Any], tenant: TenantInfo, workshop: Workshop
) -> None:
    await workshop.gadget(
        tenant,
        'Running <shoe> & "shoes" \ue000evil\ue001',
        title_ru="Беговые кроссовки",
        tags=["shoe", "sport"],
        notes="<p>For <b>runners</b> &amp; walkers &lt;img src=x onerror=alert(1)&gt;: shoes that <i>run</i></p>",
        maker="Acme",
    )
    await workshop.catch_up()

    data, refused = await ask(
        """query($q: String!) {
             gadgets(query: $q) { edges { ...Marked } }
             search(query: $q) { edges { highlights { field snippet } } }
             none: gadgets { edges { highlights { field } } }
             other: gadgets(query: "кроссовка", locale: "ru") { edges { highlights { field snippet } } }
             acme: gadgets(query: "acm") { edges { highlights { field snippet } } }
           } fragment Marked on GadgetEdge { cursor highlights { field snippet } }""",
        q="run shoe",
    )

    assert refused == []
    (edge,) = data["gadgets"]["edges"]
    shown = {one["field"]: one["snippet"] for one in edge["highlights"]}
    assert data["search"]["edges"] == [{"highlights": edge["highlights"]}]
    assert list(shown) == ["title", "tags", "notes"]
    assert shown["tags"] == "<mark>shoe</mark> sport"
    assert "<mark>Running</mark>" in shown["title"]
    assert "&amp; &quot;<mark>shoes</mark>&quot; evil" in shown["title"]
    assert "<mark>shoes</mark> that" in shown["notes"]
    assert "onerror=alert(1)&gt;" in shown["notes"]
    for snippet in shown.values():
        assert "<" not in snippet.replace("<mark>", "").replace("</mark>", "")
    assert data["none"]["edges"] == [{"highlights": []}]
    assert data["other"]["edges"] == [{"highlights": [{"field": "title", "snippet": "Беговые <mark>кроссовки</mark>"}]}]
    assert data["acme"]["edges"] == [{"highlights": [{"field": "maker", "snippet": "<mark>Acme</mark>"}]}]


async def test_what_is_typed_is_suggested_in_one_statement(
    ask: Callable[..., Any], lamp: str, workshop: Workshop
) -> None:
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(workshop.database.app.sync_engine, "before_cursor_execute", note)
    try:
        data, refused = await ask(
            """{ suggest(query: "lam") { kind text typeName id handle }
                 russian: suggest(query: "ламп", locale: "ru", first: 1) { text } }"""
        )
    finally:
        event.remove(workshop.database.app.sync_engine, "before_cursor_execute", note)

    assert refused == []
    assert data == {
        "suggest": [
            {"kind": "WORDS", "text": "lamp", "typeName": None, "id": None, "handle": None},
            {"kind": "THING", "text": "Lamp", "typeName": "Gadget", "id": lamp, "handle": "lamp"},
        ],
        "russian": [{"text": "Лампа"}],
    }
    assert len([one for one in sent if "index_gadgets" in one]) == 2


async def test_what_is_not_public_is_not_in_the_schema(ask: Callable[..., Any]) -> None:
    _, refused = await ask("{ gadgets { nodes { secret } } }")

    assert "Cannot query field 'secret'" in refused[0]


async def test_a_switched_off_module_answers_so(ask: Callable[..., Any], workshop: Workshop) -> None:
    off = workshop.tenant(disabled=frozenset({"gadgetry"}))

    for query in ("{ gadgets { totalCount } }", '{ gadget(handle: "x") { id } }'):
        _, refused = await ask(query, of=off)
        assert refused == ["module_disabled"]


async def test_another_tenants_id_is_as_good_as_none(ask: Callable[..., Any], workshop: Workshop, lamp: str) -> None:
    data, refused = await ask(
        """query($id: ID!) { node(id: $id) { id } gadget(id: $id) { id }
            gadgets(where: { id: { eq: $id } }) { totalCount } }""",
        of=workshop.tenant(),
        id=lamp,
    )

    assert refused == []
    assert data == {"node": None, "gadget": None, "gadgets": {"totalCount": 0}}


async def test_a_list_is_one_statement_and_counts_only_what_is_selected(
    ask: Callable[..., Any], workshop: Workshop, lamp: str
) -> None:
    seen: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        if "index_gadgets" in statement:
            seen.append(statement)

    engine = workshop.database.app.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await ask("{ gadgets { nodes { title } } }")
        await ask("{ gadgets { totalCount } }")
        await ask("{ gadgets { nodes { title } totalCount facets { name } } }")
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert len(seen) == 3
    assert "count(*)" not in seen[0]
    assert "document" not in seen[1]
