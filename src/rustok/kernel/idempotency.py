"""A request that is repeated under one key runs once: its answer is stored with what it changed, and given again.

The header is that of the IETF's draft "The Idempotency-Key HTTP Header Field". Nothing is stored of a key but its hash.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, LargeBinary, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel import db, errors
from rustok.kernel.context import Actor, Context
from rustok.kernel.module import Timer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
_LONGEST = 255


class BadKey(errors.RustokError):
    """The key cannot be used, or not with this request."""

    code = "bad_idempotency_key"


class InProgress(errors.Conflict):
    """The same request is running just now: ask again in a moment."""

    code = "in_progress"


class KeyReused(errors.Invalid):
    """The key belongs to another request: one key, one request."""

    code = "idempotency_key_reused"


class KeptAnswer(db.Model):
    """The answer to a request that ran under a key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "tenant_id", "created_at"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = db.created_at()


def key_hash(key: str, *, actor: Actor, place: str) -> bytes:
    """What is stored of a key: it belongs to who sends it and to one place of the API. Raises `BadKey`."""
    plain = key.strip()
    if len(plain) >= 2 and plain[0] == plain[-1] == '"':  # a text of structured fields
        plain = plain[1:-1]
    if not 1 <= len(plain) <= _LONGEST or not plain.isascii() or not plain.isprintable():
        raise BadKey(f"{HEADER} must be 1 to {_LONGEST} printable characters")
    return hashlib.sha256(f"{place}\n{actor.kind}\n{actor.user_id}\n{plain}".encode()).digest()


async def find(context: Context, key: bytes, *, request: bytes) -> bytes | None:
    """The answer under the key; None for whoever comes first, and holds the key until the transaction ends.

    `request` is the hash of all that must be the same. Raises `InProgress` and `KeyReused`. A process that dies gives
    its key back, with all that it had changed.
    """
    number = int.from_bytes(hashlib.sha256(context.tenant_id.bytes + key).digest()[:8], "big", signed=True)
    held = await context.session.scalar(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": number})
    if not held:
        raise InProgress(f"a request with this {HEADER} is running: ask again in a moment")
    found = (
        await context.session.execute(
            select(KeptAnswer.request_hash, KeptAnswer.answer).where(
                KeptAnswer.tenant_id == context.tenant_id, KeptAnswer.key_hash == key
            )
        )
    ).one_or_none()
    if found is None:
        return None
    if found.request_hash != request:
        raise KeyReused(f"this {HEADER} belongs to another request: take a new one")
    return bytes(found.answer)


async def keep(context: Context, key: bytes, *, request: bytes, answer: bytes) -> None:
    """Store the answer, in the transaction of what it tells of."""
    await context.session.execute(
        text("""INSERT INTO idempotency_keys (tenant_id, key_hash, request_hash, answer)
                VALUES (:tenant, :key, :request, :answer)"""),
        {"tenant": context.tenant_id, "key": key, "request": request, "answer": answer},
    )


async def sweep(context: Context) -> None:
    """Forget what is older than a day."""
    await context.session.execute(
        delete(KeptAnswer)
        .where(KeptAnswer.tenant_id == context.tenant_id, KeptAnswer.created_at < func.now() - KEPT)
        .execution_options(synchronize_session=False)
    )


SWEEP = Timer(name="kernel.sweep_idempotency_keys", every_seconds=3600, run=sweep)
