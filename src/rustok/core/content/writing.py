"""The fields and the body of a node as they are stored: checked once here, for people and importers alike."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import DateTime, Integer, Text, Uuid, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from rustok.core import rows, texts
from rustok.core.content import rendering
from rustok.core.content.models import Body, Status
from rustok.core.content.reading import COMMENT
from rustok.core.media import service as media
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
_WRITTEN = ("node_id", "body", "format", "html", "plain", "reading_minutes", "search_vector")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Written:
    """A body with everything that is made of it."""

    body: str
    format: str
    html: str
    plain: str
    reading_minutes: int


async def check_cover(context: Context, media_id: UUID | None) -> None:
    """Raise `NotFound` where a cover picture is no file of this tenant: the column has no foreign key."""
    if media_id is not None and await media.get(context, media_id) is None:
        raise errors.NotFound("there is no such file", field="coverMediaId")


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
    try:
        text.encode()
    except UnicodeEncodeError:
        raise errors.Invalid(f"{field} holds half of a character (a lone surrogate)", field=field) from None
    if "\x00" in text:
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


async def save_bodies(context: Context, bodies: Sequence[tuple[UUID, Written]]) -> None:
    """Insert or replace bodies in one statement."""
    if not bodies:
        return
    new = rows.table(
        [
            (node_id, one.body, one.format, one.html, one.plain, one.reading_minutes, one.plain[:_SEARCHED])
            for node_id, one in bodies
        ],
        node_id=Uuid,
        body=Text,
        format=Text,
        html=Text,
        plain=Text,
        reading_minutes=Integer,
        searched=Text,
    )
    statement = insert(Body).from_select(
        ["tenant_id", "updated_at", *_WRITTEN],
        select(
            literal(context.tenant_id, Uuid),
            literal(context.now, DateTime(timezone=True)),
            *(new.c[name] for name in _WRITTEN[:-1]),
            func.to_tsvector(literal_column("'simple'::regconfig"), new.c.searched),
        ),
    )
    await context.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "node_id"],
            set_={name: statement.excluded[name] for name in ("updated_at", *_WRITTEN[1:])},
        )
    )
