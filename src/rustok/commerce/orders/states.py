"""Where an order may stand, and where it may go from there: the whole state machine in one table."""

from enum import StrEnum

from rustok.kernel import errors


class OrderStatus(StrEnum):
    """How far an order has come."""

    PENDING = "pending"  # waits for its payment
    CONFIRMED = "confirmed"
    PROCESSING = "processing"  # somebody is at it: a part has left
    SHIPPED = "shipped"  # everything has left
    DELIVERED = "delivered"
    COMPLETED = "completed"  # delivered and paid
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """What of an order's due amount has come in."""

    UNPAID = "unpaid"
    PENDING = "pending"  # a payment is under way
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"  # cancelled before anything was taken


class FulfilmentStatus(StrEnum):
    """What of an order's goods has left, and come back."""

    UNFULFILLED = "unfulfilled"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"


class IllegalTransition(errors.Conflict):
    """An order cannot go from where it stands to where it was sent."""

    code = "illegal_transition"


_S = OrderStatus
TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    _S.PENDING: frozenset({_S.CONFIRMED, _S.CANCELLED}),
    _S.CONFIRMED: frozenset({_S.PROCESSING, _S.SHIPPED, _S.CANCELLED}),
    # Back to confirmed: the only parcel was called back before it left.
    _S.PROCESSING: frozenset({_S.CONFIRMED, _S.SHIPPED, _S.CANCELLED}),
    _S.SHIPPED: frozenset({_S.CONFIRMED, _S.PROCESSING, _S.DELIVERED}),
    _S.DELIVERED: frozenset({_S.COMPLETED}),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
}


def check(old: OrderStatus, new: OrderStatus) -> None:
    """Raise `IllegalTransition` unless an order may go from `old` to `new`."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(f"an order that is {old.value} cannot become {new.value}", field="status")


def payment_status(
    *,
    due: int,
    authorized: int,
    captured: int,
    refunded: int,
    waiting: bool,
    cancelled: bool,
    by_cards: int = 0,
    back_on_cards: int = 0,
) -> PaymentStatus:
    """What the ledger's sums mean. `authorized` counts what was captured of it as well.

    Gift cards paid `by_cards` beside the due amount, and got so much of it back. What was paid too much and went back
    was never the order's.
    """
    gone = refunded + back_on_cards
    if gone and gone >= captured + by_cards:
        return PaymentStatus.REFUNDED
    if gone and (cancelled or back_on_cards or captured <= due or captured - refunded < due):
        return PaymentStatus.PARTIALLY_REFUNDED
    if captured >= due and (captured or not cancelled):
        return PaymentStatus.PAID
    if captured:
        return PaymentStatus.PARTIALLY_PAID
    if cancelled:
        return PaymentStatus.VOIDED
    if authorized >= due:
        return PaymentStatus.AUTHORIZED
    return PaymentStatus.PENDING if waiting else PaymentStatus.UNPAID


def fulfilment_status(*, quantity: int, fulfilled: int, returned: int) -> FulfilmentStatus:
    """What the sums over an order's lines mean."""
    if returned and returned >= quantity:
        return FulfilmentStatus.RETURNED
    if returned:
        return FulfilmentStatus.PARTIALLY_RETURNED
    if not fulfilled:
        return FulfilmentStatus.UNFULFILLED
    return FulfilmentStatus.FULFILLED if fulfilled >= quantity else FulfilmentStatus.PARTIAL
