"""The demo's magazine: authors, topics, articles with comments, pages and menus."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from rustok.core.categories import service as categories
from rustok.core.content import rendering, saving
from rustok.core.content import service as content
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
        if await categories.ids_by_slug(context, [demo.topics[0].slug]):
            return
        authors = {
            one.key: (
                await users.register(context, email=one.email, password=None, name=one.name["en"], role="manager")
            ).id
            for one in demo.authors
        }
        topics: dict[str, UUID] = {}
        for place, topic in enumerate(demo.topics):
            made = await categories.create(
                context, name=topic.name["en"], slug=topic.slug, description=topic.description["en"], position=place
            )
            topics[topic.slug] = made.id
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
        targets = {f"page:{one.slug}": outcome.ids_by_key[f"page/{one.slug}"] for one in demo.pages}
        targets |= {f"topic:{slug}": found for slug, found in topics.items()}
        for menu in demo.menus:
            await menus.save(
                context, menu.slug, name=menu.name["en"], items=[_item(one, targets) for one in menu.items]
            )
        for one in demo.articles:
            for place, said in enumerate(one.comments):
                comment_id = outcome.ids_by_key[f"demo:{one.slug}:{place}"]
                await content.translate(context, comment_id, locale="ru", body=said.text["ru"])


def _item(one: DemoMenuItem, targets: Mapping[str, UUID]) -> menus.Item:
    """Pages and topics by id, so that the line follows their address; what commerce owns by its address."""
    children = tuple(_item(child, targets) for child in one.children)
    title, translations_of = one.title["en"], {"ru": one.title["ru"]}
    if one.target in ("page", "topic"):
        kind, target = ("node" if one.target == "page" else "category"), targets[f"{one.target}:{one.key}"]
        return menus.Item(
            title=title, translations=translations_of, children=children, target_type=kind, target_id=target
        )
    address = f"/categories/{one.key}" if one.target == "category" else one.key
    return menus.Item(title=title, translations=translations_of, children=children, url=address)


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
