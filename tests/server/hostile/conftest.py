"""A furnished site that hostile input must not hurt, and what a refusal says."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from tests.conftest import Addresses
from tests.server.conftest import OpenSite, Site
from tests.server.furnishing import furnish

from rustok.kernel.db import plain_url
from rustok.kernel.working import Workers

BOTH = pytest.mark.parametrize("path", ["/graphql", "/admin/graphql"])


@pytest.fixture(scope="session")
async def shop(open_site: OpenSite, following: Workers) -> Site:
    """A furnished site."""
    site = await open_site()
    await furnish(site)
    await following.catch_up()
    return site


@pytest.fixture(scope="session")
async def prey(open_site: OpenSite) -> Site:
    """Another one, of which nothing may be left in the end."""
    site = await open_site()
    await furnish(site)
    return site


@pytest.fixture(scope="session")
async def looking(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection."""
    connection = await asyncpg.connect(plain_url(addresses.owner))
    yield connection
    await connection.close()


def said(response: httpx.Response) -> str:
    """The message of a refusal, which must be ours: neither a server error nor a masked one."""
    assert response.status_code < 500, (response.status_code, response.text[:500])
    body = response.json()
    errors = body.get("errors") or [body.get("error")]
    assert errors[0], body
    assert all((one.get("extensions") or {}).get("code") != "internal" for one in errors), body
    return str(errors[0]["message"])
