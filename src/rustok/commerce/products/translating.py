"""Under which names the texts of options are kept in other languages."""

import hashlib
from typing import Any

from sqlalchemy import ColumnElement, Text, func, literal_column


def value_field(value: str) -> str:
    """The name of an option value's translation: a hash, because a value may hold any character."""
    return "v_" + hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()


def value_field_of(value: ColumnElement[Any]) -> ColumnElement[str]:
    """The same name, made by PostgreSQL."""
    return literal_column("'v_'", Text).concat(func.md5(value))
