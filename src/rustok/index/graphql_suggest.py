"""Suggestions while somebody types, as GraphQL shows them."""

import enum
from collections.abc import Sequence

import strawberry

from rustok.index import suggesting


@strawberry.enum(name="SuggestionKind")
class Kind(enum.Enum):
    """What a suggestion is good for."""

    WORDS = strawberry.enum_value("words", description="To be searched for; it has no type, id and handle.")
    THING = strawberry.enum_value("thing", description="To be gone to.")


@strawberry.type(name="Suggestion", description="What somebody who types may mean.")
class SuggestionType:
    kind: Kind
    text: str
    type_name: str | None = strawberry.field(description="The GraphQL type of the thing: Product, Category, Content.")
    id: strawberry.ID | None
    handle: str | None = strawberry.field(description="What names the thing in addresses.")


def shown(found: Sequence[suggesting.Suggestion]) -> list[SuggestionType]:
    """As GraphQL shows them."""
    return [
        SuggestionType(
            kind=Kind.THING if one.id else Kind.WORDS,
            text=one.text,
            type_name=one.type_name,
            id=strawberry.ID(str(one.id)) if one.id else None,
            handle=one.handle,
        )
        for one in found
    ]
