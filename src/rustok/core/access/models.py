"""The tables behind log-in. No secret is stored: of tokens, and of whom attempts are counted against, only SHA-256."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rustok.kernel import db

_USER = ["users.tenant_id", "users.id"]


class Session(db.TenantModel):
    """A log-in on one device: one access token at a time, and a family of refresh tokens of which one is good."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "access_hash"),
        ForeignKeyConstraint(["tenant_id", "user_id"], _USER, ondelete="CASCADE"),
        Index("ix_sessions_tenant_id_user_id", "tenant_id", "user_id"),
        Index("ix_sessions_tenant_id_expires_at", "tenant_id", "expires_at"),
    )

    user_id: Mapped[UUID]
    epoch: Mapped[int]  # the user's session_epoch when it began; another one there ends it
    access_hash: Mapped[bytes] = mapped_column(LargeBinary)
    access_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64), default="", server_default="")
    user_agent: Mapped[str] = mapped_column(String(255), default="", server_default="")
    created_at: Mapped[datetime] = db.created_at()
    refreshed_at: Mapped[datetime] = db.created_at()


class RefreshToken(db.Model):
    """A refresh token, kept after its use so that a second use is noticed."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"], ondelete="CASCADE"),
        Index("ix_refresh_tokens_tenant_id_session_id", "tenant_id", "session_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = db.created_at()


class PasswordReset(db.Model):
    """A permission to set a password once, for whoever reads the mail that was sent to the address."""

    __tablename__ = "password_resets"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], _USER, ondelete="CASCADE"),
        Index("ix_password_resets_tenant_id_user_id", "tenant_id", "user_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID]
    email: Mapped[str] = mapped_column(String(255))
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = db.created_at()


class EmailProof(db.Model):
    """A link that was sent to an address: whoever follows it reads that mail, and so the address is theirs."""

    __tablename__ = "email_proofs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], _USER, ondelete="CASCADE"),
        CheckConstraint("purpose IN ('verify', 'change')", name="purpose_known"),
        Index("ix_email_proofs_tenant_id_user_id", "tenant_id", "user_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID]
    email: Mapped[str] = mapped_column(String(255))
    purpose: Mapped[str] = mapped_column(String(16))
    account_email: Mapped[str] = mapped_column(String(255))  # the account's when it was asked for; another one ends it
    epoch: Mapped[int]  # the account's session_epoch then; another one there ends a change of address
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = db.created_at()


class LoginAttempt(db.TenantModel):
    """Something that is counted against an account or a network address; rows older than the window are swept."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        Index("ix_login_attempts_tenant_id_key_attempted_at", "tenant_id", "key", "attempted_at"),
        Index("ix_login_attempts_tenant_id_attempted_at", "tenant_id", "attempted_at"),
    )

    key: Mapped[bytes] = mapped_column(LargeBinary)
    attempted_at: Mapped[datetime]


class ApiKey(db.TenantModel):
    """A key for a program: what its list and its owner's role both allow, until it expires or is revoked."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("tenant_id", "secret_hash"),
        ForeignKeyConstraint(["tenant_id", "user_id"], _USER, ondelete="CASCADE"),
        Index("ix_api_keys_tenant_id_user_id", "tenant_id", "user_id"),
    )

    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))  # the visible beginning, by which people tell keys apart
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = db.created_at()
