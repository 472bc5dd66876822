"""The development mailbox: there in development without a mail server, for those who are near; never in production."""

from pathlib import Path

import httpx
import pytest
from tests.conftest import Addresses
from tests.server.conftest import OpenSite, Site

from rustok.core.mailing import delivering
from rustok.core.mailing import service as mailing
from rustok.kernel.settings import Settings
from rustok.kernel.units import Units
from rustok.server import app as web
from rustok.server import modules
from rustok.server.host import Host


async def write(site: Site) -> str:
    """A mail with a secret link, laid into the mailbox; returns its address."""
    async with site.host.database.open(site.tenant) as context:
        made = await mailing.queue(
            context,
            "password_reset",
            to="ann@example.com",
            locale="ru",
            values={"path": "/account/reset?token=s3cret", "name": "<b>Ann</b>"},
            once="1",
            attachments=[mailing.Attachment("a.pdf", "application/pdf", b"%PDF-1")],
        )
    while await delivering.deliver(Units(site.host.database, modules.find_tenant)):
        pass
    return f"/dev/mail/{made}"


def near(site: Site, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client at a network address."""
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False, client=(address, 4000))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{site.tenant.hosts[0]}", timeout=60)


async def test_mail_is_shown_as_it_would_be_sent(site: Site) -> None:
    path = await write(site)
    async with near(site) as client:
        every = await client.get("/dev/mail")
        assert "ann@example.com" in every.text
        assert path in every.text
        one = await client.get(path)
        assert "Новый пароль" in one.text
        assert "token=s3cret" in one.text
        letter = await client.get(f"{path}/letter")
        assert "token=s3cret" in letter.text
        assert "sandbox" in letter.headers["content-security-policy"]
        assert "script-src" not in letter.headers["content-security-policy"]
        source = await client.get(f"{path}/source")
        assert source.headers["content-type"].startswith("text/plain")
        assert "Message-ID: <" in source.text
        file = one.text.partition(f"{path}/files/")[2].partition('"')[0]
        assert (await client.get(f"{path}/files/{file}")).content == b"%PDF-1"
        assert (await client.get(f"{path}/files/x")).status_code == 404


async def test_a_tenant_has_its_own_mailbox(site: Site, open_site: OpenSite) -> None:
    path = await write(site)
    async with near(await open_site()) as client:
        assert "ann@example.com" not in (await client.get("/dev/mail")).text
        for part in ("", "/letter", "/source"):
            assert (await client.get(path + part)).status_code == 404


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4001:81b::200e", "nonsense"])
async def test_strangers_do_not_see_it(site: Site, address: str) -> None:
    path = await write(site)
    async with near(site, address) as client:
        for place in ("/dev/mail", path, f"{path}/letter"):
            answer = await client.get(place)
            assert answer.status_code == 404
            assert "ann@" not in answer.text


async def test_nobody_sees_it_through_a_proxy_that_is_not_known(site: Site) -> None:
    async with near(site) as client:
        for name in ("x-forwarded-for", "forwarded", "x-real-ip"):
            assert (await client.get("/dev/mail", headers={name: "127.0.0.1"})).status_code == 404


@pytest.mark.parametrize("wanted", [{"environment": "production"}, {"smtp_url": "smtp://127.0.0.1:9"}])
async def test_there_is_none_in_production_or_with_a_server(
    wanted: dict[str, str], site: Site, addresses: Addresses, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, secret_key="only for tests", **wanted)
    host = Host.open(settings, addresses.owner)
    app = web.build(host)
    try:
        assert [route for route in app.routes if getattr(route, "path", "").startswith("/dev/")] == []
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{site.tenant.hosts[0]}") as client:
            assert (await client.get("/dev/mail")).status_code == 404
    finally:
        await host.close()
