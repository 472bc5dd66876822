"""Redirects: no chains, no shadows."""

import pytest
from sqlalchemy import select

from rustok.core.redirects import service as redirects
from rustok.events.content import RedirectCreated, RedirectDeleted
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def test_a_thing_that_moves_often_has_redirects_but_no_chain(context: Context) -> None:
    thing = generate_id()
    for old, new in (("a", "b"), ("b", "c"), ("c", "a")):
        await redirects.moved(context, "product", thing, old=old, new=new)

    assert await redirects.previous(context, "product", thing) == ["b", "c"]
    assert await context.session.scalar(select(redirects.previous_of("product", thing))) == ["b", "c"]


async def test_a_slug_leads_to_who_had_it_last(context: Context) -> None:
    first, second = generate_id(), generate_id()
    await redirects.moved(context, "product", first, old="a", new="b")
    await redirects.moved(context, "product", second, old="a", new="c")

    assert await redirects.find(context, "product", "a") == second
    assert RedirectDeleted(target_type="product", target_id=first, slug="a") in context.recorded
    assert RedirectCreated(target_type="product", target_id=second, slug="a") in context.recorded


async def test_two_things_may_swap_their_slugs(context: Context) -> None:
    first, second = generate_id(), generate_id()

    await redirects.moved_many(context, "product", [(first, "a", "b"), (second, "b", "a")])

    assert await redirects.find(context, "product", "a") is None
    assert await redirects.find(context, "product", "b") is None


async def test_making_and_removing_by_hand(context: Context) -> None:
    thing = generate_id()
    await redirects.create(context, "node:page", thing, slug="old")

    with pytest.raises(errors.Conflict):
        await redirects.create(context, "node:page", generate_id(), slug="old")
    for target_type, slug in (("node:page", "a b"), ("node:page", ""), ("Bad", "x"), ("a:b:c", "x")):
        with pytest.raises(errors.Invalid):
            await redirects.create(context, target_type, thing, slug=slug)
    assert await redirects.find(context, "node:page", "old") == thing
    await redirects.remove(context, "node:page", slug="old")
    with pytest.raises(errors.NotFound):
        await redirects.remove(context, "node:page", slug="old")
