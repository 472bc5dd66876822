"""The words by which staff find an order, as they are kept and as they are asked for."""

import re

from rustok.commerce.addresses.service import Address

MOST = 24
_WORD = re.compile(r"\w+")


def words(said: str) -> list[str]:
    """The words of a text in the spelling that is kept."""
    return [word[:64] for word in _WORD.findall(said.casefold())]


def of(email: str, *addresses: Address | None) -> list[str]:
    """The terms of an order: its e-mail address, and the words of the names and companies in its addresses."""
    found = [email.casefold()[:320]] if email else []
    for address in addresses:
        if address is not None:
            found += words(f"{address.name} {address.company}")
    return list(dict.fromkeys(found))[:MOST]
