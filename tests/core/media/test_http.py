"""Files over HTTP: refused early and by name, served safely, and by each tenant's host only for itself."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Request
from tests.conftest import MakeTenant, OpenContext
from tests.core.media.conftest import files_in, picture

from rustok.core.media import http
from rustok.core.media import service as media
from rustok.kernel import errors
from rustok.kernel.context import SYSTEM, Actor, Context, TenantInfo
from rustok.kernel.db import Database

ACTORS = {
    "staff": SYSTEM,
    "nobody": Actor(),
    "reader": Actor(kind="user", permissions=frozenset({"media:read"})),
}


@pytest.fixture
async def other(make_tenant: MakeTenant) -> TenantInfo:
    return await make_tenant()


@pytest.fixture
def app(database: Database, tenant: TenantInfo, other: TenantInfo, library: media.Library) -> FastAPI:
    hosts = {tenant.hosts[0]: tenant, other.hosts[0]: other}

    @asynccontextmanager
    async def authorise(request: Request) -> AsyncIterator[Context]:
        actor = ACTORS[request.headers.get("x-actor", "staff")]
        async with database.open(hosts[request.url.hostname or ""], actor=actor) as context:
            yield context

    async def find_tenant_id(request: Request) -> UUID:
        try:
            return hosts[request.url.hostname or ""].id
        except KeyError:
            raise errors.NotFound("there is no such host") from None

    made = FastAPI()
    made.include_router(http.router(library, authorise=authorise, find_tenant_id=find_tenant_id))
    return made


@pytest.fixture
async def client(app: FastAPI, tenant: TenantInfo) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{tenant.hosts[0]}") as made:
        yield made


async def send(client: httpx.AsyncClient, data: bytes, name: str = "x.jpg", actor: str = "staff") -> httpx.Response:
    return await client.post("/admin/media", files={"file": (name, data)}, headers={"x-actor": actor})


async def test_an_uploaded_file_is_described_and_served(client: httpx.AsyncClient) -> None:
    sent = await client.post(
        "/admin/media", files={"file": ("Shoe.exe", picture(700, 350))}, data={"alt_text": "Red shoe"}
    )
    again = await send(client, picture(700, 350))

    assert (sent.status_code, again.status_code) == (201, 200)
    described = sent.json()["media"]
    assert again.json()["media"] == described
    assert (described["filename"], described["alt_text"], described["width"]) == ("Shoe.jpg", "Red shoe", 700)
    for source in [{"url": described["url"], "format": "jpeg"}, *described["sources"]]:
        served = await client.get(source["url"])
        assert served.status_code == 200
        assert served.headers["content-type"] == f"image/{source['format']}"
        assert served.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in served.headers["content-security-policy"]
        assert "default-src 'none'" in served.headers["content-security-policy"]
        assert served.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert int(served.headers["content-length"]) == len(served.content)
        known = await client.get(source["url"], headers={"if-none-match": f'W/"x", {served.headers["etag"]}'})
        assert (known.status_code, known.content) == (304, b"")
        head = await client.head(source["url"])
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == served.headers["content-length"]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<svg><script>alert(1)</script></svg>", 415, "unsupported_media_type"),
        (b"", 422, "unreadable_file"),
        (picture()[:999], 422, "unreadable_file"),
        (b"\xff" * (21 * 1024 * 1024), 413, "file_too_large"),
    ],
)
async def test_what_is_refused_says_why_and_leaves_nothing(
    client: httpx.AsyncClient, tmp_path: Path, data: bytes, status: int, code: str
) -> None:
    answer = await send(client, data)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]
    assert files_in(tmp_path / "media") == []


async def test_an_endless_body_is_read_no_further_than_the_limit(client: httpx.AsyncClient) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        while given < 200_000_000:
            given += 1_000_000
            yield b"0" * 1_000_000

    answer = await client.post(
        "/admin/media", content=endless(), headers={"content-type": "multipart/form-data; boundary=b"}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "file_too_large")
    assert given < 25_000_000


FORM = "multipart/form-data; boundary=b"
NAMED = b'--b\r\nContent-Disposition: form-data; name="file"'
OTHER = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--b\r\n"),
        (FORM, b""),
        (FORM, b"garbage"),
        (FORM, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        (FORM, b"--b\r\n\r\nx\r\n--b--\r\n"),
        (FORM, NAMED + b"\r\n\r\nno file name\r\n--b--\r\n"),
        (FORM, NAMED + b'; filename="a"\r\n\r\ncut off'),
        (FORM, (NAMED + b'; filename="a"\r\n\r\nx\r\n') * 2 + b"--b--\r\n"),
        (FORM, (OTHER + b"x\r\n") * 9 + b"--b--\r\n"),
        (FORM, OTHER + b"x" * 20_000 + b"\r\n--b--\r\n"),
        (FORM, b"--b\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"),
        (FORM, b'--b\r\nContent-Disposition: form-data; name="\xff\xfe"\r\n\r\nx\r\n--b--'),
        ("multipart/form-data; boundary=" + "b" * 10_000, b"--b\r\n"),
        ("multipart/form-data; boundary=b; charset=nonsense", NAMED + b"\r\n\r\nx"),
    ],
)
async def test_a_broken_form_is_refused(client: httpx.AsyncClient, content_type: str, body: bytes) -> None:
    answer = await client.post("/admin/media", content=body, headers={"content-type": content_type})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_form")


async def test_only_who_may_write_media_uploads_and_others_are_refused_before_their_body_is_read(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    given = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal given
        given += 1
        yield b"0"

    for actor, status in (("nobody", 401), ("reader", 403)):
        answer = await client.post("/admin/media", content=body(), headers={"x-actor": actor})
        assert answer.status_code == status
    assert given == 0
    assert files_in(tmp_path / "media") == []


async def test_parts_of_a_film_are_served(client: httpx.AsyncClient) -> None:
    film = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 40
    url = (await send(client, film, "x.mp4")).json()["media"]["url"]

    async def part(wanted: str, **headers: str) -> tuple[int, str | None, bytes]:
        headers = {"range": wanted, **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = await client.get(url, headers=headers)
        return answer.status_code, answer.headers.get("content-range"), answer.content

    size = len(film)
    assert await part("bytes=0-99") == (206, f"bytes 0-99/{size}", film[:100])
    assert await part("bytes=10000-") == (206, f"bytes 10000-{size - 1}/{size}", film[10000:])
    assert await part("bytes=-5") == (206, f"bytes {size - 5}-{size - 1}/{size}", film[-5:])
    assert await part("bytes=5-999999999999") == (206, f"bytes 5-{size - 1}/{size}", film[5:])
    assert await part(f"bytes={size}-") == (416, f"bytes */{size}", b"")
    assert await part("bytes=-0") == (416, f"bytes */{size}", b"")
    for whole in ("bytes=9-5", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=a-b"):
        assert await part(whole) == (200, None, film)
    assert await part("bytes=0-99", if_range='"another"') == (200, None, film)


async def test_documents_are_downloaded_rather_than_shown(client: httpx.AsyncClient) -> None:
    url = (await send(client, b"%PDF-1.7\n%%EOF")).json()["media"]["url"]

    served = await client.get(url)

    assert served.headers["content-type"] == "application/pdf"
    assert served.headers["content-disposition"].startswith("attachment")


async def test_a_host_serves_its_own_tenants_files_only(
    client: httpx.AsyncClient, tenant: TenantInfo, other: TenantInfo
) -> None:
    url = (await send(client, picture(20, 20))).json()["media"]["url"]

    assert (await client.get(url)).status_code == 200
    for host in (other.hosts[0], "unknown.test"):
        answer = await client.get(f"http://{host}{url}")
        assert (answer.status_code, answer.json()["error"]["code"] in ("media_not_found", "not_found")) == (404, True)
        assert (await client.get(f"http://{host}{url}", headers={"if-none-match": "*"})).status_code == 404


async def status_of(app: FastAPI, path: str, host: str) -> int:
    """What the program answers to a path exactly as written: clients tidy it up before they send it."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(60)  # nothing is sent, and nobody hangs up
        return {"type": "http.disconnect"}

    async def keep(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", host.encode())], "client": ("127.0.0.1", 1), "server": (host, 80),
    }  # fmt: skip
    await app(scope, receive, keep)
    return int(sent[0]["status"])


async def test_nothing_but_media_is_reached_through_the_address(
    app: FastAPI, client: httpx.AsyncClient, tenant: TenantInfo, tmp_path: Path
) -> None:
    url = (await send(client, picture(20, 20))).json()["media"]["url"]
    (tmp_path / "media" / tenant.id.hex / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "secret").write_bytes(b"secret")
    folder, mine = url.rpartition("/")[0], f"/media/{tenant.id.hex}"

    assert await status_of(app, url, tenant.hosts[0]) == 200
    for path in (
        "/media/../secret", "/media/%2e%2e/secret", "/media/..%2fsecret", "/media//secret", "/media/%00", "/media/",
        f"{mine}/secret.jpg", f"{mine}/../{tenant.id.hex}{url[39:]}", f"{mine}//{url[40:]}", folder, f"{folder}/",
        f"{url}%00.png", f"{url}/x", f"{url}%20", url.replace(".jpg", ".html"), url.upper(), f"/media{url}",
        f"{folder}/0000000000000000.jpg", "/media/" + "a" * 5000,
    ):  # fmt: skip
        assert await status_of(app, path, tenant.hosts[0]) == 404, path


async def test_a_deleted_files_address_answers_not_found_even_to_who_knows_it(
    client: httpx.AsyncClient, open_context: OpenContext, library: media.Library
) -> None:
    described = (await send(client, picture(20, 20))).json()["media"]
    etag = (await client.get(described["url"])).headers["etag"]
    await library.storage.remove_folder(described["url"].removeprefix("/media/").rpartition("/")[0])

    assert (await client.get(described["url"])).status_code == 404
    assert (await client.get(described["url"], headers={"if-none-match": etag})).status_code == 404
