"""What `links_of` builds, as every indexed entity declares it."""

from rustok.kernel.indexing import Field, Kind, Shape

TAG_LINK = Shape("TagLink", (Field("name", Kind.TEXT, required=True), Field("slug", Kind.TEXT, required=True)))
