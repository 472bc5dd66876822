"""Outgoing HTTP to addresses that strangers chose: only to the public internet, only so much, only so long."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urljoin, urlsplit

import httpcore

from rustok.kernel import errors

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?", re.IGNORECASE)
_KEPT = "!$&'()*+,-./:;=@_~%"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# Networks that `ipaddress` calls global although nobody's pictures live there: cloud metadata and tunnels that
# carry an IPv4 address inside, which a gateway would unpack.
_NEVER: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's host
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b:1::/48",  # local NAT64
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


class FetchError(errors.RustokError):
    """Something could not be fetched. `permanent`: the same address would be refused the same way tomorrow."""

    code = "fetch_failed"
    status = 502
    permanent = False


class AddressRefused(FetchError):
    """The address is malformed, or leads somewhere that is not the public internet."""

    code = "address_refused"
    status = 422
    permanent = True


class AnswerRefused(FetchError):
    """The server answered with something that is not wanted: too large, of another type, or an error."""

    code = "answer_refused"
    permanent = True


class Unreachable(FetchError):
    """The server does not answer, not in time, or not now."""

    code = "unreachable"


@dataclass(frozen=True)
class Policy:
    """What may be fetched. `allow_private` lists addresses or networks that are allowed although they are not public:
    it is for tests and development, and comes from the settings only."""

    ports: frozenset[int] = frozenset({80, 443})
    allow_private: frozenset[str] = frozenset()
    most_bytes: int = 20 * 1024 * 1024
    connect_seconds: float = 5
    total_seconds: float = 30
    redirects: int = 5
    user_agent: str = "RusToK/1.0"


@dataclass(frozen=True)
class Fetched:
    """What came back, and from where after redirects."""

    url: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What a server said to something that it was sent: any status, and how its text began."""

    status: int
    excerpt: str = field(repr=False)


@dataclass(frozen=True)
class _Target:
    """An address taken apart once, so that what is checked is what is connected to."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        place = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{place}{port}{self.path}"


def clean_address(url: str) -> str:
    """The address in ASCII, without a fragment; raises `AddressRefused` unless it is a plain http(s) address."""
    return str(_take_apart(url))


def _take_apart(url: str) -> _Target:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError as error:  # UnicodeError, an impossible host name, is one too
        raise AddressRefused("this is no web address") from error
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise AddressRefused("only http and https addresses are fetched")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("an address must not carry a user name or password")
    if ":" in host:
        try:
            host = IPv6Address(host).compressed
        except ValueError as error:
            raise AddressRefused("this is no web address") from error
    elif len(host) > 253 or not _HOST.fullmatch(host):
        raise AddressRefused("this is no web address")
    path = quote(parts.path.encode("utf-8", "replace"), safe=_KEPT) or "/"
    query = f"?{quote(parts.query.encode('utf-8', 'replace'), safe=_KEPT + '?')}" if parts.query else ""
    return _Target(scheme, host.lower(), port or _DEFAULT_PORTS[scheme], path + query)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address belongs to the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if any(address.version == network.version and address in network for network in _NEVER):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name itself, checks every address it has, and connects to one of those: no second look-up that
    could answer differently. Of one request: `aclose` ends what it has opened, as httpcore forgets a connection whose
    TLS handshake is cancelled."""

    def __init__(self, allowed: Sequence[IPv4Network | IPv6Network]) -> None:
        self._allowed = allowed
        self._network = httpcore.AnyIOBackend()
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def aclose(self) -> None:
        """End every connection, also those that have ended already."""
        for stream in self._opened:
            await stream.aclose()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self.resolve(host, port)
        failure: Exception | None = None
        for address in addresses[:4]:
            try:
                stream = await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self._opened.append(stream)
                return stream
        raise failure or httpcore.ConnectError("no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's own signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("only network addresses are fetched")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def resolve(self, host: str, port: int) -> list[str]:
        """Every address of a name; raises `AddressRefused` unless all of them may be connected to."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"the name {host} is not known") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        # One bad address spoils the name: a mixed answer is how a name is made to lead inside.
        if not addresses or not all(self._may_connect(ip_address(address)) for address in addresses):
            raise AddressRefused(f"{host} is not on the public internet")
        return addresses

    def _may_connect(self, address: IPv4Address | IPv6Address) -> bool:
        return is_public(address) or any(address.version == n.version and address in n for n in self._allowed)


class Fetcher:
    """Fetches by GET and sends by POST under a policy: no cookies, no proxy, and every redirect of a GET is checked."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self._allowed = [ip_network(text) for text in sorted(self.policy.allow_private)]
        self._tls: ssl.SSLContext | None = None

    async def get(self, url: str, *, accept: Collection[str]) -> Fetched:
        """Fetch an address whose content type starts with one of `accept`; raises `FetchError`.

        The type is what the server says: who needs certainty looks at the bytes.
        """
        target = _take_apart(url)
        wanted = ", ".join(f"{kind}*" if kind.endswith("/") else kind for kind in accept)
        async with self._in_time(target):
            for _ in range(self.policy.redirects + 1):
                async with self._ask("GET", target, {"Accept": wanted}) as answer:
                    if answer.status not in _REDIRECTS:
                        return await self._read(target, answer, accept)
                    location = _header(answer, b"location")
                    if not location:
                        raise AnswerRefused("the server redirects to nowhere")
                    target = _take_apart(urljoin(str(target), location))
            raise AnswerRefused(f"more than {self.policy.redirects} redirects")

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], keep: int = 2_000) -> Answer:
        """Send something; every status is an answer, a redirect as well, and is not followed. Raises `FetchError` where
        there is no answer at all. Of the answer's text the first bytes are read, and the connection is closed."""
        target = _take_apart(url)
        async with self._in_time(target), self._ask("POST", target, headers, body) as answer:
            read = bytearray()
            async for chunk in answer.aiter_stream():
                read += chunk
                if len(read) >= keep:
                    break
            return Answer(answer.status, bytes(read[:keep]).decode("utf-8", "replace").replace("\0", "\ufffd"))

    async def check(self, url: str) -> str:
        """The address in ASCII; raises `AddressRefused` where it may not be connected to, as far as that is known now:
        it is looked at again at every connection. Raises `Unreachable` for a name that is not known."""
        target = _take_apart(url)
        self._check_port(target)
        async with self._in_time(target):
            await _CheckedBackend(self._allowed).resolve(target.host, target.port)
        return str(target)

    @asynccontextmanager
    async def _in_time(self, target: _Target) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.policy.total_seconds):
                yield
        except TimeoutError as error:
            raise Unreachable(f"no complete answer within {self.policy.total_seconds:g} seconds") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise Unreachable(f"{target.host} does not answer: {type(error).__name__}") from error

    def _check_port(self, target: _Target) -> None:
        if target.port not in self.policy.ports:
            raise AddressRefused(f"port {target.port} is not among those that may be connected to")

    @asynccontextmanager
    async def _ask(
        self, method: str, target: _Target, more: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[httpcore.Response]:
        self._check_port(target)
        if target.scheme == "https" and self._tls is None:
            self._tls = httpcore.default_ssl_context()
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        headers = [*more.items(), ("Accept-Encoding", "identity"), ("User-Agent", self.policy.user_agent)]
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self.policy.connect_seconds)
        limits["read"] = self.policy.total_seconds
        backend = _CheckedBackend(self._allowed)
        async with (
            aclosing(backend),
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls, max_keepalive_connections=0, network_backend=backend
            ) as pool,
            pool.stream(method, url, headers=headers, content=body, extensions={"timeout": limits}) as answer,
        ):
            yield answer

    async def _read(self, target: _Target, answer: httpcore.Response, accept: Collection[str]) -> Fetched:
        if answer.status != 200:
            if answer.status in (408, 425, 429) or answer.status >= 500:
                raise Unreachable(f"the server answered {answer.status}")
            raise AnswerRefused(f"the server answered {answer.status}")
        if _header(answer, b"content-encoding").lower() not in ("", "identity"):
            raise AnswerRefused("the server compressed its answer although asked not to")  # it could be a bomb
        content_type = _header(answer, b"content-type").split(";")[0].strip().lower()
        if not any(content_type == kind or (kind.endswith("/") and content_type.startswith(kind)) for kind in accept):
            raise AnswerRefused(f"the content type {content_type[:60] or 'is missing and'} is not wanted")
        too_large = AnswerRefused(f"the file is larger than {self.policy.most_bytes} bytes")
        announced = _header(answer, b"content-length")
        if announced.isdecimal() and int(announced) > self.policy.most_bytes:
            raise too_large
        body = bytearray()
        async for chunk in answer.aiter_stream():
            body += chunk
            if len(body) > self.policy.most_bytes:
                raise too_large
        return Fetched(url=str(target), content_type=content_type, body=bytes(body))


def _header(answer: httpcore.Response, name: bytes) -> str:
    value = next((value for key, value in answer.headers if key.lower() == name), b"")
    return value.decode("utf-8", "replace")
