"""Guessing is slowed down: what fails is counted by account and by network address, in a sliding window.

After some failures each further one doubles the wait. Addresses of nobody are counted like those of somebody, so that
a lock-out tells nothing. What is counted is a hash: the table is no list of who tried to log in.
"""

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, text

from rustok.core.access.models import LoginAttempt
from rustok.core.users import emails
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

WINDOW = timedelta(hours=1)


class TooManyAttempts(errors.TooMany):
    """Too much has failed; `seconds` says how long to wait."""

    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts: try again in {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are free within the window, the first wait after them, and the longest."""

    free: int
    first: timedelta
    longest: timedelta = timedelta(minutes=15)

    def wait_after(self, failures: int) -> timedelta:
        """How long to wait since the last failure."""
        if failures < self.free:
            return timedelta()
        doublings: int = min(failures - self.free, 20)
        return min(self.longest, self.first * (1 << doublings))


ACCOUNT = Limit(free=5, first=timedelta(seconds=15))
ADDRESS = Limit(free=30, first=timedelta(seconds=15))
REGISTRATION = Limit(free=10, first=timedelta(minutes=1), longest=timedelta(hours=1))
RESET_ACCOUNT = Limit(free=3, first=timedelta(minutes=5), longest=timedelta(hours=1))
# A change of address needs the password, but the mail goes to whoever the account's owner names.
CHANGE_ACCOUNT = Limit(free=5, first=timedelta(minutes=5), longest=timedelta(hours=1))
RESET_ADDRESS = Limit(free=10, first=timedelta(minutes=1), longest=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Key:
    """Something that is counted."""

    hash: bytes
    limit: Limit


def account(email: str, *, purpose: str = "login", limit: Limit = ACCOUNT) -> Key:
    """The key of an account, whether it exists or not."""
    return _key(purpose, "account", emails.normalise(email) or email.strip().lower()[:1000], limit)


def address(client_address: str, *, purpose: str = "login", limit: Limit = ADDRESS) -> Key | None:
    """The key of a network address; of an IPv6 one its /64, which is what one household has. None if it is unknown."""
    try:
        parsed = ipaddress.ip_address(client_address)
    except ValueError:
        return _key(purpose, "address", client_address[:64], limit) if client_address else None
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or ipaddress.IPv6Network((parsed, 64), strict=False).network_address
    return _key(purpose, "address", str(parsed), limit)


def thing(name: str, *, purpose: str, limit: Limit) -> Key:
    """The key of anything else that guesses are counted by, such as a cart."""
    return _key(purpose, "thing", name[:1000], limit)


async def enter(context: Context, *keys: Key | None) -> None:
    """Raise `TooManyAttempts` while any of the keys is locked out, or while another attempt on the first is under way.

    Attempts on one account stand in line: else a hundred at once would all see the count from before the first.
    """
    wanted = [key for key in keys if key is not None]
    if not wanted:
        return
    number = int.from_bytes(hashlib.sha256(context.tenant_id.bytes + wanted[0].hash).digest()[:8], signed=True)
    free = await context.session.scalar(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": number})
    if not free:
        raise TooManyAttempts(1)
    await require_open(context, *wanted)


async def require_open(context: Context, *keys: Key | None) -> None:
    """Raise `TooManyAttempts` while any of the keys is locked out."""
    limits = {key.hash: key.limit for key in keys if key is not None}
    rows = await context.session.execute(
        select(LoginAttempt.key, func.count(), func.max(LoginAttempt.attempted_at))
        .where(
            LoginAttempt.tenant_id == context.tenant_id,
            LoginAttempt.key.in_(limits),
            LoginAttempt.attempted_at > context.now - WINDOW,
        )
        .group_by(LoginAttempt.key)
    )
    # Without a wait there is nothing to compare: who began a moment before the last one would seem to be too early.
    waits = [last + wait - context.now for key, failures, last in rows if (wait := limits[key].wait_after(failures))]
    longest = max(waits, default=timedelta())
    if longest > timedelta():
        raise TooManyAttempts(max(1, math.ceil(longest.total_seconds())))


async def note(context: Context, *keys: Key | None) -> None:
    """Count a failure against each of the keys. The edge must commit it: return, do not raise, afterwards."""
    rows = [
        {"tenant_id": context.tenant_id, "id": generate_id(), "key": key.hash, "attempted_at": context.now}
        for key in keys
        if key is not None
    ]
    if rows:
        await context.session.execute(insert(LoginAttempt), rows)


async def forgive(context: Context, key: Key) -> None:
    """Forget the failures counted against a key."""
    await context.session.execute(
        delete(LoginAttempt).where(LoginAttempt.tenant_id == context.tenant_id, LoginAttempt.key == key.hash),
        execution_options={"synchronize_session": False},
    )


def _key(purpose: str, kind: str, value: str, limit: Limit) -> Key:
    written = "\0".join((purpose, kind, value)).encode("utf-8", "surrogatepass")
    return Key(hashlib.sha256(written).digest(), limit)
