"""What a payment provider is, and which of them this installation has. A module brings its own as values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from rustok.commerce.payments.providers import manual, stripe, testing
from rustok.commerce.payments.shapes import Account, Asked, Capabilities, Notice, Seen
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.late import Late

if TYPE_CHECKING:
    from rustok.commerce.payments import sealing
else:
    sealing = Late("rustok.commerce.payments.sealing")


@runtime_checkable
class Provider(Protocol):
    """Someone who moves money. Every call may come again with the same key and must then do nothing twice.

    Calls raise `Unreachable` where the outcome is not known, and `Refused` where it is known that nothing was done.
    No transaction is open while one runs.
    """

    @property
    def name(self) -> str:
        """Under this name methods refer to it."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def settings(self) -> Sequence[str]:
        """Names of what a method of it may be told."""

    @property
    def secrets(self) -> Sequence[str]:
        """Names of what it must be told and nobody may read again."""

    def configured(self, options: Mapping[str, str]) -> "Provider":
        """The same with an operator's options for the whole installation; raises `Invalid` for one it does not know."""

    def chargeable(self, amount_minor: int, currency: str) -> bool:
        """Whether it can charge exactly this."""

    async def authorize(self, account: Account, asked: Asked) -> Seen:
        """Reserve the amount, or take it at once where `asked.capture` says so."""

    async def capture(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Take some of what is authorised."""

    async def void(self, account: Account, reference: str, *, currency: str, key: str) -> Seen:
        """Give up what is authorised and not taken, or a payment that its buyer never finished."""

    async def refund(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Give some of what was taken back."""

    async def look(self, account: Account, reference: str, *, currency: str) -> Seen:
        """The payment as it is now."""

    def notice(self, account: Account, headers: Mapping[str, str], body: bytes) -> Notice:
        """What a webhook says, once its signature and its age are checked; raises `BadSignature`."""


class UnknownProvider(errors.Invalid):
    """No module of this installation brings such a provider."""

    code = "unknown_payment_provider"


BUILT_IN: tuple[Provider, ...] = (manual.Manual(), testing.Testing(), stripe.Stripe())


@dataclass(frozen=True)
class Gateways:
    """The providers by name, and what opens their secrets. The host makes it once and hands it down."""

    providers: Mapping[str, Provider]
    secret: Callable[[], bytes] | None = field(default=None, repr=False)

    @cached_property
    def sealer(self) -> "sealing.Sealer | None":
        """Seals and opens secrets; made when the first one is met. None where the program has no secret of its own."""
        return sealing.Sealer(self.secret()) if self.secret else None

    @classmethod
    def of(
        cls,
        offered: Sequence[Any],
        *,
        secret: Callable[[], bytes] | None = None,
        options: Mapping[str, Mapping[str, str]] | None = None,
        without: Sequence[str] = (),
    ) -> "Gateways":
        """From what modules offer; raises `TypeError` for what is no provider or has the name of another."""
        found: dict[str, Provider] = {}
        for one in offered:
            if not isinstance(one, Provider) or one.name in found:
                raise TypeError(f"{one!r} is no payment provider, or there are two of its name")
            if one.name not in without:
                found[one.name] = one.configured((options or {}).get(one.name, {}))
        return cls(found, secret)

    def get(self, name: str) -> Provider:
        """The provider of that name; raises `UnknownProvider`."""
        try:
            return self.providers[name]
        except KeyError:
            raise UnknownProvider(f"there is no payment provider {name[:64]!r} here", field="provider") from None


_BARE = Gateways.of(BUILT_IN)  # for a program that never made any: it can keep no secrets


def of(context: Context) -> Gateways:
    """The gateways of this process."""
    return handed_down(context.session.info)


def handed_down(resources: Mapping[Any, Any]) -> Gateways:
    """The same from what the host keeps for services."""
    found = resources.get(Gateways, _BARE)
    assert isinstance(found, Gateways)  # noqa: S101 - the host puts it there
    return found
