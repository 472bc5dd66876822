"""Menus in GraphQL, for staff."""

from typing import Any

import strawberry

from rustok.core import permissions
from rustok.core.menus import service as menus
from rustok.core.menus.models import Menu
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.type(name="MenuItem", description="A link of a menu and what is below it.")
class MenuItemType:
    id: strawberry.ID
    title: str | None
    url: str | None
    target_type: str | None
    target_id: strawberry.ID | None
    translations: graphql.JSON
    children: list["MenuItemType"]

    @classmethod
    def of(cls, item: menus.Item) -> "MenuItemType":
        """From the service's value."""
        return cls(
            id=strawberry.ID(str(item.id)),
            title=item.title,
            url=item.url,
            target_type=item.target_type,
            target_id=strawberry.ID(str(item.target_id)) if item.target_id else None,
            translations=graphql.JSON(item.translations),
            children=[cls.of(child) for child in item.children],
        )


@strawberry.type(name="Menu", description="A named tree of links.")
class MenuType:
    id: strawberry.ID
    slug: str
    name: str
    version: int
    items: list[MenuItemType]


@strawberry.input(description="A link: to a target of type node, category or tag, or with a title and an address.")
class MenuItemInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="Of an item that the menu has already.")
    title: str | None = None
    url: str | None = None
    target_type: str | None = None
    target_id: strawberry.ID | None = None
    translations: graphql.JSON | None = strawberry.field(default=None, description="Titles by locale.")
    children: list["MenuItemInput"] = strawberry.field(default_factory=list)


@strawberry.type
class MenuPayload:
    menu: MenuType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MenuDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MenuQueries:
    @graphql.query(permission=permissions.MENUS_READ)
    async def menu(self, context: Context, slug: str) -> MenuType | None:
        found = await menus.find(context, slug)
        return await _whole(context, found) if found else None

    @graphql.query(permission=permissions.MENUS_READ)
    async def menus(self, context: Context) -> list[MenuType]:
        return [await _whole(context, menu) for menu in await menus.all_menus(context)]


@strawberry.type
class MenuMutations:
    @graphql.mutation(permission=permissions.MENUS_WRITE, description="Make a menu or change it; items replace all.")
    async def menu_save(
        self,
        context: Context,
        slug: str,
        name: str,
        items: list[MenuItemInput] | None = None,
        version: int | None = None,
    ) -> MenuPayload:
        wanted = [_item(item, 1) for item in items] if items is not None else None
        menu = await menus.save(context, slug, name=name, items=wanted, version=version)
        return MenuPayload(menu=await _whole(context, menu))

    @graphql.mutation(permission=permissions.MENUS_DELETE)
    async def menu_delete(self, context: Context, id: strawberry.ID) -> MenuDeletePayload:
        await menus.delete(context, graphql.to_id(id))
        return MenuDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))


async def _whole(context: Context, menu: Menu) -> MenuType:
    items = await menus.tree(context, menu.id)
    return MenuType(
        id=strawberry.ID(str(menu.id)),
        slug=menu.slug,
        name=menu.name,
        version=menu.version,
        items=[MenuItemType.of(item) for item in items],
    )


def _item(item: MenuItemInput, level: int) -> menus.Item:
    if level > menus.DEEPEST:
        raise errors.Invalid(f"a menu has at most {menus.DEEPEST} levels", field="items")
    words: Any = item.translations or {}
    if not isinstance(words, dict) or not all(isinstance(title, str) for title in words.values()):
        raise errors.Invalid("translations is a JSON object of titles by locale", field="translations")
    return menus.Item(
        id=graphql.to_id(item.id) if item.id else None,
        title=item.title,
        url=item.url,
        target_type=item.target_type,
        target_id=graphql.to_id(item.target_id) if item.target_id else None,
        translations=dict(words),
        children=tuple(_item(child, level + 1) for child in item.children),
    )


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [MenuQueries]
ADMIN_MUTATIONS: list[type] = [MenuMutations]
