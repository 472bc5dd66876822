"""GraphQL over HTTP as a client that knows the specification meets it, on both endpoints."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import ROOT, Addresses
from tests.server.conftest import OpenSite, Site

BOTH = pytest.mark.parametrize("path", ["/graphql", "/admin/graphql"])
RESPONSE = "application/graphql-response+json"
QUERY = {"query": "{ __typename }"}
AUDIT = """
import { auditServer } from 'graphql-http';
const results = await auditServer({ url: process.argv[2], fetchFn: fetch });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
"""


@pytest.fixture(scope="module")
async def plain(open_site: OpenSite) -> Site:
    """A site that these tests only ask."""
    return await open_site()


@BOTH
async def test_a_query_by_post_and_by_get(plain: Site, path: str) -> None:
    for answer in (await plain.client.post(path, json=QUERY), await plain.client.get(path, params=QUERY)):
        assert answer.status_code == 200
        assert answer.json()["data"] == {"__typename": "Query"}
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"


@BOTH
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE};q=0.5, application/json", "application/json"),
        (f"{RESPONSE}, application/json;q=0.9", RESPONSE),
        (f'{RESPONSE}; charset="utf-8"', RESPONSE),
    ],
)
async def test_the_answer_is_of_the_kind_that_is_accepted(
    plain: Site, path: str, accept: str | None, kind: str
) -> None:
    headers = {"accept": accept} if accept else {}
    answer = await plain.client.post(path, json=QUERY, headers=headers)
    assert answer.headers["content-type"].split(";")[0] == kind


@BOTH
async def test_nothing_acceptable_is_said(plain: Site, path: str) -> None:
    for accept in ("image/png", "application/xml", f"{RESPONSE};q=0", "application/json; charset=koi8-r"):
        assert (await plain.client.post(path, json=QUERY, headers={"accept": accept})).status_code == 406, accept


@BOTH
async def test_invalid_documents_are_told_apart_by_status_in_the_new_media_type_only(plain: Site, path: str) -> None:
    for query in ("{", "{ nothingOfTheKind }", "query A { __typename } query B { __typename }"):
        old = await plain.client.post(path, json={"query": query})
        new = await plain.client.post(path, json={"query": query}, headers={"accept": RESPONSE})
        assert (old.status_code, new.status_code) == (200, 400), query
        assert old.json()["errors"] == new.json()["errors"]
        assert "data" not in new.json()


@BOTH
async def test_get_runs_queries_only(plain: Site, path: str) -> None:
    query = "mutation { sessionsEndAll { ended } }"
    answer = await plain.client.get(path, params={"query": query}, headers=plain.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await plain.admin("{ me { email } }"))["me"]["email"] == plain.email


@BOTH
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_refused(plain: Site, path: str, method: str) -> None:
    answer = await plain.client.request(method, path, json=QUERY)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@BOTH
async def test_an_operation_is_chosen_by_its_name(plain: Site, path: str) -> None:
    query = "query A { a: __typename } query B { b: __typename }"
    chosen = await plain.client.post(path, json={"query": query, "operationName": "B"})
    assert chosen.json()["data"] == {"b": "Query"}
    unknown = await plain.client.post(path, json={"query": query, "operationName": "C"})
    assert "C" in unknown.json()["errors"][0]["message"]


@BOTH
async def test_subscriptions_and_batches_are_refused(plain: Site, path: str) -> None:
    assert "subscription" in (await plain.client.post(path, json={"query": "subscription { a }"})).text.lower()
    batch = await plain.client.post(path, json=[QUERY, QUERY])
    assert batch.status_code == 400
    assert "batches" in batch.json()["errors"][0]["message"]


async def test_the_cost_is_told(plain: Site) -> None:
    query = "query($n: Int) { products(first: $n) { nodes { id variants { id } } } }"
    answer = (await plain.post("/graphql", query, n=10)).json()
    assert answer["extensions"]["cost"] == {"requested": 1 + 10 * (1 + 3), "limit": 50_000}


async def test_the_explorer_is_for_browsers_in_development(plain: Site) -> None:
    shown = await plain.client.get("/admin/graphql", headers={"accept": "text/html,*/*;q=0.1"})
    assert shown.status_code == 200
    assert "script-src 'self'" in shown.headers["content-security-policy"]
    for name in ("explorer.js", "explorer.css"):
        assert (await plain.client.get(f"/_graphiql/{name}")).status_code == 200


async def test_answers_are_not_kept_by_anybody(plain: Site) -> None:
    answer = await plain.post("/admin/graphql", "{ me { id } }")
    assert answer.headers["cache-control"] == "no-store"
    assert "Authorization" in answer.headers["vary"]


# --- The audit of the npm package graphql-http -------------------------------------------------------------------


@pytest.fixture(scope="session")
def audit() -> Path:
    """The audit's script beside its package, installed once below build/."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not on this machine: the graphql-http audit cannot run")
    folder = ROOT / "build" / "audit"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    (folder / "run.mjs").write_text(AUDIT)
    if not (folder / "node_modules" / "graphql-http").exists():
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "graphql-http@1.23", "graphql@16"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=180)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"the npm package graphql-http cannot be installed here: {error}")
    return folder / "run.mjs"


def free_port() -> int:
    """A port that nobody has right now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def served(addresses: Addresses, plain: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `rustok serve`, for whose unknown host names the site answers."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": addresses.owner,
        "RUSTOK_SECRET_KEY": "only for tests",
        "RUSTOK_HOME": str(tmp_path_factory.mktemp("served")),
        "RUSTOK_PORT": str(port),
        "RUSTOK_DEFAULT_TENANT": plain.tenant.slug,
    }
    call = [sys.executable, "-c", "from rustok.server.cli import main; main()", "serve"]
    process = subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, "the server ended"
            try:
                if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@BOTH
def test_the_whole_audit_suite_passes(audit: Path, served: str, path: str) -> None:
    done = subprocess.run(["node", str(audit), served + path], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(results) == 61
    assert [one for one in results if one["status"] != "ok"] == []
