"""Fields that one package adds to the type of another, and questions that are asked together."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import strawberry
from strawberry.types import Info

from rustok.kernel import graphql
from rustok.kernel.context import Actor, Context, TenantInfo
from rustok.kernel.db import Database

asked: list[list[int]] = []


@strawberry.type
class Thing:
    number: int


async def _doubled(_context: Context, numbers: Sequence[int], *, plus: int = 0) -> dict[int, int]:
    asked.append(list(numbers))
    return {number: 2 * number + plus for number in numbers if number != 3}


@graphql.addition(Thing, permission="things:read", description="Twice as many.")
async def doubled(self: Thing, info: Info[graphql.Operation, None], plus: int = 0) -> int | None:
    """The number doubled; of 3 nobody knows."""
    return await graphql.together(info, _doubled, self.number, plus=plus)


@graphql.addition(Thing, public="for the test")
async def number(self: Thing, info: Info[graphql.Operation, None]) -> int:
    """A field of a name that is taken."""
    return self.number


@strawberry.type
class Query:
    @graphql.query(public="for the test")
    async def things(self, context: Context) -> list[Thing]:
        return [Thing(number=number) for number in (1, 2, 3, 2)]


async def _ask(database: Database, tenant: TenantInfo, operation: str, *permissions: str) -> Any:
    actor = Actor(kind="user", permissions=frozenset(permissions))
    look: partial[AbstractAsyncContextManager[Context]] = partial(database.read, tenant, actor=actor)
    edge = graphql.Operation(tenant=tenant, actor=actor, locale="en", currency="EUR", work=look, look=look)
    asked.clear()
    answer = await strawberry.Schema(Query).execute(operation, context_value=edge)
    if answer.errors:
        return {getattr(error.original_error, "code", str(error)) for error in answer.errors}
    return answer.data


async def test_what_is_added_is_asked_once_for_all_and_of_those_who_may(database: Database, tenant: TenantInfo) -> None:
    graphql.add([doubled], "things")
    graphql.add([doubled], "things")
    with pytest.raises(TypeError, match="number already"):
        graphql.add([number])

    found = await _ask(database, tenant, "{ things { doubled odd: doubled(plus: 1) } }", "things:read")
    assert [one["doubled"] for one in found["things"]] == [2, 4, None, 4]
    assert [one["odd"] for one in found["things"]] == [3, 5, None, 5]
    assert asked == [[1, 2, 3], [1, 2, 3]]

    assert await _ask(database, tenant, "{ things { doubled } }") == {"forbidden"}
    without = replace(tenant, disabled_modules=frozenset({"things"}))
    assert await _ask(database, without, "{ things { doubled } }", "things:read") == {"module_disabled"}
    assert asked == []
