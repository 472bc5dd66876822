"""A mail server on this machine that speaks SMTP, and can be told to be difficult."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rustok.core.mailing import rendering, service
from rustok.core.mailing.post import Post
from rustok.core.mailing.smtp import Server
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.units import Units
from rustok.server import modules


@dataclass
class MailServer:
    """Takes letters, unless one of `answers` says otherwise: by command, the answers to be given instead."""

    port: int = 0
    letters: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    hang_up_after_data: int = 0  # so many times it takes the letter and says nothing
    conversations: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        self.conversations += 1
        sender = recipient = ""
        writer.write(b"220 here\r\n")
        try:
            while line := (await reader.readline()).decode().strip():
                verb = line.split()[0].upper()
                said = self.answers.get(verb, [])
                if said:
                    writer.write(f"{said.pop(0)}\r\n".encode())
                elif verb == "EHLO":
                    writer.write(b"250-here\r\n250 SMTPUTF8\r\n")
                elif verb == "MAIL":
                    sender = line.partition("<")[2].partition(">")[0]
                    writer.write(b"250 ok\r\n")
                elif verb == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    writer.write(b"250 ok\r\n")
                elif verb == "DATA":
                    writer.write(b"354 go on\r\n")
                    raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n", b"\n")
                    letter = email.message_from_bytes(raw, policy=email.policy.default)
                    self.letters.append((sender, recipient, letter))
                    if self.hang_up_after_data:
                        self.hang_up_after_data -= 1
                        break
                    writer.write(f"250 taken as {len(self.letters)}\r\n".encode())
                elif verb == "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(b"250 ok\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """A mail server that takes everything."""
    made = MailServer()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()
    await listening.wait_closed()


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A module's folder with one mail in two languages."""
    for locale, hello in (("en", "Hello"), ("ru", "Здравствуйте")):
        folder = tmp_path / "mails" / locale
        folder.mkdir(parents=True)
        (folder / "greeting.subject").write_text(hello + ", {{ name }}\n")
        (folder / "greeting.txt").write_text(hello + " {{ name }}: {{ link('/x') }}\n")
        (folder / "greeting.html").write_text('<p lang="{{ locale }}">' + hello + " {{ name }}</p>")
    return tmp_path / "mails"


@pytest.fixture(autouse=True)
async def empty_outbox(owner: Any) -> None:
    """No other test's mail is due."""
    async with owner() as session:
        await session.execute(text("TRUNCATE mails CASCADE"))
        await session.commit()


SetPost = Callable[..., Post]


@pytest.fixture
def set_post(database: Database, templates: Path) -> Any:
    """`set_post(server)` hands down how mail is sent, as the host does it."""

    def made(server: MailServer | None, *, mailbox: bool = False) -> Post:
        folders = [module.mail_templates for module in modules.load().modules if module.mail_templates]
        database.resources[Post] = post = Post(
            rendering.Templates([*folders, templates]),
            "shop@installation.example",
            lambda tenant: f"https://{tenant.hosts[0]}",
            server=Server.at(f"smtp://127.0.0.1:{server.port}?tls=never") if server else None,
            mailbox=mailbox,
        )
        return post

    yield made
    database.resources.pop(Post, None)


@pytest.fixture
def units(database: Database) -> Units:
    """What an errand works with."""
    return Units(database, modules.find_tenant)


@pytest.fixture
async def hurry(open_context: Any) -> Any:
    """`await hurry()`: whatever waits for its next attempt is due now."""

    async def made(of: TenantInfo | None = None) -> None:
        async with open_context(of) as context:
            await context.session.execute(
                text("UPDATE mails SET next_attempt_at = now() - interval '1 second' WHERE next_attempt_at IS NOT NULL")
            )

    return made


@pytest.fixture
def write(open_context: Any) -> Any:
    """`await write("a@b.example", name="Ann")`: a greeting in the outbox, committed."""

    async def made(to: str = "ann@example.com", *, once: str = "1", locale: str = "en", **values: Any) -> Any:
        async with open_context() as context:
            return await service.queue(
                context, "greeting", to=to, locale=locale, values={"name": "Ann", **values}, once=once
            )

    return made
