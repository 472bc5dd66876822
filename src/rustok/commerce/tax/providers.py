"""Who says what taxes are due: our own zones, or a provider that a module offers as a value."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rustok.commerce.baskets.shapes import Buyer, Destination, Taxable, Taxes
from rustok.kernel import errors
from rustok.kernel.context import Context


class TaxUnavailable(errors.Unavailable):
    """The tax provider did not answer, or its answer cannot be: nothing is sold with a wrong tax."""

    code = "tax_unavailable"


class UnknownTaxProvider(errors.Invalid):
    """No module offers a tax provider of this name."""

    code = "unknown_tax_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRequest:
    """What is to be taxed."""

    destination: Destination
    items: tuple[Taxable, ...]
    currency: str
    buyer: Buyer | None = None


@dataclass(frozen=True, kw_only=True)
class TaxProvider:
    """Listed in `Module.offers`. `calculate` may raise what it likes: callers see `TaxUnavailable`."""

    code: str
    name: str
    calculate: Callable[[Context, TaxRequest], Awaitable[Taxes]]
    seconds: float = 5.0  # how long it may take


def offered(context: Context) -> Sequence[TaxProvider]:
    """The providers that modules brought, without our own."""
    return context.installation.offered(TaxProvider)


def named(context: Context, code: str) -> TaxProvider:
    """The provider; raises `UnknownTaxProvider`."""
    found = next((one for one in offered(context) if one.code == code), None)
    if found is None:
        raise UnknownTaxProvider(f"there is no tax provider {code!r}", field="provider")
    return found
