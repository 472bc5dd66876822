"""The values that payments and their providers hand to each other. All amounts are integer minor units."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from rustok.kernel import errors
from rustok.kernel.context import Context

Units = Callable[[], AbstractAsyncContextManager[Context]]  # opens a unit of work that commits at its end


class Unreachable(errors.Unavailable):
    """The provider did not answer, or said that it cannot now. Whether it did something is unknown: ask again."""

    code = "payment_provider_unavailable"


class Refused(errors.Conflict):
    """The provider will not do this, now or later."""

    code = "payment_refused"


class BadSignature(errors.Invalid):
    """A notice was not sent by the provider, or too long ago."""

    code = "bad_signature"
    status = 400


class Unsealable(errors.Unavailable):
    """A secret was sealed with another key: RUSTOK_SECRET_KEY changed, or the row is not ours."""

    code = "secret_unreadable"


class PaymentStatus(StrEnum):
    """Where a payment stands; what the ledger says decides, and only before its first entry anything else."""

    PENDING = "pending"  # the intent is written, nobody was asked
    PROCESSING = "processing"  # the provider was asked and the outcome is not known
    REQUIRES_ACTION = "requires_action"  # the buyer has to do something
    AWAITING = "awaiting"  # accepted; the money comes by itself: a transfer, or cash at the door
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DECLINED = "declined"
    VOIDED = "voided"


class Kind(StrEnum):
    """What moves money, or the right to it."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Result(StrEnum):
    """What became of a movement at the provider."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class State(StrEnum):
    """What the provider says of a payment beside its movements."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    AWAITING = "awaiting"
    DONE = "done"  # its movements say the rest
    DECLINED = "declined"
    VOIDED = "voided"


class Capture(StrEnum):
    """Whether the money is taken with the authorisation or when staff say so."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAction:
    """What the buyer has to do: follow a redirect, confirm with a client secret, or read instructions."""

    kind: str  # redirect | confirm | instructions
    url: str = ""
    client_secret: str = ""  # for the provider's own code in the browser; never stored
    public_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One thing that the provider did. `reference` is its own name for it; with the kind it is unique in a payment."""

    kind: Kind
    reference: str
    amount_minor: int
    result: Result = Result.SUCCEEDED
    key: str = ""  # ours, where we asked for it
    error_code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A payment as its provider knows it. An older picture of it may arrive after a newer one, and changes nothing."""

    reference: str
    state: State
    currency: str
    amount_minor: int
    movements: Sequence[Movement] = ()
    next_action: NextAction | None = None
    error_code: str = ""
    error: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  # for the books; no secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a provider told us on its own, after its signature was checked."""

    event_id: str
    kind: str
    reference: str = ""  # the provider's name for the payment
    payment_id: UUID | None = None  # ours, if it knows that
    seen: Seen | None = None  # None: ask for the present state
    relevant: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What we ask a provider to authorise. The key stays the same however often we ask."""

    payment_id: UUID
    order_id: UUID
    key: str
    amount_minor: int
    currency: str
    capture: bool
    return_url: str = ""
    reference: str = ""  # of an earlier attempt at the same payment
    details: Mapping[str, Any] = field(default_factory=dict)  # what the buyer's side said: a token, a scenario
    description: str = ""  # what the buyer and the shop know it by: the order's number
    email: str = ""  # the buyer's


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A tenant's access to a provider: settings, opened secrets, and the line on which the provider calls back."""

    tenant_id: UUID
    method_code: str
    site: str  # the address that a relative return address belongs to: https://shop.example
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    units: Units = field(repr=False)
    notify: Callable[[Mapping[str, str], bytes], Awaitable[object]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do, so that nobody is offered anything else."""

    asks: bool = True  # False: nobody is asked, staff say what happened
    manual_capture: bool = True
    partial_capture: bool = True
    many_captures: bool = False
    partial_refund: bool = True
    webhooks: bool = False
