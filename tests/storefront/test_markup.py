"""The pages as machines and assistive technology read them: headings, labels, names, landmarks, ids."""

import re
from itertools import pairwise

import pytest
from lxml import html
from tests.storefront.conftest import Shop
from tests.storefront.test_pages import PAGES

NAMED = "normalize-space(.) or @aria-label or .//img[normalize-space(@alt)]"


@pytest.mark.parametrize("path", [*PAGES, "/nothing-here", "/blog/post-0?reply=x"])
async def test_a_page_is_well_formed_and_can_be_read_aloud(shop: Shop, path: str) -> None:
    response = await shop.get(path)

    page = html.document_fromstring(response.text)

    assert len(page.xpath("//h1")) == 1
    levels = [int(h.tag[1]) for h in page.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]")]
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    assert len(page.xpath("//main")) == 1
    assert page.xpath("//header")
    assert page.xpath("//footer")
    assert page.xpath("//a[@href='#content']")
    assert not page.xpath("//img[not(@alt)]")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    for field in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        labelled = field.xpath("ancestor::label") or page.xpath(f"//label[@for='{field.get('id')}']")
        assert labelled, field.attrib
    for target in page.xpath("//@aria-labelledby | //@aria-describedby | //label/@for"):
        assert target in ids, target
    for link in page.xpath("//a | //button"):
        assert link.xpath(f"boolean({NAMED})"), (link.tag, dict(link.attrib))
    assert not re.search(r"\b(None|Undefined|undefined)\b", page.xpath("string(//main)")), path
    for nav in page.xpath("//nav"):
        assert nav.get("aria-label") or nav.get("aria-labelledby")


async def test_the_first_picture_is_fetched_first_and_the_others_when_they_are_near(shop: Shop) -> None:
    page = await shop.page("/products/mug")
    first, *rest = page.xpath("//main//img")

    assert first.get("fetchpriority") == "high"
    assert all(one.get("loading") == "lazy" for one in rest)
