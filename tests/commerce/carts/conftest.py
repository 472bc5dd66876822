"""Fixtures of carts: a storefront to ask."""

import pytest
from tests.commerce.carts.stocking import Ask, asking

from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """The storefront of a tenant."""
    return asking(database, tenant)
