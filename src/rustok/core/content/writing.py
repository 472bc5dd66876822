"""The fields and the body of a node as they are stored: checked once here, for people and importers alike."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from rustok.core import texts
from rustok.core.content import rendering
from rustok.core.content.models import Body, Status
from rustok.core.content.reading import COMMENT
from rustok.core.users import passwords
from rustok.kernel import errors
from rustok.kernel.context import Context

LONGEST_TITLE = 500
LONGEST_EXCERPT = 5_000
LONGEST_PASSWORD = 200
# A tsvector holds at most a megabyte; the read model searches all of a text, this column serves staff.
_SEARCHED = 100_000
# Below this a body is rendered before another request could be served anyway.
_SMALL = 20_000
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Written:
    """A body with everything that is made of it."""

    body: str
    format: str
    html: str
    plain: str
    reading_minutes: int


def check_kind(kind: str) -> str:
    """Return the kind; raise `Invalid` for what is no such name."""
    if not _KIND.fullmatch(kind):
        raise errors.Invalid(f"{kind[:40]!r} is not a kind of node", field="kind")
    return kind


def check_status(status: str) -> Status:
    """Return the status; raise `Invalid` for one that we do not know."""
    try:
        return Status(status)
    except ValueError:
        raise errors.Invalid(f"{status[:32]!r} is not a status", field="status") from None


def check_title(title: str | None) -> str | None:
    """One line of at most 500 characters, or nothing."""
    if title is None:
        return None
    line = " ".join(title.split())
    return texts.check_line(line, field="title", longest=LONGEST_TITLE, required=False) or None


def check_excerpt(excerpt: str | None) -> str | None:
    """Plain text: tags are dropped, because excerpts stand in lists and in descriptions."""
    if not excerpt:
        return None
    if len(excerpt) > 4 * LONGEST_EXCERPT:
        raise errors.Invalid(f"excerpt has more than {LONGEST_EXCERPT} characters", field="excerpt")
    plain = rendering.plain_text(excerpt)
    if len(plain) > LONGEST_EXCERPT:
        raise errors.Invalid(f"excerpt has more than {LONGEST_EXCERPT} characters", field="excerpt")
    check_storable(plain, field="excerpt")
    return plain or None


def check_author(name: str | None) -> str | None:
    """The name under which somebody without an account wrote."""
    if name is None:
        return None
    return texts.check_line(" ".join(name.split()), field="authorName", required=False) or None


def check_author_url(url: str | None) -> str | None:
    """An http(s) address, or nothing."""
    if not url or not url.strip():
        return None
    line = texts.check_line(url, field="authorUrl", longest=500)
    try:
        parts = urlsplit(line)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine or any(c in line for c in "\"'<> \\`"):
        raise errors.Invalid("authorUrl must begin with https:// or http://", field="authorUrl")
    return line


def email_hash(email: str | None) -> str | None:
    """SHA-256 of the address in lower case: enough to tell writers apart and to show their pictures."""
    cleaned = (email or "").strip().lower()
    return hashlib.sha256(cleaned.encode("utf-8", "replace")).hexdigest() if "@" in cleaned else None


def check_storable(text: str, *, field: str) -> None:
    """Raise `Invalid` for characters that PostgreSQL cannot keep."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise errors.Invalid(f"{field} holds characters that cannot be stored", field=field)


async def password_hash(password: str | None) -> str | None:
    """The Argon2id hash of a page's password; nothing for an empty one."""
    if not password:
        return None
    if len(password) > LONGEST_PASSWORD:
        raise errors.Invalid(f"a page's password has at most {LONGEST_PASSWORD} characters", field="password")
    return await passwords.hash_password(password)


async def render(body: str, *, format: str, kind: str) -> Written:
    """Render once, when it is written; a large body off the event loop."""
    check_storable(body.replace("\x00", ""), field="body")
    if len(body) <= _SMALL:
        return _render(body, format, kind)
    return await asyncio.to_thread(_render, body, format, kind)


def _render(body: str, format: str, kind: str) -> Written:
    body = body.replace("\x00", "")
    html = rendering.render_comment(body, format) if kind == COMMENT else rendering.render(body, format)
    plain = rendering.plain_text(html)
    return Written(body, rendering.check_format(format), html, plain, min(rendering.reading_minutes(plain), 9999))


def body_values(context: Context, node_id: UUID, written: Written) -> dict[str, Any]:
    """A row of `bodies`."""
    return {
        "tenant_id": context.tenant_id,
        "node_id": node_id,
        "body": written.body,
        "format": written.format,
        "html": written.html,
        "plain": written.plain,
        "reading_minutes": written.reading_minutes,
        "updated_at": context.now,
    }


async def save_bodies(context: Context, bodies: list[tuple[UUID, Written]]) -> None:
    """Insert or replace bodies, a hundred in one statement."""
    for start in range(0, len(bodies), 100):
        statement = insert(Body).values(
            [
                {
                    **body_values(context, node_id, written),
                    "search_vector": func.to_tsvector("simple", written.plain[:_SEARCHED]),
                }
                for node_id, written in bodies[start : start + 100]
            ]
        )
        await context.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "node_id"],
                set_={
                    name: statement.excluded[name]
                    for name in ("body", "format", "html", "plain", "reading_minutes", "updated_at", "search_vector")
                },
            )
        )
