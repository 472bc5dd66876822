"""The demo's magazine: authors, topics, articles with comments, pages and menus."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from rustok.core.categories import service as categories
from rustok.core.content import rendering, saving
from rustok.core.content.drafts import CommentDraft, NodeDraft, Status
from rustok.core.menus import service as menus
from rustok.core.translations import service as translations
from rustok.core.users import service as users
from rustok.kernel.context import Context, TenantInfo
from rustok.server.demo.content import Demo, DemoArticle, DemoMenuItem, DemoPage
from rustok.server.host import Host


async def furnish(host: Host, tenant: TenantInfo, demo: Demo, media_ids: Mapping[str, UUID]) -> None:
    """Everything in one unit of work: an interrupted start leaves no half of it."""
    async with host.database.open(tenant) as context:
        if await categories.find_by_slug(context, demo.topics[0].slug) is not None:
            return
        authors = {
            one.key: (await users.register(context, email=one.email, password=None, name=one.name["en"], role="manager")).id
            for one in demo.authors
        }
        for place, topic in enumerate(demo.topics):
            made = await categories.create(
                context, name=topic.name["en"], slug=topic.slug, description=topic.description["en"], position=place
            )
            await translations.set_fields(
                context,
                categories.TARGET,
                made.id,
                locale="ru",
                fields={"name": topic.name["ru"], "description": topic.description["ru"]},
            )
        drafts = [_article(context, one, authors, media_ids) for one in demo.articles]
        drafts += [_page(context, one, place, media_ids) for place, one in enumerate(demo.pages)]
        outcome = await saving.save_many(context, drafts)
        if outcome.refused:
            raise ValueError(f"the demo holds a text that cannot be saved: {outcome.refused[0]}")
        for menu in demo.menus:
            items = [_item(one, "en") for one in menu.items]
            made_menu = await menus.create(context, slug=menu.slug, name=menu.name["en"], items=items)
            await menus.translate(
                context, made_menu.id, locale="ru", name=menu.name["ru"], titles=_titles(menu.items, "ru")
            )


def _article(
    context: Context, one: DemoArticle, authors: Mapping[str, UUID], media_ids: Mapping[str, UUID]
) -> NodeDraft:
    published = context.now - timedelta(days=one.days_ago)
    comments = tuple(
        CommentDraft(
            external_key=f"demo:{one.slug}:{place}",
            body=said.text["en"],
            format=rendering.Format.MARKDOWN,
            parent_key=f"demo:{one.slug}:{said.reply_to}" if said.reply_to is not None else None,
            author_name=said.author_name,
            created_at=min(published + timedelta(hours=said.hours_after), context.now),
        )
        for place, said in enumerate(one.comments)
    )
    return NodeDraft(
        kind="post",
        slug=one.slug,
        title=one.title["en"],
        excerpt=one.excerpt["en"],
        body=one.body["en"],
        format=rendering.Format.MARKDOWN,
        status=Status.PUBLISHED,
        author_id=authors[one.author],
        categories=(one.topic,),
        tags=tuple(slug.replace("-", " ") for slug in one.tags),
        translations={"ru": _russian(one.title["ru"], one.excerpt["ru"], one.body["ru"])},
        cover_media_id=media_ids[one.cover.name],
        created_at=published,
        published_at=published,
        comments=comments,
    )


def _page(context: Context, one: DemoPage, place: int, media_ids: Mapping[str, UUID]) -> NodeDraft:
    published = context.now - timedelta(days=400)
    return NodeDraft(
        kind="page",
        slug=one.slug,
        title=one.title["en"],
        excerpt=one.excerpt["en"],
        body=one.body["en"],
        format=rendering.Format.MARKDOWN,
        status=Status.PUBLISHED,
        parent_key=f"page/{one.parent}" if one.parent else None,
        position=place,
        translations={"ru": _russian(one.title["ru"], one.excerpt["ru"], one.body["ru"])},
        cover_media_id=media_ids[one.cover.name] if one.cover else None,
        comments_open=False,
        created_at=published,
        published_at=published,
    )


def _russian(title: str, excerpt: str, body: str) -> dict[str, str]:
    return {"title": title, "excerpt": excerpt, "body": rendering.render(body, rendering.Format.MARKDOWN)}
