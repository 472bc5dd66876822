"""How this process sends mail: templates, server and sender, handed down by the host."""

from collections.abc import Callable
from dataclasses import dataclass

from rustok.core.mailing.rendering import Templates
from rustok.core.mailing.smtp import Server
from rustok.kernel.context import TenantInfo


@dataclass(frozen=True)
class Post:
    """`server` is None where none is set: then mail waits, or lies in the development mailbox where there is one."""

    templates: Templates
    sender: str  # the address that mail is from, and to which bounces go
    origin: Callable[[TenantInfo], str]  # how a tenant's links begin: https://shop.example
    server: Server | None = None
    mailbox: bool = False  # what is sent lies in /dev/mail
