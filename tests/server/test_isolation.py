"""No tenant sees another: not by any operation with any foreign id, by raw SQL, file, page, session or header."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from itertools import cycle
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Addresses
from tests.server import asking
from tests.server.asking import Document, Operation, Place
from tests.server.conftest import OpenSite, Site
from tests.server.furnishing import furnish
from tests.test_architecture import LOOKUPS, PARTITION, SHARED_TABLES, TABLES, TENANT_COLUMN, unprotected

from rustok.kernel.db import APP_ROLE, WORKER_ROLE, plain_url
from rustok.kernel.settings import Settings
from rustok.kernel.working import Workers
from rustok.server import app as web
from rustok.server import tenancy
from rustok.server.host import Host

VERSIONED = {
    "node": "nodes", "page": "nodes", "category": "categories", "tag": "tags", "media": "media", "menu": "menus",
    "user": "users", "product": "commerce_products", "price_list": "commerce_price_lists",
    "location": "commerce_stock_locations", "commerce_category": "commerce_categories",
    "tax_zone": "commerce_tax_zones", "tax_class": "commerce_tax_classes", "shipping_zone": "commerce_shipping_zones",
    "shipping_method": "commerce_shipping_methods", "draft_order": "commerce_draft_orders", "order": "commerce_orders",
    "customer_group": "commerce_customer_groups", "promotion": "commerce_promotions",
    "gift_card": "commerce_gift_cards", "return": "commerce_returns", "fulfilment": "commerce_fulfilments",
}  # fmt: skip
# Which kind of thing an ID means: by the argument's name, or where that is just `id`, by the operation's.
BY_NAME = {
    "variantId": "variant", "variantIds": "variant", "productId": "product", "mediaIds": "media", "imageId": "media",
    "coverMediaId": "media", "authorId": "user", "userId": "user", "locationId": "location", "rootId": "node",
    "fromLocationId": "location", "toLocationId": "location", "priceListId": "price_list", "mergeInto": "category",
    "contentId": "node", "targetId": "product", "into": "tag", "author": "user", "parent": "page",
    "zoneId": "shipping_zone", "shippingMethodId": "shipping_method", "groupId": "customer_group",
    "groupIds": "customer_group", "exemptGroupIds": "customer_group", "productIds": "product",
    "exceptProductIds": "product", "exceptCategoryIds": "commerce_category", "orderId": "order",
    "cartId": "cart", "toCartId": "cart", "lineIds": "cart_line", "lineId": "order_line", "customerId": "customer",
    "endpointId": "webhook_endpoint", "paymentId": "payment", "promotionId": "promotion", "giftCardId": "gift_card",
    "returnId": "return",
}  # fmt: skip
BY_OPERATION = (
    (r"productVariant\b|productVariant(Update|Delete)", "variant"), (r"product|resolvedPrice", "product"),
    (r"priceList", "price_list"), (r"stockLocation", "location"), (r"commerceCat|categor(y|ies)$", "commerce_category"),
    (r"contentCategor", "category"), (r"commentCreate", "comment"), (r"comments", "comment"), (r"content", "node"),
    (r"tag", "tag"), (r"media", "media"), (r"menu", "menu"), (r"user", "user"), (r"apiKey", "api_key"),
    (r"session", "session"), (r"nodes?$", "product"), (r"taxZone", "tax_zone"), (r"tax(Class|Settings)", "tax_class"),
    (r"shippingZone", "shipping_zone"), (r"shippingMethod", "shipping_method"), (r"customerGroup", "customer_group"),
    (r"draftOrder", "draft_order"), (r"orders?($|[A-Z])(?!eturn)", "order"),
    (r"cartLines", "cart_line"), (r"carts?", "cart"), (r"paymentMethod", "payment_method"), (r"payment", "payment"),
    (r"address|customerAddress", "address"), (r"customer", "customer"), (r"mail", "mail"),
    (r"webhookDeliver", "webhook_delivery"), (r"webhook", "webhook_endpoint"),
    (r"promotionCodes", "promotion_code"), (r"promotion", "promotion"), (r"giftCard", "gift_card"),
    (r"fulfilment", "fulfilment"), (r"return|orderReturn", "return"),
)  # fmt: skip


def meant(operation: Operation, place: Place) -> str:
    """The kind of thing that an ID at this place names."""
    name = next(part for part in reversed(place) if part not in ("[]", "eq", "in", "all"))
    if operation.name == "menuSave":
        return "menu_item" if name == "id" else "page"
    if operation.name == "returnReceive" and name == "id" and place != ("id",):
        return "return_line"
    if operation.name == "productOptionsSet" and place != ("id",):
        return "option"
    if operation.path == "/graphql" and operation.name in ("contentCategories", "contents") and name == "category":
        return "category"
    if name in BY_NAME:
        return BY_NAME[name]
    if name in ("categoryId", "categoryIds"):
        return "commerce_category" if operation.name.startswith("product") else "category"
    if name == "parentId" and operation.name.startswith("content") and "Category" not in operation.name:
        return "page"
    if operation.path == "/graphql" and operation.name == "categories":
        return "commerce_category"
    if operation.path == "/graphql" and operation.name in ("contentCategory", "contentCategories"):
        return "category"
    for pattern, kind in BY_OPERATION:
        if re.match(pattern, operation.name):
            return kind
    raise AssertionError(f"say what {operation} takes at {place}")


PLACES = [(operation, place) for operation in asking.operations() for place in asking.places(operation, "ID")]


@pytest.fixture(scope="module")
async def two(open_site: OpenSite, following: Workers) -> tuple[Site, Site]:
    """Two tenants with one of everything each, all under the same names, addresses and e-mail addresses."""
    sites = await open_site(), await open_site()
    for site in sites:
        await furnish(site)
    await following.catch_up()
    return sites


@pytest.fixture(scope="module")
async def looking(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection."""
    connection = await asyncpg.connect(plain_url(addresses.owner))
    yield connection
    await connection.close()


async def tables_of(connection: asyncpg.Connection) -> dict[str, str]:
    """Every table of tenants' rows, partitions apart, and the column that holds the tenant."""
    names = [row["name"] for row in await connection.fetch(TABLES)]
    whole = [name for name in names if name not in SHARED_TABLES and not re.match(PARTITION, name)]
    return {name: TENANT_COLUMN.get(name, "tenant_id") for name in whole}


async def rows_of(connection: asyncpg.Connection, site: Site) -> dict[str, tuple[int, str]]:
    """How many rows of each table are the tenant's, and a digest of them all."""
    found = {}
    for table, column in (await tables_of(connection)).items():
        row = await connection.fetchrow(
            f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
            f" FROM {table} t WHERE {column} = $1",
            site.tenant.id,
        )
        found[table] = (row[0], row[1])
    return found


# --- Operations --------------------------------------------------------------------------------------------------


async def _versions(connection: asyncpg.Connection, site: Site) -> dict[str, int]:
    found = {}
    for kind, table in VERSIONED.items():
        sql = f"SELECT version FROM {table} WHERE tenant_id = $1 AND id = $2"
        found[kind] = await connection.fetchval(sql, site.tenant.id, site.ids[kind])
    found["tenant"] = await connection.fetchval("SELECT version FROM tenants WHERE id = $1", site.tenant.id)
    return found


def _call(operation: Operation, place: Place, foreign: str, mine: Site, versions: Mapping[str, int]) -> dict[str, Any]:
    """What a careful client of `mine` sends, but for the one id that is not theirs."""

    def choose(here: Place, kind: Any) -> Any:
        if here == place:
            return foreign
        if kind.name == "ID":
            return mine.ids[meant(operation, here)]
        if here[-1] == "version":
            return versions.get(meant(operation, ("id",)), 1)
        value = asking.plausible(here, kind)
        return f"{value}-{uuid4().hex}" if isinstance(value, str) and value.startswith("some-") else value

    return asking.arguments(operation, choose, besides=place)


def _normal(answer: Any, identity: str) -> str:
    shown = json.dumps(answer, sort_keys=True, ensure_ascii=False).replace(identity, "THE ID")
    shown = re.sub(r"-[0-9a-f]{32}\b", "-SOMETHING", shown)
    shown = re.sub(r'"version": \d+', '"version": SOME', shown)
    # Ids, tokens and times of what a call has made differ from call to call.
    shown = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "SOME ID", shown)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)?", "SOME TIME", shown)


def _answers(body: Mapping[str, Any], aliases: list[str]) -> dict[str, Any]:
    """The data and errors of each call of a document; where a null spread to the top, the errors alone."""
    data = body.get("data") or {}
    found: dict[str, Any] = {alias: {"data": data.get(alias), "errors": []} for alias in aliases}
    for error in body.get("errors", []):
        path = error.get("path") or []
        if path and path[0] in found:
            found[path[0]]["errors"].append(
                {"message": error["message"], "code": error.get("extensions", {}).get("code")}
            )
    return found


async def _ask(site: Site, operation: Operation, given: Mapping[str, Any]) -> Any:
    document = Document(operation.kind)
    document.call(operation, given, alias="one")
    response = await site.client.post(operation.path, json=document.body(), headers=site.headers())
    assert response.status_code < 500, (str(operation), response.text)
    body = response.json()
    assert "data" in body, (str(operation), document.body(), body)
    assert "cannot represent" not in response.text, (str(operation), response.text)
    return _answers(body, ["one"])["one"]


def test_every_operation_with_ids_is_asked() -> None:
    assert len(PLACES) > 100
    for operation, place in PLACES:
        meant(operation, place)


async def test_a_foreign_id_is_answered_as_one_that_does_not_exist(
    two: tuple[Site, Site], looking: asyncpg.Connection
) -> None:
    mine, theirs = two
    before = await rows_of(looking, theirs)
    told_apart, internal = [], []
    others = cycle(["product", "node", "tag"])
    for operation, place in PLACES:
        # The kind that is meant, and a thing of quite another kind as well.
        for kind in dict.fromkeys([meant(operation, place), next(others)]):
            nobody, foreign = str(uuid4()), theirs.ids[kind]
            answers = {}
            for identity in (nobody, foreign):
                versions = await _versions(looking, mine) if operation.kind == "mutation" else {}
                answer = await _ask(mine, operation, _call(operation, place, identity, mine, versions))
                answers[identity] = _normal(answer, identity)
                if '"internal"' in answers[identity]:
                    internal.append((str(operation), place, kind))
            if answers[foreign] != answers[nobody]:
                told_apart.append((str(operation), place, kind, answers[nobody][:400], answers[foreign][:400]))
    assert internal == []
    assert told_apart == [], "\n".join(f"{o} {p} {k}\n  {a}\n  {b}" for o, p, k, a, b in told_apart)
    assert await rows_of(looking, theirs) == before


async def test_ones_own_ids_are_found(two: tuple[Site, Site], looking: asyncpg.Connection) -> None:
    """The test above would pass if nothing were ever found: what is asked there about others works for oneself."""
    mine, _ = two
    alike = []
    for operation, place in PLACES:
        if operation.kind == "query" and place in (("id",), ("ids", "[]"), ("variantId",)):
            found = await _ask(mine, operation, _call(operation, place, mine.ids[meant(operation, place)], mine, {}))
            missing = await _ask(mine, operation, _call(operation, place, str(uuid4()), mine, {}))
            if found == missing:
                alike.append(f"{operation} {place}")
    assert alike == [], alike


# --- Raw SQL -----------------------------------------------------------------------------------------------------

_STAGE = """INSERT INTO event_staging (id, tenant_id, type, aggregate, aggregate_id, version, correlation_id, payload)
    VALUES (gen_random_uuid(), $1, 'Nothing', 'nothing', gen_random_uuid(), 1, gen_random_uuid(), '{}')"""
EVENT_TABLES = {"event_aggregates", "event_staging", "event_log", "event_failures"}
ROUTED = {"commerce_orders": (", created_at", ", now()")}  # what PostgreSQL chooses the partition by
COUNTS = {"index_versions"}  # the workers see of every tenant how often its read model has changed


async def leaks(
    connection: asyncpg.Connection, role: str, mine: Site, theirs: Site, *, only: str | None = None
) -> dict[str, str]:
    """Every table in which a role, set to a tenant, sees, changes or adds what it must not, or misses what is its own.

    Runs in the connection's open transaction and leaves no trace.
    """
    tables = {name: key for name, key in (await tables_of(connection)).items() if only in (None, name)}
    found: dict[str, str] = {}
    check = connection.transaction()
    await check.start()
    try:
        await connection.execute(f"SET LOCAL ROLE {role}")
        for tenant in (mine.tenant.id, None):
            await connection.execute("SELECT set_config('app.tenant', $1, true)", str(tenant or ""))
            for table, column in tables.items():
                problem = await _leak(connection, role, table, column, tenant, theirs)
                if problem:
                    found.setdefault(table, problem)
    finally:
        await check.rollback()
    return found


async def _leak(
    connection: asyncpg.Connection, role: str, table: str, column: str, tenant: Any, theirs: Site
) -> str | None:
    may = {
        right: await connection.fetchval("SELECT has_table_privilege($1, $2)", table, right)
        for right in ("SELECT", "UPDATE", "DELETE", "INSERT")
    }
    everything = role == WORKER_ROLE and table in EVENT_TABLES
    if may["SELECT"]:
        seen = {row[0] for row in await connection.fetch(f"SELECT DISTINCT {column} FROM {table}")}
        if everything and not {tenant or theirs.tenant.id, theirs.tenant.id} <= seen:
            return "the workers do not see every tenant's events"
        counted = role == WORKER_ROLE and table in COUNTS
        if not everything and not counted and seen != ({tenant} if tenant else set()):
            return f"sees {len(seen)} tenants as {tenant}"
    if everything:
        return None
    for right, sql in (
        ("UPDATE", f"UPDATE {table} SET {column} = {column} WHERE {column} = '{theirs.tenant.id}'"),
        ("DELETE", f"DELETE FROM {table} WHERE {column} = '{theirs.tenant.id}'"),
    ):
        if may[right]:
            point = connection.transaction()
            await point.start()
            try:
                if not (await connection.execute(sql)).endswith(" 0"):
                    return f"{right} reaches another tenant's rows"
            except asyncpg.InsufficientPrivilegeError:
                pass  # some columns only
            finally:
                await point.rollback()
    if may["INSERT"]:
        return await _planted(connection, table, column, tenant, theirs)
    return None


async def _planted(connection: asyncpg.Connection, table: str, column: str, tenant: Any, theirs: Site) -> str | None:
    """Whether a row can be put into another tenant; and whether one's own can be staged."""
    point = connection.transaction()
    await point.start()
    try:
        if table == "event_staging":
            if tenant:
                try:
                    await connection.execute(_STAGE, tenant)
                except asyncpg.InsufficientPrivilegeError:
                    return "cannot record its own events"
            await connection.execute(_STAGE, theirs.tenant.id)
        else:
            more, value = ROUTED.get(table, ("", ""))
            await connection.execute(f"INSERT INTO {table} ({column}{more}) VALUES ('{theirs.tenant.id}'{value})")
        return "INSERT reaches another tenant"
    except asyncpg.InsufficientPrivilegeError:
        return None  # refused by the policy, as it must be
    except asyncpg.NotNullViolationError:
        return "INSERT into another tenant is not refused by a policy"
    finally:
        await point.rollback()


@pytest.fixture(scope="module")
async def full(two: tuple[Site, Site], looking: asyncpg.Connection) -> tuple[Site, Site]:
    """The two, with rows in every single table: an empty one would prove nothing."""
    for site in two:
        tenant = site.tenant.id
        await looking.execute(
            """INSERT INTO event_failures (consumer, seq, tenant_id, aggregate, aggregate_id, type, state)
               SELECT 'nobody', -abs(hashtext($1)), $1::uuid, 'nothing', gen_random_uuid(), 'Nothing', 'parked'
               ON CONFLICT DO NOTHING""",
            str(tenant),
        )
        empty = [table for table, (count, _) in (await rows_of(looking, site)).items() if not count]
        assert set(empty) <= {"event_staging"}, "furnish these too"
        await looking.execute(_STAGE, tenant)
    return two


@pytest.mark.parametrize("role", [APP_ROLE, WORKER_ROLE])
async def test_raw_sql_sees_one_tenant_and_nothing_without_one(
    full: tuple[Site, Site], looking: asyncpg.Connection, role: str
) -> None:
    mine, theirs = full
    async with looking.transaction():
        assert await leaks(looking, role, mine, theirs) == {}
        assert await leaks(looking, role, theirs, mine) == {}


async def test_removing_any_single_policy_is_noticed(full: tuple[Site, Site], looking: asyncpg.Connection) -> None:
    mine, theirs = full
    policies = await looking.fetch("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")
    assert len(policies) > 50
    unnoticed = []
    for policy in policies:
        table, name = policy["tablename"], policy["policyname"]
        attempts = [f"DROP POLICY {name} ON {table}"]
        if name == "tenant_isolation":
            attempts += [f"ALTER TABLE {table} {verb} ROW LEVEL SECURITY" for verb in ("DISABLE", "NO FORCE")]
            attempts += [f"ALTER POLICY {name} ON {table} {part} (true)" for part in ("USING", "WITH CHECK")]
        for attempt in attempts:
            change = looking.transaction()
            await change.start()
            try:
                await looking.execute(attempt)
                if table not in await unprotected(looking):
                    unnoticed.append(f"{attempt}: not by the catalogue")
                # The rows themselves tell as well, but for partitions, which no role may touch by their own names,
                # what only an owner who is no superuser would feel, and rows that can only be written.
                if not re.match(PARTITION, table) and re.search(r"^DROP POLICY tenant|DISABLE|USING", attempt):
                    told = await leaks(looking, APP_ROLE, mine, theirs, only=table)
                    if table not in told and (table, "USING" in attempt) != ("event_staging", True):
                        unnoticed.append(f"{attempt}: not by the rows")
            finally:
                await change.rollback()
    assert unnoticed == [], unnoticed


async def test_functions_with_the_owners_rights_answer_their_own_tenant_only(
    two: tuple[Site, Site], looking: asyncpg.Connection, addresses: Addresses
) -> None:
    mine, theirs = two
    rows = await looking.fetch("""
        SELECT p.proname AS name, oidvectortypes(p.proargtypes) AS kinds FROM pg_proc p
        WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace""")
    asked = {row["name"]: row["kinds"].split(", ") for row in rows if row["name"] not in LOOKUPS}
    assert len(asked) > 8
    values = {"text": "'en'", "integer": "100", "uuid[]": "ARRAY[$1::uuid]"}
    for role in (addresses.app, addresses.worker):
        connection = await asyncpg.connect(plain_url(role))
        try:
            for tenant in (mine.tenant.id, None):
                async with connection.transaction():
                    await connection.execute("SELECT set_config('app.tenant', $1, true)", str(tenant or ""))
                    for name, kinds in asked.items():
                        if not await connection.fetchval(
                            "SELECT bool_or(has_function_privilege(oid, 'EXECUTE')) FROM pg_proc WHERE proname = $1",
                            name,
                        ):
                            continue
                        given = ["$1::uuid", *(values.get(kind, "NULL") for kind in kinds[1:])]
                        call = f"SELECT count(*) FROM {name}({', '.join(given)})"
                        attempt = connection.transaction()
                        await attempt.start()
                        try:
                            assert await connection.fetchval(call, theirs.tenant.id) == 0, (name, tenant)
                        except asyncpg.InsufficientPrivilegeError:
                            pass  # refused, as it may be
                        finally:
                            await attempt.rollback()
        finally:
            await connection.close()


# --- Files, pages, sessions, headers -----------------------------------------------------------------------------


async def _graphql(site: Site, token: str, query: str = "{ me { id } }", path: str = "/admin/graphql") -> Any:
    response = await site.post(path, query, token=token)
    return response.status_code, response.json()


async def test_files_of_another_tenant_are_not_there(two: tuple[Site, Site]) -> None:
    mine, theirs = two
    assert (await theirs.client.get(theirs.ids["file"])).status_code == 200
    refused = await mine.client.get(theirs.ids["file"])
    nothing = await mine.client.get(f"/media/{uuid4().hex}/ab/{uuid4().hex}/0123456789abcdef.png")
    assert refused.status_code == nothing.status_code == 404
    assert refused.json() == nothing.json()


async def test_pages_follow_the_host_name(two: tuple[Site, Site], following: Workers) -> None:
    mine, theirs = two
    changed = 'mutation($id: ID!, $v: Int!) { contentUpdate(id: $id, input: {version: $v, title: "Only theirs"})'
    version = await theirs.admin("query($id: ID!) { content(id: $id) { version } }", id=theirs.ids["page"])
    await theirs.admin(
        changed + " { userErrors { code message } } }", id=theirs.ids["page"], v=version["content"]["version"]
    )
    await following.catch_up()
    assert "Only theirs" in (await theirs.page("/about")).text
    assert "Only theirs" not in (await mine.page("/about")).text
    assert (await mine.page("/about")).status_code == 200


async def test_sessions_and_keys_of_another_tenant_are_refused(two: tuple[Site, Site]) -> None:
    mine, theirs = two
    status, body = await _graphql(theirs, mine.token)
    nobody = await _graphql(theirs, "rks_" + "x" * 43)
    assert (status, body["errors"][0]["extensions"]["code"]) == (401, "unauthenticated")
    made = (
        await mine.admin(
            'mutation { apiKeyCreate(input: {name: "Other", permissions: ["content:read"]})'
            " { secret userErrors { code message } } }"
        )
    )["apiKeyCreate"]
    assert (await _graphql(mine, made["secret"], "{ contents { nodes { id } } }"))[0] == 200
    status, body = await _graphql(theirs, made["secret"], "{ contents { nodes { id } } }")
    assert (status, body["errors"][0]["extensions"]["code"]) == (401, "unauthenticated")
    assert nobody[0] == 401
    refresh = "mutation($t: String!) { sessionRefresh(refreshToken: $t) { accessToken userErrors { code } } }"
    answer = (await theirs.post("/admin/graphql", refresh, token="", t=mine.refresh_token)).json()
    unknown = (await theirs.post("/admin/graphql", refresh, token="", t="rkr_" + "x" * 43)).json()
    assert answer["data"] == unknown["data"]
    assert answer["data"]["sessionRefresh"]["accessToken"] is None
    assert (await _graphql(mine, mine.token))[0] == 200


@pytest.mark.parametrize(
    "name", ["x-tenant-id", "x-tenant", "x-forwarded-host", "forwarded", "x-host", "x-original-host"]
)
async def test_headers_do_not_choose_the_tenant(two: tuple[Site, Site], name: str) -> None:
    mine, theirs = two
    value = {"x-tenant-id": str(theirs.tenant.id), "x-tenant": theirs.tenant.slug}.get(name, theirs.tenant.hosts[0])
    value = f"host={value}" if name == "forwarded" else value
    response = await mine.client.post("/admin/graphql", json={"query": "{ me { id } tenant { id } }"},
                                      headers={**mine.headers(), name: value})  # fmt: skip
    assert response.json()["data"]["tenant"]["id"] == str(mine.tenant.id)


async def test_headers_choose_the_tenant_where_a_proxy_is_trusted(
    two: tuple[Site, Site], addresses: Addresses, tmp_path: Any
) -> None:
    mine, theirs = two
    settings = Settings(
        home=tmp_path, secret_key="only for tests", trusted_proxies="10.1.0.0/16", trusted_tenant_headers=True
    )
    host = Host.open(settings, addresses.owner)
    application = web.build(host)
    seen = {}
    try:
        for near in ("10.1.2.3", "10.2.2.3"):
            transport = httpx.ASGITransport(application, client=(near, 1000))
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{mine.tenant.hosts[0]}") as client:
                answer = await client.post(
                    "/graphql", json={"query": "{ __typename }"}, headers={"x-tenant": "no-such-tenant"}
                )
                seen[near] = answer.status_code
                answer = await client.get(theirs.ids["file"], headers={"x-tenant-id": str(theirs.tenant.id)})
                seen[f"{near} file"] = answer.json()["error"]["code"] if answer.status_code == 404 else 200
    finally:
        await host.close()
    assert (seen["10.1.2.3"], seen["10.2.2.3"]) == (404, 200)
    # The other host keeps its files in a folder of its own: trusted, the tenant is theirs and the file is missing.
    assert seen["10.1.2.3 file"] == seen["10.2.2.3 file"] == "media_not_found"


@pytest.mark.parametrize(
    "path", ["/", "/products/red-boat", "/graphql", "/admin/graphql", "/sitemap.xml", "/robots.txt"]
)
async def test_an_unknown_host_is_not_found(two: tuple[Site, Site], path: str) -> None:
    mine, _ = two
    for host in ("nobody.example", "", "a" * 300, "bad host", "\u00e4", "s-x.localhost"):
        name = host.encode("utf-8")
        request = mine.client.build_request("GET", path, params={"query": "{ __typename }"})
        request.headers = httpx.Headers([(b"host", name), (b"accept", b"application/json")])
        response = await mine.client.send(request)
        assert response.status_code == 404, (host, response.text[:200])


async def test_a_disabled_tenant_is_refused(open_site: OpenSite, owner: Any) -> None:
    site = await open_site()
    session: AsyncSession
    async with owner() as session:
        await session.execute(text("UPDATE tenants SET status = 'disabled' WHERE id = :id"), {"id": site.tenant.id})
        await session.commit()
    site.host.tenancy.forget()
    assert tenancy.REMEMBERED_SECONDS <= 1
    for path in ("/", "/graphql?query={__typename}", "/admin/graphql?query={__typename}", "/sitemap.xml"):
        assert (await site.client.get(path)).status_code == 403, path
    status, body = await _graphql(site, site.token)
    assert (status, body["errors"][0]["extensions"]["code"]) == (403, "tenant_disabled")
