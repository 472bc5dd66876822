"""Hostile and absurd values of every argument: a clear error or harmless text, and never a fault of ours."""

import asyncio
import json
import os
import random
from typing import Any

import asyncpg
import httpx
import pytest
from tests.server import asking
from tests.server.asking import Document, Operation
from tests.server.conftest import Site
from tests.server.hostile.conftest import said
from tests.server.test_isolation import meant, rows_of

from rustok.kernel.working import Workers

HOSTILE = [
    "'; DROP TABLE users; --",
    '" OR 1=1 /*',
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{ 7*7 }}${7*7}#{7*7}<%= 7*7 %>",
    "../../../etc/passwd",
    "%s%n%x %(a)s {0} {a.__class__}",
    "x" * 10_000,
    "",
    " ",
    "\u202e\u200b\ufeff\U0001f4a9",
    "line\r\nSet-Cookie: a=b",
    "-1e309",
    "http://169.254.169.254/latest/meta-data",
    "javascript:alert(1)",
]
ABSURD: dict[str, list[Any]] = {
    "String": HOSTILE,
    "ID": ["", "x", "' OR 1=1", "0" * 10_000, "00000000-0000-0000-0000-000000000000", -1, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"],
    "Int": [-1, 0, 2_147_483_647, -2_147_483_648],
    "Float": [-1e308, 1e308, 0.1, -0.0],
    "Boolean": [True, False],
    "DateTime": ["99999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "x", "", "2024-02-30"],
    "Decimal": ["NaN", "Infinity", "-1", "1e400", "9" * 100, "x"],
    "BigInt": [2**63, -(2**63), "x", True],
    "JSON": [None, [], "text", {"a": [1, {"b": None}]}, 1e308, {"x" * 1_000: "y" * 10_000}, [[[[[[[[[[]]]]]]]]]]],
}
THOROUGH = "RUSTOK_THOROUGH" in os.environ
# What ends the session of the one who asks, or takes minutes of hashing: asked elsewhere.
NOT_HERE = {"sessionsEndAll", "sessionEnd", "passwordChange", "tenantUpdate", "tenantHostsSet", "moduleDisable"}
LEAVES = {
    (operation, place): kind
    for operation in asking.operations()
    for kind in ABSURD
    for place in asking.places(operation, kind)
}


async def _send(site: Site, operation: Operation, given: dict[str, Any]) -> tuple[httpx.Response, dict[str, Any]]:
    document = Document(operation.kind)
    document.call(operation, given, alias="one")
    body = document.body()
    response = await site.client.post(operation.path, content=json.dumps(body), headers={
        **site.headers(), "content-type": "application/json"})  # fmt: skip
    return response, body


def _fault(response: httpx.Response) -> bool:
    return response.status_code >= 500 or '"internal"' in response.text or "cannot represent value: <" in response.text


def _destroys(leaf: tuple[tuple[Operation, asking.Place], str]) -> bool:
    return "Delete" in leaf[0][0].name  # last: what is gone cannot be asked


async def test_no_value_of_any_argument_is_a_fault_of_ours(prey: Site) -> None:
    """Every scalar of every input of both schemas, one at a time, with every hostile value of its type."""
    faults: dict[str, Any] = {}
    chance = random.Random(7)
    sent = 0
    for (operation, place), kind in sorted(LEAVES.items(), key=_destroys):
        if operation.name in NOT_HERE:
            continue
        # Every value is met somewhere by every type; all by all takes minutes and is for the night.
        values = ABSURD[kind] if THOROUGH else [chance.choice(ABSURD[kind])]
        for value in values:

            def choose(here: asking.Place, wanted: Any, place: Any = place, value: Any = value) -> Any:
                if here == place:
                    return value
                if wanted.name == "ID":
                    return prey.ids[meant(operation, here)]  # noqa: B023 - called before the next turn
                return asking.plausible(here, wanted)

            response, body = await _send(prey, operation, asking.arguments(operation, choose, besides=place))
            sent += 1
            if _fault(response):
                faults.setdefault(
                    f"{operation} {'.'.join(place)}", (str(value)[:60], response.text[:200], str(body)[:300])
                )
    assert sent > 1_500
    assert faults == {}, json.dumps(faults, indent=1, ensure_ascii=False)


async def test_generated_operations_are_never_a_fault_of_ours(prey: Site) -> None:
    """Several arguments at once, null, absurd or plausible: the seed is told, so that a fault can be repeated."""
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    faults = []
    every = [one for one in asking.operations() if one.name not in NOT_HERE]
    for _ in range(600):
        operation = chance.choice(every)

        def choose(here: asking.Place, wanted: Any) -> Any:
            act = chance.random()
            if act < 0.05:
                return None
            if act < 0.15:
                return chance.choice([[], {}, "x", 5, True, 1.5])
            if wanted.name == "ID" and act < 0.8:
                return chance.choice(list(prey.ids.values()))
            if wanted.name in ABSURD and act < 0.5:
                return chance.choice(ABSURD[wanted.name])
            return asking.plausible(here, wanted)

        optional = [(), *(place for one, place in LEAVES if one == operation)]
        response, body = await _send(
            prey, operation, asking.arguments(operation, choose, besides=chance.choice(optional))
        )
        if _fault(response):
            faults.append((str(operation), response.text[:300], str(body)[:600]))
    assert faults == [], f"seed {seed}: {json.dumps(faults, indent=1)}"


async def test_sql_and_html_are_kept_as_text_and_shown_harmless(
    shop: Site, following: Workers, looking: asyncpg.Connection
) -> None:
    evil = "<script>alert('x')</script>'; DROP TABLE nodes; -- <img src=x onerror=alert(1)>"
    made = await shop.admin(
        """mutation($t: String!) { contentCreate(input: {kind: "post", slug: "evil", title: $t, body: $t, excerpt: $t,
          tags: [$t]}) { content { id title html } userErrors { code message } } }""".replace(
            "tags: [$t]", 'tags: ["a<b>c"]'
        ),
        t=evil,
    )
    content = made["contentCreate"]["content"]
    assert content["title"] == evil
    assert "<script" not in content["html"]
    assert "onerror=" not in content["html"].replace("onerror=alert(1)&gt;", "")
    await shop.admin("mutation($id: ID!) { contentPublish(id: $id) { userErrors { code message } } }", id=content["id"])
    await following.catch_up()
    for page in ("/blog/evil", "/blog", "/", "/feed.xml", "/search?q=alert", "/search?q=%3Cscript%3Ealert(1)"):
        shown = await shop.page(page)
        assert shown.status_code == 200, page
        assert "<script>alert" not in shown.text, page
        assert "<img src=x" not in shown.text, page
    assert await looking.fetchval("SELECT count(*) > 0 FROM nodes")
    await shop.admin("mutation($id: ID!) { contentDelete(id: $id) { userErrors { code } } }", id=content["id"])


async def test_slugs_of_ten_thousand_characters_are_refused_by_name(shop: Site, looking: asyncpg.Connection) -> None:
    before = await rows_of(looking, shop)
    long = "x" * 10_000
    for mutation, entity in (
        ('contentCreate(input: {kind: "post", title: "T", slug: $s})', "content { id }"),
        ('contentCategoryCreate(input: {name: "T", slug: $s})', "category { id }"),
        ('productCreate(input: {title: "T", handle: $s})', "product { id }"),
        ('commerceCategoryCreate(input: {name: "T", handle: $s})', "category { id }"),
        ('tagCreate(name: "T", slug: $s)', "tag { id }"),
        ('menuSave(slug: $s, name: "T")', "menu { id }"),
        ('roleCreate(input: {slug: $s, name: "T", permissions: []})', "role { slug }"),
    ):
        query = f"mutation($s: String!) {{ {mutation} {{ {entity} userErrors {{ code message field }} }} }}"
        answer = (await shop.post("/admin/graphql", query, s=long)).json()
        (payload,) = answer["data"].values()
        assert payload[entity.split()[0]] is None, mutation
        assert payload["userErrors"][0]["field"] in (["slug"], ["handle"]), (mutation, payload)
    assert await rows_of(looking, shop) == before


async def test_a_category_cannot_stand_below_itself(shop: Site, looking: asyncpg.Connection) -> None:
    for create, move, kind in (
        ("contentCategoryCreate", "contentCategoryMove", "category"),
        ("commerceCategoryCreate", "commerceCategoryMove", "category"),
    ):
        chain: list[str] = []
        for number in range(3):
            made = await shop.admin(
                f"""mutation($p: ID) {{ {create}(input: {{name: "Level {number}", parentId: $p}})
                  {{ {kind} {{ id }} userErrors {{ code message }} }} }}""",
                p=chain[-1] if chain else None,
            )
            chain.append(made[create][kind]["id"])
        before = await rows_of(looking, shop)
        for parent in chain:
            answer = await shop.post(
                "/admin/graphql",
                f"mutation($i: ID!, $p: ID!) {{ {move}(id: $i, parentId: $p) {{ userErrors {{ code }} }} }}",
                i=chain[0],
                p=parent,
            )
            code = answer.json()["data"][move]["userErrors"][0]["code"]
            assert code.startswith("CYCLIC"), (move, code)
        assert await rows_of(looking, shop) == before


async def test_two_moves_at_once_make_no_circle(shop: Site, looking: asyncpg.Connection) -> None:
    for create, move, table in (
        ("contentCategoryCreate", "contentCategoryMove", "categories"),
        ("commerceCategoryCreate", "commerceCategoryMove", "commerce_categories"),
    ):
        query = (
            f"mutation($n: String!) {{ {create}(input: {{name: $n}}) {{ category {{ id }} userErrors {{ code }} }} }}"
        )
        a, b = [(await shop.admin(query, n=f"Pair {n} {move}"))[create]["category"]["id"] for n in range(2)]
        moving = f"mutation($i: ID!, $p: ID!) {{ {move}(id: $i, parentId: $p) {{ userErrors {{ code }} }} }}"
        for _ in range(3):
            moved = await asyncio.gather(
                shop.post("/admin/graphql", moving, i=a, p=b), shop.post("/admin/graphql", moving, i=b, p=a)
            )
            codes = [one["code"] for answer in moved for one in answer.json()["data"][move]["userErrors"]]
            assert [code[:6] for code in codes] == ["CYCLIC"], codes
            parents = {
                str(row["id"]): str(row["parent_id"])
                for row in await looking.fetch(f"SELECT id, parent_id FROM {table} WHERE id IN ($1, $2)", a, b)
            }
            assert not (parents[a] == b and parents[b] == a)


@pytest.mark.parametrize("list_of", ["products", "contents", "search"])
async def test_tampered_cursors_are_refused(shop: Site, list_of: str) -> None:
    first = 'query: "boat", first: 1' if list_of == "search" else "first: 1"
    page = (await shop.ask(f"{{ {list_of}({first}) {{ pageInfo {{ endCursor }} }} }}"))[list_of]
    cursor = page["pageInfo"]["endCursor"]
    tampered = [
        "x",
        "",
        "AAAA",
        cursor[:-2],
        cursor[::-1],
        cursor + "A",
        "W10",
        "W251bGxd",
        "e30",
        "'; --",
        "x" * 50_000,
    ]
    for one in tampered:
        query = f"query($c: String!) {{ {list_of}({first}, after: $c) {{ nodes {{ __typename }} }} }}"
        response = await shop.post("/graphql", query, token="", c=one)
        assert response.status_code == 200, one[:20]
        if response.json().get("errors"):
            assert "after" in said(response) or "cursor" in said(response), said(response)
        else:
            assert one in ("", cursor + "A"), one[:40]  # absent; or the same bytes: base64 has spare bits


async def test_references_of_federation_are_not_believed(shop: Site) -> None:
    query = """query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Product { id title } } }"""
    product = {"__typename": "Product", "id": shop.ids["product"]}
    found = (await shop.ask(query, r=[{**product, "title": "Another title"}]))["_entities"]
    assert found == [{**product, "title": "Red boat"}]
    for wrong in (
        [{}], [7], ["x"], [[]], [None], [{"__typename": "Product"}], [{"__typename": "Nothing", "id": "x"}],
        [{"__typename": "Product", "id": ["x"]}], [{"__typename": ["x"], "id": "x"}],
        [{"__typename": "Product", "id": "x"}], [{"__typename": "Query", "id": "x"}],
        [{"__typename": "Money", "amount": "1", "id": "x"}], [product] * 101,
    ):  # fmt: skip
        said(await shop.post("/graphql", query, token="", r=wrong))


async def test_numbers_out_of_range_are_refused_by_name(shop: Site) -> None:
    for first in (-1, 101, 2_147_483_647):
        for path, query in (("/graphql", "products"), ("/admin/graphql", "products"), ("/admin/graphql", "contents")):
            response = await shop.post(path, f"query($n: Int) {{ {query}(first: $n) {{ nodes {{ id }} }} }}", n=first)
            assert "first" in said(response), (path, first)
    response = await shop.post("/graphql", "query($n: Int) { products(first: $n) { nodes { id } } }", n=2**40)
    assert "$n" in said(response)
