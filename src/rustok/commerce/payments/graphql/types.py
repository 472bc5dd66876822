"""Payments and ways to pay as GraphQL shows them."""

from datetime import datetime
from enum import Enum

import strawberry

from rustok.commerce.payments.methods import Offer
from rustok.commerce.payments.models import Payment, PaymentAttempt, PaymentTransaction
from rustok.commerce.payments.processing import stored_action
from rustok.commerce.payments.shapes import Capture, Kind, NextAction, PaymentStatus
from rustok.kernel import graphql


@strawberry.enum(name="PaymentState", description="Where a payment stands.")
class PaymentStateEnum(Enum):
    PENDING = PaymentStatus.PENDING.value
    PROCESSING = PaymentStatus.PROCESSING.value
    REQUIRES_ACTION = PaymentStatus.REQUIRES_ACTION.value
    AWAITING = PaymentStatus.AWAITING.value
    AUTHORIZED = PaymentStatus.AUTHORIZED.value
    PARTIALLY_CAPTURED = PaymentStatus.PARTIALLY_CAPTURED.value
    CAPTURED = PaymentStatus.CAPTURED.value
    PARTIALLY_REFUNDED = PaymentStatus.PARTIALLY_REFUNDED.value
    REFUNDED = PaymentStatus.REFUNDED.value
    DECLINED = PaymentStatus.DECLINED.value
    VOIDED = PaymentStatus.VOIDED.value


@strawberry.enum(name="PaymentActionKind", description="What a buyer has to do.")
class PaymentActionKindEnum(Enum):
    REDIRECT = "redirect"
    CONFIRM = "confirm"
    INSTRUCTIONS = "instructions"


@strawberry.enum(name="PaymentTransactionKind", description="What an entry of the ledger is about.")
class PaymentTransactionKindEnum(Enum):
    AUTHORIZE = Kind.AUTHORIZE.value
    CAPTURE = Kind.CAPTURE.value
    VOID = Kind.VOID.value
    REFUND = Kind.REFUND.value


@strawberry.enum(name="PaymentTransactionStatus", description="Whether an entry of the ledger counts.")
class PaymentTransactionStatusEnum(Enum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@strawberry.enum(name="PaymentAttemptState", description="Where a request to a provider is.")
class PaymentAttemptStateEnum(Enum):
    OPEN = "open"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@strawberry.enum(name="PaymentCapture", description="Whether money is taken at once, or when staff say so.")
class PaymentCaptureEnum(Enum):
    AUTOMATIC = Capture.AUTOMATIC.value
    MANUAL = Capture.MANUAL.value


@strawberry.type(name="PaymentOption", description="A way to pay that a buyer may choose.")
class PaymentOptionType:
    code: str
    name: str
    instructions: str
    provider: str
    redirects: bool = strawberry.field(description="The buyer may have to confirm on another page.")

    @classmethod
    def of(cls, offer: Offer) -> "PaymentOptionType":
        """From what the service offers."""
        return cls(
            code=offer.code,
            name=offer.name,
            instructions=offer.instructions,
            provider=offer.provider,
            redirects=offer.redirects,
        )


@strawberry.type(name="PaymentNextAction", description="What the buyer has to do before the payment can go on.")
class PaymentNextActionType:
    kind: PaymentActionKindEnum
    url: str | None = strawberry.field(description="Of a redirect.")
    client_secret: str | None = strawberry.field(description="For the provider's own code in the browser.")
    public_key: str | None

    @classmethod
    def of(cls, action: NextAction) -> "PaymentNextActionType":
        """From what the provider said."""
        return cls(
            kind=PaymentActionKindEnum(action.kind),
            url=action.url or None,
            client_secret=action.client_secret or None,
            public_key=action.public_key or None,
        )


@strawberry.type(name="Payment", description="An amount to be paid for an order, and how far that is.")
class PaymentType:
    id: strawberry.ID
    order_id: strawberry.ID
    method: str = strawberry.field(description="The code of the way to pay.")
    provider: str
    status: PaymentStateEnum
    amount: graphql.Money
    authorized: graphql.Money
    captured: graphql.Money
    voided: graphql.Money
    refunded: graphql.Money
    next_action: PaymentNextActionType | None
    error_code: str | None = strawberry.field(description="Why the last attempt failed.")
    error_message: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, payment: Payment, action: NextAction | None = None) -> "PaymentType":
        """From the stored row, and what the provider has just said."""
        shown = action or (stored_action(payment) if payment.status == PaymentStatus.REQUIRES_ACTION else None)
        money = {
            name: graphql.Money.of(getattr(payment, f"{name}_minor"), payment.currency)
            for name in ("amount", "authorized", "captured", "voided", "refunded")
        }
        return cls(
            id=strawberry.ID(str(payment.id)),
            order_id=strawberry.ID(str(payment.order_id)),
            method=payment.method_code,
            provider=payment.provider,
            status=PaymentStateEnum(payment.status),
            next_action=PaymentNextActionType.of(shown) if shown else None,
            error_code=payment.error_code or None,
            error_message=payment.error or None,
            created_at=payment.created_at,
            updated_at=payment.updated_at,
            **money,
        )


@strawberry.type(name="PaymentAttempt", description="Something that a provider was asked to do.")
class PaymentAttemptType:
    id: strawberry.ID
    kind: PaymentTransactionKindEnum
    state: PaymentAttemptStateEnum
    amount: graphql.Money
    reason: str | None
    tries: int
    next_try_at: datetime | None = strawberry.field(description="When it is asked again, while it is not finished.")
    error_code: str | None
    error_message: str | None
    actor_id: strawberry.ID | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, row: PaymentAttempt, currency: str) -> "PaymentAttemptType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            kind=PaymentTransactionKindEnum(row.kind),
            state=PaymentAttemptStateEnum(row.state),
            amount=graphql.Money.of(row.amount_minor, currency),
            reason=row.reason or None,
            tries=row.tries,
            next_try_at=None if row.finished_at else row.next_try_at,
            error_code=row.error_code or None,
            error_message=row.error or None,
            actor_id=strawberry.ID(str(row.actor_id)) if row.actor_id else None,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )


@strawberry.type(name="PaymentTransaction", description="One entry of the ledger.")
class PaymentTransactionType:
    id: strawberry.ID
    payment_id: strawberry.ID
    order_id: strawberry.ID
    kind: PaymentTransactionKindEnum
    status: PaymentTransactionStatusEnum
    amount: graphql.Money
    provider: str
    reference: str = strawberry.field(description="The provider's own name for it.")
    reason: str | None
    error_code: str | None
    error_message: str | None
    facts: graphql.JSON
    actor_id: strawberry.ID | None
    created_at: datetime

    @classmethod
    def of(cls, row: PaymentTransaction) -> "PaymentTransactionType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            payment_id=strawberry.ID(str(row.payment_id)),
            order_id=strawberry.ID(str(row.order_id)),
            kind=PaymentTransactionKindEnum(row.kind),
            status=PaymentTransactionStatusEnum(row.status),
            amount=graphql.Money.of(row.amount_minor, row.currency),
            provider=row.provider,
            reference=row.reference,
            reason=row.reason or None,
            error_code=row.error_code or None,
            error_message=row.error or None,
            facts=graphql.JSON(row.facts),
            actor_id=strawberry.ID(str(row.actor_id)) if row.actor_id else None,
            created_at=row.created_at,
        )


@strawberry.type
class PaymentPayload:
    payment: PaymentType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)
