"""How webhooks leave this process: a signed POST to an address of the public internet."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from rustok.kernel import errors
from rustok.kernel.fetching import Fetcher, Policy

PORTS = frozenset({80, 443, 8443})
SIGNATURE = "Rustok-Signature"


class InvalidAddress(errors.Invalid):
    """Nothing is sent to such an address."""

    code = "invalid_webhook_url"


def policy(*, ports: frozenset[int] = PORTS, allow_private: frozenset[str] = frozenset()) -> Policy:
    """What may be called, and how long it may take."""
    return Policy(
        ports=ports,
        allow_private=allow_private,
        connect_seconds=5,
        total_seconds=15,
        redirects=0,
        user_agent="RusToK-Webhooks/1.0",
    )


@dataclass(frozen=True)
class Caller:
    """Handed down by the host. `only_https`: what is told does not travel in the clear."""

    fetcher: Fetcher = field(default_factory=lambda: Fetcher(policy()))
    only_https: bool = True

    async def check(self, url: str) -> str:
        """The address as it is stored; raises `InvalidAddress`."""
        if len(url) > 1500:
            raise InvalidAddress("the address is too long", field="url")
        if self.only_https and not url.strip().lower().startswith("https://"):
            raise InvalidAddress("only https addresses are called", field="url")
        try:
            return await self.fetcher.check(url)
        except errors.RustokError as error:
            raise InvalidAddress(str(error), field="url") from error


def new_secret() -> str:
    """A secret that nobody guesses."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def sign(body: bytes, *, timestamp: int, using: Sequence[str]) -> str:
    """The header's value: `t=<unix time>,v1=<hex>`, with a `v1` for each secret.

    Each is the HMAC-SHA256 of `<unix time>.<body>` with the secret's text as the key.
    """
    signed = f"{timestamp}.".encode() + body
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in using]
    return ",".join([f"t={timestamp}", *(f"v1={mark}" for mark in marks)])
