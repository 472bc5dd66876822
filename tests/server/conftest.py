"""The whole program behind a client: the real application over its own host, and tenants with somebody logged in."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Addresses

from rustok.core.tenants import service as tenants
from rustok.core.users import service as users
from rustok.kernel.context import TenantInfo
from rustok.kernel.settings import Settings
from rustok.kernel.working import Workers
from rustok.server import app as web
from rustok.server import modules
from rustok.server.host import Host

PASSWORD = "correct horse battery"
NOBODY = "https://127.0.0.9:8443"  # webhooks may go there, and nobody answers: nothing leaves this machine
LOG_IN = """mutation($email: String!, $password: String!) { sessionCreate(email: $email, password: $password)
  { accessToken refreshToken userErrors { code message } } }"""


@dataclass
class Site:
    """One tenant as its staff and its visitors reach it."""

    tenant: TenantInfo
    app: FastAPI
    host: Host
    client: httpx.AsyncClient
    email: str = ""
    token: str = ""
    refresh_token: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def headers(self, token: str | None = None) -> dict[str, str]:
        """Of a request by somebody who is logged in."""
        wanted = self.token if token is None else token
        return {"authorization": f"Bearer {wanted}"} if wanted else {}

    async def post(self, path: str, query: str, *, token: str | None = None, **variables: Any) -> httpx.Response:
        """A GraphQL request as it goes over the wire."""
        body = {"query": query, "variables": variables}
        return await self.client.post(path, json=body, headers=self.headers(token))

    async def admin(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an admin operation that must succeed."""
        response = await self.post("/admin/graphql", query, **variables)
        answer = response.json()
        assert "errors" not in answer, (query[:200], answer["errors"])
        for name, value in answer["data"].items():
            assert not (isinstance(value, dict) and value.get("userErrors")), (name, value)
        data: dict[str, Any] = answer["data"]
        return data

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a storefront operation that must succeed."""
        response = await self.post("/graphql", query, token="", **variables)
        answer = response.json()
        assert "errors" not in answer, (query[:200], answer["errors"])
        data: dict[str, Any] = answer["data"]
        return data

    async def page(self, path: str, **options: Any) -> httpx.Response:
        """A page as a browser asks for it."""
        return await self.client.get(path, headers={"accept": "text/html"}, **options)


@pytest.fixture(scope="session")
async def host(addresses: Addresses, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    """One process's host, with files in a folder of its own."""
    # A rich traceback with every local variable takes seconds to draw.
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(
        home=home,
        secret_key="only for tests",
        default_tenant=None,
        webhook_allow_private="127.0.0.9",
    )
    made = Host.open(settings, addresses.owner)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def application(host: Host) -> FastAPI:
    """The application that `rustok serve` serves."""
    return web.build(host)


@pytest.fixture(scope="session")
def following(host: Host) -> Workers:
    """Every consumer of the program, not started."""
    return modules.workers(host.registry, host.database)


OpenSite = Callable[..., Awaitable[Site]]


@pytest.fixture(scope="session")
async def open_site(host: Host, application: FastAPI, owner: Callable[[], AsyncSession]) -> AsyncIterator[OpenSite]:
    """`await open_site()`: a new tenant whose super administrator is logged in."""
    clients: list[httpx.AsyncClient] = []

    async def opened(**wanted: Any) -> Site:
        slug = f"s-{os.urandom(5).hex()}"
        async with owner() as session:
            fields: dict[str, Any] = {
                "name": "Corner Shop",
                "hosts": [f"{slug}.test"],
                "locales": ("en", "ru"),
                "default_locale": "en",
                "currencies": ("EUR", "USD"),
                "default_currency": "EUR",
                **wanted,
            }
            tenant = await tenants.create(session, slug=slug, **fields)
            await session.commit()
        email = "owner@example.com"
        async with host.database.open(tenant) as context:
            await users.register(context, email=email, password=PASSWORD, role="super_admin", email_verified=True)
        # A fault of ours must come out as the answer that a caller gets.
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=f"http://{tenant.hosts[0]}", timeout=60)
        clients.append(client)
        site = Site(tenant, application, host, client, email=email)
        begun = (await site.admin(LOG_IN, email=email, password=PASSWORD))["sessionCreate"]
        site.token, site.refresh_token = begun["accessToken"], begun["refreshToken"]
        return site

    yield opened
    for client in clients:
        await client.aclose()


@pytest.fixture
async def site(open_site: OpenSite) -> Site:
    """A tenant with nothing but its super administrator."""
    return await open_site()
