"""Large libraries that most processes never use, imported when something of them is first asked for.

Errors with codes of their own stand elsewhere: the schemas list those of the classes that are there at the start.
"""

from importlib import import_module
from typing import Any


class Late:
    """Stands for a module until then. For the type checker the module is imported, and annotations are quoted:

    if TYPE_CHECKING:
        import stripe
    else:
        stripe = Late("stripe")
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, what: str) -> Any:
        return getattr(import_module(self._name), what)
