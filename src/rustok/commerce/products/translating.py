"""Under which names the texts of options are kept in other languages."""

import hashlib


def value_field(value: str) -> str:
    """The name of an option value's translation: a hash, because a value may hold any character."""
    return "v_" + hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()
