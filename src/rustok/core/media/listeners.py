"""What media do when something happened to them."""

from sqlalchemy import select

from rustok.core.media import naming, storing
from rustok.core.media.models import Media
from rustok.events.core import MediaDeleted
from rustok.kernel.context import Context
from rustok.kernel.module import Listener


async def when_media_is_deleted_remove_its_files(event: MediaDeleted, context: Context) -> None:
    """Every file has a folder of its own, which goes with it. May be said twice: an empty folder is easily emptied."""
    remains = select(Media.id).where(Media.tenant_id == context.tenant_id, Media.id == event.media_id)
    if await context.session.scalar(remains) is None:
        folder = naming.storage_folder(context.tenant_id, event.media_id)
        await storing.library_of(context).storage.remove_folder(folder)


LISTENERS = (Listener("media.remove_files", (MediaDeleted,), when_media_is_deleted_remove_its_files),)
