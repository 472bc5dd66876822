"""Both schemas as customers and staff ask them."""

import pytest
from tests.commerce.asking import STOREFRONT, Ask, admin
from tests.commerce.customers.conftest import HOME, acting, made_in, make_customer

from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database

__all__ = ["HOME", "STOREFRONT", "acting", "made_in", "make_customer"]


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """Run an operation of the admin, or of the storefront with `of=STOREFRONT`; errors are answered as their codes."""
    return admin(database, tenant)
