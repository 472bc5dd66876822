"""`up`, `serve`, `worker`, `migrate`: the processes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading

import structlog
import typer
import uvloop

from rustok.kernel.postgres import Embedded
from rustok.kernel.settings import Settings
from rustok.server import farewells, logs, modules
from rustok.server.cli import places
from rustok.server.cli.output import fail, notes, progress, screen
from rustok.server.demo import seeding
from rustok.server.host import Host

logger = structlog.get_logger("rustok")


def register(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(up)
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)
    app.command("furnish-demo", hidden=True)(furnish_demo)
    app.command("hang-demo-pictures", hidden=True)(hang_demo_pictures)


def up(
    demo: bool = typer.Option(True, "--demo/--no-demo", help="Fill an empty database with the demo shop."),
) -> None:
    """Start everything: PostgreSQL, migrations, the demo shop, the server and its workers."""
    settings = Settings()
    logs.set_up(level=settings.log_level, as_json=settings.log_json)
    _require_port(settings)
    # Until the server takes the signals over, both ends mean: unwind, and stop what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    embedded = None if settings.database_url else Embedded(settings.home)
    helper: subprocess.Popen[bytes] | None = None
    try:
        url = settings.database_url or _start(embedded)
        modules.migrate(settings, url)
        known = seeding.password_file(settings.home).exists()
        if demo and settings.demo and _is_unfinished(settings, url):
            helper = _beside("furnish-demo", url)
            if helper.wait() != 0:
                sys.exit(helper.returncode if helper.returncode > 0 else 1)  # it has said why
        _say_where(settings, known=known)
        if helper is not None:
            helper = _beside("hang-demo-pictures", url)
        _serve(settings, url, run_workers=True)
    except KeyboardInterrupt:
        pass
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # nothing may interrupt the stopping itself
        if helper is not None:
            helper.terminate()
            helper.wait()
        if embedded is not None:
            embedded.stop()


def _start(embedded: Embedded | None) -> str:
    assert embedded is not None  # noqa: S101 - without a database address there is one
    return embedded.start()


def _beside(command: str, url: str) -> subprocess.Popen[bytes]:
    """A hidden command in a process of its own.

    Whoever has stored one file has the object store's threads. The web processes are forked from this one: they would
    inherit its state without the threads, and wait for ever for the first picture.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "rustok.server.cli", command], env={**os.environ, "DATABASE_URL": url}
    )


def _is_unfinished(settings: Settings, url: str) -> bool:
    async def ask() -> bool:
        host = Host.open(settings, url)
        try:
            return await seeding.is_unfinished(host, url)
        finally:
            await host.close()

    return asyncio.run(ask())


def _require_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            fail(f"port {settings.port} on {settings.host} cannot be used ({error.strerror}): set RUSTOK_PORT")


def _say_where(settings: Settings, *, known: bool) -> None:
    base = f"http://{settings.host}:{settings.port}"
    screen.print()
    screen.print(f"  Storefront   {base}/")
    screen.print(f"  GraphiQL     {base}/graphql")
    screen.print(f"  Admin API    {base}/admin/graphql   (GraphiQL in a browser)")
    kept = seeding.password_file(settings.home)
    if kept.exists() and not known:
        screen.print(f"  Log in as    {seeding.ADMIN_EMAIL}   password {kept.read_text().strip()}", markup=False)
    elif kept.exists():
        screen.print(f"  Log in as    {seeding.ADMIN_EMAIL}   password in {kept}", markup=False)
    if kept.exists() and settings.environment == "development" and not settings.smtp_url:
        screen.print(f"  Its mail     {base}/dev/mail")
    screen.print()
    sys.stdout.flush()


def _serve(settings: Settings, url: str, *, run_workers: bool) -> None:
    from granian import Granian, loops  # here, because most commands serve nothing
    from granian.constants import Interfaces

    loops.register("auto")(farewells.build)  # in the processes that are forked from here

    os.environ["DATABASE_URL"] = url
    os.environ["RUSTOK_RUN_WORKERS"] = "true" if run_workers else "false"
    server = Granian(
        "rustok.server.app:create",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.web_workers,
        websockets=True,
        backlog=2048,
        log_access=False,
        log_enabled=settings.log_level.upper() == "DEBUG",
        respawn_failed_workers=True,
        workers_kill_timeout=5,
    )
    server.main_loop_interrupt = _Interrupt()
    server.serve()


class _Interrupt(threading.Event):
    """The event that ends Granian's main loop; its signal handlers set it, in whatever the main thread does just then.

    An ordinary event's lock would be waited for by the thread that holds it: two signals in a row, as a terminal,
    `timeout` or a supervisor sends them, left a process that nothing but SIGKILL could end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._cond = threading.Condition(threading.RLock())

    def wait(self, timeout: float | None = None) -> bool:
        """A signal between looking and waiting wakes nobody: look again now and then."""
        if timeout is not None:
            return super().wait(timeout)
        while not super().wait(0.5):
            pass
        return True


def serve(
    workers: int = typer.Option(None, "--workers", min=1, help="Web processes; default RUSTOK_WEB_WORKERS."),
) -> None:
    """Serve HTTP only; `rustok worker` follows the events."""
    settings = Settings()
    if workers:
        settings.web_workers = workers
    logs.set_up(level=settings.log_level, as_json=settings.log_json)
    _require_port(settings)
    with places.owner_url(settings) as url:
        notes.print(f"serving on http://{settings.host}:{settings.port}", markup=False)
        _serve(settings, url, run_workers=False)


def worker() -> None:
    """Follow the events: sequencer, listeners, the read model and timers. Run as many as you like."""
    settings = Settings()
    logs.set_up(level=settings.log_level, as_json=settings.log_json)
    with places.owner_url(settings) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, url))


async def _work(settings: Settings, url: str) -> None:
    host = Host.open(settings, url)
    await places.require_schema(host, url)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    workers = modules.workers(host.registry, host.database, bus=host.bus)
    workers.start()
    logger.info("worker.started", consumers=len(workers.consumers))
    await stop.wait()
    await workers.stop()
    await host.close()


def migrate() -> None:
    """Bring the database's schema up to date; safe to run again and from several places at once."""
    settings = Settings()
    logs.set_up(level=settings.log_level, as_json=settings.log_json)
    with places.owner_url(settings) as url:
        modules.migrate(settings, url)
    notes.print("the schema is up to date")


def furnish_demo() -> None:
    """Fill an empty database with the demo shop; `up` runs this before it serves."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    settings = Settings()

    async def furnish(host: Host) -> None:
        with progress("Furnishing the demo shop") as show:
            await seeding.furnish(host, settings.database_url or "", progress=show)

    places.run(furnish)


def hang_demo_pictures() -> None:
    """Draw the demo's remaining pictures; `up` runs this beside the server."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.nice(10)
    places.run(seeding.hang_the_rest)
