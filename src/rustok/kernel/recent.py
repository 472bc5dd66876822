"""What was used most recently, within a bound of number and of weight: for what callers decide how much there is of."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `most` values that weigh at most `weight` together; what was not used for the longest time goes first."""

    def __init__(self, *, most: int, weight: int) -> None:
        self.most, self.weight = most, weight
        self._found: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weighs = 0

    def get(self, key: K) -> V | None:
        """The value, which thereby becomes the most recent one."""
        found = self._found.get(key)
        if found is None:
            return None
        self._found.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, *, weight: int = 1) -> None:
        """Keep a value; one that is heavier than everything may be together is not kept at all."""
        known = self._found.pop(key, None)
        self._weighs -= known[1] if known else 0
        if weight > self.weight:
            return
        self._found[key] = (value, weight)
        self._weighs += weight
        while len(self._found) > self.most or self._weighs > self.weight:
            self._weighs -= self._found.popitem(last=False)[1][1]

    def drop(self, key: K) -> None:
        """Keep it no longer."""
        known = self._found.pop(key, None)
        self._weighs -= known[1] if known else 0
