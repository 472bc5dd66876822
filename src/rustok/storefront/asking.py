"""What a page learns from the public GraphQL API: data, why an input was refused, or that nothing came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]


class Refused(Exception):
    """The API answered with an error instead of data; `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Problem:
    """Why one input was refused. `field` is the way to it, as `["shippingAddress", "city"]`."""

    code: str
    message: str
    field: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        """The input's own name, nothing where the whole request is meant."""
        return self.field[-1] if self.field else ""


def problems(payload: Data | None) -> Sequence[Problem]:
    """The user errors of a mutation's answer."""
    found = (payload or {}).get("userErrors") or ()
    return [
        Problem(str(one.get("code")).lower(), str(one.get("message")), tuple(one.get("field") or ())) for one in found
    ]
