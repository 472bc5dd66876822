"""The shop as a module, on one screen."""

from pathlib import Path

from rustok.commerce import permissions
from rustok.commerce.categories.index_source import CategorySource
from rustok.commerce.inventory import reserving
from rustok.commerce.products.index_source import ProductSource
from rustok.events import commerce as events
from rustok.kernel.module import Module

here = Path(__file__).parent

module = Module(
    name="commerce",
    migrations=here / "migrations",
    depends_on=["core"],
    permissions=permissions.ALL,
    events=[
        events.ProductCreated,
        events.ProductUpdated,
        events.ProductPublished,
        events.ProductDeleted,
        events.VariantCreated,
        events.VariantUpdated,
        events.VariantDeleted,
        events.PriceChanged,
        events.InventoryUpdated,
        events.StockReserved,
        events.CommerceCategoryCreated,
        events.CommerceCategoryUpdated,
        events.CommerceCategoryRecounted,
        events.CommerceCategoryDeleted,
        events.OrderPlaced,
        events.OrderStatusChanged,
        events.OrderCompleted,
        events.OrderCancelled,
    ],
    timers=[reserving.EXPIRY],
    index_sources=[ProductSource(), CategorySource()],
)
