"""What was measured, what is wanted, and how it is shown: a table, and one flat object of numbers."""

import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Every key of build/bench.json that somebody waits for: at least or at most so much; None is only reported.
WANTED: dict[str, tuple[str, float] | None] = {
    "list24.vs_handwritten": (">=", 0.80),
    "detail.vs_handwritten": (">=", 0.75),
    "search24.vs_handwritten": (">=", 0.80),
    "list24.vs_resolvers": (">=", 12),
    "cached.vs_static": (">=", 0.70),
    "page.category.vs_query": (">=", 0.40),
    "scale.list24.p99": ("<=", 2),
    "scale.search24.p99": ("<=", 4),
    "scale.search24_postgres.p99": None,
    "lag.p50_vs_commit": ("<=", 10),
    "lag.p99_vs_commit": ("<=", 60),
    "rebuild.vs_sql": (">=", 0.30),
    "import.products_per_s_vs_copy": (">=", 0.05),
    "checkout.vs_sql": (">=", 0.25),
    "checkout.p99_contended": ("<=", 4),
    "cart_add.vs_sql": (">=", 0.25),
    "memory.rss_per_worker_mb": ("<=", 160),
    "list24.statements_per_request": ("<=", 1),
}


class Broken(Exception):
    """Something could not be measured; the message says what and why."""


@dataclass
class Figures:
    """The figures so far, and what broke on the way."""

    values: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def put(self, name: str, value: float) -> None:
        """Keep one figure; what is no number is refused."""
        if not math.isfinite(value):
            raise Broken(f"{name} came out as {value}")
        self.values[name] = round(float(value), 4)

    def update(self, found: Mapping[str, float]) -> None:
        """Keep several."""
        for name, value in found.items():
            self.put(name, value)

    def write(self, path: Path) -> None:
        """One flat object; what could not be measured is not in it."""
        ordered = {name: self.values[name] for name in WANTED if name in self.values}
        rest = {name: self.values[name] for name in sorted(self.values) if name not in ordered}
        path.write_text(json.dumps(ordered | rest, indent=2) + "\n")

    def table(self) -> str:
        """Wanted and found, then everything that was measured on the way."""
        lines = [f"{'key':<36}{'figure':>12}   {'wanted':<10}"]
        for name, wanted in WANTED.items():
            value = self.values.get(name)
            shown = "not measured" if value is None else f"{value:,.2f}"
            bound = f"{wanted[0]} {wanted[1]:g}" if wanted else "report"
            lines.append(f"{name:<36}{shown:>12}   {bound:<10}{_verdict(value, wanted)}")
        lines += ["", "measured on the way"]
        lines += [f"{name:<44}{value:>16,.3f}" for name, value in sorted(self.values.items()) if name not in WANTED]
        lines += [f"BROKEN: {one}" for one in self.broken]
        return "\n".join(lines) + "\n"


def _verdict(value: float | None, wanted: tuple[str, float] | None) -> str:
    if value is None or wanted is None:
        return ""
    met = value >= wanted[1] if wanted[0] == ">=" else value <= wanted[1]
    return "met" if met else "MISSED"


_BEGIN = time.monotonic()


def say(text: str) -> None:
    """Tell on standard error what is going on, and how long the run has taken."""
    sys.stderr.write(f"bench {time.monotonic() - _BEGIN:6.1f} s  {text}\n")
    sys.stderr.flush()
