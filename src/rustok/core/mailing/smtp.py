"""The conversation with a mail server, and what its refusals mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from rustok.core.users import emails
from rustok.kernel import errors

SECONDS: Final = 30.0  # for each step of a conversation
_PORTS = {"smtp": 587, "smtps": 465}
_TLS: dict[str, bool | None] = {"start": True, "auto": None, "never": False}


class BadServer(errors.Invalid):
    """The address of the mail server cannot be used."""

    code = "bad_smtp_url"
    for_operators = True


class SendFailed(Exception):
    """The server did not take a letter. `permanent`: it would say the same tomorrow."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


def check_sender(address: str) -> str:
    """The installation's own address; `localhost` is good enough for a domain on a development machine."""
    local, _, domain = address.strip().rpartition("@")
    if domain == "localhost" and local.isascii() and local.isalnum():
        return f"{local}@localhost"
    if (known := emails.normalise(address)) is None:
        raise BadServer("RUSTOK_MAIL_FROM is no e-mail address")
    return known


@dataclass(frozen=True)
class Server:
    """Where mail is handed in."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    start_tls: bool | None = None  # None: where the server offers it

    @classmethod
    def at(cls, url: str) -> "Server":
        """From `smtp://user:password@host:587?tls=start` (or `auto`, `never`) or `smtps://user:password@host`."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise BadServer("RUSTOK_SMTP_URL has no possible port") from error
        asked = parse_qs(parts.query)
        tls = asked.pop("tls", ["auto"])[-1]
        if parts.scheme not in _PORTS or not parts.hostname or tls not in _TLS or asked:
            raise BadServer("RUSTOK_SMTP_URL must be like smtp://user:password@host:587?tls=start or smtps://host")
        return cls(
            parts.hostname,
            port or _PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            implicit_tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else _TLS[tls],
        )

    @asynccontextmanager
    async def line(self) -> AsyncIterator["Line"]:
        """A conversation in which several letters can be handed in; it begins with the first one."""
        open_line = Line(self)
        try:
            yield open_line
        finally:
            await open_line.close()


class Line:
    """One connection, opened when it is needed and again when it is lost."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> str:
        """Hand a letter in; returns what the server said. Raises `SendFailed`."""
        try:
            client = await self._open()
            refused, said = await client.send_message(message, sender=sender, recipients=[recipient])
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            raise SendFailed(f"{first.code} {first.message}", permanent=_is_final(first.code)) from error
        except aiosmtplib.SMTPDataError as error:
            raise SendFailed(f"{error.code} {error.message}", permanent=_is_final(error.code)) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise SendFailed(f"the server cannot take it: {error}", permanent=True) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Log-in, sender and connection are the operator's: they can be put right, and the letter goes out then.
            await self.close()
            raise SendFailed(f"{type(error).__name__}: {error}") from error
        if refused:  # it said yes to nobody else
            code, reason = next(iter(refused.values()))
            raise SendFailed(f"{code} {reason}", permanent=_is_final(code))
        return said[:500]

    async def close(self) -> None:
        """Say good-bye, if anybody is still there."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=5)
            client.close()

    async def _open(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=server.start_tls,
            timeout=SECONDS,
        )
        await client.connect()
        self._client = client
        return client


def _is_final(code: int) -> bool:
    return 500 <= code < 600
