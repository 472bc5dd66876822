"""What `meta_of` builds, as every indexed entity declares it: one GraphQL type for products, pages and categories."""

from rustok.kernel.indexing import Field, Kind, Shape

SEO = Shape(
    "Seo",
    (
        Field("title", Kind.TEXT),
        Field("description", Kind.TEXT),
        Field("keywords", Kind.TEXT),
        Field("og_title", Kind.TEXT),
        Field("og_description", Kind.TEXT),
        Field("og_image", Kind.TEXT),
        Field("og_type", Kind.TEXT),
        Field("twitter_card", Kind.TEXT),
        Field("no_index", Kind.BOOL, required=True),
        Field("no_follow", Kind.BOOL, required=True),
        Field("canonical_url", Kind.TEXT),
        Field("structured_data", Kind.JSON),
    ),
    description="What search engines and social networks are told.",
)
