"""What becomes visible by itself when its time has come."""

from sqlalchemy import select

from rustok.core.content import publishing
from rustok.core.content.models import Node, Status
from rustok.kernel.context import Context
from rustok.kernel.module import Timer

_AT_ONCE = 200


async def publish_scheduled_nodes(context: Context) -> None:
    """Publish every scheduled node whose time has come; two processes never take the same one."""
    due = await context.session.scalars(
        select(Node.id)
        .where(Node.status == Status.SCHEDULED, Node.published_at <= context.now)
        .order_by(Node.published_at, Node.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
    )
    for node_id in list(due):
        await publishing.publish(context, node_id)


timer = Timer(name="publish_scheduled_nodes", every_seconds=5, run=publish_scheduled_nodes)
