"""Errors that a caller may see: a class is a code and an HTTP status; everything else is masked at the edge."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class RustokError(Exception):
    """The root of all expected errors. `str(error)` is fit for the caller; `field` names the offending input."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    for_operators: ClassVar[bool] = False  # True: met at the command line only, and so no part of the APIs

    def __init__(self, message: str = "", *, field: str | Sequence[str] | None = None) -> None:
        super().__init__(message or type(self).code.replace("_", " "))
        self.field: tuple[str, ...] = (field,) if isinstance(field, str) else tuple(field or ())
        self.beside: Mapping[str, Any] = {}  # what the edge answers besides: fields of the mutation's payload


class Invalid(RustokError):
    """The input breaks a rule that can be stated without looking at the database."""

    code = "invalid"
    status = 422


class NotFound(RustokError):
    """There is no such thing, or it belongs to somebody else: the two are not told apart."""

    code = "not_found"
    status = 404


class Conflict(RustokError):
    """The input is well-formed but clashes with what is stored."""

    code = "conflict"
    status = 409


class Stale(Conflict):
    """The caller's `version` is not the stored one: somebody else has written in between."""

    code = "stale_version"


class Unauthenticated(RustokError):
    """Nobody is logged in, or the proof of identity is not good."""

    code = "unauthenticated"
    status = 401


class Forbidden(RustokError):
    """The actor is known but lacks the permission."""

    code = "forbidden"
    status = 403


class ModuleDisabled(Forbidden):
    """The tenant has switched the module off."""

    code = "module_disabled"


class TooMany(RustokError):
    """A limit on rate, size or number is exceeded."""

    code = "too_many_requests"
    status = 429


class Unavailable(RustokError):
    """Something outside that we need does not answer."""

    code = "unavailable"
    status = 503
