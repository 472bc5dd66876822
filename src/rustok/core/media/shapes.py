"""What `image_of` builds, as every indexed entity declares it."""

from rustok.kernel.indexing import Field, Kind, Shape

IMAGE_SOURCE = Shape(
    "ImageSource",
    (
        Field("url", Kind.TEXT, required=True),
        Field("width", Kind.INT),
        Field("height", Kind.INT),
        Field("format", Kind.TEXT),
    ),
    description="The same picture in another size or format.",
)
IMAGE = Shape(
    "Image",
    (
        Field("id", Kind.ID, required=True),
        Field("url", Kind.TEXT, required=True),
        Field("alt_text", Kind.TEXT),
        Field("width", Kind.INT),
        Field("height", Kind.INT),
        Field("focal_x", Kind.FLOAT),
        Field("focal_y", Kind.FLOAT),
        Field("sources", IMAGE_SOURCE, many=True, required=True),
    ),
    description="A picture; width and height are unknown until it has been fetched.",
)
