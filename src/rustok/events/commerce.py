"""What happens to products, variants, prices, stock, commerce categories and orders."""

from typing import ClassVar
from uuid import UUID

from rustok.kernel.events import Event


class _ProductEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "product"
    aggregate_field: ClassVar[str] = "product_id"
    product_id: UUID


class ProductCreated(_ProductEvent, frozen=True, kw_only=True):
    """A product was added, perhaps as a draft."""


class ProductUpdated(_ProductEvent, frozen=True, kw_only=True):
    """Something of a product changed: texts, options, pictures, categories or a status other than published."""


class ProductPublished(_ProductEvent, frozen=True, kw_only=True):
    """A product became visible to shoppers."""


class ProductDeleted(_ProductEvent, frozen=True, kw_only=True):
    """A product is gone for good."""


class _VariantEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "variant"
    aggregate_field: ClassVar[str] = "variant_id"
    variant_id: UUID
    product_id: UUID


class VariantCreated(_VariantEvent, frozen=True, kw_only=True):
    """A product has one more variant."""


class VariantUpdated(_VariantEvent, frozen=True, kw_only=True):
    """A variant's description changed."""


class VariantDeleted(_VariantEvent, frozen=True, kw_only=True):
    """A product has one variant less."""


class PriceChanged(_VariantEvent, frozen=True, kw_only=True):
    """A variant's prices changed."""


class InventoryUpdated(Event, frozen=True, kw_only=True):
    """The quantity on hand of a variant at a location changed."""

    aggregate: ClassVar[str] = "inventory"
    aggregate_field: ClassVar[str] = "variant_id"
    variant_id: UUID
    location_id: UUID
    old_quantity: int
    new_quantity: int


class StockReserved(Event, frozen=True, kw_only=True):
    """Open reservations of a variant at a location changed."""

    aggregate: ClassVar[str] = "inventory"
    aggregate_field: ClassVar[str] = "variant_id"
    variant_id: UUID
    location_id: UUID
    reserved: int


class _CommerceCategoryEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "commerce_category"
    aggregate_field: ClassVar[str] = "category_id"
    category_id: UUID


class CommerceCategoryCreated(_CommerceCategoryEvent, frozen=True, kw_only=True):
    """A commerce category was added."""


class CommerceCategoryUpdated(_CommerceCategoryEvent, frozen=True, kw_only=True):
    """A commerce category was renamed, moved or described anew: its products show it."""


class CommerceCategoryRecounted(_CommerceCategoryEvent, frozen=True, kw_only=True):
    """Other products stand in a commerce category, or below it, than before. The products do not look different."""


class CommerceCategoryDeleted(_CommerceCategoryEvent, frozen=True, kw_only=True):
    """A commerce category is gone."""


class _CustomerEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "customer"
    aggregate_field: ClassVar[str] = "customer_id"
    customer_id: UUID


class CustomerUpdated(_CustomerEvent, frozen=True, kw_only=True):
    """What is known of a customer changed: name, addresses, groups."""


class CustomerErased(_CustomerEvent, frozen=True, kw_only=True):
    """A customer's personal data was erased; the books keep the amounts."""


class _OrderEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order"
    aggregate_field: ClassVar[str] = "order_id"
    order_id: UUID


class OrderPlaced(_OrderEvent, frozen=True, kw_only=True):
    """A buyer committed to an order. `total` is in minor units of `currency`."""

    customer_id: UUID | None = None
    total: int
    currency: str


class OrderStatusChanged(_OrderEvent, frozen=True, kw_only=True):
    """An order moved on."""

    old_status: str
    new_status: str


class OrderCompleted(_OrderEvent, frozen=True, kw_only=True):
    """An order is delivered and paid."""


class OrderCancelled(_OrderEvent, frozen=True, kw_only=True):
    """An order will not be fulfilled."""

    reason: str | None = None


class OrderEdited(_OrderEvent, frozen=True, kw_only=True):
    """Lines, addresses or shipping of an order were changed after it was placed."""


class OrderFulfilled(_OrderEvent, frozen=True, kw_only=True):
    """A parcel with some of an order's goods left."""

    fulfilment_id: UUID


class OrderClaimed(_OrderEvent, frozen=True, kw_only=True):
    """A guest's order belongs to a customer's account from now on."""

    customer_id: UUID


class ReturnRequested(_OrderEvent, frozen=True, kw_only=True):
    """A buyer wants to send goods back."""

    return_id: UUID


class ReturnStatusChanged(_OrderEvent, frozen=True, kw_only=True):
    """A return moved on."""

    return_id: UUID
    old_status: str
    new_status: str


class _PaymentEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "payment"
    aggregate_field: ClassVar[str] = "payment_id"
    payment_id: UUID
    order_id: UUID


class PaymentStatusChanged(_PaymentEvent, frozen=True, kw_only=True):
    """A payment was authorised, captured, declined, voided or waits for its buyer."""

    old_status: str
    new_status: str


class PaymentRefunded(_PaymentEvent, frozen=True, kw_only=True):
    """Money went back to the buyer: `amount` minor units of `currency`."""

    transaction_id: UUID
    amount: int
    currency: str


class GiftCardIssued(Event, frozen=True, kw_only=True):
    """A gift card can be spent from now on."""

    aggregate: ClassVar[str] = "gift_card"
    aggregate_field: ClassVar[str] = "gift_card_id"
    gift_card_id: UUID
