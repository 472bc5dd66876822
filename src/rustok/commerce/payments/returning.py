"""Where buyers may be sent back to: this shop, and nowhere else."""

from urllib.parse import urlsplit

from rustok.kernel import errors
from rustok.kernel.context import Context


def checked(context: Context, url: str | None) -> str:
    """A path of the shop, or an address at one of its host names; raises `Invalid` for anywhere else."""
    if not url:
        return ""
    wrong = errors.Invalid(
        "returnUrl is a path of this shop, or an address at one of its host names", field="returnUrl"
    )
    if len(url) > 2000 or not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        raise wrong
    try:
        parts = urlsplit(url)
        host = parts.netloc.lower()
        name = parts.hostname or ""
    except ValueError:
        raise wrong from None
    if not parts.scheme and not parts.netloc:
        if not url.startswith("/") or url.startswith("//"):
            raise wrong
        return url
    if parts.scheme not in ("http", "https") or "@" in host or not {host, name} & set(context.tenant.hosts):
        raise wrong
    return url
