"""The bench's catalogue and arithmetic; no test asserts a time."""

import asyncio
import csv
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])


def test_a_catalogue_of_the_same_size_and_seed_is_the_same_file(tmp_path: Path) -> None:
    from bench import catalogue

    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        catalogue.write(tmp_path / name, 40, seed=seed)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_a_catalogue_looks_like_a_shop(tmp_path: Path) -> None:
    from bench import catalogue

    shop = catalogue.write(tmp_path / "shop.csv", 300)

    with (tmp_path / "shop.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    variants = Counter(row["Handle"] for row in rows if row["Variant SKU"])
    words = Counter(word for row in rows for word in row["Body (HTML)"].lower().split())
    assert len(variants) == 300
    assert {1, 8} <= set(variants.values()) <= set(range(1, 9))
    assert words[shop.words[0]] > 20 * max(words[shop.words[3000]], 1)


def test_a_load_counts_every_answer_once() -> None:
    from bench import load

    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                served += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except asyncio.IncompleteReadError:
            writer.close()

    async def story() -> dict[str, float]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            asked = [load.request_of({"path": "/"}, port)]
            return await load.load(port, asked, seconds=0.2, connections=2)

    found = asyncio.run(story())

    assert served > 2
    assert found["rps"] == pytest.approx(served / 0.2, rel=0.5)
    assert 0 < found["p50_ms"] <= found["p99_ms"]
