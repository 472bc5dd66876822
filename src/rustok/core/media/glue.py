"""How a file looks inside other people's documents, as SQL that a larger select is glued from."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, case, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

from rustok.core.media.models import Media

# Where the host serves stored files; `/media/` + `storage_path` is a file's address.
ADDRESS = "/media/"
_ADDRESS: ColumnElement[str] = literal_column(f"'{ADDRESS}'", Text)


def image_of(media_id: SQLColumnExpression[Any] | UUID | None) -> ColumnElement[Any]:
    """The picture as `{id,url,alt_text,width,height,focal_x,focal_y,sources}`; SQL NULL where there is no such picture.

    `sources` are the renditions as `{url,width,height,format}`; a picture that is not fetched yet has its remote
    address as `url`, no size and no sources. Correlates with any enclosing select, at any depth.
    """
    media = aliased(Media)
    rendition = (
        func.jsonb_array_elements(media.renditions)
        .table_valued("value", with_ordinality="position", joins_implicitly=True)
        .render_derived()
    )
    value = cast(rendition.c.value, JSONB)
    source = func.jsonb_build_object(
        "url",
        _ADDRESS.concat(value["path"].astext),
        "width",
        value["width"],
        "height",
        value["height"],
        "format",
        value["format"],
    )
    sources = (
        select(func.jsonb_agg(aggregate_order_by(source, rendition.c.position)))
        .select_from(rendition)
        .correlate_except(rendition)
        .scalar_subquery()
    )
    image = func.jsonb_build_object(
        "id",
        media.id,
        "url",
        case((media.storage_path.is_not(None), _ADDRESS.concat(media.storage_path)), else_=media.remote_url),
        "alt_text",
        func.coalesce(media.alt_text, ""),
        "width",
        media.width,
        "height",
        media.height,
        "focal_x",
        media.focal_x,
        "focal_y",
        media.focal_y,
        "sources",
        func.coalesce(sources, literal_column("'[]'::jsonb")),
        type_=JSONB,
    )
    return (
        select(image)
        .where(media.id == media_id, or_(media.mime_type.is_(None), media.mime_type.startswith("image/")))
        .correlate_except(media)
        .scalar_subquery()
    )
