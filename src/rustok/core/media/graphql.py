"""Files in GraphQL, for staff. Bytes are sent over REST, to `/admin/media`."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from msgspec import UNSET
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.media import service as media
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context

_MOST_ADDRESSES = 250


@strawberry.enum(name="MediaStatus", description="Where a file's bytes are.")
class MediaStatusEnum(Enum):
    STORED = media.Status.STORED.value
    REMOTE = media.Status.REMOTE.value
    FAILED = media.Status.FAILED.value


@strawberry.type(description="A picture drawn in one width and format.")
class MediaSource:
    url: str
    width: int
    height: int
    format: str


@strawberry.type(description="Where the eye should be led when a picture is cropped: from 0, 0 (top left) to 1, 1.")
class FocalPoint:
    x: float
    y: float


@strawberry.input(name="FocalPointInput", description="From 0, 0 (top left) to 1, 1.")
class FocalPointInput:
    x: float
    y: float


@strawberry.type(name="Media", description="A file: stored with us, or known by its remote address.")
class MediaType:
    id: strawberry.ID
    url: str
    filename: str
    original_name: str
    mime_type: str | None
    size: graphql.BigInt
    width: int | None
    height: int | None
    alt_text: str | None
    focal_point: FocalPoint | None
    sources: list[MediaSource]
    status: MediaStatusEnum
    remote_url: str | None
    fetch_attempts: int
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, stored: media.Media) -> "MediaType":
        """From the stored row."""
        has_focus = stored.focal_x is not None and stored.focal_y is not None
        return cls(
            id=strawberry.ID(str(stored.id)),
            url=f"{media.ADDRESS}{stored.storage_path}" if stored.storage_path else stored.remote_url or "",
            filename=stored.filename,
            original_name=stored.original_name,
            mime_type=stored.mime_type,
            size=graphql.BigInt(stored.size),
            width=stored.width,
            height=stored.height,
            alt_text=stored.alt_text,
            focal_point=FocalPoint(x=stored.focal_x or 0, y=stored.focal_y or 0) if has_focus else None,
            sources=[
                MediaSource(url=f"{media.ADDRESS}{r['path']}", width=r["width"], height=r["height"], format=r["format"])
                for r in stored.renditions
            ],
            status=MediaStatusEnum(stored.status),
            remote_url=stored.remote_url,
            fetch_attempts=stored.fetch_attempts,
            last_error=stored.last_error,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
            version=stored.version,
        )


@strawberry.input(description="What is absent stays as it is; null removes.")
class MediaUpdateInput:
    version: int
    alt_text: str | None = strawberry.UNSET
    focal_point: FocalPointInput | None = strawberry.UNSET
    filename: str | None = strawberry.UNSET


@strawberry.input
class RemotePictureInput:
    url: str
    alt_text: str | None = None


@strawberry.type
class MediaPayload:
    media: MediaType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MediaDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MediaRegisterRemotePayload:
    media: list[MediaType] = strawberry.field(default_factory=list)
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MediaQueries:
    @graphql.query(permission=permissions.MEDIA_READ)
    async def media(self, context: Context, id: strawberry.ID) -> MediaType | None:
        found = await media.get(context, graphql.to_id(id))
        return MediaType.of(found) if found else None

    @graphql.query(permission=permissions.MEDIA_READ, description="Files, the newest first.")
    async def media_list(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        mime_type: str | None = None,
        status: MediaStatusEnum | None = None,
    ) -> graphql.Connection[MediaType]:
        found = media.listed(
            context, query=query or "", mime_type=mime_type, status=media.Status(status.value) if status else None
        )
        page = await paging.page(
            context,
            found,
            keys=[(media.Media.created_at, paging.DESC), (media.Media.id, paging.DESC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, MediaType.of, statement=found)


@strawberry.type
class MediaMutations:
    @graphql.mutation(permission=permissions.MEDIA_WRITE, description="Change a file's text, focal point or name.")
    async def media_update(self, context: Context, id: strawberry.ID, input: MediaUpdateInput) -> MediaPayload:
        changes: dict[str, Any] = {}
        if graphql.given(input.alt_text):
            changes["alt_text"] = input.alt_text
        if graphql.given(input.focal_point):
            point = input.focal_point
            changes["focal_point"] = (point.x, point.y) if point else None
        if graphql.given(input.filename):
            changes["filename"] = input.filename or UNSET
        changed = await media.update(context, graphql.to_id(id), version=input.version, **changes)
        return MediaPayload(media=MediaType.of(changed))

    @graphql.mutation(
        permission=permissions.MEDIA_WRITE,
        description="Know pictures by their addresses, without fetching them yet. Answers in the order of the input.",
    )
    async def media_register_remote(
        self, context: Context, pictures: list[RemotePictureInput]
    ) -> MediaRegisterRemotePayload:
        if len(pictures) > _MOST_ADDRESSES:
            raise errors.Invalid(f"at most {_MOST_ADDRESSES} addresses at once", field="pictures")
        known = await media.register_remote_many(context, [(one.url, one.alt_text) for one in pictures])
        for position, one in enumerate(pictures):
            if one.url not in known:
                raise errors.Invalid("this is no web address of a picture", field=("pictures", str(position), "url"))
        found = await media.get_many(context, list(known.values()))
        return MediaRegisterRemotePayload(media=[MediaType.of(found[known[one.url]]) for one in pictures])

    @graphql.mutation(
        permission=permissions.MEDIA_WRITE,
        description="Fetch a remote picture now. What goes wrong is kept in the file's `lastError`.",
    )
    async def media_fetch_remote(self, context: Context, id: strawberry.ID) -> MediaPayload:
        return MediaPayload(media=MediaType.of(await media.fetch_remote(context, graphql.to_id(id))))

    @graphql.mutation(permission=permissions.MEDIA_DELETE, description="Remove a file and its bytes.")
    async def media_delete(self, context: Context, id: strawberry.ID) -> MediaDeletePayload:
        media_id = graphql.to_id(id)
        await media.delete(context, media_id)
        return MediaDeletePayload(deleted_id=strawberry.ID(str(media_id)))

    @graphql.mutation(permission=permissions.MEDIA_DELETE, description="Remove files and their bytes.")
    async def media_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await media.delete_many(context, graphql.to_ids(ids)))


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [MediaQueries]
ADMIN_MUTATIONS: list[type] = [MediaMutations]
