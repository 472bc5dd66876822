"""Menus as verbs: a menu is saved whole, as a tree of items, because that is how people arrange one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlalchemy import insert, select

from rustok.core import texts
from rustok.core.menus.models import Menu, MenuItem
from rustok.core.translations import service as translations
from rustok.events.content import MenuDeleted, MenuUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

ITEM = "menu_item"
DEEPEST = 4
MOST_ITEMS = 500
OWN_ADDRESS = frozenset({"node", "category", "tag"})
"""Targets whose address and title the read model finds by itself; all others need a `url` and a `title`."""
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A link and what is below it. `id` keeps an item's translations when the menu is saved again."""

    title: str | None = None
    url: str | None = None
    target_type: str | None = None
    target_id: UUID | None = None
    children: tuple["Item", ...] = ()
    id: UUID | None = None
    translations: dict[str, str] = field(default_factory=dict)
    """Titles by locale."""


async def save(
    context: Context, slug: str, *, name: str, items: Sequence[Item] | None = None, version: int | None = None
) -> Menu:
    """Make or change the menu of that slug; items, if they are said, replace all that it had."""
    if not _SLUG.fullmatch(slug):
        raise errors.Invalid("a menu's slug has small letters, digits, '-' and '_'", field="slug")
    shown = texts.check_line(name, field="name")
    menu = await find(context, slug, lock=True)
    if menu is None:
        if version is not None:
            raise errors.NotFound("there is no such menu", field="slug")
        menu = Menu(tenant_id=context.tenant_id, id=generate_id(), slug=slug, name=shown, version=1)
        context.session.add(menu)
        await context.session.flush()
    else:
        if version is not None and version != menu.version:
            raise errors.Stale("the menu was changed by somebody else", field="version")
        if menu.name == shown and (items is None or await tree(context, menu.id) == _completed(items)):
            return menu
        menu.name = shown
        menu.version += 1
        menu.updated_at = context.now
        await context.session.flush()
    if items is not None:
        await _replace(context, menu.id, items)
    bus.record(context, MenuUpdated(menu_id=menu.id))
    return menu


async def find(context: Context, slug: str, *, lock: bool = False) -> Menu | None:
    """The menu of that slug."""
    statement = select(Menu).where(Menu.slug == slug).execution_options(populate_existing=True)
    return await context.session.scalar(statement.with_for_update(key_share=True) if lock else statement)


async def get(context: Context, menu_id: UUID) -> Menu:
    """The menu; raises `NotFound`."""
    menu = await context.session.scalar(
        select(Menu).where(Menu.id == menu_id).execution_options(populate_existing=True)
    )
    if menu is None:
        raise errors.NotFound("there is no such menu")
    return menu


async def all_menus(context: Context) -> list[Menu]:
    """Every menu by slug; a tenant has a handful."""
    return list(await context.session.scalars(select(Menu).order_by(Menu.slug).limit(200)))


async def tree(context: Context, menu_id: UUID) -> tuple[Item, ...]:
    """The menu's items as they were saved."""
    found = list(
        await context.session.scalars(
            select(MenuItem).where(MenuItem.menu_id == menu_id).order_by(MenuItem.position, MenuItem.id)
        )
    )
    words = await translations.get_many(context, ITEM, [item.id for item in found])

    def below(parent_id: UUID | None) -> tuple[Item, ...]:
        return tuple(
            Item(
                id=item.id,
                title=item.title,
                url=item.url,
                target_type=item.target_type,
                target_id=item.target_id,
                children=below(item.id),
                translations={
                    locale: fields["title"] for locale, fields in words.get(item.id, {}).items() if "title" in fields
                },
            )
            for item in found
            if item.parent_id == parent_id
        )

    return below(None)


async def delete(context: Context, menu_id: UUID) -> None:
    """Delete the menu with its items; raises `NotFound`."""
    menu = await get(context, menu_id)
    ids = list(await context.session.scalars(select(MenuItem.id).where(MenuItem.menu_id == menu_id)))
    await translations.delete_all(context, ITEM, ids)
    await context.session.delete(menu)
    await context.session.flush()
    bus.record(context, MenuDeleted(menu_id=menu_id))


def _completed(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items as `tree` would give them back, to see whether anything changed."""
    return tuple(
        Item(
            id=item.id,
            title=_title(item),
            url=check_url(item.url),
            target_type=item.target_type,
            target_id=item.target_id,
            children=_completed(item.children),
            translations=dict(item.translations),
        )
        for item in items
    )


async def _replace(context: Context, menu_id: UUID, items: Sequence[Item]) -> None:
    before = set(await context.session.scalars(select(MenuItem.id).where(MenuItem.menu_id == menu_id)))
    written: list[dict[str, Any]] = []
    words: list[tuple[UUID, str, dict[str, str | None]]] = []
    seen: set[UUID] = set()

    def place(level: Sequence[Item], parent_id: UUID | None, depth: int) -> None:
        if level and depth >= DEEPEST:
            raise errors.Invalid(f"a menu has at most {DEEPEST} levels", field="items")
        for position, item in enumerate(level):
            item_id = item.id if item.id in before and item.id not in seen else generate_id()
            seen.add(item_id)
            written.append(_values(context, menu_id, item_id, parent_id, position, item))
            words.extend((item_id, locale, {"title": title}) for locale, title in item.translations.items())
            place(item.children, item_id, depth + 1)

    place(items, None, 0)
    if len(written) > MOST_ITEMS:
        raise errors.Invalid(f"a menu has at most {MOST_ITEMS} items", field="items")
    await context.session.execute(
        sql_delete(MenuItem).where(MenuItem.menu_id == menu_id).execution_options(synchronize_session=False)
    )
    if written:
        await context.session.execute(insert(MenuItem), written)
    await translations.delete_all(context, ITEM, before - seen)
    await translations.set_many(context, ITEM, words)


def _values(
    context: Context, menu_id: UUID, item_id: UUID, parent_id: UUID | None, position: int, item: Item
) -> dict[str, Any]:
    title, url = _title(item), check_url(item.url)
    if (item.target_type is None) != (item.target_id is None):
        raise errors.Invalid("a target has a type and an id", field="targetId")
    if item.target_type is not None:
        translations.check_target_type(item.target_type)
    if item.target_type not in OWN_ADDRESS and not title:
        raise errors.Invalid("a menu item needs a title", field="title")
    return {
        "tenant_id": context.tenant_id,
        "id": item_id,
        "menu_id": menu_id,
        "parent_id": parent_id,
        "position": position,
        "title": title,
        "target_type": item.target_type,
        "target_id": item.target_id,
        "url": url,
    }


def _title(item: Item) -> str | None:
    if item.title is None:
        return None
    return texts.check_line(" ".join(item.title.split()), field="title", required=False) or None


def check_url(url: str | None) -> str | None:
    """A path on this site, a place on the page, or an absolute address that a browser may follow."""
    if url is None or not url.strip():
        return None
    line = texts.check_line(url, field="url", longest=500)
    if any(c in line for c in "\"'<>\\` "):
        raise errors.Invalid("url is not an address", field="url")
    try:
        parts = urlsplit(line)
    except ValueError:
        raise errors.Invalid("url is not an address", field="url") from None
    if line.startswith("//") or parts.scheme not in ("", "http", "https", "mailto", "tel"):
        raise errors.Invalid("url must be a path or begin with https://, http://, mailto: or tel:", field="url")
    if not parts.scheme and not line.startswith(("/", "#", "?")):
        raise errors.Invalid("url must be a path or begin with https://, http://, mailto: or tel:", field="url")
    return line
