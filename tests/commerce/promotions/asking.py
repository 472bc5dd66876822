"""Both schemas of the shop, asked for one field at a time."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.commerce import asking as both

from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database

Ask = Callable[..., Awaitable[Any]]


def asking(database: Database, tenant: TenantInfo, *, staff: bool) -> Ask:
    """Run an operation and answer its only field; an expected error of a query is answered as its code."""
    ask = both.admin(database, tenant) if staff else both.buyer(database, tenant)

    async def asked(operation: str, **given: Any) -> Any:
        (answer,) = (await ask(operation, **given)).values()
        return answer

    return asked
