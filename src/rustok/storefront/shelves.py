"""What the read model holds for the storefront: entities by what pages call them, and the filters pages rely on."""

from collections.abc import Mapping
from dataclasses import dataclass

from rustok.kernel.context import TenantInfo
from rustok.kernel.indexing import Entity


@dataclass(frozen=True)
class Shelves:
    """The declarations that pages read; None where the module that owns them is absent or switched off."""

    products: Entity | None
    categories: Entity | None
    content: Entity | None
    topics: Entity | None
    tags: Entity | None
    menus: Entity | None


def of(entities: Mapping[str, Entity], tenant: TenantInfo) -> Shelves:
    """The shelves of a tenant."""

    def find(*names: str) -> Entity | None:
        found = next((entities[name] for name in names if name in entities), None)
        return None if found is None or found.module in tenant.disabled_modules else found

    return Shelves(
        products=find("products"),
        categories=find("commerce_categories", "categories", "product_categories"),
        content=find("content", "contents"),
        topics=find("content_categories", "topics"),
        tags=find("tags"),
        menus=find("menus"),
    )


def filter_for(entity: Entity, *columns: str) -> str | None:
    """The name of the filter on the first of these columns (or with the first of these names) that there is."""
    for wanted in columns:
        for one in entity.filters:
            if wanted in (one.column, one.name):
                return one.name
    return None
