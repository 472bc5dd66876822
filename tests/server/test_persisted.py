"""Documents known by their hash: Apollo's protocol, and a file of those that are trusted."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Addresses
from tests.server.conftest import OpenSite, Site
from tests.server.sockets import inside

from rustok.kernel.settings import BadSetting, Settings
from rustok.server import app as web
from rustok.server.graphql_http import persisted
from rustok.server.graphql_http.params import Params
from rustok.server.graphql_http.persisted import NotPersisted, Persisted, hash_of
from rustok.server.host import Host

TRUSTED = "query Trusted { products(first: 1) { nodes { title } } }"
LIVE = "subscription { productsChanged(initial: true) { kind } }"


@pytest.fixture(scope="module")
async def plain(open_site: OpenSite) -> Site:
    """A site that these tests only ask."""
    return await open_site()


def known_by(text: str, **more: Any) -> dict[str, Any]:
    """The body of a request that names a document by Apollo's hash."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}, **more}


def as_query(body: dict[str, Any]) -> dict[str, str]:
    """The same for a query string."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()}


def code(answer: httpx.Response) -> str:
    """The code of the first error."""
    found: str = answer.json()["errors"][0]["extensions"]["code"]
    return found


@pytest.mark.parametrize("path", ["/graphql", "/admin/graphql"])
@pytest.mark.parametrize("field", ["a: __typename", "products(first: 1) { nodes { id } }", "tenant { id }"])
async def test_a_document_is_sent_once_and_then_named(plain: Site, path: str, field: str) -> None:
    text = f"query Q{path.count('/')} {{ {field} }}"

    unknown = await plain.client.post(path, json=known_by(text))
    assert (code(unknown), unknown.json()["errors"][0]["message"]) == (
        "PERSISTED_QUERY_NOT_FOUND",
        "PersistedQueryNotFound",
    )
    sent = await plain.client.post(path, json=known_by(text, query=text))
    by_post = await plain.client.post(path, json=known_by(text))
    by_get = await plain.client.get(path, params=as_query(known_by(text)))
    by_id = await plain.client.post(path, json={"documentId": f"sha256:{hash_of(text)}"})

    assert sent.json().get("data") == by_post.json().get("data") == by_get.json().get("data")
    assert sent.json().get("data") == by_id.json().get("data")
    assert sent.status_code == by_post.status_code == by_get.status_code == by_id.status_code == 200


async def test_a_wrong_hash_is_refused_and_teaches_nothing(plain: Site) -> None:
    text, other = "query Mine { a: __typename }", "query Other { b: __typename }"
    answer = await plain.client.post("/graphql", json=known_by(text, query=other))
    assert code(answer) == "PERSISTED_QUERY_HASH_MISMATCH"
    assert code(await plain.client.post("/graphql", json=known_by(text))) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(await plain.client.post("/graphql", json=known_by(other))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "short"}, {"documentId": 5}, {"documentId": "z" * 64}, {"documentId": ["a" * 64]},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1}}}, {"extensions": {"persistedQuery": "a" * 64}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "\u0661" * 64}}},
    ],
)  # fmt: skip
async def test_a_malformed_hash_is_named(plain: Site, body: dict[str, Any]) -> None:
    answer = await plain.client.post("/graphql", json={"query": "{ __typename }", **body})
    assert answer.status_code == 400
    assert "must hold a SHA-256 in hexadecimal" in answer.json()["errors"][0]["message"]


async def test_mutations_are_named_as_well_but_not_by_get(plain: Site) -> None:
    text = 'mutation Reset { passwordResetRequest(email: "nobody@example.com") { accepted } }'
    for body in (known_by(text, query=text), known_by(text)):
        answer = await plain.client.post("/admin/graphql", json=body)
        assert answer.json()["data"]["passwordResetRequest"]["accepted"] is True
    assert (await plain.client.get("/admin/graphql", params=as_query(known_by(text)))).status_code == 405


async def test_a_browser_that_names_a_document_gets_its_answer(plain: Site) -> None:
    html = {"accept": "text/html,*/*;q=0.1"}
    text = "query Named { products(first: 1) { nodes { title } } }"
    await plain.client.post("/graphql", json=known_by(text, query=text))
    for executor in ({}, {"RusToK-Executor": "ordinary"}):
        answer = await plain.client.get("/graphql", params=as_query(known_by(text)), headers={**html, **executor})
        assert answer.json()["data"] == {"products": {"nodes": []}}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persisted, "MOST", 3)
    monkeypatch.setattr(persisted, "MOST_CHARACTERS", 100)
    known = Persisted()

    def ask(text: str, query: str = "") -> bool:
        try:
            return known.document(Params(query, {}, None, hash_of(text))) == text
        except NotPersisted:
            return False

    texts = [f"text {number}" for number in range(4)]
    assert all(ask(text, text) for text in texts[:3])
    assert ask(texts[0])  # used last
    assert ask(texts[3], texts[3])
    assert [ask(text) for text in texts] == [True, False, True, True]
    assert ask("x" * 95, "x" * 95)
    assert not any(ask(text) for text in texts)
    assert ask("y" * 200, "y" * 200)  # answered, but not remembered
    assert not ask("y" * 200)


# --- Trusted documents -------------------------------------------------------------------------------------------

Write = Callable[[Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Makes a file of trusted documents."""

    def made(content: Any) -> Path:
        path = tmp_path / "documents.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return made


@pytest.mark.parametrize("shape", [
    [TRUSTED], {hash_of(TRUSTED): TRUSTED}, {f"sha256:{hash_of(TRUSTED)}": TRUSTED}, {hash_of(TRUSTED).upper(): TRUSTED}
])  # fmt: skip
def test_a_file_is_an_object_or_a_list(write: Write, shape: Any) -> None:
    known = Persisted.read(write(shape), only_trusted=True)
    assert known.document(Params("", {}, None, hash_of(TRUSTED))) == TRUSTED
    assert known.document(Params(TRUSTED, {}, None)) == TRUSTED
    for refused in (Params("{ a }", {}, None), Params("{ a }", {}, None, hash_of("{ a }"))):
        with pytest.raises(NotPersisted):
            known.document(refused)


@pytest.mark.parametrize("content", [{"a" * 64: TRUSTED}, {"name": TRUSTED}, [5], "text", b"{", b'["\xff"]', b"\xff"])
def test_a_wrong_file_is_said_at_the_start(write: Write, content: Any) -> None:
    with pytest.raises(BadSetting, match="RUSTOK_TRUSTED_DOCUMENTS"):
        Persisted.read(write(content), only_trusted=False)


def test_a_missing_file_is_said_at_the_start(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path, None):
        with pytest.raises(BadSetting, match="RUSTOK_TRUSTED_DOCUMENTS"):
            Persisted.read(path, only_trusted=True)


def test_a_trusted_hash_does_not_vouch_for_another_text(write: Write) -> None:
    for only in (True, False):
        known = Persisted.read(write([TRUSTED]), only_trusted=only)
        with pytest.raises(NotPersisted):
            known.document(Params("{ a }", {}, None, hash_of(TRUSTED)))


@pytest.fixture
async def strict(plain: Site, addresses: Addresses, write: Write, tmp_path: Path) -> AsyncIterator[Site]:
    """The same site behind a process that answers trusted documents only."""
    settings = Settings(
        home=tmp_path, secret_key="only for tests", trusted_documents=write([TRUSTED]), only_trusted_documents=True
    )
    host = Host.open(settings, addresses.owner)
    application = web.build(host)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{plain.tenant.hosts[0]}") as client:
        yield replace(plain, app=application, host=host, client=client)
    await host.close()


async def test_only_trusted_documents_are_answered_where_that_is_wished(strict: Site) -> None:
    for body in (
        {"query": TRUSTED},
        {"documentId": hash_of(TRUSTED)},
        known_by(TRUSTED),
        known_by(TRUSTED, query=TRUSTED),
    ):
        for _ in range(2):
            answer = await strict.client.post("/graphql", json=body)
            assert answer.json()["data"] == {"products": {"nodes": []}}
            assert (await strict.client.get("/graphql", params=as_query(body))).json()["data"]
    other = TRUSTED + " "
    for body in ({"query": other}, {"documentId": hash_of(other)}, known_by(other, query=other), {"query": "{ a }"}):
        for headers in ({}, strict.headers(), {"RusToK-Executor": "ordinary"}):
            answer = await strict.client.post("/graphql", json=body, headers=headers)
            assert code(answer) == "DOCUMENT_NOT_TRUSTED"
            assert "data" not in answer.json()
    assert (await strict.admin("{ me { email } }"))["me"]["email"] == strict.email


async def test_nothing_untrusted_is_subscribed_to(strict: Site) -> None:
    async with inside(strict) as client:
        await client.subscribe(LIVE)
        assert (await client.refusal())["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
