"""Settings from the environment and `.env`: `RUSTOK_*`, `DATABASE_URL`, `REDIS_URL`. Only the server reads them."""

import hashlib
import hmac
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rustok.kernel import errors


class BadSetting(errors.Invalid):
    """A setting cannot be used; the message names it."""

    code = "bad_setting"
    for_operators = True


class Settings(BaseSettings):
    """Everything an operator can set. Environment variables win over `.env` in the working directory."""

    model_config = SettingsConfigDict(
        env_prefix="RUSTOK_", env_file=".env", extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    home: Path = Path(".rustok")
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65535)
    environment: Literal["development", "production"] = "development"
    database_url: str | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    redis_url: str | None = Field(default=None, validation_alias=AliasChoices("REDIS_URL", "redis_url"))
    secret_key: str | None = None
    media_url: str | None = None  # where files are kept, e.g. s3://bucket/prefix; default: the folder `<home>/media`
    search: Literal["postgres", "tantivy"] = "postgres"  # the engine that finds rows by words
    search_path: Path | None = None  # where Tantivy keeps its files; default: the folder `<home>/search`
    fetch_ports: str = Field(default="80,443", pattern=r"^\d{1,5}(,\d{1,5})*$")  # ports that pictures are fetched from
    fetch_allow_private: str = ""  # addresses or networks that may be fetched from although they are not public
    smtp_url: str | None = None  # smtp://user:password@host:587 or smtps://…:465; ?tls=start|never|always
    mail_from: str = "shop@localhost"  # whom mail is from where a tenant says nothing else; bounces go there
    public_url: str | None = None  # how links in mails begin where a tenant has no host name: https://shop.example
    webhook_ports: str = Field(default="80,443,8443", pattern=r"^\d{1,5}(,\d{1,5})*$")  # that webhooks may be sent to
    webhook_allow_private: str = ""  # addresses or networks that webhooks may reach although they are not public
    max_upload_mb: int = Field(default=20, ge=1)
    max_body_kb: int = Field(default=1024, ge=16)
    live_origins: str = ""  # sites whose pages may open WebSockets besides a tenant's own: https://shop.example, or *
    live_connections: int = Field(default=5_000, ge=1)  # WebSockets of one web process
    live_per_address: int = Field(default=100, ge=1)  # of these from one address
    guest_carts: int = Field(default=60, ge=0)  # that guests of one address may begin in ten minutes; 0: any number
    web_workers: int = Field(default=1, ge=1)
    pool_size: int = Field(default=8, ge=1)
    trusted_documents: Path | None = None  # a JSON file: GraphQL documents by their SHA-256
    only_trusted_documents: bool = False  # refuse every other document on /graphql
    cache_mb: int = Field(default=32, ge=0)  # of answers that a web process keeps; 0: none
    public_cache: str = "public, max-age=0, s-maxage=1, stale-while-revalidate=30"  # Cache-Control of public answers
    default_tenant: str | None = None  # the tenant that unknown host names mean, for a server with one tenant
    trusted_proxies: str = ""  # networks whose X-Forwarded-* headers count, separated by commas
    trusted_tenant_headers: bool = False  # X-Tenant-ID and X-Tenant are believed from trusted_proxies only
    log_json: bool = False
    log_level: str = "INFO"
    test_payments: bool | None = None  # whether the test provider can be chosen; not set: in development only
    payment_options: dict[str, dict[str, str]] = Field(default_factory=dict)  # {"stripe": {"api_base": "https://…"}}
    run_workers: bool = False  # follow the event log inside the web process, as `rustok up` does
    demo: bool = True  # `rustok up` fills an empty database with the demo shop

    @cached_property
    def secret(self) -> bytes:
        """The key for signatures: RUSTOK_SECRET_KEY, or one that is made and kept in the home folder."""
        if self.secret_key:
            return self.secret_key.encode()
        path = self.home / "secret"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        return path.read_text().encode()

    def role_url(self, owner_url: str, role: str) -> str:
        """The owner's address with another role, whose password is derived and never stored."""
        parts = urlsplit(owner_url)
        if not parts.hostname and not parts.path:
            raise BadSetting("DATABASE_URL is no address of a PostgreSQL database")
        key = self.secret_key or unquote(parts.password or "")
        if not key:
            raise BadSetting("DATABASE_URL has no password: set RUSTOK_SECRET_KEY, from which the roles' are derived")
        password = hmac.new(key.encode(), f"rustok role {role}".encode(), hashlib.sha256).hexdigest()
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(role)}:{password}@{place}"))
