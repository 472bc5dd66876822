"""What imports cannot show: permissions, events, tables, roles, migrations and the committed documents of the APIs."""

import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Collection, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import asyncpg
import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event
from tests.conftest import Addresses, _addresses, _named

from rustok.kernel import events, migrating
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, Model, plain_url
from rustok.kernel.module import Module
from rustok.server import modules, schema

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "rustok"
SNAPSHOT = Path(__file__).parent / "snapshots" / "events.json"
REGISTRY = modules.load()
FILES = sorted(PACKAGE.rglob("*.py"))
NO_DRAWERS = {"utils", "util", "helpers", "helper", "common", "dto", "interfaces", "repositories", "managers", "misc"}

# Tables of the whole installation, which hold nothing of a tenant's.
SHARED_TABLES = {"alembic_version", "event_cursors", "index_state"}
# Tables that follow another one, and that no role may touch by their own names.
PARTITION = r"nodes_p\d|commerce_orders_\d{4}_q\d"
# Keyed by their place in the one log; everything else is keyed by the tenant first.
KEYED_OTHERWISE = {"event_staging": ["pos"], "event_log": ["seq"], "event_failures": ["consumer", "seq"]}
# A tenant's own row is the tenant.
TENANT_COLUMN = {"tenants": "id"}
# Policies besides `tenant_isolation`, each with the one role that it is for.
MORE_POLICIES = {
    ("tenants", "owner_sees_all"): "the owner",
    ("tenant_hosts", "owner_sees_all"): "the owner",
    ("tenant_modules", "owner_sees_all"): "the owner",
    ("mails", "owner_sees_all"): "the owner",
    ("webhook_endpoints", "owner_sees_all"): "the owner",
    ("webhook_deliveries", "owner_sees_all"): "the owner",
    ("commerce_payment_attempts", "owner_sees_all"): "the owner",
    ("commerce_test_notices", "owner_sees_all"): "the owner",
    ("event_aggregates", "worker_sees_all"): WORKER_ROLE,
    ("event_staging", "worker_sees_all"): WORKER_ROLE,
    ("event_log", "worker_sees_all"): WORKER_ROLE,
    ("event_failures", "worker_sees_all"): WORKER_ROLE,
    **{(f"index_{entity}", "owner_builds"): "the owner" for entity in REGISTRY.sources},
    ("index_versions", "owner_builds"): "the owner",
    ("index_versions", "worker_sees_all"): WORKER_ROLE,
    ("index_changes", "owner_builds"): "the owner",
}
# Functions with the owner's rights that look tenants up, only count, or make what is of no tenant; all others take the
# one tenant first.
LOOKUPS = {
    "commerce_payments_due",
    "commerce_payments_stuck",
    "commerce_orders_make_quarter",
    "index_versions_of",
    "rustok_mails_due",
    "rustok_mails_failed",
    "rustok_tenant_by_host",
    "rustok_tenant_by_id",
    "rustok_tenant_by_slug",
    "rustok_tenants",
    "rustok_webhooks_due",
    "rustok_webhooks_failed",
    "rustok_webhooks_waiting",
}


# --- GraphQL -----------------------------------------------------------------------------------------------------


def root_fields() -> Iterator[tuple[Module, str, Any]]:
    """Every field at the top of both schemas, with the module that declares it."""
    schema.admin(REGISTRY)
    for module in REGISTRY.modules:
        for part in ("queries", "mutations", "subscriptions", "admin_queries", "admin_mutations"):
            for kind in getattr(module, part):
                for field in kind.__strawberry_definition__.fields:
                    yield module, f"{module.name}.{part}.{field.python_name}", field


def test_every_field_requires_a_permission_or_says_why_it_is_public() -> None:
    silent = [
        name
        for _, name, field in root_fields()
        if bool(field.metadata.get("permission")) == bool((field.metadata.get("public") or "").strip())
    ]
    assert silent == []


def test_every_permission_is_declared_by_the_module_that_requires_it() -> None:
    undeclared = [
        f"{name}: {field.metadata['permission']}"
        for module, name, field in root_fields()
        if field.metadata["permission"] and field.metadata["permission"] not in module.permissions
    ]
    undeclared += [
        f"{module.name}: {added.field.metadata['permission']}"
        for module in REGISTRY.modules
        for added in module.additions
        if added.field.metadata["permission"] and added.field.metadata["permission"] not in module.permissions
    ]
    undeclared += [name for name, (module, one) in REGISTRY.exports.items() if one.permission not in module.permissions]
    assert undeclared == []


def test_permissions_are_a_resource_and_an_action() -> None:
    assert [p for p in REGISTRY.permissions if not re.fullmatch(r"[a-z_]+:[a-z_]+", p)] == []
    resources = {p.split(":")[0] for p in REGISTRY.permissions}
    assert [r for r in sorted(resources) if f"{r}:manage" not in REGISTRY.permissions] == []


def test_the_schemas_hold_nothing_that_no_module_declares() -> None:
    declared = {name.split(".")[-1] for _, name, _ in root_fields()}
    for made in (schema.storefront(REGISTRY), schema.admin(REGISTRY)):
        core = schema.core_schema(made)
        for kind in filter(None, (core.query_type, core.mutation_type, core.subscription_type)):
            shown = {re.sub(r"[A-Z]", lambda m: f"_{m[0].lower()}", name) for name in kind.fields}
            # Federation adds two; what `_entities` finds is what `node` finds.
            assert shown - declared <= {"_service", "_entities"}


def test_the_committed_documents_are_what_the_code_gives(tmp_path: Path) -> None:
    """Run `make schema` and look at the difference. A process of its own: error classes of tests are no part of it."""
    call = "from rustok.server.cli import main; main()"
    subprocess.run([sys.executable, "-c", call, "schema", "--write", str(tmp_path)], check=True, cwd=tmp_path)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert sorted(made) == ["admin.graphql", "openapi.json", "storefront.graphql"]
    for name, content in made.items():
        assert content == (ROOT / "docs" / "api" / name).read_text(encoding="utf-8"), name


# --- Events ------------------------------------------------------------------------------------------------------


def published_kinds() -> dict[str, type[events.Event]]:
    """Our events; other tests of the same process declare some of their own."""
    return {name: kind for name, kind in events.kinds().items() if kind.__module__.startswith("rustok.")}


def test_every_event_is_published_by_exactly_one_module() -> None:
    published = [kind.__name__ for module in REGISTRY.modules for kind in module.events]
    assert sorted(published) == sorted(published_kinds())


def test_every_event_is_frozen_and_says_what_it_is_about() -> None:
    for name, kind in published_kinds().items():
        assert kind.__struct_config__.frozen, name
        assert kind.__struct_config__.kw_only if hasattr(kind.__struct_config__, "kw_only") else True
        assert kind.aggregate, name
        assert kind.aggregate_field in kind.__struct_fields__, name
        assert (kind.__doc__ or "").strip(), name


def _value(kind: Any) -> st.SearchStrategy[Any]:
    if kind is int:
        return st.integers(-(2**63), 2**63 - 1)
    if kind is str:
        return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    return st.from_type(kind)


def _events() -> st.SearchStrategy[events.Event]:
    def made(kind: type[events.Event]) -> st.SearchStrategy[events.Event]:
        hints = get_type_hints(kind)
        return st.builds(kind, **{name: _value(hints[name]) for name in kind.__struct_fields__})

    return st.one_of([made(kind) for kind in published_kinds().values()])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_events())
def test_every_event_survives_a_json_round_trip(one: events.Event) -> None:
    written = json.loads(json.dumps(msgspec.json.decode(msgspec.json.encode(events.encode(one)))))
    assert msgspec.convert(written, type(one)) == one


def _schemas() -> dict[str, Any]:
    found = {}
    for name, kind in sorted(published_kinds().items()):
        fields = {}
        for field in msgspec.structs.fields(kind):
            shown = getattr(field.type, "__name__", None) or str(field.type)
            shown = str(field.type) if "|" in str(field.type) else shown
            fields[field.name] = {"type": shown.replace("uuid.", ""), "required": field.required}
        found[name] = {
            "schema_version": kind.schema_version,
            "aggregate": kind.aggregate,
            "aggregate_id": kind.aggregate_field,
            "fields": fields,
        }
    return found


def test_a_changed_event_is_a_visible_difference() -> None:
    """`RUSTOK_WRITE_SNAPSHOTS=1 pytest tests/test_architecture.py -k visible` accepts a change on purpose."""
    if os.environ.get("RUSTOK_WRITE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(_schemas(), indent=2) + "\n")
    assert _schemas() == json.loads(SNAPSHOT.read_text())


# --- Tables ------------------------------------------------------------------------------------------------------

TABLES = """
    SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
        EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS tenant,
        ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies,
        ARRAY(SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(number, place)
              JOIN pg_attribute a ON a.attnum = k.number AND a.attrelid = c.oid
              WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = i.indrelid ORDER BY k.place) AS key
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'f') ORDER BY 1
"""


MINE = "( SELECT (NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid AS \"nullif\")"


async def unprotected(connection: asyncpg.Connection) -> dict[str, str]:
    """Every table of tenants' rows that lacks a part of its protection, and what it lacks."""
    found = {}
    for row in await connection.fetch(TABLES):
        name = row["name"]
        if name in SHARED_TABLES:
            continue
        wanted = ["tenant_isolation", *(policy for table, policy in MORE_POLICIES if table == name)]
        if not (row["tenant"] or name in TENANT_COLUMN):
            found[name] = "has no tenant_id and is not listed as shared"
        elif not (row["enabled"] and row["forced"]):
            found[name] = "row-level security is not enabled and forced"
        elif row["policies"] != sorted(wanted):
            found[name] = f"has the policies {row['policies']} instead of {sorted(wanted)}"
    for row in await connection.fetch("SELECT * FROM pg_policies WHERE policyname = 'tenant_isolation'"):
        mine = f"({TENANT_COLUMN.get(row['tablename'], 'tenant_id')} = {MINE})"
        said = (row["qual"], row["with_check"], row["permissive"], list(row["roles"]), row["cmd"])
        if said != (mine, mine, "PERMISSIVE", ["public"], "ALL"):
            found[row["tablename"]] = f"its policy says {said}"
    return found


@pytest.fixture
async def owner_connection(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    """The owner's own connection."""
    connection = await asyncpg.connect(plain_url(addresses.owner))
    yield connection
    await connection.close()


async def test_every_table_of_tenants_rows_is_under_row_level_security(owner_connection: asyncpg.Connection) -> None:
    assert await unprotected(owner_connection) == {}


async def test_more_than_one_tenant_is_seen_by_the_named_roles_only(owner_connection: asyncpg.Connection) -> None:
    owner = await owner_connection.fetchval("SELECT current_user")
    rows = await owner_connection.fetch("SELECT * FROM pg_policies WHERE policyname <> 'tenant_isolation'")
    seen = {(row["tablename"], row["policyname"]): list(row["roles"]) for row in rows}
    assert seen == {key: [owner if role == "the owner" else role] for key, role in MORE_POLICIES.items()}


async def test_primary_keys_begin_with_the_tenant(owner_connection: asyncpg.Connection) -> None:
    otherwise = {}
    for row in await owner_connection.fetch(TABLES):
        name, key = row["name"], list(row["key"])
        if name not in SHARED_TABLES | set(TENANT_COLUMN) and key[:1] != ["tenant_id"]:
            otherwise[name] = key
    assert otherwise == KEYED_OTHERWISE


async def test_foreign_keys_between_tenants_rows_hold_the_tenant(owner_connection: asyncpg.Connection) -> None:
    rows = await owner_connection.fetch("""
        SELECT c.conrelid::regclass::text AS source, c.confrelid::regclass::text AS target, c.conname AS name,
            ARRAY(SELECT attname::text FROM unnest(c.conkey) WITH ORDINALITY k(number, place)
                  JOIN pg_attribute ON attrelid = c.conrelid AND attnum = number ORDER BY place) AS here,
            ARRAY(SELECT attname::text FROM unnest(c.confkey) WITH ORDINALITY k(number, place)
                  JOIN pg_attribute ON attrelid = c.confrelid AND attnum = number ORDER BY place) AS there,
            c.confdeltype::text AS deletes, coalesce(cardinality(c.confdelsetcols), 0) AS emptied
        FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace""")
    assert len(rows) > 30
    for row in rows:
        pairs = dict(zip(row["here"], row["there"], strict=True))
        if row["target"] == "tenants":
            assert pairs == {"tenant_id": "id"}, row["name"]
            continue
        assert pairs.get("tenant_id") == "tenant_id", f"{row['source']}.{row['name']} leads to another tenant's row"
        assert len(pairs) > 1, row["name"]
        # SET NULL without a column list would empty tenant_id as well.
        assert row["deletes"] not in ("n", "d") or row["emptied"], row["name"]


async def test_unique_keys_are_unique_within_a_tenant(owner_connection: asyncpg.Connection) -> None:
    rows = await owner_connection.fetch("""
        SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS source,
            ARRAY(SELECT attname::text FROM unnest(i.indkey) number
                  JOIN pg_attribute ON attrelid = i.indrelid AND attnum = number) AS columns
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisunique AND NOT i.indisprimary AND c.relnamespace = 'public'::regnamespace""")
    # A host name leads to one tenant, and a tenant's slug names one: both are looked up before a tenant is known.
    across = {row["name"] for row in rows if "tenant_id" not in row["columns"]}
    assert across == {"uq_tenants_slug", "uq_tenant_hosts_host"}


def _compared(connection: Connection) -> list[Any]:
    def ours(name: str | None, kind: str, _: Any) -> bool:
        # The log is written in SQL, the read model is declared, and partitions follow their table.
        return kind != "table" or not re.match(rf"event_|index_|alembic_|{PARTITION}", name or "")

    def whole(one: Any, name: str | None, kind: str, *_: Any) -> bool:
        # A key to a partitioned table is also kept for each partition.
        return kind != "foreign_key_constraint" or not re.match(PARTITION, one.elements[0].target_fullname)

    opts = {"include_name": ours, "include_object": whole, "compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=opts)
    with warnings.catch_warnings():  # it compares generated columns, and says that it could not alter them
        warnings.filterwarnings("ignore", "Computed default")
        return list(compare_metadata(context, Model.metadata))


async def test_models_and_migrations_say_the_same(addresses: Addresses) -> None:
    engine = migrating.owner_engine(addresses.owner)
    async with engine.connect() as connection:
        differences = await connection.run_sync(_compared)
    await engine.dispose()
    assert differences == []


async def test_checks_of_models_and_migrations_say_the_same(owner_connection: asyncpg.Connection) -> None:
    """Alembic does not compare CHECK constraints."""
    stored = await owner_connection.fetch("""
        SELECT conrelid::regclass::text AS source, conname::text AS name FROM pg_constraint
        WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conname LIKE 'ck\\_%'""")
    tables = Model.metadata.tables
    there = {(row["source"], row["name"]) for row in stored if row["source"] in tables}
    declared = {
        (table.name, str(one.name))
        for table in tables.values()
        for one in table.constraints
        if type(one).__name__ == "CheckConstraint" and one.name
    }
    assert declared - there == set()


# --- Migrations --------------------------------------------------------------------------------------------------

_TOUCHED = re.compile(
    r"\b(?:(?:CREATE|ALTER|DROP|TRUNCATE)\s+TABLE(?:\s+IF(?:\s+NOT)?\s+EXISTS)?|INSERT\s+INTO|DELETE\s+FROM|UPDATE"
    r"|POLICY\s+\w+\s+ON|(?:GRANT|REVOKE)\s+[\w, ]+?\s+ON(?:\s+TABLE)?|INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?\w+\s+ON)"
    r"\s+([a-z_0-9.\"]+(?:,\s*[a-z_0-9.\"]+)*)",
)


@pytest.fixture
async def empty_database(server: str) -> AsyncIterator[Addresses]:
    """A database without a table."""
    name = f"empty_{os.getpid()}_{os.urandom(4).hex()}"
    admin = await asyncpg.connect(plain_url(server))
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield _addresses(_named(server, name))
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


async def test_a_modules_migrations_touch_its_own_tables_only(
    empty_database: Addresses, template: str, owner_connection: asyncpg.Connection
) -> None:
    configuration = migrating.config(REGISTRY.modules)
    scripts = ScriptDirectory.from_config(configuration)
    owners = {migrating.HERE: ("kernel", ("event_", "idempotency_"))} | {
        module.migrations: (module.name, tuple(module.table_prefixes) or (f"{module.name}_",))
        for module in REGISTRY.modules
        if module.migrations
    }
    outside: list[str] = []
    said: list[str] = []
    engine = migrating.owner_engine(empty_database.owner)

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def heard(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    try:
        for revision in reversed(list(scripts.walk_revisions())):
            owner, prefixes = owners[Path(revision.path).parent]
            said.clear()
            async with engine.begin() as connection:
                await connection.run_sync(migrating._upgrade, configuration, revision.revision)
            touched = {
                name.strip().strip('"').removeprefix("public.")
                for statement in said
                for names in _TOUCHED.findall(re.sub(r"'[^']*'", "''", statement))
                for name in names.split(",")
            }
            assert touched, revision.revision
            strange = {name for name in touched if not name.startswith((*prefixes, "alembic_version", "function"))}
            outside += [f"{owner} ({revision.revision}) touches {name}" for name in sorted(strange)]
    finally:
        await engine.dispose()
    assert outside == []


def test_every_migration_is_within_a_modules_folder() -> None:
    places = {migrating.HERE, *(module.migrations for module in REGISTRY.modules if module.migrations)}
    stray = [path for path in PACKAGE.rglob("migrations/0*.py") if path.parent not in places]
    assert stray == []


# --- Roles and functions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [APP_ROLE, WORKER_ROLE])
async def test_the_programs_roles_own_nothing_and_are_bound(role: str, owner_connection: asyncpg.Connection) -> None:
    powers = await owner_connection.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert powers is not None
    assert not any(powers.values())
    for sql in (
        "SELECT count(*) FROM pg_class WHERE relowner = $1::regrole",
        "SELECT count(*) FROM pg_proc WHERE proowner = $1::regrole",
        "SELECT count(*) FROM pg_namespace WHERE nspowner = $1::regrole",
        "SELECT count(*) FROM pg_type WHERE typowner = $1::regrole",
        "SELECT count(*) FROM pg_database WHERE datdba = $1::regrole",
        "SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole",
    ):
        assert await owner_connection.fetchval(sql.replace("$1::regrole", f"'{role}'::regrole")) == 0, sql
    assert not await owner_connection.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", role)


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_the_programs_roles_cannot_become_another(role: str, addresses: Addresses) -> None:
    connection = await asyncpg.connect(plain_url(getattr(addresses, role)))
    try:
        owner = await connection.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = 'tenants'")
        for attempt in (
            f'SET ROLE "{owner}"',
            f'SET SESSION AUTHORIZATION "{owner}"',
            f"SET ROLE {APP_ROLE if role == 'worker' else WORKER_ROLE}",
            "SET row_security = off; SELECT * FROM users",
            "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
            "DROP POLICY tenant_isolation ON users",
            "CREATE TABLE mine (id int)",
            "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "COPY users TO PROGRAM 'cat'",
            "SELECT pg_read_file('/etc/passwd')",
            "CREATE EXTENSION dblink",
            f"ALTER ROLE {APP_ROLE} BYPASSRLS",
            "TRUNCATE users",
        ):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(attempt)
            await connection.execute("RESET ALL")
    finally:
        await connection.close()


async def test_functions_with_the_owners_rights_are_pinned_and_not_for_everybody(
    owner_connection: asyncpg.Connection,
) -> None:
    rows = await owner_connection.fetch("""
        SELECT p.proname AS name, p.proconfig AS config, p.proacl::text AS acl, l.lanname AS language,
            pg_get_function_arguments(p.oid) AS arguments
        FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
        WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace""")
    assert {row["name"] for row in rows} >= LOOKUPS
    for row in rows:
        paths = [one for one in row["config"] or [] if one.startswith("search_path=")]
        assert paths, f"{row['name']} has no search_path of its own"
        # pg_temp last: a temporary table must not stand in front of a real one.
        assert paths[0].endswith("pg_temp"), row["name"]
        assert paths[0].startswith("search_path=pg_catalog"), row["name"]
        assert row["acl"] is not None, f"{row['name']} may be called by everybody"
        assert not re.search(r"[{,]=X", row["acl"]), f"{row['name']} may be called by everybody"
        assert row["name"] in LOOKUPS or row["arguments"].startswith("tenant uuid"), row["name"]


# --- Files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["src", "tests"])
def test_every_file_opens_with_a_docstring(place: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / place).rglob("*.py"))
        if not re.match(r'(#!.*\n)?r?"""\S', path.read_text(encoding="utf-8"))
    ]
    assert silent == []


def test_there_are_no_drawers() -> None:
    found = [path for path in FILES if NO_DRAWERS & {part.removesuffix(".py") for part in path.parts[-4:]}]
    assert found == []


def _lines(pattern: str, *, outside: Collection[str]) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in FILES
        if path.relative_to(PACKAGE).parts[0] not in outside
        for line in path.read_text(encoding="utf-8").splitlines()
        if found.search(line)
    ]


def test_only_the_edge_commits() -> None:
    # A rebuild is an edge of its own: it runs on the owner's connections, over many transactions, outside any request.
    # Tantivy commits its own files, and no transaction.
    known = {
        "index/rebuilding.py: await guard.commit()",
        "index/tantivy/shelf.py: self._writer.commit()",
        "index/tantivy/shelf.py: self.writer.commit()",
    }
    assert set(_lines(r"\.commit\(", outside=("kernel", "server"))) - known == set()


def test_only_the_host_reads_settings_and_the_environment() -> None:
    assert _lines(r"kernel\.settings|import settings|\benviron\b|\bgetenv\b", outside=("kernel", "server")) == []


def test_nothing_names_a_machine_or_a_registry() -> None:
    strange = re.compile(r"/wor" r"k/|/tmp/|/home/\w+/|(py" r"pi|np" r"mjs|python" r"hosted)\.(org|com)")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for place in ("src", "docs", ".ci")
        for path in sorted((ROOT / place).rglob("*"))
        if path.is_file() and path.suffix in {".py", ".md", ".json", ".toml", ".js", ".css", ".html", ".graphql", ""}
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if strange.search(line)
    ]
    assert found == []
