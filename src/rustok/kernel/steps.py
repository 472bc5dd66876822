"""Named points between the steps of work that must survive a crash at any of them; a test installs a hook and kills."""

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def passed(point: str) -> None:
    """Say that a step is done. Nothing happens unless this process is one that a test made."""
    if _hook is not None:
        _hook(point)


def install(hook: Callable[[str], None] | None) -> None:
    """Have the hook called at every point from now on; None takes it away."""
    global _hook
    _hook = hook
