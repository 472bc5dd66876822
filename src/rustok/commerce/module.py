"""Commerce on one screen: products, prices, stock and categories."""

from pathlib import Path

from rustok.kernel.module import Module

module = Module(name="commerce", migrations=Path(__file__).parent / "migrations", depends_on=("core",))
