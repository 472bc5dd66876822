"""What the tests of payments stand on: a program that can seal secrets, and units of work of one tenant."""

from collections.abc import Iterator

import pytest
from tests.commerce.payments import paying

from rustok.commerce.payments import gateways
from rustok.commerce.payments.gateways import Gateways
from rustok.commerce.payments.shapes import Units
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database


@pytest.fixture
def keeping(database: Database) -> Iterator[Gateways]:
    """The gateways of a program that has a secret."""
    made = Gateways.of(gateways.BUILT_IN, secret=lambda: b"only for tests")
    database.resources[Gateways] = made
    yield made
    del database.resources[Gateways]


@pytest.fixture
def units(database: Database, tenant: TenantInfo, keeping: Gateways) -> Units:
    """Units of work for the test's own tenant."""
    return paying.units_of(database, tenant)
