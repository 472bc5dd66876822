"""The pages of the development mailbox. They show what anybody could log in with, so that only this machine and its own
network may look, and only where the environment is development and no mail server is set."""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rustok.core.mailing import mailbox
from rustok.core.mailing.post import Post
from rustok.kernel import errors, ids
from rustok.kernel.context import Context
from rustok.server.host import Host

SHOWN = 100
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_OURS = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; img-src 'self' data:; base-uri 'none'"
# A letter runs nothing, sends nothing and is of no origin; its links open outside of the frame.
_LETTER = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:;"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
_jinja = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def is_open(host: Host) -> bool:
    """Whether this process has a mailbox at all."""
    return host.settings.environment == "development" and _post(host).mailbox


def router(host: Host) -> APIRouter:
    """The routes, for an application in which `is_open`."""
    made = APIRouter(prefix="/dev/mail", include_in_schema=False)

    @asynccontextmanager
    async def opened(request: Request) -> AsyncIterator[Context]:
        _require_near(request, host)
        tenant = await host.tenancy.of(request)
        async with host.database.read(tenant) as context:
            yield context

    async def look(context: Context, mail_id: str) -> mailbox.Look:
        return await mailbox.look(context, _post(host), ids.parse_id(mail_id))

    @made.get("")
    async def every(request: Request) -> Response:
        async with opened(request) as context:
            mails, unsent = await mailbox.newest(context, most=SHOWN), await mailbox.unsent(context)
            return _page("list.html", tenant=context.tenant, mails=mails, unsent=unsent, shown=SHOWN)

    @made.get("/{mail_id}")
    async def one(request: Request, mail_id: str) -> Response:
        async with opened(request) as context:
            found = await look(context, mail_id)
            shown = ("From", "To", "Reply-To", "Date", "Message-ID")
            message = found.message
            headers = [] if message is None else [(name, str(message[name])) for name in shown if message[name]]
            return _page("mail.html", found=found, mail=found.mail, headers=headers)

    @made.get("/{mail_id}/letter")
    async def letter(request: Request, mail_id: str) -> Response:
        async with opened(request) as context:
            body = (await look(context, mail_id)).body("html")
            if not body:
                raise errors.NotFound("this mail has no page")
            body = body.replace("<head>", '<head><base target="_blank">', 1)
            allowed = {"Content-Security-Policy": _LETTER, "X-Frame-Options": "SAMEORIGIN"}
            return HTMLResponse(body, headers={**_HEADERS, **allowed})

    @made.get("/{mail_id}/source")
    async def source(request: Request, mail_id: str) -> Response:
        async with opened(request) as context:
            found = await look(context, mail_id)
            if found.message is None:
                raise errors.NotFound(found.problem)
            return Response(bytes(found.message), media_type="text/plain; charset=utf-8", headers=_HEADERS)

    @made.get("/{mail_id}/files/{file_id}")
    async def file(request: Request, mail_id: str, file_id: str) -> Response:
        async with opened(request) as context:
            files = (await look(context, mail_id)).files
            wanted = next((one for one in files if str(one.id) == file_id), None)
            if wanted is None:
                raise errors.NotFound("this mail has no such file")
            kind = wanted.media_type if wanted.media_type == "application/pdf" else "application/octet-stream"
            return Response(wanted.content, media_type=kind, headers=_HEADERS)

    return made


def _require_near(request: Request, host: Host) -> None:
    """Whoever asks must be on this machine or in its private network, and not behind a proxy that we do not know."""
    address = host.tenancy.address(request)
    try:
        far = ipaddress.ip_address(address).is_global
    except ValueError:
        far = True
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    if far or (forwarded and not host.tenancy.trusted):
        raise errors.NotFound("there is no such page")


def _post(host: Host) -> Post:
    found: Post = host.database.resources[Post]
    return found


def _page(name: str, **values: Any) -> HTMLResponse:
    content = _jinja.get_template(name).render(**values)
    return HTMLResponse(content, headers={**_HEADERS, "Content-Security-Policy": _OURS})
