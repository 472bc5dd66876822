"""Comments as personal data: who wrote them is forgotten, what they say stays in its thread."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from rustok.core import rows
from rustok.core.content import telling, writing
from rustok.core.content.models import Body, Node
from rustok.core.content.reading import COMMENT
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject


async def export(context: Context, subject: Subject) -> Any:
    """Everything that somebody wrote: comments, and posts of who was an author."""
    found = await context.session.execute(
        select(Node, Body.body)
        .outerjoin(Body, (Body.tenant_id == Node.tenant_id) & (Body.node_id == Node.id))
        .where(Node.tenant_id == context.tenant_id, _by(subject))
        .order_by(Node.created_at, Node.id)
    )
    return [
        {
            "kind": node.kind,
            "title": node.title,
            "text": text,
            "about": node.root_id,
            "author_name": node.author_name,
            "author_url": node.author_url,
            "status": node.status,
            "created_at": node.created_at,
        }
        for node, text in found
    ]


async def erase(context: Context, subject: Subject) -> None:
    """Let nobody be named as the author of what somebody wrote."""
    written = await context.session.execute(
        update(Node)
        .where(Node.tenant_id == context.tenant_id, _by(subject))
        .values(author_id=None, author_name=None, author_url=None, author_email_hash=None, updated_at=context.now)
        .returning(Node.id, Node.kind, Node.root_id)
        .execution_options(synchronize_session=False)
    )
    telling.about(context, {row.root_id if row.kind == COMMENT else row.id for row in written})


def _by(subject: Subject) -> ColumnElement[bool]:
    hashes = [known for address in subject.addresses if (known := writing.email_hash(address)) is not None]
    theirs = rows.is_one_of_texts(Node.author_email_hash, hashes)
    return theirs if subject.user_id is None else or_(Node.author_id == subject.user_id, theirs)


PART = PersonalData("comments", export, erase)
