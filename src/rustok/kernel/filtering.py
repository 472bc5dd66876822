"""What the query string of an export says, as values; whatever is not understood is refused, naming the filter."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from rustok.kernel import errors, ids

Choice = TypeVar("Choice", bound=StrEnum)


def choice(filters: Mapping[str, str], name: str, kind: type[Choice]) -> Choice | None:
    """One of the values of `kind`; None where nothing is said."""
    said = filters.get(name)
    if not said:
        return None
    try:
        return kind(said)
    except ValueError:
        raise errors.Invalid(f"{name} is one of: {', '.join(kind)}", field=name) from None


def flag(filters: Mapping[str, str], name: str) -> bool | None:
    """`true` or `false`; None where nothing is said."""
    said = filters.get(name)
    if not said:
        return None
    if said not in ("true", "false"):
        raise errors.Invalid(f"{name} is true or false", field=name)
    return said == "true"


def moment(filters: Mapping[str, str], name: str) -> datetime | None:
    """A time with its zone; None where nothing is said."""
    said = filters.get(name)
    if not said:
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        raise errors.Invalid(f"{name} is a time such as 2026-11-23T08:00:00+00:00", field=name) from None
    if found.tzinfo is None:
        raise errors.Invalid(f"{name} needs a time zone", field=name)
    return found


def id_of(filters: Mapping[str, str], name: str) -> UUID | None:
    """An id; None where nothing is said."""
    said = filters.get(name)
    return ids.parse_id(said) if said else None
