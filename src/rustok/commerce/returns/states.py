"""Where a return may stand, and where it may go from there."""

from enum import StrEnum

from rustok.kernel import errors


class ReturnStatus(StrEnum):
    """How far a return has come."""

    REQUESTED = "requested"
    APPROVED = "approved"  # the goods may be sent back
    DECLINED = "declined"
    RECEIVED = "received"  # the goods are back, and their worth is known
    COMPLETED = "completed"  # the buyer has the money, or something else instead
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why a buyer sends something back."""

    CHANGED_MIND = "changed_mind"
    DOES_NOT_FIT = "does_not_fit"
    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    NOT_AS_DESCRIBED = "not_as_described"
    WRONG_ITEM = "wrong_item"
    TOO_LATE = "too_late"
    OTHER = "other"


class Condition(StrEnum):
    """How something came back."""

    NEW = "new"
    OPENED = "opened"
    USED = "used"
    DAMAGED = "damaged"


class IllegalReturnTransition(errors.Conflict):
    """A return cannot go from where it stands to where it was sent."""

    code = "illegal_return_transition"


_S = ReturnStatus
TRANSITIONS: dict[ReturnStatus, frozenset[ReturnStatus]] = {
    _S.REQUESTED: frozenset({_S.APPROVED, _S.DECLINED, _S.CANCELLED}),
    _S.APPROVED: frozenset({_S.RECEIVED, _S.CANCELLED}),
    _S.RECEIVED: frozenset({_S.COMPLETED}),
    _S.DECLINED: frozenset(),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
}
OPEN = (ReturnStatus.REQUESTED, ReturnStatus.APPROVED)  # their pieces are spoken for


def check(old: ReturnStatus, new: ReturnStatus) -> None:
    """Raise `IllegalReturnTransition` unless a return may go from `old` to `new`."""
    if new not in TRANSITIONS[old]:
        raise IllegalReturnTransition(f"a return that is {old.value} cannot become {new.value}", field="status")
