"""Names, places and versions of nodes: rules that all verbs share."""

from uuid import UUID

from sqlalchemy import select

from rustok.core import trees
from rustok.core.content import reading
from rustok.core.content.models import Node
from rustok.core.content.reading import COMMENT, TARGET
from rustok.kernel import errors, slugs
from rustok.kernel.context import Context


def check_version(node: Node, version: int | None) -> None:
    """Raise `Stale` when somebody else has written since the caller looked."""
    if version is not None and version != node.version:
        raise errors.Stale("it was changed by somebody else in the meantime", field="version")


def redirect_target(kind: str) -> str:
    """The target type of redirects of nodes: slugs are unique per kind."""
    return f"{TARGET}:{kind}"


async def new_slug(context: Context, kind: str, slug: str | None, title: str | None) -> str:
    """The wished slug if it is free, or a free one made from the title."""
    if slug is not None:
        wanted = slugs.check_slug(slug)
        if await reading.find(context, kind, wanted) is not None:
            raise errors.Conflict(f"there is a {kind} {wanted!r} already", field="slug")
        return wanted
    wish = slugs.slugify(title or "", fallback=kind)
    taken = await context.session.scalars(
        select(Node.slug).where(Node.kind == kind, Node.slug.startswith(wish, autoescape=True))
    )
    return slugs.unique(wish, {one for one in taken if one})


async def parent_of_pages(context: Context, parent_id: UUID) -> Node:
    """The node that others are to be put below; raises `NotFound`, `Invalid` and `TooDeep`."""
    parent = await reading.get(context, parent_id, field="parentId")
    if parent.kind == COMMENT:
        raise errors.Invalid("nothing but comments can be below a comment", field="parentId")
    if parent.depth + 1 >= trees.DEEPEST:
        raise trees.TooDeep(f"the tree would be deeper than {trees.DEEPEST} levels", field="parentId")
    return parent


async def last_position(context: Context, kind: str, parent_id: UUID | None) -> int:
    """Behind the siblings, where an order means something: posts at the top are sorted by date."""
    if parent_id is None and kind != "page":
        return 0
    return await trees.next_position(context, Node, parent_id)
