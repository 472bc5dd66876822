"""Queries made to hurt: each gets a clean refusal or the right answer, the same from both executors, and no more."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import psutil
import pytest
from tests.server.compiled import comparing
from tests.server.compiled.comparing import Compared
from tests.server.compiled.generating import Asked
from tests.server.compiled.values import NOBODY, Known
from tests.server.conftest import Site

from rustok.index import cursors
from rustok.index.cursors import Position

Ask = Callable[..., Awaitable[Compared]]
NASTY = (
    "'", "''", '"', ";", "'; DROP TABLE index_products; --", "$1", "$99", "%s", "%(x)s", ":tenant", ":p0", "\\", "\\'",
    "{}",
    "{0}", "/*", "*/", "--", "$$", "$tag$", "E'\\x00'", "\u2019", "\uff07", "?", "??", "::uuid", "NULL", "') OR (1=1",
    "public.index_query(:locale, :query)", "\u202e", "\U0001f4a9", "e\u0301", "a\tb", "a\nb", "\x01", "\x7f", "\ufffe",
    "'a' & | ! <-> :* (", "\\\\", "\x1f", "Size\x1fM", "[1]", "{\"a\": 1}", "x" * 499,
)  # fmt: skip


@pytest.fixture(scope="session")
def ask(shops: dict[str, Site]) -> Ask:
    """Asks a tenant by both executors: the answers are alike, no fault of ours, and hold nothing of another tenant."""
    strange = {str(site.tenant.id): name for name, site in shops.items()}

    async def asked(query: str, *, of: str = "large", name: str | None = None, **variables: Any) -> Compared:
        one = Asked(query, variables, name, {}, indexed=True)
        compared = await comparing.compare(shops[of].client, one, first=True)
        assert compared.alike, f"{comparing.pasted(one)[:2000]}\n{comparing.difference(compared)}"
        status, _, body = json.loads(compared.chosen)
        assert status < 500, body
        for error in body.get("errors", ()):
            assert error.get("extensions", {}).get("code") != "internal", body
        for identity, owner in strange.items():
            assert owner == of or identity not in compared.chosen
        return compared

    return asked


def refusal(compared: Compared) -> str:
    """The message of the one error, beside which there is no data."""
    _, _, body = json.loads(compared.chosen)
    assert not any((body.get("data") or {}).values()), body
    message: str = body["errors"][0]["message"]
    return message


def data(compared: Compared) -> dict[str, Any]:
    """What was answered, without errors."""
    _, _, body = json.loads(compared.chosen)
    assert "errors" not in body, body["errors"]
    found: dict[str, Any] = body["data"]
    return found


# --- Documents ---------------------------------------------------------------------------------------------------


async def test_fragments_within_fragments(ask: Ask) -> None:
    for deep in (10, 300):
        chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(deep))
        query = f"{{ ...F0 }} {chain} fragment F{deep} on Query {{ products(first: 1) {{ nodes {{ handle }} }} }}"
        compared = await ask(query)
        assert deep > 10 or len(data(compared)["products"]["nodes"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A products { totalCount } }",
        "{ products { nodes { ...A } } } fragment A on Product { categories { path { name } } ... { ...A } }",
        "{ products { nodes { ...A } } } fragment A on Product { id } fragment B on Product { ...B }",
        "{ category(handle: \"home\") { ...A } } fragment A on Category { products { nodes { ...B } } }"
        " fragment B on Product { categories { id } ...C } fragment C on Product { ...B }",
    ],
)  # fmt: skip
async def test_fragments_in_circles(ask: Ask, query: str) -> None:
    refusal(await ask(query))


async def test_as_many_aliases_as_there_may_be(ask: Ask) -> None:
    refusal(await ask("{ " + " ".join(f"a{n}: products {{ totalCount }}" for n in range(1000)) + " }"))

    wide = "{ products(first: 2) { nodes { " + " ".join(f"a{n}: title" for n in range(110)) + " } } }"
    for node in data(await ask(wide))["products"]["nodes"]:
        assert list(node) == [f"a{n}" for n in range(110)]

    many = "{ " + " ".join(f'a{n}: products(first: 1, query: "m{n}") {{ totalCount }}' for n in range(59)) + " }"
    assert len(data(await ask(many))) == 59


async def test_aliases_that_are_no_good_as_column_names(ask: Ask) -> None:
    long = "a" * 63
    names = [
        *(f"{long}{n}" for n in range(3)),
        "Title", "title", "TITLE", "select", "document", "t", "k", "id", "_",
        "tenant_id", "constructor", "null", "true", "on", "fragment", "p0", "json_build_object", "x" * 5000,
    ]  # fmt: skip
    query = "{ products(first: 3) { nodes { " + " ".join(f"{name}: handle" for name in names) + " } } }"
    for node in data(await ask(query))["products"]["nodes"]:
        assert list(node) == names
        assert len(set(node.values())) == 1


@pytest.mark.parametrize(
    "query",
    [
        "{ products { " + "... { " * 900 + "totalCount" + " }" * 900 + " } }",
        "{ products(where: " + "{and: [" * 900 + "{}" + "]}" * 900 + ") { totalCount } }",
        "{ products(where: " + "{not: " * 1400 + "{}" + "}" * 1400 + ") { totalCount } }",
        "{ products(where: {id: {in: " + "[" * 2500 + "]" * 2500 + "}}) { totalCount } }",
        "query($v: " + "[" * 2500 + "ID" + "]" * 2500 + ") { products { totalCount } }",
        "{ products" + " @include(if: true)" * 1200 + " { totalCount } }",
        "{ category(handle: \"home\") { " + "products { nodes { categories { " * 8 + "id" + " } } }" * 8 + " } }",
        "{ categories(first: 100) { nodes { products(first: 100) { nodes { id title handle vendor status } } } } }",
        "query($n: Int = 100) { categories(first: $n) { nodes { products(first: $n) { nodes {"
        " id title handle vendor status } } } } }",
        "query($n: Int!) { categories(first: $n) { nodes { id } } }",
        "query($v: Nothing) { products { totalCount } }",
        "query($v: ProductConnection) { products { totalCount } }",
        "query($v: Int, $v: Int) { products(first: $v) { totalCount } }",
        "{ products(first: 1, first: 2) { totalCount } }",
        "{ products { nodes { a: id a: title } } }",
        "{ nodes(ids: []) { ... on Product { x: title } ... on Content { x: title } } }",
        "{ products(where: {and: [{}], and: []}) { totalCount } }",
        "{ search(query: \"a\") { nodes { id } } }",
        "{ products { nodes } }",
        "{ products { totalCount { x } } }",
        "{ ...on Mutation { sessionsEndAll { ended } } }",
    ],
    ids=lambda query: query[:60],
)  # fmt: skip
async def test_documents_that_are_refused(ask: Ask, query: str) -> None:
    message = refusal(await ask(query)) if not query.startswith("{ products { ...") else ""
    assert len(message) < 1001


async def test_operation_names_that_name_nothing(ask: Ask) -> None:
    query = "query A { products(first: 1) { totalCount } } query B { tags { totalCount } }"
    for name in ("", "C", "a", "A ", " A", "A\n", "\u0410", "A'; --", "x" * 100_000, "__proto__", "fragment"):
        refusal(await ask(query, name=name))
    refusal(await ask(query))
    assert list(data(await ask(query, name="B"))) == ["tags"]


# --- Variables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "x" * 900_000,
        ["x"] * 100_000,
        {"and": [{"vendor": {"eq": "x"}}] * 5_000},
        {"id": {"in": [NOBODY] * 20_000}},
        {"title": {"in": ["x" * 1_000] * 500}},
        {f"key{n}": n for n in range(5_000)},
        {"vendor": {"eq": ["x"] * 1_000}},
        {"option": [{"name": "x", "values": ["y"] * 300}]},
        {"option": [{"name": "x", "values": ["y"] * 150}] * 100},
        {"or": [{"or": [{"or": [{"or": [{"or": [{"or": [{}]}]}]}]}]}]},
        {"price": {"gte": "9" * 5_000}},
        {"price": {"gte": 1e300}},
        {"__proto__": {}},
        {"": {}},
        {"not": None, "id": {"eq": "0" * 100_000}},
    ],
    ids=lambda value: str(value)[:40],
)
async def test_huge_and_absurd_variables(ask: Ask, value: Any) -> None:
    refusal(await ask("query($w: ProductWhere) { products(where: $w) { totalCount facets { name } } }", w=value))


async def test_variables_nested_without_end(shops: dict[str, Site]) -> None:
    for depth in (50, 400, 900, 20_000):
        nested = '{"not":' * depth + "{}" + "}" * depth
        query = "query($w: ProductWhere) { products(where: $w) { totalCount } }"
        body = f'{{"query": "{query}", "variables": {{"w": {nested}}}}}'
        for executor in (comparing.FREELY, comparing.ORDINARY):
            response = await shops["large"].client.post(
                "/graphql", content=body, headers={**executor, "content-type": "application/json"}
            )
            assert response.status_code in (200, 400), (depth, response.status_code)
            error = response.json()["errors"][0]
            assert error.get("extensions", {}).get("code") != "internal", (depth, error)


async def test_trees_of_conditions(ask: Ask) -> None:
    query = """query($w: ProductWhere) { products(where: $w, first: 3)
      { totalCount nodes { id } facets { name values { count } } } }"""
    refused: list[Any] = [
        {"and": [{"vendor": {"eq": "Acme"}}] * 61},
        {"vendor": {"in": ["Acme"] * 201}},
        {"not": {"not": {"not": {"not": {"not": {"not": {}}}}}}},
    ]
    answered: list[Any] = [
        {"or": [{"vendor": {"eq": "Acme"}}] * 25},
        {"vendor": {"in": ["Acme"] * 200}},
        {"or": []},
        {"and": []},
        {"not": {}},
        {"not": {"or": []}},
        {"and": [{"or": [{"not": {"and": [{}]}}]}]},
        {"id": {"in": []}},
        {"category": {"all": []}},
        {"category": {"all": ["home"], "in": ["home", "garden"], "eq": "home"}},
        {"option": [{"name": "Size", "values": []}]},
        {"option": [{"name": "Size\x1fS", "values": [""]}]},
    ]
    for where in refused:
        refusal(await ask(query, w=where))
    for where in answered:
        data(await ask(query, w=where))


async def test_numbers_and_times_at_the_ends_of_their_range(ask: Ask) -> None:
    sizes = (
        0,
        -0,
        -1,
        100,
        101,
        2**31 - 1,
        2**31,
        -(2**31),
        2**53,
        2**63,
        2**64,
        10**40,
        1.0,
        1.5,
        1e300,
        "1",
        True,
        None,
    )
    for size in sizes:
        for name in ("first", "last"):
            await ask(
                f"query($n: Int) {{ products({name}: $n) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}", n=size
            )
            if not isinstance(size, str) and size is not None and size is not True:
                await ask(f"{{ products({name}: {size}) {{ nodes {{ id }} }} }}")
    for depth in (2**31 - 1, -(2**31), 2**31, 0):
        await ask("query($n: Int) { categories(where: {depth: {lte: $n}}) { totalCount } }", n=depth)
    amounts = (
        "NaN", "sNaN", "Infinity", "-Infinity", "1e30", "1e-30", "1E+1000000", "-0", "0.001", "٣", "1_000", " 5 ", "+5",
        ".5", "5.", "0x10", "9999999999999.99", "10000000000000.00", 10**30, 0.1 + 0.2, 19.99, -1, 1e-7, 1e22,
    )  # fmt: skip
    for amount in amounts:
        for verb in ("gte", "lte"):
            query = f"query($a: Decimal) {{ products(where: {{price: {{{verb}: $a}}}}) {{ totalCount }} }}"
            await ask(query, a=amount)
    times = (
        "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-14:00", "9999-12-31",
        "0000-01-01", "infinity", "-infinity", "now", "2026-01-01T24:00:00Z", "2026-06-30T23:59:60Z", "2026-W01-1",
        "20260101T120000Z", "2026-01-01 12:00", "2026-01-01T12:00:00,5Z", "2026-01-01T12:00:00.1234567Z",
        "2026-01-01T12:00:00+23:59",
        "2026-01-01T12:00:00+24:00", "１２-01-01", "294277-01-01", "-0001-01-01", 0, 1e18,
    )  # fmt: skip
    for time in times:
        await ask("query($t: DateTime) { contents(where: {published: {gt: $t}}) { totalCount } }", t=time)


# --- Texts -------------------------------------------------------------------------------------------------------


async def test_nasty_texts_in_every_position(ask: Ask) -> None:
    query = """query($t: String!, $s: String) {
      a: products(query: $t, first: 1) { totalCount facets(names: [$t]) { name } }
      b: product(handle: $t) { id } c: category(handle: $s) { id } d: content(kind: $t, slug: $t) { id }
      e: contents(kind: $s, query: $s, first: 1) { totalCount } f: search(query: $t) { totalCount }
      g: tag(slug: $s) { id } h: menu(slug: $s) { id } i: contentCategory(slug: $s) { id }
      j: products(where: {vendor: {eq: $s}, title: {in: [$t]}, tag: {all: [$t]}, category: {in: [$t]},
        option: [{name: $t, values: [$t]}]}) { totalCount facets { name values { value } } }
      k: products(first: 1, where: {not: {type: {eq: $s}}}) { totalCount }
      l: products(first: 1, locale: $s, currency: $s) { totalCount } }"""
    for text in NASTY:
        compared = await ask(query, t=text, s=text)
        found = data(compared)
        assert [found[key] for key in "bcdghi"] == [None] * 6, text
        assert (found["j"]["totalCount"], found["a"]["facets"]) == (0, [])
        assert found["k"]["totalCount"] == found["l"]["totalCount"] > 20
        literal = (
            query.replace("($t: String!, $s: String)", "")
            .replace("$t", json.dumps(text))
            .replace("$s", json.dumps(text))
        )
        assert data(await ask(literal)) == found
        refusal(await ask("query($i: ID) { product(id: $i) { id } }", i=text))
        refusal(await ask("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=[text]))
        refusal(await ask("query($c: String) { products(after: $c) { nodes { id } } }", c=text))


async def test_awkward_titles_are_found_as_they_are(ask: Ask) -> None:
    shown = data(await ask("{ products(first: 100) { nodes { title } } }"))["products"]["nodes"]
    query = "query($t: String) { products(where: {title: {eq: $t}}) { totalCount nodes { title } } }"
    for title in {node["title"] for node in shown}:
        nodes = data(await ask(query, t=title))["products"]["nodes"]
        assert {node["title"] for node in nodes} == {title}


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ products(query: \\"\\u0000\\") { totalCount } }"}',
        b'{"query": "{ products(query: \\"\\\\u0000\\") { totalCount } }"}',
        b'{"query": "{ products(query: \\"\\\\ud800\\") { totalCount } }"}',
        b'{"query": "{ products(query: \\"\\\\u{d800}\\") { totalCount } }"}',
        b'{"query": "{ products(query: \\"\\\\u{110000}\\") { totalCount } }"}',
        b'{"query": "query($q: String) { products(query: $q) { totalCount } }", "variables": {"q": "\\ud800"}}',
        b'{"query": "query($q: String) { products(query: $q) { totalCount } }", "variables": {"q": "a\\u0000b"}}',
        b'{"query": "query($q: String) { products(query: $q) { totalCount } }", "variables": {"q\\u0000": "b"}}',
        b'{"query": "query($q: String) { products(query: $q) { totalCount } }", "operationName": "\\ud800"}',
        b'{"query": "{ products(query: \\"\xff\\") { totalCount } }"}',
        b'{"query": "{ products(query: \\"\xed\xa0\x80\\") { totalCount } }"}',
        b'{"query": "query($q: String = \\"\\\\u0000\\") { products(query: $q) { totalCount } }"}',
        b'{"query": "{ products(where: {vendor: {eq: \\"\\\\u0000\\"}}) { totalCount } }"}',
    ],
)
async def test_texts_that_are_none(shops: dict[str, Site], body: bytes) -> None:
    for executor in (comparing.FREELY, comparing.ORDINARY):
        headers = {**executor, "content-type": "application/json"}
        response = await shops["large"].client.post("/graphql", content=body, headers=headers)
        assert response.status_code in (200, 400), response.text
        assert response.json()["errors"][0]["message"]
        assert not response.json().get("data")
        assert "internal" not in response.text


# --- Cursors and ids ---------------------------------------------------------------------------------------------

PAGE = (
    "query($c: String, $s: ProductSort) { products(first: 2, after: $c, sort: $s) { nodes { id } edges { cursor } } }"
)


async def test_cursors_changed_in_every_place(ask: Ask, known: dict[str, Known]) -> None:
    cursor = known["large"].cursors["ProductConnection", "TITLE_ASC "][3]
    right = data(await ask(PAGE, c=cursor))["products"]
    assert len(right["nodes"]) == 2
    for place in range(len(cursor)):
        for letter in ("A", "\u0416"):
            if letter != cursor[place]:
                compared = await ask(PAGE, c=cursor[:place] + letter + cursor[place + 1 :])
                _, _, body = json.loads(compared.chosen)
                # Base64 has spare bits at its end: another letter there can stand for the same bytes.
                assert "errors" in body or body["data"]["products"] == right
        refusal(await ask(PAGE, c=cursor[:place])) if place else None


async def test_cursors_of_other_lists_orders_and_tenants(ask: Ask, known: dict[str, Known]) -> None:
    mine = data(await ask(PAGE))["products"]
    for (kind, order), found in known["large"].cursors.items():
        if (kind, order.strip()) != ("ProductConnection", "TITLE_ASC"):
            refusal(await ask(PAGE, c=found[0]))
    # The same order of another tenant: a place between our own rows, and nothing of theirs.
    theirs = known["small"].cursors["ProductConnection", "TITLE_ASC "]
    own = set(known["large"].values["Product.id"])
    for cursor in theirs:
        nodes = data(await ask(PAGE, c=cursor))["products"]["nodes"]
        assert {node["id"] for node in nodes} <= own
    assert data(await ask(PAGE))["products"] == mine


@pytest.mark.parametrize(
    ("order", "sort", "keys"),
    [
        ("products|TITLE_ASC|", "TITLE_ASC", [*NASTY, "", "\u0000", "\ud800", "x" * 10_000, "\U0010ffff"]),
        ("products|PRICE_ASC|EUR", "PRICE_ASC", ["1", "-1", "9223372036854775807", "9223372036854775808", "1_000",
            " 1 ", "+1", "１２", "٣", "1.5", "", "NaN", "0x1", "1e3", "1;--", "-0"]),
        ("products|CREATED_DESC|", "CREATED_DESC", ["infinity", "-infinity", "--infinity", "2026-01-01", "2026-W01-1",
            "20260101", "20260101T12", "2026-01-01T24:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
            "2026-01-01T00:00:00+23:59:59", "2026-01-01T00:00:00+16:00", "2026-01-01x12:00", "2026-01-01T12:00:00,5",
            "2026-01-01\u007f12:00", "now", "", "epoch", "2026-01-01 00:00:00+00"]),
    ],
)  # fmt: skip
async def test_cursors_made_by_one_who_has_read_the_source(ask: Ask, order: str, sort: str, keys: list[str]) -> None:
    for key in keys:
        for identity in (UUID(NOBODY), UUID(int=0), UUID(int=2**128 - 1)):
            try:
                cursor = cursors.encode(Position(key, identity), order)
            except UnicodeEncodeError:
                continue
            await ask(PAGE, c=cursor, s=sort)
            await ask(PAGE.replace("first: 2, after", "last: 2, before"), c=cursor, s=sort)


async def test_cursors_of_searches_made_by_one_who_has_read_the_source(ask: Ask) -> None:
    for key in ("1", "-1", str(2**63 - 1), str(2**63), "1_0", "１", "", " 1", "1.0", "x"):
        products = cursors.encode(Position(key, UUID(NOBODY)), "products|RELEVANCE|mug")
        await ask('query($c: String) { products(query: "mug", after: $c) { nodes { id } } }', c=products)
        everything = cursors.encode(Position(key, UUID(NOBODY)), "search|mug")
        await ask('query($c: String) { search(query: "mug", after: $c) { nodes { __typename } } }', c=everything)


async def test_lists_of_ids(ask: Ask, known: dict[str, Known]) -> None:
    mine, theirs = known["large"].values["Product.id"][:30], known["small"].values["Product.id"]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Product { title } } }"
    assert data(await ask(query, ids=theirs, of="magazine"))["nodes"] == [None] * len(theirs)
    found = data(await ask(query, ids=[*mine, NOBODY, mine[0], mine[0].upper()]))["nodes"]
    assert [one and one["id"] for one in found] == [*mine, None, mine[0], mine[0]]
    assert data(await ask(query, ids=[]))["nodes"] == []
    assert data(await ask(query, ids=mine[0]))["nodes"][0]["id"] == mine[0]
    assert len(data(await ask(query, ids=mine[:1] * 100))["nodes"]) == 100
    for ids in (
        mine[:1] * 101,
        mine[:1] * 20_000,
        [*mine, "x"],
        [*mine, ""],
        [None],
        [[mine[0]]],
        [{}],
        [1.5],
        ["x"] * 20_000,
    ):
        refusal(await ask(query, ids=ids))
    for where in ({"in": mine[:1] * 201}, {"in": ["x"]}, {"eq": ""}):
        refusal(await ask("query($w: IDFilter) { products(where: {id: $w}) { totalCount } }", w=where))


async def test_nothing_of_another_tenant_is_found_by_its_ids_and_handles(
    ask: Ask, shops: dict[str, Site], known: dict[str, Known]
) -> None:
    theirs = known["small"].values
    for key in ("Product.id", "Category.id", "Content.id", "Tag.id", "Menu.id", "ContentCategory.id"):
        own = set(known["large"].values[key])
        for identity in theirs[key]:
            if identity in own:
                continue
            assert data(await ask("query($i: ID!) { node(id: $i) { id } }", i=identity))["node"] is None
            name = key[0].lower() + key[1:].removesuffix(".id")
            if name != "content":
                assert data(await ask(f"query($i: ID) {{ {name}(id: $i) {{ id }} }}", i=identity))[name] is None
    shelf = next(one for one in theirs["Category.id"] if one not in known["large"].values["Category.id"][2:])
    query = "query($i: [ID!]) { products(where: {categoryId: {in: $i}}) { totalCount } }"
    assert data(await ask(query, i=[shelf]))["products"]["totalCount"] in (0, None)
    # The same statement, prepared for one tenant, answers the other one for itself.
    both = "query($h: String) { product(handle: $h) { id title } products(first: 100) { nodes { id } } }"
    for handle in ("thing-0", "thing-1", "thing-2"):
        found = {of: data(await ask(both, of=of, h=handle)) for of in ("large", "small", "large", "small")}
        assert found["large"]["product"]["id"] != found["small"]["product"]["id"]
        ids = [{node["id"] for node in found[of]["products"]["nodes"]} for of in ("large", "small")]
        assert ids[0].isdisjoint(ids[1])


# --- GET, and what is kept ---------------------------------------------------------------------------------------


async def test_queries_in_addresses(shops: dict[str, Site]) -> None:
    client = shops["large"].client
    query = "query A($q: String) { products(query: $q, first: 1) { nodes { handle } } }"
    for variables in (
        '{"q": "mug"}',
        "",
        "null",
        "{}",
        '{"q": "\\u0000"}',
        '{"q": "\\ud800"}',
        "[",
        "[]",
        "7",
        '"x"',
        "{" * 5_000,
    ):
        answers = [
            await client.get("/graphql", params={"query": query, "variables": variables}, headers=executor)
            for executor in (comparing.FREELY, comparing.ORDINARY)
        ]
        assert [one.status_code for one in answers] in ([200, 200], [400, 400]), variables
        assert comparing.shown(answers[0]) == comparing.shown(answers[1])
        assert "internal" not in answers[0].text
    long = {"query": query, "variables": json.dumps({"q": "x" * 40_000})}
    assert (await client.get("/graphql", params=long)).status_code == 414
    for name, status in (("A", 200), ("B", (200, 400)), ("", 200)):
        response = await client.get("/graphql", params={"query": query, "operationName": name})
        assert response.status_code in (status if isinstance(status, tuple) else (status,))
    twice = await client.get("/graphql?query={__typename}&query={products{totalCount}}")
    assert twice.status_code in (200, 400)


async def test_a_flood_of_documents_does_not_fill_the_memory(shops: dict[str, Site]) -> None:
    client, process = shops["large"].client, psutil.Process()
    fields = " ".join("tags status vendor featured hasStock" for _ in range(100))

    async def flood(start: int, count: int) -> None:
        for number in range(start, start + count):
            query = f"{{ products(first: 1) {{ nodes {{ {fields} b{number}: handle }} }} }}"
            response = await client.post("/graphql", json={"query": query}, headers=comparing.FREELY)
            assert response.status_code == 200

    await flood(0, 100)
    before = process.memory_info().rss
    await flood(100, 150)

    # Each of them is 600 kB when it is parsed.
    assert process.memory_info().rss - before < 60 * 2**20


async def test_the_same_document_written_in_many_ways_is_answered_alike(ask: Ask) -> None:
    first = data(await ask("{ products(first: 1) { nodes { handle } } }"))
    for number in range(60):
        blank = " ,\t\n"[number % 4] * (number + 1)
        text = f"#{number}\n{{{blank}products(first:{blank}1){blank}{{{blank}nodes {{ handle }}{blank}}} }}"
        assert data(await ask(text)) == first


def _variants() -> Mapping[str, Any]:
    names = ("vendor", "title", "handle", "type")
    return {
        f"{a}{b}{n}": {a: {"eq": "x"}, b: {"in": ["y"] * n}}
        for a in names
        for b in names
        if a != b
        for n in range(1, 4)
    }


async def test_many_shapes_of_conditions(ask: Ask) -> None:
    query = "query($w: ProductWhere) { products(where: $w, first: 1) { totalCount } }"
    for where in _variants().values():
        assert data(await ask(query, w=where))["products"]["totalCount"] == 0
