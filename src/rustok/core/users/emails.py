"""E-mail addresses, in the one spelling that is stored and compared."""

import re
import unicodedata

from rustok.core.tenants import naming
from rustok.kernel import errors

# Visible characters except those that RFC 5322 gives a meaning outside of quotes.
_LOCAL = re.compile(r'[^\s@"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}')


NOBODYS = "erased.invalid"  # the domain of those whose data was erased: no letter goes there


class InvalidEmail(errors.Invalid):
    """The text is no e-mail address."""

    code = "invalid_email"


def check_email(text: str, *, field: str = "email") -> str:
    """Return the address in lower case with an IDNA domain; raise `InvalidEmail` for anything else."""
    address = unicodedata.normalize("NFC", text).strip().lower()
    local, _, domain = address.rpartition("@")
    if len(address) > 254 or not _LOCAL.fullmatch(local) or any(unicodedata.category(c) == "Cs" for c in local):
        raise InvalidEmail("this is not an e-mail address", field=field)
    try:
        host = naming.check_host(domain)
    except naming.InvalidHost:
        raise InvalidEmail("this is not an e-mail address", field=field) from None
    if len(local) + 1 + len(host) > 254:
        raise InvalidEmail("this is not an e-mail address", field=field)
    return f"{local}@{host}"


def normalise(text: str) -> str | None:
    """The stored spelling, or None for what can be nobody's address."""
    try:
        return check_email(text)
    except InvalidEmail:
        return None
