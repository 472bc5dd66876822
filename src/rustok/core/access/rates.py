"""What a stranger may do so often and no oftener, though nothing about it is wrong; counted beside failed attempts."""

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


class TooOften(errors.TooMany):
    """So many were enough for now; `seconds` says how long to wait."""

    def __init__(self, what: str, seconds: int) -> None:
        super().__init__(f"too many {what} from your address: try again in {seconds} seconds")
        self.seconds = seconds


async def count(context: Context, client_address: str, *, what: str, most: int, within: timedelta) -> None:
    """Count one more of `what` (say "carts"), in one statement; raises `TooOften` where the address has had `most`.

    `within` is an hour at most, for so long attempts are kept. Those that run at the same moment do not see each other:
    a few more may come through. An unknown address is not counted.
    """
    key = lockouts.address(client_address, purpose=what)
    if key is None:
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
