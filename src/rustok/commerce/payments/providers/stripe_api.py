"""How Stripe is spoken to: amounts in its units, and its errors in our terms."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

from rustok.commerce.payments.shapes import Refused, Unreachable
from rustok.kernel import errors, money
from rustok.kernel.late import Late

if TYPE_CHECKING:
    import stripe
else:
    stripe = Late("stripe")

T = TypeVar("T")
# https://docs.stripe.com/currencies: without decimals, and those that take them for compatibility although nobody pays
# with them; amounts with three decimals must end in a zero.
_NO_DECIMALS = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())  # noqa: SIM905
_WHOLE_ONLY = frozenset({"ISK", "UGX"})
_THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe(amount_minor: int, currency: str) -> int:
    """Our minor units in the units that Stripe wants; raises `Invalid` for an amount that it cannot charge."""
    decimals = 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    finer, coarser = (
        10 ** max(decimals - money.exponent(currency), 0),
        10 ** max(money.exponent(currency) - decimals, 0),
    )
    scaled, rest = divmod(amount_minor * finer, coarser)
    if currency in _WHOLE_ONLY:
        rest = scaled % 100
    elif decimals == 3:
        rest = scaled % 10
    if rest:
        raise errors.Invalid(f"Stripe cannot charge {money.Money(amount_minor, currency)}", field="amount")
    return int(scaled)


def from_stripe(amount: int, currency: str) -> int:
    """The other way."""
    decimals = 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    finer, coarser = (
        10 ** max(decimals - money.exponent(currency), 0),
        10 ** max(money.exponent(currency) - decimals, 0),
    )
    return int(amount * coarser // finer)


class WrongState(Exception):
    """The object is not in a state for this."""


def plain(one: Any) -> dict[str, Any]:
    found: dict[str, Any] = one.to_dict() if isinstance(one, stripe.StripeObject) else dict(one)
    return found


async def answered(call: Awaitable[T]) -> T:
    """Stripe's errors in our terms: whether it is known that nothing was done."""
    try:
        return await call
    except stripe.CardError:
        raise
    except stripe.InvalidRequestError as error:
        if error.code in ("payment_intent_unexpected_state", "charge_already_refunded", "charge_already_captured"):
            raise WrongState(error.user_message or error.code) from None
        raise Refused(str(error.user_message or "Stripe refuses this")) from None
    except (stripe.AuthenticationError, stripe.PermissionError):
        raise Refused("Stripe does not accept this method's secret_key") from None
    except stripe.IdempotencyError as error:
        if error.http_status == 409:
            raise Unreachable("Stripe is at it") from None
        raise Refused("Stripe has seen this key with something else") from None
    except stripe.StripeError as error:
        raise Unreachable(f"Stripe does not answer ({error.http_status or 'no connection'})") from None
