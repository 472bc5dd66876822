"""The consistency token over HTTP: mutations answer with one, and a read that sends it back waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import HTTPConnection

from rustok.index.searching import Backend
from rustok.kernel import consistency
from rustok.kernel.consistency import SECONDS, InvalidConsistencyToken, Token, Waiting

HEADER = "RusToK-Consistency"


@dataclass(frozen=True)
class Met:
    """A token that was sent with a read, and whether the read sees what it stands for."""

    token: str
    met: bool

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer."""
        return {HEADER: f"{self.token}; met={'true' if self.met else 'false'}"}

    @property
    def extension(self) -> Mapping[str, Any]:
        """`extensions.consistency` of the answer."""
        return {"token": self.token, "met": self.met}


def asked(request: HTTPConnection, tenant_id: UUID) -> Token | None:
    """The token that the request carries, if any; raises `InvalidConsistencyToken`, which names the header."""
    sent = request.headers.getlist(HEADER)
    if not sent:
        return None
    try:
        if len(sent) > 1:
            raise InvalidConsistencyToken("there is more than one")
        # What an answer to a read said may be sent back as it is.
        return consistency.parse(sent[0].partition(";")[0].strip(), tenant_id)
    except InvalidConsistencyToken as error:
        raise InvalidConsistencyToken(f"the request header {HEADER} cannot be used: {error}") from None


async def meet(sent: Token, tenant_id: UUID, waiting: Waiting, search: Backend) -> Met:
    """Wait for the token that a read carries, a second at most, and as long for an engine that searches by itself."""
    met = await waiting.wait(tenant_id, sent) and await search.reach(tenant_id, seconds=SECONDS)
    return Met(sent.text(tenant_id), met)


def given(recorded: Token | None, sent: Token | None, tenant_id: UUID) -> str:
    """The token of a mutation's answer. One that recorded nothing gives back what it was sent: a caller who always
    keeps the last token loses nothing."""
    return (recorded or sent or Token()).text(tenant_id)
