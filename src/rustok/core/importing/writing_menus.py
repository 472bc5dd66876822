"""Write a WordPress site's menus, when everything that they point at is there."""

import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TypeAlias

from rustok.core.importing import addresses
from rustok.core.importing.site import Menu, MenuItem, Site
from rustok.core.importing.writing_terms import Known
from rustok.core.menus import service as menus
from rustok.core.menus.service import Item
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.importing import Summary

OpenContext: TypeAlias = Callable[[], AbstractAsyncContextManager[Context]]
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


async def write(open_context: OpenContext, site: Site, source: str, known: Known, summary: Summary) -> None:
    """Each menu is saved whole; a line whose target is not there is left out, and what is below it moves up."""
    for menu in site.menus:
        slug = menu.slug if _SLUG.fullmatch(menu.slug) else f"menu-{zlib.crc32(menu.slug.encode()):08x}"
        items = _items(menu, menu.items, site, source, known, summary, depth=1)
        try:
            async with open_context() as context:
                stored = await menus.find(context, slug)
                same = (
                    stored is not None
                    and stored.name == menu.name
                    and _bare(await menus.tree(context, stored.id)) == _bare(items)
                )
                if not same:
                    await menus.save(context, slug, name=menu.name, items=items)
        except errors.RustokError as error:
            summary.skip(None, str(error), f"menu {menu.name}"[:100])
            continue
        summary.count("menu", created=stored is None, updated=stored is not None and not same, unchanged=same)


def _items(
    menu: Menu,
    lines: Sequence[MenuItem],
    site: Site,
    source: str,
    known: Known,
    summary: Summary,
    *,
    depth: int,
) -> tuple[Item, ...]:
    """The lines as items; levels deeper than menus have here stand beside the last one."""
    items: list[Item] = []
    for line in lines:
        item = _item(line, site, source, known)
        below = _items(menu, line.children, site, source, known, summary, depth=depth + 1)
        if item is None:
            summary.warn(None, f"what the menu points at is not there: {line.title or line.object}", menu.name[:100])
            items += below
        elif depth >= menus.DEEPEST:
            items += (item, *below)
        else:
            items.append(replace(item, children=below))
    return tuple(items)


def _item(line: MenuItem, site: Site, source: str, known: Known) -> Item | None:
    title = line.title or None
    if line.kind == "post_type":
        node = known.nodes.get(f"{source}:{line.object_id}")
        return Item(title=title, target_type="node", target_id=node) if node else None
    if line.kind == "taxonomy":
        taxonomy, slug = site.term_ids.get(line.object_id, (line.object, ""))
        if taxonomy == "category" and slug in known.categories:
            return Item(title=title, target_type="category", target_id=known.categories[slug])
        if taxonomy == "post_tag" and slug in known.tags:
            return Item(title=title, target_type="tag", target_id=known.tags[slug])
        return None
    url = addresses.here(site, line.url) or line.url.strip()
    if url and not re.match(r"[a-z][a-z0-9+.-]*:|[/#?]", url, re.IGNORECASE):
        url = f"/{url}"
    try:
        checked = menus.check_url(url)
    except errors.RustokError:
        return None
    return Item(title=title, url=checked) if title and checked else None


def _bare(items: Sequence[Item]) -> tuple[Item, ...]:
    """Without the ids and translations that only this side knows."""
    return tuple(replace(item, id=None, translations={}, children=_bare(item.children)) for item in items)
