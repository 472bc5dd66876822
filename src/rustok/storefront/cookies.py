"""The cookies of the storefront: who is logged in, which cart is theirs, and how many things are in it."""

from starlette.requests import Request
from starlette.responses import Response

SESSION = "session"  # a refresh token
CART = "cart"  # a cart's id, which for a guest is all that is needed to change it
NOTICE = "notice"  # what the next page says once
COUNT = "cart_count"  # no secret: a script shows it on pages that are the same for everybody

DAY = 24 * 3600


def read(request: Request, origin: str, name: str) -> str:
    """The cookie's value, or nothing."""
    return request.cookies.get(_name(origin, name), "")


def keep(response: Response, origin: str, name: str, value: str, *, days: int) -> None:
    """Have the browser remember it; no script and no other site's form gets at it, but for the count."""
    response.set_cookie(
        _name(origin, name), value, max_age=days * DAY, path="/", httponly=name != COUNT, samesite="lax",
        secure=_is_safe(origin),
    )  # fmt: skip


def drop(response: Response, origin: str, name: str) -> None:
    """Have the browser forget it."""
    response.delete_cookie(
        _name(origin, name), path="/", httponly=name != COUNT, samesite="lax", secure=_is_safe(origin)
    )


def _is_safe(origin: str) -> bool:
    return origin.startswith("https://")


def _name(origin: str, name: str) -> str:
    # With this prefix no neighbouring subdomain can plant a cookie of its own here.
    return f"__Host-{name}" if _is_safe(origin) and name != COUNT else name
