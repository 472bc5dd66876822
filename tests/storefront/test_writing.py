"""The two forms of the storefront: leaving a comment, and opening a post with its password."""

from sqlalchemy import text
from tests.storefront.conftest import Shop, text_of

from rustok.kernel.context import TenantInfo
from rustok.server.host import Host

COMMENT = {"name": "Cleo", "email": "cleo@example.com", "text": "A *thoughtful* remark."}


async def _comments(host: Host, tenant: TenantInfo) -> int:
    async with host.database.open(tenant) as context:
        return int(await context.session.scalar(text("SELECT count(*) FROM nodes WHERE kind = 'comment'")) or 0)


async def test_a_thread_shows_who_answers_whom(shop: Shop) -> None:
    page = await shop.page("/blog/post-0")
    first, second = page.xpath("//ol[@class='thread']/li")

    assert "Ann <b>" in text_of(first)
    assert "depth-1" in second.get("class")
    (answering,) = second.xpath(".//a[@class='reply']/@href")
    form = await shop.page(answering)
    assert "Bob" in text_of(form.xpath("//form[@id='comment-form']")[0])
    assert form.xpath("//form[@id='comment-form']//input[@name='parent_id']/@value")


async def test_a_comment_waits_and_its_writer_is_told(shop: Shop) -> None:
    before = await _comments(shop.host, shop.tenant)

    response = await shop.client.post("/blog/post-1", data=COMMENT)

    assert (response.status_code, response.headers["location"]) == (303, "/blog/post-1?comment=pending#comments")
    assert await _comments(shop.host, shop.tenant) == before + 1
    await shop.catch_up()
    page = await shop.page("/blog/post-1?comment=pending")
    assert "will appear" in text_of(page.xpath("//section[@id='comments']")[0])
    assert "thoughtful" not in text_of(page)


async def test_a_refused_comment_keeps_what_was_typed(shop: Shop) -> None:
    before = await _comments(shop.host, shop.tenant)

    response = await shop.client.post("/blog/post-1", data={**COMMENT, "text": "  ", "name": "<b>Cleo</b>"})

    assert response.status_code == 422
    assert "was not sent" in response.text
    assert "&lt;b&gt;Cleo&lt;/b&gt;" in response.text
    assert await _comments(shop.host, shop.tenant) == before


async def test_programs_other_sites_and_huge_forms_leave_no_comment(shop: Shop) -> None:
    before = await _comments(shop.host, shop.tenant)

    trapped = await shop.client.post("/blog/post-1", data={**COMMENT, "website": "https://spam.example"})
    foreign = await shop.client.post("/blog/post-1", data=COMMENT, headers={"origin": "https://evil.example"})
    cross = await shop.client.post("/blog/post-1", data=COMMENT, headers={"sec-fetch-site": "cross-site"})
    huge = await shop.client.post("/blog/post-1", data={**COMMENT, "text": "x" * 200_000})
    other = await shop.client.post("/blog/post-1", json=COMMENT)

    assert trapped.status_code == 303
    assert {foreign.status_code, cross.status_code, huge.status_code, other.status_code} == {403}
    assert await _comments(shop.host, shop.tenant) == before


async def test_a_locked_post_opens_for_its_password_only(shop: Shop) -> None:
    closed = await shop.get("/blog/locked")
    wrong = await shop.client.post("/blog/locked", data={"password": "guess"})
    opened = await shop.client.post("/blog/locked", data={"password": "sesame"})

    assert "secret words" not in closed.text
    assert (wrong.status_code, "secret words" in wrong.text, "does not fit" in wrong.text) == (403, False, True)
    assert "secret words" in opened.text
    assert opened.headers["cache-control"] == "no-store"
    assert (
        "secret"
        not in (await shop.get("/search?q=secret")).text.replace("q=secret", "").split("<main")[1].split("“secret”")[-1]
    )


async def test_nothing_else_can_be_posted_to(shop: Shop) -> None:
    for path in ("/", "/products/mug", "/categories/table", "/search"):
        assert (await shop.client.post(path, data=COMMENT)).status_code in (404, 405)
