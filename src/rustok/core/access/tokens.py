"""Opaque secrets: 256 random bits behind a prefix that says what they are; only their SHA-256 is stored."""

import hashlib
import secrets
from datetime import timedelta

# The prefixes let scanners find leaked secrets, and let a bearer be told from a key without asking the database.
ACCESS = "rka_"
REFRESH = "rkr_"
RESET = "rkp_"
PROOF = "rkv_"
API_KEY = "rkk_"

ACCESS_LASTS = timedelta(minutes=15)
REFRESH_LASTS = timedelta(days=30)  # without a refresh
SESSION_LASTS = timedelta(days=180)  # however often it is refreshed
RESET_LASTS = timedelta(hours=1)
INVITATION_LASTS = timedelta(days=7)
PROOF_LASTS = timedelta(days=1)

_LENGTH = 43  # of 32 bytes in base64url


def generate(prefix: str) -> str:
    """A new secret. It is shown once and never stored."""
    return prefix + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is stored of a secret. It has 256 bits of entropy, so a slow hash would protect nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def looks_like(token: str, prefix: str) -> bool:
    """Whether the text has the form of a secret of this kind."""
    return token.startswith(prefix) and len(token) == len(prefix) + _LENGTH and token.isascii()
