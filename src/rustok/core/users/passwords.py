"""Passwords: Argon2id, off the event loop, a few at a time."""

import asyncio
import base64
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from rustok.kernel import errors

SHORTEST = 10
LONGEST = 1024

# OWASP's password storage cheat sheet: Argon2id with 46 MiB, one pass, one lane.
_hasher = argon2.PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)

# No password has this hash, and checking one against it costs what checking a real one costs.
_NOBODYS_HASH = "$argon2id$v=19$m=47104,t=1,p=1${}${}".format(
    *(base64.b64encode(os.urandom(size)).decode().rstrip("=") for size in (16, 32))
)

# The pool bounds memory as well as load: each hash takes 46 MiB, whoever asks. Argon2 releases the GIL.
_threads = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="argon2")

# Passwords of ten characters or more that every list of leaked ones begins with.
_COMMON = frozenset(
    """0123456789 1234567890 12345678910 1111111111 0000000000 9876543210 0987654321 1q2w3e4r5t 1q2w3e4r5t6y
    1qaz2wsx3edc qwertyuiop qwerty1234 qwerty12345 qwerty123456 qwertyuiop123 q1w2e3r4t5y6 asdfghjkl123 zaq12wsxcde3
    password12 password123 password1234 passw0rd123 p@ssw0rd123 password123! administrator administrator1 admin12345
    admin123456 adminadmin letmein123 letmein1234 iloveyou123 iloveyou12 welcome123 welcome1234 changeme123
    abcdefghij abcdefghijk abcd123456 abc1234567 abc123456789 aaaaaaaaaa 1234512345 1234567891 123456789a 123456789q
    superman123 football123 basketball dragon1234 princess123 michael123 charlie123 sunshine123 trustno1trustno1
    йцукенгшщз qwerty7890 secret1234 secretsecret testtest12 testtesttest""".split()  # noqa: SIM905 - a paragraph reads better than a column of quotes
)


class WeakPassword(errors.Invalid):
    """The password is too short, too long or one that attackers try first."""

    code = "weak_password"


def check_password(password: str, *, email: str = "", field: str = "password") -> None:
    """Raise `WeakPassword` unless the password is worth hashing."""
    if len(password) < SHORTEST:
        raise WeakPassword(f"a password has at least {SHORTEST} characters", field=field)
    if len(password) > LONGEST:
        raise WeakPassword(f"a password has at most {LONGEST} characters", field=field)
    folded = password.strip().casefold()
    if folded in _COMMON or len(set(folded)) < 3 or (email and folded in {email, email.partition("@")[0]}):
        raise WeakPassword("this password is among the first that somebody would try", field=field)


async def hash_password(password: str) -> str:
    """Return the Argon2id hash, parameters included."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, _bytes(password))


async def verify(stored: str | None, password: str) -> bool:
    """True if the password fits; takes as long where there is no account or no password (`stored` is None)."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, stored, password)


def needs_rehash(stored: str) -> bool:
    """True when the hash was made with other parameters than today's."""
    try:
        return _hasher.check_needs_rehash(stored)
    except InvalidHashError:
        return False


def _verify(stored: str | None, password: str) -> bool:
    acceptable = len(password) <= LONGEST
    try:
        _hasher.verify(stored or _NOBODYS_HASH, _bytes(password if acceptable else ""))
    except (VerificationError, InvalidHashError):
        return False
    return acceptable and stored is not None


def _bytes(password: str) -> bytes:
    # NIST SP 800-63B: normalise, so that the same keys give the same password on every keyboard.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
