"""Fixtures of carts: a storefront to ask."""

import pytest
from tests.commerce.asking import Ask, buyer

from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """The storefront of a tenant."""
    return buyer(database, tenant)
