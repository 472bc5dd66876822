"""Finding files, saying what they show and where to look, and removing them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy import Select, or_, select
from sqlalchemy import delete as delete_from

from rustok.core.media import naming
from rustok.core.media.models import Media, Status
from rustok.events.core import MediaDeleted, MediaUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context


class MediaNotFound(errors.NotFound):
    """There is no such file in this tenant."""

    code = "media_not_found"


async def get(context: Context, media_id: UUID) -> Media | None:
    """The file, or None."""
    found: Media | None = await context.session.get(Media, (context.tenant_id, media_id))
    return found


async def get_many(context: Context, media_ids: Sequence[UUID]) -> dict[UUID, Media]:
    """The files that exist among these, by id."""
    found = await context.session.scalars(
        select(Media).where(Media.tenant_id == context.tenant_id, Media.id.in_(media_ids))
    )
    return {media.id: media for media in found}


async def ids_by_name(context: Context, names: Collection[str]) -> dict[str, UUID]:
    """Files by the name under which they came; of several with one name, the newest."""
    found = await context.session.execute(
        select(Media.original_name, Media.id)
        .where(Media.tenant_id == context.tenant_id, Media.original_name.in_(names))
        .order_by(Media.id)
    )
    return dict(found.tuples().all())


def listed(
    context: Context, *, query: str = "", mime_type: str | None = None, status: Status | None = None
) -> Select[Media]:
    """A select of the tenant's files: `query` is looked for in names and texts, `mime_type` may end in `/`."""
    statement = select(Media).where(Media.tenant_id == context.tenant_id)
    for word in query.replace("\x00", " ").split()[:8]:
        statement = statement.where(
            or_(
                Media.filename.icontains(word, autoescape=True),
                Media.original_name.icontains(word, autoescape=True),
                Media.alt_text.icontains(word, autoescape=True),
            )
        )
    if mime_type is not None:
        kind = Media.mime_type
        statement = statement.where(
            kind.startswith(mime_type, autoescape=True) if mime_type.endswith("/") else kind == mime_type
        )
    if status is not None:
        statement = statement.where(Media.status == status)
    return statement


async def update(
    context: Context,
    media_id: UUID,
    *,
    version: int | None = None,
    alt_text: str | UnsetType | None = UNSET,
    focal_point: tuple[float, float] | UnsetType | None = UNSET,
    filename: str | UnsetType = UNSET,
) -> Media:
    """Change what is given. The focal point is (x, y), each from 0 to 1; raises `Stale` on another `version`."""
    media = await _locked(context, media_id)
    if version is not None and media.version != version:
        raise errors.Stale("the file was changed by somebody else in between", field="version")
    before = (media.alt_text, media.focal_x, media.focal_y, media.filename)
    if alt_text is not UNSET:
        media.alt_text = naming.check_alt_text(alt_text)
    if focal_point is not UNSET:
        media.focal_x, media.focal_y = _checked(focal_point)
    if filename is not UNSET:
        name = naming.clean_name(filename)
        media.filename = naming.with_ending(name, media.storage_path.rpartition(".")[2]) if media.storage_path else name
    if (media.alt_text, media.focal_x, media.focal_y, media.filename) != before:
        media.version += 1
        await context.session.flush()
        bus.record(context, MediaUpdated(media_id=media.id))
    return media


def _checked(point: tuple[float, float] | None) -> tuple[float, float] | tuple[None, None]:
    if point is None:
        return None, None
    if not all(0 <= value <= 1 for value in point):  # false for NaN too
        raise errors.Invalid("a focal point lies between 0 and 1", field="focal_point")
    return point


async def delete(context: Context, media_id: UUID) -> None:
    """Remove a file; its bytes go when the transaction has been committed, by `when_media_is_deleted_…`."""
    if not await delete_many(context, [media_id]):
        raise MediaNotFound("there is no such file", field="id")


async def delete_many(context: Context, media_ids: Sequence[UUID]) -> int:
    """Remove those of the files that exist, and say how many that were."""
    gone = list(
        await context.session.scalars(
            delete_from(Media).where(Media.tenant_id == context.tenant_id, Media.id.in_(media_ids)).returning(Media.id)
        )
    )
    bus.record_many(context, [MediaDeleted(media_id=media_id) for media_id in gone])
    return len(gone)


async def _locked(context: Context, media_id: UUID) -> Media:
    media: Media | None = await context.session.scalar(
        select(Media)
        .where(Media.tenant_id == context.tenant_id, Media.id == media_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if media is None:
        raise MediaNotFound("there is no such file", field="id")
    return media
