"""The codes of gift cards: made at random, shown once, kept as a hash."""

import hashlib
import secrets

from rustok.kernel import errors
from rustok.kernel.context import Context

# Without 0 and O, 1, I and L: people read codes to each other.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 16
SHORTEST, LONGEST = 12, 64


class BadCode(errors.Invalid):
    """A code given by staff is too short to be safe, too long, or holds other signs than letters and digits."""

    code = "bad_code"


def make() -> str:
    """A new code of 79 random bits in groups of four: `7K3M-…`."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(signs[start : start + 4] for start in range(0, LENGTH, 4))


def check(code: str) -> str:
    """A code that staff bring from elsewhere; raises `BadCode`."""
    plain = bare(code)
    if not SHORTEST <= len(plain) <= LONGEST or not plain.isascii() or not plain.isalnum():
        raise BadCode(f"a code has {SHORTEST} to {LONGEST} letters and digits", field="code")
    return code.strip()


def bare(code: str) -> str:
    """The code as codes are compared: capitals without spaces and hyphens."""
    return "".join(sign for sign in code.upper() if not sign.isspace() and sign != "-")


def hash_of(context: Context, code: str) -> bytes:
    """What is kept of a code: different for every tenant, and useless to whoever reads the table."""
    return hashlib.sha256(context.tenant_id.bytes + bare(code).encode("utf-8", "surrogatepass")).digest()
