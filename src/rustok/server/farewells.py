"""What a web process says before it stops: the server drops every open WebSocket the moment it is told to end."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import Any, TypeVarTuple, Unpack

import uvloop

Ts = TypeVarTuple("Ts")
PATIENCE = 3.0  # seconds; the server's parent kills after five
_ENDS = (signal.SIGINT, signal.SIGTERM)


class Loop(uvloop.Loop):
    """An event loop whose handlers of SIGINT and SIGTERM run when the farewells are over."""

    def __init__(self) -> None:
        super().__init__()
        self.farewells: list[Callable[[], Awaitable[None]]] = []
        self._leaving: set[asyncio.Task[None]] = set()

    def add_signal_handler(self, sig: int, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """As any loop's, but for the two signals that end a process."""
        if sig in _ENDS:
            super().add_signal_handler(sig, self._leave, callback, args)
        else:
            super().add_signal_handler(sig, callback, *args)

    def _leave(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        task = self.create_task(self._say_farewell(callback, args))
        self._leaving.add(task)

    async def _say_farewell(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(PATIENCE):
                    await asyncio.gather(*(farewell() for farewell in self.farewells), return_exceptions=True)
        finally:
            callback(*args)


def build() -> Loop:
    """A new loop, set as this thread's."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    return loop


def before_end(farewell: Callable[[], Awaitable[None]]) -> None:
    """Have this awaited before the running loop's process is told to end; other loops than ours cannot."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, Loop):
        loop.farewells.append(farewell)
