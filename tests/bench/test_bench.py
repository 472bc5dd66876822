"""The bench's catalogue and arithmetic; no test asserts a time."""

import csv
import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


@pytest.fixture
def served() -> Iterator[tuple[int, list[str]]]:
    """A server that answers 200 to `/` and 500 to everything else, and what it was asked."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            body = b'{"data": {}}' if self.path == "/" else b'{"errors": [{"message": "no"}]}'
            self.send_response(500 if self.path == "/broken" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_load_counts_every_answer_once(served: tuple[int, list[str]]) -> None:
    from bench import load

    port, asked = served

    found = load.load(
        port, [load.request_of({"path": "/"}, port)], warm=0.0, seconds=0.2, connections=2, least=1, most=1.0
    )

    assert 2 < found["answers"] <= len(asked) <= found["answers"] + 2
    assert found["timed"] == found["answers"]
    assert found["bytes"] == len('{"data": {}}')
    assert 0 < found["p50_ms"] <= found["p99_ms"]


@pytest.mark.parametrize("path", ["/broken", "/errors"])
def test_a_load_ends_at_an_answer_that_is_none(served: tuple[int, list[str]], path: str) -> None:
    from bench import load

    port, _ = served

    with pytest.raises(load.LoadFailed):
        load.load(port, [load.request_of({"path": path}, port)], warm=0.0, seconds=0.1, connections=1, least=1, most=1)


def test_a_figure_that_could_not_be_measured_is_not_written(tmp_path: Path) -> None:
    from bench import figures

    found = figures.Figures({"detail.vs_handwritten": 0.5})

    with pytest.raises(figures.Broken):
        found.put("list24.vs_handwritten", float("nan"))
    found.write(tmp_path / "bench.json")

    assert json.loads((tmp_path / "bench.json").read_text()) == {"detail.vs_handwritten": 0.5}
    table = {line.split()[0]: line for line in found.table().splitlines() if line}
    assert "not measured" in table["list24.vs_handwritten"]
    assert "MISSED" in table["detail.vs_handwritten"]
