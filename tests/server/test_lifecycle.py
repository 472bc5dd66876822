"""`rustok` as a newcomer and an operator run it: processes, signals, kills, exit codes and what scripts read."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import typer.main
from tests.server.test_graphql_http import free_port

from rustok.server.cli.main import app as commands

RUSTOK = [sys.executable, "-W", "ignore", "-c", "from rustok.server.cli import main; main()"]
BOOT_SECONDS = 180  # of a machine that is busy with other tests; a quiet one takes a few


@dataclass
class Home:
    """One installation: its folder, its port, and the processes started for it."""

    folder: Path
    port: int
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    demo: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the test run's own settings leaks in."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("RUSTOK_", "DATABASE_URL", "REDIS_URL"))}
        own = {"RUSTOK_HOME": str(self.folder), "RUSTOK_PORT": str(self.port), "RUSTOK_DEMO": str(self.demo).lower()}
        return {**clean, **own}

    def up(self) -> subprocess.Popen[bytes]:
        """Start everything and wait until it answers."""
        began = time.monotonic()
        with (self.folder.parent / "up.log").open("ab") as log:
            process = subprocess.Popen(
                [*RUSTOK, "up"], env=self.environment, cwd=self.folder.parent, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        while not self.answers():
            if process.poll() is not None or time.monotonic() - began > BOOT_SECONDS:
                kill(process)
                raise AssertionError((self.folder.parent / "up.log").read_text()[-3000:])
            time.sleep(0.1)
        print(f"answered after {time.monotonic() - began:.1f} s")  # noqa: T201 - `pytest -rP` shows it
        return process

    def answers(self) -> bool:
        """Whether /healthz says 200."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def run(self, *arguments: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        """One command to its end, and its exit code."""
        done = subprocess.run(
            [*RUSTOK, *arguments], env=self.environment, cwd=self.folder.parent, capture_output=True, text=True,
            timeout=BOOT_SECONDS, check=False,
        )  # fmt: skip
        if check is not None:
            assert done.returncode == check, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """A process and everything below it; PostgreSQL's server is found by its folder where it has left the tree."""
    with contextlib.suppress(psutil.NoSuchProcess):
        head = psutil.Process(process.pid)
        return [head, *head.children(recursive=True)]
    return []


def of_home(home: Home) -> list[psutil.Process]:
    """Every process, of whatever parent, that names the installation's folder: PostgreSQL outlives a kill of ours."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(home.folder) in " ".join(one.cmdline()):
                found += [one, *one.children(recursive=True)]
    return found


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to everything at once, as a power cut would."""
    for one in family(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait(30)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A folder of its own, a free port and one tenant. Whatever a failed test leaves behind is ended."""
    with installation() as made:
        made.run("migrate")
        made.run("tenant", "create", "demo", "--locale", "en", "--locale", "ru")
        yield made


@contextlib.contextmanager
def installation(*, demo: bool = False) -> Iterator[Home]:
    """A new installation that leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="rustok-installation-") as folder:
        Path(folder).chmod(0o755)  # root's PostgreSQL runs as somebody else, who passes through
        made = Home(Path(folder) / "home", free_port(), demo=demo)
        yield made
        left = [one for process in made.started for one in family(process)] + of_home(made)
        for one in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(left, timeout=20)
        for process in made.started:
            process.wait(20)


@pytest.fixture
def running(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """Everything is up; ended at the end of the test if the test has not."""
    process = home.up()
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def slugs(home: Home) -> set[str]:
    """The tenants, as the command line lists them."""
    return {one["slug"] for one in json.loads(home.run("tenant", "list", "--json").stdout)}


def test_it_starts_and_the_commands_find_it(home: Home, running: subprocess.Popen[bytes]) -> None:
    base = f"http://127.0.0.1:{home.port}"
    assert httpx.get(f"{base}/readyz", timeout=30).json()["status"] == "ready"
    assert "rustok" in httpx.get(f"{base}/metrics", timeout=30).text
    assert httpx.get(f"{base}/", timeout=30).status_code == 200
    assert httpx.get(f"http://localhost:{home.port}/", timeout=30).status_code == 200
    assert "another" not in slugs(home)
    home.run("tenant", "create", "another", "--locale", "en")
    assert slugs(home) >= {"demo", "another"}
    made = json.loads(home.run("user", "create", "eve@example.com", "--role", "super_admin", "--json").stdout)
    answer = httpx.post(
        f"{base}/admin/graphql",
        json={
            "query": "mutation($e: String!, $p: String!) { sessionCreate(email: $e, password: $p) { accessToken } }",
            "variables": {"e": "eve@example.com", "p": made["password"]},
        },
        timeout=30,
    )
    assert answer.json()["data"]["sessionCreate"]["accessToken"]


def test_what_scripts_read_is_json_and_exit_codes_are_telling(
    home: Home, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    csv = tmp_path / "boats.csv"
    csv.write_text(
        "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant Price,Status\n"
        'red-boat,Red boat,<p>Floats</p>,Acme,Boat,"sea, red",true,Title,Default Title,19.99,active\n'
    )
    wxr = tmp_path / "site.xml"
    wxr.write_text('<?xml version="1.0"?><rss version="2.0"><channel><title>Not for shops</title></channel></rss>')
    tenant = ("--tenant", "demo")
    imported = json.loads(home.run("import", "shopify", str(csv), *tenant, "--json").stdout)
    assert json.dumps(imported)
    page = httpx.get(f"http://127.0.0.1:{home.port}/products/red-boat", timeout=30)
    assert page.status_code == 200
    for file in (str(tmp_path / "nosuchfile.csv"), str(wxr)):
        refused = home.run("import", "shopify", file, *tenant, check=2)
        lines = [line for line in refused.stderr.splitlines() if line.strip()]
        assert len(lines) == 1, refused.stderr
        assert "Traceback" not in refused.stderr
    home.run("import", "wordpress", str(csv), *tenant, check=2)
    home.run("import", "shopify", str(csv), "--tenant", "nobody", check=2)
    assert json.loads(home.run("index", "verify", "--json").stdout)["equal"] is True
    assert json.loads(home.run("index", "status", "--json").stdout)
    assert json.loads(home.run("events", "parked", "--json").stdout) == []
    events = [json.loads(line) for line in home.run("events", "tail", "--json").stdout.splitlines()]
    assert any(one["type"] == "ProductPublished" for one in events)
    assert all(one["good"] for one in json.loads(home.run("doctor", "--json").stdout))
    assert home.run("index", "rebuild", "--entity", "nothing", check=2).stderr.count("\n") == 1
    home.run("nonsense", check=2)
    _spoil(home)
    spoilt = home.run("index", "verify", "--json", check=1)
    assert json.loads(spoilt.stdout)["equal"] is False
    home.run("index", "rebuild", *tenant)
    home.run("index", "verify")


def _spoil(home: Home) -> None:
    """Change a row of the read model behind its back."""
    script = """
import asyncio, asyncpg
from rustok.kernel.db import plain_url
from rustok.kernel.postgres import Embedded
from rustok.kernel.settings import Settings

async def spoil():
    connection = await asyncpg.connect(plain_url(Embedded(Settings().home).running_url()))
    await connection.execute("UPDATE index_products SET document = document || '{\\"title\\": \\"Wrong\\"}'")

asyncio.run(spoil())
"""
    subprocess.run([sys.executable, "-c", script], env=home.environment, check=True, timeout=60)


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 1), (signal.SIGTERM, 200)])
def test_a_signal_stops_everything_that_was_started(home: Home, number: signal.Signals, times: int) -> None:
    process = home.up()
    below = family(process)
    assert len(below) > 3, [one.name() for one in below]
    assert any("postgres" in one.name() for one in of_home(home))
    for _ in range(times):  # a terminal, `timeout` and a supervisor may all send it
        process.send_signal(number)
    process.wait(60)
    _, alive = psutil.wait_procs([*below, *of_home(home)], timeout=20)
    assert alive == []
    assert not home.answers()


def test_after_a_kill_of_everything_it_starts_again(home: Home) -> None:
    process = home.up()
    for one in {*of_home(home), *family(process)}:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait(30)
    assert not home.answers()
    again = home.up()
    try:
        assert "demo" in slugs(home)
        assert json.loads(home.run("index", "verify", "--json").stdout)["equal"] is True
    finally:
        again.send_signal(signal.SIGTERM)
        again.wait(60)


def test_a_port_in_use_is_said_in_one_line(home: Home, running: subprocess.Popen[bytes]) -> None:
    refused = home.run("up", check=1)
    assert str(home.port) in refused.stderr
    assert refused.stderr.strip().count("\n") == 0
    assert home.answers()


def test_commands_work_while_nothing_runs(home: Home) -> None:
    assert "demo" in slugs(home)
    assert [one for one in of_home(home) if "postgres" in one.name()] == []


def test_a_database_that_does_not_answer_is_said_in_one_line(home: Home) -> None:
    nowhere = f"postgresql://nobody:secret@127.0.0.1:{free_port()}/nothing"
    for arguments in (["tenant", "list"], ["migrate"], ["index", "status"]):
        done = subprocess.run(
            [*RUSTOK, *arguments], env={**home.environment, "DATABASE_URL": nowhere}, cwd=home.folder.parent,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 1, (arguments, done.stderr[-500:])
        assert "Traceback" not in done.stderr, arguments
        assert "secret" not in done.stderr, arguments


def test_the_very_first_start_shows_the_demo_with_its_pictures() -> None:
    # What furnishes must not be what serves: threads of the object store do not survive the server's fork.
    with installation(demo=True) as new:
        process = new.up()
        base = f"http://127.0.0.1:{new.port}"
        shown = set(re.findall(r"/media/[\w/]+-320\.webp", httpx.get(f"{base}/", timeout=30).text))
        assert len(shown) > 5
        for address in shown:
            picture = httpx.get(base + address, timeout=20)
            assert picture.status_code == 200
            assert len(picture.content) == int(picture.headers["content-length"])
        said = (new.folder.parent / "up.log").read_text()
        assert (new.folder / "demo-admin-password").read_text().strip() in said
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert of_home(new) == []


def _every_command() -> list[list[str]]:
    found: list[list[str]] = []

    def walk(command: Any, path: list[str]) -> None:
        found.append(path)
        for name, one in getattr(command, "commands", {}).items():
            walk(one, [*path, name])

    walk(typer.main.get_command(commands), [])
    return found


@pytest.mark.parametrize("path", _every_command(), ids=" ".join)
def test_every_command_explains_itself(path: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands([*path, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "Usage:" in shown
    assert len(shown.splitlines()) > 5


def test_the_promised_commands_are_there() -> None:
    there = {" ".join(path) for path in _every_command()}
    promised = "up, serve, worker, migrate, tenant create, tenant list, user create, import shopify, import wordpress"
    more = "import woocommerce, index status, index rebuild, index verify, events tail, events parked, events replay"
    assert {*promised.split(", "), *more.split(", "), "doctor", "media fetch"} <= there
