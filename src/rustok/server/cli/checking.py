"""`doctor` and `schema`: what is wrong here, and what the API looks like."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from sqlalchemy import text

from rustok.kernel import consuming, migrating, postgres
from rustok.kernel.db import APP_ROLE
from rustok.kernel.late import Late
from rustok.kernel.settings import Settings
from rustok.server import modules
from rustok.server.cli import output, places
from rustok.server.host import Host

if TYPE_CHECKING:
    from alembic import script as alembic_script
else:
    alembic_script = Late("alembic.script")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    good: bool
    note: str = ""


def register(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(doctor)
    app.command("schema")(show_schema)


def doctor(json: bool = places.JSON) -> None:
    """Look at everything that can be wrong on this machine; exit code 1 if something is."""
    settings = Settings()
    findings = list(_machine(settings))
    try:
        with places.owner_url(settings) as url:
            findings += asyncio.run(_database(settings, url))
    except (postgres.PostgresFailed, OSError) as error:
        findings.append(Finding("database", False, str(error)))
    if json:
        output.as_json(findings)
    else:
        for one in findings:
            output.screen.print(
                f"{'ok  ' if one.good else 'BAD '} {one.what}: {one.note}", markup=False, soft_wrap=True
            )
    if not all(one.good for one in findings):
        raise typer.Exit(1)


def _machine(settings: Settings) -> Iterator[Finding]:
    yield Finding("python", sys.version_info >= (3, 11), sys.version.split()[0])
    place = settings.home.absolute()
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(existing).free // 1024**2
    yield Finding("disk", free > 500, f"{free} MB free below {settings.home}")
    if settings.environment == "production":
        yield Finding(
            "secret", bool(settings.secret_key), "RUSTOK_SECRET_KEY is set" if settings.secret_key else "unset"
        )


async def _database(settings: Settings, url: str) -> list[Finding]:
    found: list[Finding] = []
    engine = migrating.owner_engine(url)
    try:
        async with engine.connect() as connection:
            number = int(await connection.scalar(text("SHOW server_version_num")) or 0)
            found.append(Finding("postgresql", number >= 160000, f"version {number // 10000}.{number % 10000}"))
            if await connection.scalar(text("SELECT to_regclass('event_log')")) is None:
                return [*found, Finding("schema", False, "no tables yet: run `rustok migrate`")]
            scripts = alembic_script.ScriptDirectory.from_config(migrating.config(modules.load().modules))
            stored = set((await connection.scalars(text("SELECT version_num FROM alembic_version"))).all())
            newest = _known(scripts, stored) == {one.revision for one in scripts.walk_revisions()}
            found.append(Finding("schema", newest, "newest" if newest else "run `rustok migrate`"))
    finally:
        await engine.dispose()
    host = Host.open(settings, url)
    try:
        async with host.database.session() as session:
            powers = await session.scalar(
                text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            )
            found.append(Finding("isolation", powers is False, f"{APP_ROLE} is bound by row-level security"))
        behind = await consuming.lag(host.database)
        found.append(Finding("events", max(behind.values(), default=0) < 10_000, f"behind by {behind or 'nothing'}"))
        parked = len(await consuming.failures(host.database))
        found.append(Finding("parked", parked == 0, f"{parked} events; see `rustok events parked`"))
    except Exception as error:  # a doctor reports what it meets
        found.append(Finding("database", False, repr(error)))
    finally:
        await host.close()
    return found


def _known(scripts: "alembic_script.ScriptDirectory", stored: set[str]) -> set[str]:
    """The stored revisions with everything below them: Alembic keeps no row for what another one depends on."""
    known: set[str] = set()
    waiting = list(stored)
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        script = scripts.get_revision(name)
        waiting += [*script._versioned_down_revisions, *script._resolved_dependencies]
    return known


def show_schema(
    write: Path | None = typer.Option(None, "--write", help="Folder to write every document into."),
) -> None:
    """Print both GraphQL schemas (SDL), or write them and the OpenAPI document into a folder."""
    from rustok.server import documents  # FastAPI and both schemas, which no other command here needs

    made = documents.make()
    for name, content in made.items():
        if write is not None:
            write.mkdir(parents=True, exist_ok=True)
            (write / name).write_text(content, encoding="utf-8")
        elif name.endswith(".graphql"):
            print(content)
