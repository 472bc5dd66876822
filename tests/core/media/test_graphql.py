"""Staff manage files through GraphQL: found, changed, fetched and removed, with the permission that each needs."""

from typing import Any
from uuid import uuid4

import pytest
from tests import schemas
from tests.conftest import MakeTenant, OpenContext
from tests.core.media.conftest import picture

from rustok.core.media import graphql as media_graphql
from rustok.core.media import service as media
from rustok.kernel.context import SYSTEM, Actor, TenantInfo
from rustok.kernel.db import Database

SCHEMA = schemas.schema([media_graphql.MediaQueries], [media_graphql.MediaMutations])
FIELDS = "{ id url altText status version focalPoint { x y } sources { url width format } }"


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Any:
    return schemas.asking(SCHEMA, database, tenant, SYSTEM)


async def upload(open_context: OpenContext, name: str = "shoe.jpg", size: int = 400) -> str:
    async with open_context() as context:
        return str((await media.upload(context, filename=name, data=picture(size, 300), alt_text="Shoe")).id)


async def test_files_are_listed_found_and_counted(ask: Any, open_context: OpenContext) -> None:
    first, second = await upload(open_context), await upload(open_context, "boot.jpg", 300)

    answer = await ask("{ mediaList(first: 1) { nodes { id } totalCount pageInfo { hasNextPage endCursor } } }")
    page = answer["mediaList"]
    after = await ask(
        "query($after: String) { mediaList(after: $after) { nodes { id } } }", after=page["pageInfo"]["endCursor"]
    )
    found = await ask('{ mediaList(query: "boot", mimeType: "image/", status: STORED) { nodes { filename } } }')
    one = await ask(f"query($id: ID!) {{ media(id: $id) {FIELDS} }}", id=first)

    assert (page["nodes"], page["totalCount"], page["pageInfo"]["hasNextPage"]) == ([{"id": second}], 2, True)
    assert after["mediaList"]["nodes"] == [{"id": first}]
    assert found["mediaList"]["nodes"] == [{"filename": "boot.jpg"}]
    assert {source["format"] for source in one["media"]["sources"]} == {"jpeg", "webp"}


async def test_text_and_focal_point_change_and_a_stale_version_is_refused(ask: Any, open_context: OpenContext) -> None:
    update = f"""mutation($id: ID!, $input: MediaUpdateInput!) {{
        mediaUpdate(id: $id, input: $input) {{ media {FIELDS} userErrors {{ code field }} }} }}"""
    media_id = await upload(open_context)

    changed = await ask(update, id=media_id, input={"version": 1, "focalPoint": {"x": 0.1, "y": 0.9}})
    stale = await ask(update, id=media_id, input={"version": 1, "altText": "Boot"})
    outside = await ask(update, id=media_id, input={"version": 2, "focalPoint": {"x": 7, "y": 0}})
    removed = await ask(update, id=media_id, input={"version": 2, "altText": None})

    assert changed["mediaUpdate"]["media"]["focalPoint"] == {"x": 0.1, "y": 0.9}
    assert changed["mediaUpdate"]["media"]["altText"] == "Shoe"
    assert stale["mediaUpdate"] == {"media": None, "userErrors": [{"code": "STALE_VERSION", "field": ["version"]}]}
    assert outside["mediaUpdate"]["userErrors"] == [{"code": "INVALID", "field": ["focalPoint"]}]
    assert removed["mediaUpdate"]["media"] | {"sources": []} == changed["mediaUpdate"]["media"] | {
        "altText": None, "version": 3, "sources": [],
    }  # fmt: skip


async def test_remote_pictures_are_registered_all_or_none_and_fetched_when_asked(ask: Any) -> None:
    register = """mutation($pictures: [RemotePictureInput!]!) { mediaRegisterRemote(pictures: $pictures) {
        media { id url status } userErrors { code field } } }"""
    good, bad = {"url": "http://127.0.0.1/a.jpg", "altText": "A"}, {"url": "javascript:alert(1)"}

    refused = await ask(register, pictures=[good, bad])
    nothing = await ask("{ mediaList { totalCount } }")
    registered = await ask(register, pictures=[good])
    media_id = registered["mediaRegisterRemote"]["media"][0]["id"]
    fetched = await ask(
        "mutation($id: ID!) { mediaFetchRemote(id: $id) { media { status lastError fetchAttempts } } }", id=media_id
    )

    assert refused["mediaRegisterRemote"]["userErrors"] == [{"code": "INVALID", "field": ["pictures", "1", "url"]}]
    assert nothing["mediaList"]["totalCount"] == 0
    assert registered["mediaRegisterRemote"]["media"][0]["status"] == "REMOTE"
    assert fetched["mediaFetchRemote"]["media"] == {
        "status": "FAILED",
        "lastError": "address_refused: 127.0.0.1 is not on the public internet",
        "fetchAttempts": 1,
    }


async def test_files_are_removed_one_by_one_and_in_bulk(ask: Any, open_context: OpenContext) -> None:
    first, second = await upload(open_context), await upload(open_context, "boot.jpg", 300)
    remove = "mutation($id: ID!) { mediaDelete(id: $id) { deletedId userErrors { code } } }"

    gone = await ask(remove, id=first)
    again = await ask(remove, id=first)
    bulk = await ask("mutation($ids: [ID!]!) { mediaBulkDelete(ids: $ids) { count } }", ids=[first, second])

    assert gone["mediaDelete"] == {"deletedId": first, "userErrors": []}
    assert again["mediaDelete"]["userErrors"] == [{"code": "MEDIA_NOT_FOUND"}]
    assert bulk["mediaBulkDelete"]["count"] == 1


async def test_a_foreign_id_answers_as_one_that_does_not_exist(
    ask: Any, open_context: OpenContext, make_tenant: MakeTenant
) -> None:
    mine, other = await upload(open_context), await make_tenant()
    for operation in (
        "query($id: ID!) { media(id: $id) { id } }",
        "mutation($id: ID!) { mediaUpdate(id: $id, input: {version: 1}) { media { id } userErrors { code message } } }",
        "mutation($id: ID!) { mediaDelete(id: $id) { deletedId userErrors { code message } } }",
        "mutation($id: ID!) { mediaBulkDelete(ids: [$id]) { count } }",
        "mutation($id: ID!) { mediaFetchRemote(id: $id) { media { id } userErrors { code message } } }",
    ):
        assert await ask(operation, at=other, id=mine) == await ask(operation, at=other, id=str(uuid4()))
    assert (await ask("query($id: ID!) { media(id: $id) { id } }", id=mine))["media"] == {"id": mine}


async def test_each_operation_needs_its_permission(ask: Any, open_context: OpenContext) -> None:
    media_id = await upload(open_context)
    reader = Actor(kind="user", permissions=frozenset({"media:read"}))

    assert await ask("{ mediaList { totalCount } }", actor=Actor()) == {"errors": ["unauthenticated"]}
    for operation in (
        "mutation($id: ID!) { mediaUpdate(id: $id, input: {version: 1}) { media { id } } }",
        "mutation($id: ID!) { mediaDelete(id: $id) { deletedId } }",
        "mutation($id: ID!) { mediaBulkDelete(ids: [$id]) { count } }",
        "mutation($id: ID!) { mediaFetchRemote(id: $id) { media { id } } }",
    ):
        assert await ask(operation, actor=reader, id=media_id) == {"errors": ["forbidden"]}
    assert (await ask("{ mediaList { totalCount } }", actor=reader))["mediaList"]["totalCount"] == 1
