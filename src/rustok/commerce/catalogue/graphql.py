"""How inputs of the shop's GraphQL become keywords of its services."""

from collections.abc import Collection, Mapping
from typing import Any

from rustok.kernel import errors, graphql


def changes(given: object, *, nullable: Collection[str], ids: Collection[str] = ()) -> dict[str, Any]:
    """The fields that a request really holds; null counts only where it means something, else it is `Invalid`."""
    found: dict[str, Any] = {}
    fields: Mapping[str, Any] = vars(given)
    for name, value in fields.items():
        if not graphql.given(value):
            continue
        if value is None and name not in nullable:
            raise errors.Invalid(f"{name} must not be null", field=name)
        found[name] = graphql.to_id(value) if name in ids and value is not None else value
    return found
