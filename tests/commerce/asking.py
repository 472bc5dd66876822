"""Both schemas of the shop."""

from graphql import get_named_type, is_leaf_type
from tests import schemas
from tests.schemas import Ask

from rustok.commerce.module import module
from rustok.kernel.context import ANONYMOUS, SYSTEM, TenantInfo
from rustok.kernel.db import Database

__all__ = ["ADMIN", "STOREFRONT", "Ask", "admin", "buyer", "everything"]
ADMIN = schemas.schema(module.admin_queries, module.admin_mutations)
STOREFRONT = schemas.schema(module.queries, module.mutations)


def admin(database: Database, tenant: TenantInfo) -> Ask:
    """Staff who may do everything."""
    return schemas.asking(ADMIN, database, tenant, SYSTEM)


def buyer(database: Database, tenant: TenantInfo) -> Ask:
    """Somebody who is not logged in."""
    return schemas.asking(STOREFRONT, database, tenant, ANONYMOUS)


def everything(kind: str, *, within: tuple[str, ...] = ()) -> str:
    """A selection of all fields that staff can ask of a type and of what is in it, where no type is in itself."""
    selected = []
    for name, field in ADMIN._schema.type_map[kind].fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            selected.append(name)
        elif inner.name not in (*within, kind):
            selected.append(f"{name} {everything(inner.name, within=(*within, kind))}")
    return "{ " + " ".join(selected) + " }"
