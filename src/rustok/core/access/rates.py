"""What a stranger may do so often and no oftener, though nothing about it is wrong; counted beside failed attempts."""

import ipaddress
from datetime import timedelta

from sqlalchemy import text

from rustok.core.access import lockouts
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

_COUNT = text("""
WITH counted AS (
  SELECT count(*) AS times, min(attempted_at) AS first FROM login_attempts
  WHERE tenant_id = CAST(:tenant_id AS uuid) AND key = :key AND attempted_at > :since
), noted AS (
  INSERT INTO login_attempts (tenant_id, id, key, attempted_at)
  SELECT CAST(:tenant_id AS uuid), :id, :key, :now FROM counted WHERE times < :most
)
SELECT first FROM counted WHERE times >= :most
""")


# Who comes from there is our own server, for many visitors: a storefront or a proxy whose word is not taken.
_OURS = [
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


class TooOften(errors.TooMany):
    """So many were enough for now; `seconds` says how long to wait."""

    def __init__(self, what: str, seconds: int) -> None:
        super().__init__(f"too many {what} from your address: try again in {seconds} seconds")
        self.seconds = seconds


async def count(context: Context, client_address: str, *, what: str, most: int, within: timedelta) -> None:
    """Count one more of `what` (say "carts"), in one statement; raises `TooOften` where the address has had `most`.

    `within` is an hour at most, for so long attempts are kept. Those that run at the same moment do not see each other:
    a few more may come through. An unknown address is not counted, nor is one of a private network.
    """
    key = lockouts.address(client_address, purpose=what)
    if key is None or _is_ours(client_address):
        return
    asked = {
        "tenant_id": context.tenant_id,
        "id": generate_id(),
        "key": key.hash,
        "now": context.now,
        "since": context.now - within,
        "most": most,
    }
    first = await context.session.scalar(_COUNT, asked)
    if first is not None:
        raise TooOften(what, max(1, round((first + within - context.now).total_seconds())))


def _is_ours(client_address: str) -> bool:
    try:
        address = ipaddress.ip_address(client_address)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return any(address.version == network.version and address in network for network in _OURS)
