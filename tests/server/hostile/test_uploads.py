"""Files that are not what they say, and forms that are none."""

import io
import resource
import struct
import zlib

import asyncpg
import pytest
from PIL import Image
from tests.server.conftest import Site
from tests.server.furnishing import picture
from tests.server.hostile.conftest import said
from tests.server.test_isolation import rows_of


def _png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width * 3 + 1) * 200)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _jpeg_and_script() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(written, "JPEG", comment=b"<script>alert(1)</script>")
    return written.getvalue() + b"<html><script>alert(1)</script></html>PK\x03\x04"


SCRIPTED_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect onload="alert(1)"/></svg>'


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.svg", SCRIPTED_SVG, "image/svg+xml"),
        ("a.png", SCRIPTED_SVG, "image/png"),
        ("a.html", b"<html><script>alert(1)</script>", "text/html"),
        ("a.png", b"GIF89a<script>alert(1)</script>", "image/png"),
        ("a.png", b"", "image/png"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("huge.png", _png_of(30_000, 30_000), "image/png"),
        ("a.exe", b"MZ" + b"\0" * 500, "application/octet-stream"),
        ("a.php", b"<?php system($_GET['c']);", "image/jpeg"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "image/svg+xml"),
        ("a.zip", b"PK\x03\x04" + b"\0" * 100, "image/png"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_files_that_are_not_what_they_say_are_refused(
    shop: Site, looking: asyncpg.Connection, name: str, data: bytes, kind: str
) -> None:
    before = await rows_of(looking, shop)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    response = await shop.client.post("/admin/media", files={"file": (name, data, kind)}, headers=shop.headers())
    assert response.status_code in (400, 413, 415, 422), response.text
    assert len(said(response)) > 10
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) / 1024 < 100
    assert await rows_of(looking, shop) == before


async def test_a_polyglot_loses_what_is_not_a_picture(shop: Site) -> None:
    files = {"file": ("../../evil<script>.html", _jpeg_and_script(), "text/html")}
    response = await shop.client.post("/admin/media", files=files, headers=shop.headers())
    if response.status_code == 201:
        stored = await shop.client.get(response.json()["media"]["url"])
        assert stored.headers["content-type"] == "image/jpeg"
        assert stored.headers["x-content-type-options"] == "nosniff"
        assert "/" not in response.json()["media"]["filename"]
        for one in response.json()["media"]["sources"]:
            assert b"<script" not in (await shop.client.get(one["url"])).content
    else:
        said(response)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x--",
        b"--x\r\n\r\n\r\n--x--",
        b"nonsense",
        b"--x\r\n" * 10_000,
        b"--x\r\n" + b"a: b\r\n" * 10_000,
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_forms_that_are_none_are_refused(shop: Site, body: bytes) -> None:
    headers = {**shop.headers(), "content-type": "multipart/form-data; boundary=x"}
    response = await shop.client.post("/admin/media", content=body, headers=headers)
    assert response.status_code in (400, 413, 422), response.text
    said(response)


async def test_uploads_need_the_permission(shop: Site) -> None:
    files = {"file": ("a.png", picture("red"), "image/png")}
    assert (await shop.client.post("/admin/media", files=files)).status_code == 401
