"""Money: an integer of minor units and an ISO 4217 currency; never a float."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from rustok.kernel import errors

# ISO 4217 list one: the currencies whose exponent is not 2.
_EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),  # noqa: SIM905
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_CURRENCY = re.compile(r"[A-Z]{3}")
LARGEST_MINOR = 10**15


class InvalidMoney(errors.Invalid):
    """The amount or the currency cannot be read."""

    code = "invalid_money"


def check_currency(code: str) -> str:
    """Return the code if it has the form of ISO 4217 (three capitals); raise `InvalidMoney` otherwise."""
    if not _CURRENCY.fullmatch(code):
        raise InvalidMoney(f"{code[:16]!r} is not a currency code of three capital letters", field="currencyCode")
    return code


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(check_currency(currency), 2)


def odd_exponents() -> dict[str, int]:
    """The currencies whose exponent is not 2, for SQL that writes amounts."""
    return dict(_EXPONENTS)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents) of a currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if abs(self.minor) > LARGEST_MINOR:
            raise InvalidMoney("the amount is too large", field="amount")

    @property
    def amount(self) -> str:
        """The amount as a decimal text with the currency's own number of decimals: `19.99`."""
        decimals = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-decimals):.{decimals}f}"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def parse(text: str, currency: str) -> Money:
    """Read a plain decimal text such as `19.99`; raise `InvalidMoney` for more decimals than the currency has."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise InvalidMoney(f"{text[:32]!r} is not an amount", field="amount") from None
    if not value.is_finite():
        raise InvalidMoney(f"{text[:32]!r} is not an amount", field="amount")
    if abs(value.adjusted()) > 15:
        raise InvalidMoney("the amount is too large", field="amount")
    minor = value.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise InvalidMoney(f"{currency} has {exponent(currency)} decimals: {text[:32]!r} has more", field="amount")
    return Money(int(minor), currency)


def split(minor: int, weights: Sequence[int]) -> list[int]:
    """Parts of an amount in proportion to non-negative weights, by the largest remainder: they always sum to it.

    The remainders' ties go to whoever comes first. Where every weight is 0 the parts are as equal as they can be.
    Raises `ValueError` for a negative weight, and for something to split among nobody.
    """
    if not weights:
        if minor:
            raise ValueError("there is nobody to split the amount among")
        return []
    if min(weights) < 0:
        raise ValueError("a weight is negative")
    shares = weights if sum(weights) else [1] * len(weights)
    whole, sign = sum(shares), -1 if minor < 0 else 1
    parts = [abs(minor) * share // whole for share in shares]
    remainders = [abs(minor) * share % whole for share in shares]
    order = sorted(range(len(shares)), key=lambda place: (-remainders[place], place))
    for place in order[: abs(minor) - sum(parts)]:
        parts[place] += 1
    return [sign * part for part in parts]
