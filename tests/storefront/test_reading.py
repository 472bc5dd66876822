"""Several reads in one statement say what they say alone, and neighbours are those that share something."""

import pytest
from tests.storefront.conftest import Shop

from rustok.index import alike, reads, together
from rustok.kernel import errors


async def test_reads_together_answer_as_they_do_alone(shop: Shop) -> None:
    products = shop.host.registry.sources["products"].entity
    content = shop.host.registry.sources["content"].entity
    async with shop.host.database.read(shop.tenant) as context:
        alone = (
            await reads.one(context, products, handle="mug"),
            await reads.page(context, products, where={"category": {"in": ["table"]}}, first=5, want_facets=True),
            await reads.page(context, content, query="words", want_count=True),
            await reads.one(context, content, kind="post", slug="nothing"),
            await reads.version(context),
        )

        with shop.statements() as sent:
            all_at_once = await together.read(
                context,
                lambda c: reads.one(c, products, handle="mug"),
                lambda c: reads.page(c, products, where={"category": {"in": ["table"]}}, first=5, want_facets=True),
                lambda c: reads.page(c, content, query="words", want_count=True),
                lambda c: reads.one(c, content, kind="post", slug="nothing"),
                lambda c: reads.version(c),
            )

    assert all_at_once == alone
    assert len(sent) == 1


async def test_a_refused_read_is_the_answer_to_all_of_them(shop: Shop) -> None:
    products = shop.host.registry.sources["products"].entity
    async with shop.host.database.read(shop.tenant) as context:
        with pytest.raises(errors.Invalid, match="sorted"):
            await together.read(
                context,
                lambda c: reads.page(c, products, sort="BY_MOOD"),
                lambda c: reads.one(c, products, handle="mug"),
            )

        assert await reads.one(context, products, handle="mug")


async def test_neighbours_share_something_and_the_nearest_come_first(shop: Shop) -> None:
    products = shop.host.registry.sources["products"].entity
    async with shop.host.database.read(shop.tenant) as context:
        near = await alike.to(context, products, by="category_ids", also="tag_slugs", first=6, handle="mug")
        nothing = await alike.to(context, products, by="category_ids", first=6, handle="bare")
        unknown = await alike.to(context, products, by="category_ids", first=6, handle="no'--such")

    assert len(near) == 6
    assert all(any(one["handle"] == "ceramics" for one in item["categories"]) for item in near)
    assert "mug" not in {item["handle"] for item in near}
    assert nothing == unknown == []
