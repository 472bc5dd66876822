"""The `rustok` command: what operators and newcomers type."""

from rustok.server.cli.main import main

__all__ = ["main"]
