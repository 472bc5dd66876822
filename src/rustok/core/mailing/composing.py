"""A stored mail as a letter in an envelope: what it says, whom it is from, and the headers that go with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from rustok.core.mailing.models import Mail, MailAttachment
from rustok.core.mailing.post import Post
from rustok.core.mailing.rendering import Letter
from rustok.core.users import emails
from rustok.kernel.context import TenantInfo

ACCENT = "#1f4d4a"


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a tenant's mail is from, and who gets the answers."""

    name: str
    address: str
    reply_to: str | None


def letter(post: Post, tenant: TenantInfo, mail: Mail) -> Letter:
    """What the mail says, in its language or the nearest that there is."""
    values = {
        **mail.facts,
        "shop": {
            "name": shop_name(tenant, mail.locale),
            "url": link(post, tenant, mail.locale)("/"),
            "email": _given(tenant, "reply_to") or _contact(tenant),
            "accent": _accent(tenant),
        },
        "link": link(post, tenant, mail.locale),
    }
    return post.templates.render(mail.template, values, locales=[mail.locale, tenant.default_locale])


def message(post: Post, tenant: TenantInfo, mail: Mail, files: Sequence[MailAttachment]) -> EmailMessage:
    """The letter with its headers. Everything in them is the same whenever it is made: so is the Message-ID."""
    written = letter(post, tenant, mail)
    sender = sender_of(post, tenant, mail.locale)
    # Beyond ASCII an address needs a server that speaks SMTPUTF8; everybody else gets a letter that any server takes.
    made = EmailMessage(policy=SMTP if mail.recipient.isascii() else SMTP.clone(utf8=True))
    made["Subject"] = one_line(written.subject)
    made["From"] = _address(sender.address, sender.name)
    made["To"] = _address(mail.recipient)
    if sender.reply_to and sender.reply_to != sender.address:
        made["Reply-To"] = _address(sender.reply_to)
    made["Date"] = mail.created_at
    made["Message-ID"] = message_id(mail, sender)
    made["Auto-Submitted"] = "auto-generated"  # so that no holiday notice answers
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(written.text, cte="quoted-printable")
    if written.html is not None:
        made.add_alternative(written.html, subtype="html", cte="quoted-printable")
    for file in files:
        kind, _, detail = file.media_type.partition("/")
        made.add_attachment(file.content, maintype=kind, subtype=detail, filename=file.filename)
    made["Content-Language"] = written.locale  # at last: setting contents takes such headers away
    return made


def sender_of(post: Post, tenant: TenantInfo, locale: str) -> Sender:
    """The tenant's own sender (`settings.mail.from_name`, `from_address`, `reply_to`) or the installation's."""
    name = one_line(str(_settings(tenant).get("from_name") or shop_name(tenant, locale)))[:100]
    address = _given(tenant, "from_address") or post.sender
    return Sender(name, address, _given(tenant, "reply_to") or _contact(tenant))


def message_id(mail: Mail, sender: Sender) -> str:
    """The same at every attempt: who gets a letter twice can tell."""
    return f"<{mail.id.hex}@{sender.address.rpartition('@')[2]}>"


def shop_name(tenant: TenantInfo, locale: str) -> str:
    """What the tenant is called in the language."""
    names = tenant.settings.get("names")
    known = names if isinstance(names, Mapping) else {}
    return one_line(str(known.get(locale) or known.get(tenant.default_locale) or tenant.name))


def link(post: Post, tenant: TenantInfo, locale: str) -> Callable[[str], str]:
    """Makes a whole address of a path of the shop, in the language."""
    prefix = "" if locale == tenant.default_locale else f"/{locale}"

    def whole(path: str) -> str:
        if path.startswith(("https://", "http://")):
            return path
        return f"{post.origin(tenant)}{prefix}{path if path.startswith('/') else f'/{path}'}"

    return whole


def one_line(text: str) -> str:
    """Without line breaks and control characters: nothing can be put behind a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _address(checked: str, name: str = "") -> Address:
    local, _, domain = checked.rpartition("@")
    return Address(name, local, domain)


def _settings(tenant: TenantInfo) -> Mapping[str, Any]:
    found = tenant.settings.get("mail")
    return found if isinstance(found, Mapping) else {}


def _given(tenant: TenantInfo, name: str) -> str | None:
    """An address from the tenant's settings, where it is one."""
    value = _settings(tenant).get(name)
    return emails.normalise(value) if isinstance(value, str) else None


def _contact(tenant: TenantInfo) -> str | None:
    value = tenant.settings.get("email")
    return emails.normalise(value) if isinstance(value, str) else None


def _accent(tenant: TenantInfo) -> str:
    value = _settings(tenant).get("accent")
    if isinstance(value, str) and len(value) == 7 and value[0] == "#" and value[1:].isalnum():
        return value
    return ACCENT
