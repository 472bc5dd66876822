"""Fixtures of carts: a storefront to ask, and the statements that were run."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from tests.commerce.carts.stocking import Ask, asking

from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """The storefront of a tenant."""
    return asking(database, tenant)


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """Every statement that requests send from now on."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.app.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.app.sync_engine, "before_cursor_execute", note)
