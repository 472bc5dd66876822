"""`bench`: the figures, from a checkout; the load and its yardsticks are in `bench/` beside `src/`."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from rustok.server.cli.output import fail

ROOT = Path(__file__).parents[4]


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command()(bench)


def bench(
    quick: bool = typer.Option(False, "--quick", help="In under three minutes."),
    products: int = typer.Option(None, "--products", min=100, help="Size of the catalogue; default 10,000."),
) -> None:
    """Measure against yardsticks of the same run: a table, and build/bench.json."""
    if not (ROOT / "bench" / "__main__.py").exists():
        fail("the bench is part of a checkout of the source, not of an installed package", code=2)
    words = ["--quick"] if quick else []
    if products:
        words += ["--products", str(products)]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "bench", *words]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, check=False)
    raise typer.Exit(done.returncode)
