"""Processes beside us: started as an operator would, waited for with a limit, ended with everything they started."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from bench.figures import Broken

RUSTOK = (sys.executable, "-c", "from rustok.server.cli import main; main()")
GRANIAN = (sys.executable, "-m", "granian", "--interface", "asgi", "--no-access-log", "--log-level", "warning")
START = 60.0  # seconds


def run(*command: str, within: float, text: str | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed; raises Broken when it fails or takes too long."""
    shown = " ".join(word for word in command if word != sys.executable)[:120]
    running = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        out, problem = running.communicate(text, timeout=within)
    except subprocess.TimeoutExpired:
        raise Broken(f"not done within {within:.0f} s: {shown}") from None
    finally:
        if running.poll() is None:
            _end(running)
    if running.returncode:
        raise Broken(f"exit code {running.returncode}: {shown}: {(problem or out).strip()[-600:]}")
    return out


def rustok(*words: str, within: float = 60.0, env: Mapping[str, str] | None = None) -> str:
    """Run one command of the platform's own command line."""
    return run(*RUSTOK, *words, within=within, env=env)


@contextmanager
def beside(*command: str, port: int | None, env: Mapping[str, str] | None = None) -> Iterator[psutil.Process]:
    """Something that runs beside us until the block ends; with a port, it answers there when the block begins."""
    shown = " ".join(word for word in command if word != sys.executable)[:120]
    running = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + START
        while port is not None and not answers(port):
            if running.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"does not answer on its port: {shown}")
            time.sleep(0.05)
        yield psutil.Process(running.pid)
        if running.poll() is not None:
            raise Broken(f"ended by itself with exit code {running.returncode}: {shown}")
    finally:
        _end(running)


def _end(running: "subprocess.Popen[Any]") -> None:
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(running.pid).children(recursive=True)
    running.terminate()
    try:
        running.wait(15)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(5)
    for one in psutil.wait_procs(family, timeout=5)[1]:
        with suppress(psutil.NoSuchProcess):
            one.kill()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def web_workers(server: psutil.Process) -> list[psutil.Process]:
    """The processes of a Granian server that answer requests: those that hold an interpreter of ours."""
    found = [one for one in server.children(recursive=True) if one.is_running()]
    largest = max((one.memory_info().rss for one in found), default=0)
    return [one for one in found if one.memory_info().rss > largest / 2]


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """What these processes have used of the processors so far, in user and kernel mode."""
    spent = 0.0
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            spent += times.user + times.system
    return spent


def family_cpu_seconds(parent: psutil.Process) -> float:
    """The same of a process and all its children, also of those that have ended."""
    own = parent.cpu_times()
    gone = own.children_user + own.children_system
    return float(own.user + own.system + gone) + cpu_seconds(parent.children())
