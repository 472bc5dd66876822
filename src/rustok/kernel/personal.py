"""Personal data: what a module holds of somebody, how it hands that out, and how it forgets it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data is asked for: an account's, or that of a guest who is known by an address alone.

    `addresses` are those that are proven to be theirs, in the stored spelling. A stranger can make an account with
    anybody's address: until it is proven, nothing may be looked up by it.
    """

    user_id: UUID | None
    addresses: frozenset[str]
    pseudonym: str  # an address of nobody, for what must name somebody


@dataclass(frozen=True)
class PersonalData:
    """A module's part of it, named among its `offers`.

    `export` answers with JSON (times, ids and decimals may stand as they are), and with nothing where there is nothing.
    `erase` removes it or replaces it by the subject's pseudonym; it may be asked twice. `keeps` names what must come to
    an end before: as long as some module names something, nothing is erased. Amounts, numbers and what tax law wants
    may stay.
    """

    name: str
    export: Callable[[Context, Subject], Awaitable[Any]]
    erase: Callable[[Context, Subject], Awaitable[None]]
    keeps: Callable[[Context, Subject], Awaitable[Sequence[str]]] | None = None
