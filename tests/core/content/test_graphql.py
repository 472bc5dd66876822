"""Staff and readers through GraphQL: every verb, its permission, and nobody else's things."""

from typing import Any

import pytest
from tests import schemas
from tests.conftest import MakeTenant

from rustok.core.categories import graphql as categories
from rustok.core.content import graphql as content
from rustok.core.menus import graphql as menus
from rustok.core.redirects import graphql as redirects
from rustok.core.seo import graphql as seo
from rustok.core.tags import graphql as tags
from rustok.core.translations import graphql as translations
from rustok.kernel.context import ANONYMOUS, SYSTEM, Actor, TenantInfo
from rustok.kernel.db import Database

PARTS = (content, categories, tags, seo, translations, redirects, menus)
SCHEMA = schemas.schema(
    [kind for part in PARTS for kind in part.ADMIN_QUERIES],
    [kind for part in PARTS for kind in (*part.ADMIN_MUTATIONS, *part.MUTATIONS)],
)
ERRORS = "userErrors { code field }"
CREATE = f"""mutation($input: ContentCreateInput!) {{ contentCreate(input: $input) {{
    content {{ id slug version html tags categoryIds status }} {ERRORS} }} }}"""


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Any:
    return schemas.asking(SCHEMA, database, tenant, SYSTEM)


async def test_a_post_lives_its_life(ask: Any) -> None:
    made = await ask(
        "mutation($i: ContentCategoryCreateInput!) { contentCategoryCreate(input: $i) { category { id slug } } }",
        i={"name": "News"},
    )
    category = made["contentCategoryCreate"]["category"]["id"]
    created = await ask(
        CREATE, input={"kind": "post", "title": "A", "body": "*b*", "tags": ["t"], "categoryIds": [category]}
    )
    post = created["contentCreate"]["content"]
    assert (post["slug"], post["html"], post["tags"], post["status"]) == ("a", "<p><em>b</em></p>\n", ["t"], "DRAFT")
    assert post["categoryIds"] == [category]

    update = f"""mutation($id: ID!, $input: ContentUpdateInput!) {{ contentUpdate(id: $id, input: $input) {{
        content {{ title excerpt version }} {ERRORS} }} }}"""
    changed = await ask(update, id=post["id"], input={"version": 1, "excerpt": "short"})
    cleared = await ask(update, id=post["id"], input={"version": 2, "excerpt": None})
    stale = await ask(update, id=post["id"], input={"version": 1, "title": "B"})
    assert changed["contentUpdate"]["content"] == {"title": "A", "excerpt": "short", "version": 2}
    assert cleared["contentUpdate"]["content"] == {"title": "A", "excerpt": None, "version": 3}
    assert stale["contentUpdate"]["userErrors"] == [{"code": "STALE_VERSION", "field": ["version"]}]

    for verb, status in (("Publish", "PUBLISHED"), ("Archive", "ARCHIVED"), ("Restore", "DRAFT")):
        answer = await ask(f"mutation($id: ID!) {{ content{verb}(id: $id) {{ content {{ status }} }} }}", id=post["id"])
        assert answer[f"content{verb}"]["content"]["status"] == status
    later = 'mutation($id: ID!) { contentPublish(id: $id, at: "2999-01-01T00:00:00") { content { status } } }'
    assert (await ask(later, id=post["id"]))["contentPublish"]["content"]["status"] == "SCHEDULED"
    bulk = await ask("mutation($ids: [ID!]!) { contentsBulkPublish(ids: $ids) { count } }", ids=[post["id"]])
    assert bulk["contentsBulkPublish"]["count"] == 1
    translated = await ask(
        'mutation($id: ID!) { contentTranslate(id: $id, input: {locale: "ru", title: "Да", body: "*x*"}) { fields } }',
        id=post["id"],
    )
    assert translated["contentTranslate"]["fields"]["body"] == "<p><em>x</em></p>\n"
    listed = await ask('{ contents(kind: "post", status: [PUBLISHED]) { totalCount nodes { id } } }')
    assert listed["contents"] == {"totalCount": 1, "nodes": [{"id": post["id"]}]}
    gone = await ask("mutation($id: ID!) { contentDelete(id: $id) { deletedId } }", id=post["id"])
    assert gone["contentDelete"]["deletedId"] == post["id"]
    assert (await ask("query($id: ID!) { content(id: $id) { id } }", id=post["id"]))["content"] is None


async def test_readers_comment_and_staff_approve(ask: Any) -> None:
    post = (await ask(CREATE, input={"kind": "post", "title": "A"}))["contentCreate"]["content"]["id"]
    await ask("mutation($id: ID!) { contentPublish(id: $id) { content { id } } }", id=post)
    comment = f"""mutation($input: CommentCreateInput!) {{ commentCreate(input: $input) {{
        commentId pending {ERRORS} }} }}"""

    made = await ask(comment, actor=ANONYMOUS, input={"contentId": post, "body": "hi", "authorName": "Ann"})
    refused = await ask(comment, actor=ANONYMOUS, input={"contentId": post, "body": "hi"})
    waiting = await ask("{ commentsPending { nodes { id html } } }")
    approved = await ask(
        "mutation($ids: [ID!]!) { commentsApprove(ids: $ids) { count } }", ids=[made["commentCreate"]["commentId"]]
    )

    assert made["commentCreate"]["pending"] is True
    assert refused["commentCreate"]["userErrors"] == [{"code": "INVALID", "field": ["authorName"]}]
    assert waiting["commentsPending"]["nodes"] == [{"id": made["commentCreate"]["commentId"], "html": "<p>hi</p>\n"}]
    assert approved["commentsApprove"]["count"] == 1
    assert (await ask("{ commentsPending { nodes { id } } }"))["commentsPending"]["nodes"] == []


async def test_tags_meta_translations_redirects_and_menus_are_within_reach(ask: Any) -> None:
    post = (await ask(CREATE, input={"kind": "post", "title": "A", "tags": ["Red"]}))["contentCreate"]["content"]["id"]
    tag = (await ask("{ tags { nodes { id name useCount version } } }"))["tags"]["nodes"][0]
    assert (tag["name"], tag["useCount"]) == ("Red", 1)

    renamed = await ask(
        'mutation($id: ID!) { tagUpdate(id: $id, input: {version: 1, name: "Crimson"}) { tag { slug } } }', id=tag["id"]
    )
    leads = await ask("{ redirects { nodes { targetType slug targetId } totalCount } }")
    meta = f"""mutation($id: ID!, $m: MetaInput!) {{ metaSet(targetType: "node", targetId: $id, input: $m) {{
        meta {{ title noIndex ogImage }} {ERRORS} }} }}"""
    first = await ask(meta, id=post, m={"title": "T", "noIndex": True})
    second = await ask(meta, id=post, m={"ogImage": "https://a.test/x.png"})
    bad = await ask(meta, id=post, m={"ogImage": "javascript:alert(1)"})
    words = await ask(
        """mutation($id: ID!) {
            translationsSet(targetType: "tag", targetId: $id, locale: "ru", fields: {name: "Алый"}) {
                translations { locale fields } } }""",
        id=tag["id"],
    )
    menu = await ask(
        """mutation { menuSave(slug: "main", name: "Main", items: [{title: "A", url: "/a", children: [
            {title: "B", url: "/b", translations: {ru: "Б"}}]}]) { menu { id items { title children { title } } } } }"""
    )

    assert renamed["tagUpdate"]["tag"]["slug"] == "crimson"
    assert leads["redirects"]["nodes"] == [{"targetType": "tag", "slug": "red", "targetId": tag["id"]}]
    assert first["metaSet"]["meta"] == {"title": "T", "noIndex": True, "ogImage": None}
    assert second["metaSet"]["meta"] == {"title": "T", "noIndex": True, "ogImage": "https://a.test/x.png"}
    assert bad["metaSet"]["userErrors"] == [{"code": "INVALID_META", "field": ["ogImage"]}]
    assert words["translationsSet"]["translations"] == [{"locale": "ru", "fields": {"name": "Алый"}}]
    assert menu["menuSave"]["menu"]["items"] == [{"title": "A", "children": [{"title": "B"}]}]


async def test_another_tenants_ids_answer_like_ids_of_nothing(ask: Any, make_tenant: MakeTenant) -> None:
    other = await make_tenant()
    post = (await ask(CREATE, input={"kind": "page", "title": "A"}))["contentCreate"]["content"]["id"]
    made = await ask('mutation { contentCategoryCreate(input: {name: "N"}) { category { id } } }')
    category = made["contentCategoryCreate"]["category"]["id"]
    nothing = "01890000-0000-7000-8000-000000000000"
    own = (await ask(CREATE, at=other, input={"kind": "page", "title": "B"}))["contentCreate"]["content"]["id"]

    operations = [
        "query($id: ID!, $own: ID) { content(id: $id) { id } contents(parentId: $own) { totalCount } }",
        *(
            f"mutation($id: ID!) {{ content{verb}(id: $id) {{ content {{ id }} {ERRORS} }} }}"
            for verb in ("Publish", "Unpublish", "Archive", "Restore", "MakePrivate", "Move")
        ),
        f"mutation($id: ID!) {{ contentDelete(id: $id) {{ deletedId {ERRORS} }} }}",
        f"""mutation($id: ID!) {{ contentUpdate(id: $id, input: {{version: 1, title: "x"}}) {{
            content {{ id }} {ERRORS} }} }}""",
        f"mutation($id: ID!, $own: ID!) {{ contentMove(id: $own, parentId: $id) {{ content {{ id }} {ERRORS} }} }}",
        f"""mutation($id: ID!) {{ contentTranslate(id: $id, input: {{locale: "ru", title: "x"}}) {{
            locale {ERRORS} }} }}""",
        f'mutation($id: ID!) {{ contentUnlock(id: $id, password: "x") {{ body {ERRORS} }} }}',
        f'mutation($id: ID!) {{ commentCreate(input: {{contentId: $id, body: "x"}}) {{ commentId {ERRORS} }} }}',
        f"mutation($id: ID!) {{ contentCategoryMove(id: $id) {{ category {{ id }} {ERRORS} }} }}",
        f"mutation($id: ID!) {{ contentCategoryDelete(id: $id) {{ deletedId {ERRORS} }} }}",
        f"mutation($id: ID!) {{ tagDelete(id: $id) {{ deletedId {ERRORS} }} }}",
        f"mutation($id: ID!) {{ menuDelete(id: $id) {{ deletedId {ERRORS} }} }}",
        *(
            f"mutation($id: ID!) {{ {verb}(ids: [$id]) {{ count {ERRORS} }} }}"
            for verb in ("contentsBulkPublish", "contentsBulkDelete", "commentsApprove", "commentsMarkSpam")
        ),
        f"""mutation($id: ID!) {{ contentCreate(input: {{kind: "page", title: "x", categoryIds: [$id]}}) {{
            content {{ id }} {ERRORS} }} }}""",
    ]
    for operation in operations:
        wanted = {"own": own} if "$own" in operation else {}
        absent = await ask(operation, at=other, id=nothing, **wanted)
        for foreign in (post, category):
            assert await ask(operation, at=other, id=foreign, **wanted) == absent, operation
    assert (await ask("query($id: ID!) { content(id: $id) { title status } }", id=post))["content"] == {
        "title": "A",
        "status": "DRAFT",
    }


async def test_staff_verbs_need_their_permission(ask: Any) -> None:
    reader = Actor(kind="user", permissions=frozenset({"content:read"}))
    post = (await ask(CREATE, input={"kind": "post", "title": "A"}))["contentCreate"]["content"]["id"]

    for operation in (
        "mutation($id: ID!) { contentPublish(id: $id) { content { id } } contentDelete(id: $id) { deletedId } }",
        'mutation($id: ID!) { contentUpdate(id: $id, input: {version: 1, title: "x"}) { content { id } } }',
        "mutation($id: ID!) { contentsBulkDelete(ids: [$id]) { count } }",
    ):
        assert "forbidden" in (await ask(operation, actor=reader, id=post))["errors"]
        assert "unauthenticated" in (await ask(operation, actor=ANONYMOUS, id=post))["errors"]
    assert "unauthenticated" in (await ask("{ contents { totalCount } }", actor=ANONYMOUS))["errors"]
    assert (await ask("query($id: ID!) { content(id: $id) { title } }", id=post))["content"] == {"title": "A"}
