"""Money that comes by itself, by bank transfer or at the door: nobody is asked, staff say what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rustok.commerce.payments.shapes import (
    Account,
    Asked,
    BadSignature,
    Capabilities,
    Kind,
    Movement,
    Notice,
    Seen,
    State,
)
from rustok.kernel import errors

_CAPABILITIES = Capabilities(asks=False, many_captures=True)


@dataclass(frozen=True)
class Manual:
    """Bank transfer, cash on delivery, and whatever else staff can see happen."""

    name: str = "manual"
    capabilities: Capabilities = _CAPABILITIES
    settings: Sequence[str] = ()
    secrets: Sequence[str] = ()

    def configured(self, options: Mapping[str, str]) -> "Manual":
        """There is nothing to set."""
        if options:
            raise errors.Invalid(f"the manual provider has no option {next(iter(options))!r}")
        return self

    def chargeable(self, amount_minor: int, currency: str) -> bool:
        """Anything can be handed over."""
        return True

    async def authorize(self, account: Account, asked: Asked) -> Seen:
        """The buyer's word is taken."""
        return _seen(State.AWAITING, asked.currency)

    async def capture(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Staff have it in hand."""
        return _seen(
            State.DONE, currency, Movement(kind=Kind.CAPTURE, reference=key, amount_minor=amount_minor, key=key)
        )

    async def void(self, account: Account, reference: str, *, currency: str, key: str) -> Seen:
        """Nothing is expected any more."""
        return _seen(State.VOIDED, currency)

    async def refund(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Staff give it back by hand."""
        return _seen(
            State.DONE, currency, Movement(kind=Kind.REFUND, reference=key, amount_minor=amount_minor, key=key)
        )

    async def look(self, account: Account, reference: str, *, currency: str) -> Seen:
        """Nobody knows more than we do."""
        return _seen(State.AWAITING, currency)

    def notice(self, account: Account, headers: Mapping[str, str], body: bytes) -> Notice:
        """Nobody calls."""
        raise BadSignature("this method has no webhooks")


def _seen(state: State, currency: str, *movements: Movement) -> Seen:
    return Seen(reference="", state=state, currency=currency, amount_minor=0, movements=movements)
