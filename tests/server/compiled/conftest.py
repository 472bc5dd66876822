"""The awkward shops and what is known of them, made once for every test of the two executors."""

import pytest
from tests.server.compiled.learning import learn
from tests.server.compiled.shops import open_shops
from tests.server.compiled.values import Known
from tests.server.conftest import OpenSite, Site

from rustok.kernel.working import Workers


@pytest.fixture(scope="session")
async def shops(open_site: OpenSite, following: Workers) -> dict[str, Site]:
    """The three tenants; tests only ask them."""
    return await open_shops(open_site, following)


@pytest.fixture(scope="session")
async def known(shops: dict[str, Site]) -> dict[str, Known]:
    """What each tenant has, learnt from its own answers."""
    return await learn(shops)
