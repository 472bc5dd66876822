"""All commands in one tree."""

import sys
from importlib.metadata import version as version_of

import typer
from sqlalchemy.exc import DBAPIError

from rustok.kernel import errors
from rustok.kernel.importing import NotImportable
from rustok.kernel.postgres import PostgresFailed
from rustok.server.cli import benching, checking, events, imports, index, media, running, tenants
from rustok.server.cli.output import fail

app = typer.Typer(
    name="rustok",
    help="The platform for shops, magazines and communities. `rustok up` starts everything.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
running.register(app)
app.add_typer(tenants.tenant, name="tenant")
app.add_typer(tenants.user, name="user")
app.add_typer(imports.app, name="import")
app.add_typer(index.app, name="index")
app.add_typer(events.app, name="events")
app.add_typer(media.app, name="media")
checking.register(app)
benching.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"rustok {version_of('rustok')}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Options that stand before a command."""


def main() -> None:
    """Run the command line; expected errors are one line on standard error and a telling exit code."""
    try:
        app()
    except NotImportable as error:
        fail(str(error), code=2)
    except (errors.RustokError, PostgresFailed) as error:
        fail(str(error), code=1)
    except BrokenPipeError:
        sys.exit(141)
    except DBAPIError as error:
        fail(f"the database refused: {error.orig}", code=1)
    except OSError as error:
        fail(f"{error.strerror or error}", code=1)
