"""A folder and an object store behave alike: files are stored whole, read in parts, listed and removed."""

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.core.media.conftest import files_in, picture

from rustok.core.media import listeners, storing
from rustok.core.media import service as media
from rustok.events.core import MediaDeleted
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.db import Database

SECRET = "not-so-secret-key"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A real S3 endpoint in a process of its own, spoken to over HTTP."""
    program = shutil.which("moto_server")
    if program is None:
        pytest.skip("no S3 server on this machine: pip install 'moto[server]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    with (tmp_path_factory.mktemp("s3") / "log").open("w") as log:
        process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
        try:
            _make_bucket(f"{endpoint}/shop-media", process)
            yield {
                "endpoint": endpoint,
                "access_key_id": "someone",
                "secret_access_key": SECRET,
                "region": "us-east-1",
                "client_options": {"allow_http": True},
            }
        finally:
            process.terminate()
            process.wait(10)


def _make_bucket(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        assert process.poll() is None, "the S3 server did not start"
        try:
            request = urllib.request.Request(url, method="PUT")  # noqa: S310 -- our own address
            urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
            return
        except ConnectionError:
            time.sleep(0.1)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.1)
    raise AssertionError("the S3 server does not answer")


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> storing.Storage:
    if request.param == "local":
        return storing.Storage.at(None, home=tmp_path)
    return storing.Storage.at("s3://shop-media/files", home=tmp_path, **request.getfixturevalue("s3"))


async def test_files_are_stored_read_in_parts_and_removed(storage: storing.Storage) -> None:
    data = bytes(range(256)) * 8000
    await storage.put("a/b/one.bin", data, mime_type="video/mp4")
    await storage.put("a/b/two.bin", b"two", mime_type="image/png")
    await storage.put("a/bc/three.bin", b"three", mime_type="image/png")

    assert await storage.get("a/b/one.bin") == data
    assert await storage.size("a/b/one.bin") == len(data)
    part = await storage.open("a/b/one.bin", start=1000, end=900_000)
    assert part is not None
    assert (part.size, part.start, part.end) == (len(data), 1000, 900_000)
    assert b"".join([chunk async for chunk in part.chunks]) == data[1000:900_000]
    assert await storage.get("a/b/none.bin") is None
    assert await storage.size("a/b/none.bin") is None

    assert await storage.remove_folder("a/b") == 2
    assert await storage.remove_folder("a/b") == 0
    await storage.remove(["a/b/one.bin"])
    assert await storage.get("a/b/one.bin") is None
    assert await storage.get("a/bc/three.bin") == b"three"


async def test_a_picture_lives_and_dies_in_an_object_store(
    database: Database, context: Context, s3: dict[str, Any], tmp_path: Path
) -> None:
    library = media.Library(storing.Storage.at("s3://shop-media/library", home=tmp_path, **s3))
    context.session.info[media.Library] = library

    stored = await media.upload(context, filename="a.jpg", data=picture(700, 300))
    paths = {stored.storage_path or "", *(r["path"] for r in stored.renditions)}
    sizes = [await library.storage.size(path) for path in paths]
    await media.delete(context, stored.id)
    await context.session.flush()
    await listeners.when_media_is_deleted_remove_its_files(MediaDeleted(media_id=stored.id), context)

    assert stored.storage_driver == "s3"
    assert None not in sizes
    assert [await library.storage.size(path) for path in paths] == [None] * len(paths)
    assert files_in(tmp_path) == []


async def test_a_storage_that_is_away_says_so_keeps_nothing_and_tells_no_secrets(
    context: Context, tmp_path: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = storing.Storage.at(
            "s3://shop-media",
            home=tmp_path,
            endpoint=f"http://127.0.0.1:{unused.getsockname()[1]}",
            access_key_id="someone",
            secret_access_key=SECRET,
            region="us-east-1",
            client_options={"allow_http": True, "timeout": "2s"},
            retry_config={"max_retries": 0},
        )
        context.session.info[media.Library] = media.Library(away)

        with pytest.raises(media.StorageFailed) as caught:
            async with context.session.begin_nested():
                await media.upload(context, filename="a.jpg", data=picture(50, 50))

    assert str(caught.value) == "the media storage does not answer"
    assert caught.value.status == 503
    assert (await context.session.scalars(select(media.Media))).all() == []
    assert context.recorded == []


def test_an_address_that_is_no_storage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Invalid, match="ftp:"):
        storing.Storage.at("ftp://example.com/media", home=tmp_path)


async def test_a_folder_of_ones_own_can_be_given_either_way(tmp_path: Path) -> None:
    for address in (str(tmp_path / "one"), (tmp_path / "two").as_uri()):
        await storing.Storage.at(address, home=tmp_path / "home").put("a.txt", b"a", mime_type="image/png")

    assert files_in(tmp_path) == ["one/a.txt", "two/a.txt"]
