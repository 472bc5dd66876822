"""Fetching reaches the public internet and nothing else, and gives up on what is too large, too slow or unwanted."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address

import pytest

from rustok.kernel import fetching

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 2000
Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class Site:
    """A real web server on a free local port that remembers what it was asked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []
        self.headers: list[str] = []

    def policy(self, **changes: object) -> fetching.Policy:
        allowed = fetching.Policy(ports=frozenset({self.port}), allow_private=frozenset({"127.0.0.1"}))
        return replace(allowed, **changes)  # type: ignore[arg-type]  # the fields are named by the tests

    def url(self, path: str = "/a.png", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


def body(content: bytes, kind: str = "image/png", extra: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{extra}\r\n"
    return head.encode() + content


@asynccontextmanager
async def serving(answers: dict[str, bytes | Answer]) -> AsyncIterator[Site]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = request.split(" ")[1]
            site.asked.append(path)
            site.headers.append(request)
            answer = answers[path]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(path, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    site = Site(server.sockets[0].getsockname()[1])
    try:
        yield site
    finally:
        server.close()
        await server.wait_closed()


async def get(site: Site, path: str = "/a.png", **changes: object) -> fetching.Fetched:
    return await fetching.Fetcher(site.policy(**changes)).get(site.url(path), accept=["image/"])


async def test_a_wanted_file_comes_back_whole_and_nothing_about_us_is_sent() -> None:
    async with serving({"/a.png": body(PNG)}) as site:
        fetched = await get(site)

        assert (fetched.body, fetched.content_type, fetched.url) == (PNG, "image/png", site.url())
        assert "cookie" not in site.headers[0].lower()
        assert "authorization" not in site.headers[0].lower()


async def test_addresses_are_sent_in_ascii() -> None:
    async with serving({"/%D0%BA%D0%BE%D1%82%201.png?q=%22": body(PNG)}) as site:
        fetched = await fetching.Fetcher(site.policy()).get(site.url('/кот 1.png?q="#top'), accept=["image/"])

        assert fetched.body == PNG


async def test_redirects_are_followed_a_few_times() -> None:
    hop = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
    async with serving({"/1": hop % b"/2", "/2": hop % b"a.png", "/a.png": body(PNG), "/loop": hop % b"/loop"}) as site:
        assert (await get(site, "/1")).url == site.url()

        with pytest.raises(fetching.AnswerRefused, match="5 redirects"):
            await get(site, "/loop")
        assert site.asked.count("/loop") == 6


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "127.8.8.8", "0.0.0.0", "0", "localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]",  # noqa: S104
        "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "2130706433", "0177.0.0.1", "0x7f000001", "169.254.169.254",
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "168.63.129.16", "[fe80::1]", "[fd00:ec2::254]", "[ff02::1]", "[2002:7f00:1::]",
    ],
)  # fmt: skip
async def test_no_address_inside_is_connected_to(host: str) -> None:
    async with serving({"/a.png": body(PNG)}) as site:
        public_only = fetching.Fetcher(site.policy(allow_private=frozenset()))

        with pytest.raises(fetching.AddressRefused):
            await public_only.get(site.url(host=host), accept=["image/"])

        assert site.asked == []


async def test_a_redirect_cannot_lead_inside() -> None:
    async with serving({"/a.png": body(PNG)}) as inside:
        hop = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:{inside.port}/a.png\r\nContent-Length: 0\r\n\r\n"
        async with serving({"/hop": hop.encode()}) as outside:
            policy = outside.policy(ports=frozenset({inside.port, outside.port}))

            with pytest.raises(fetching.AddressRefused):
                await fetching.Fetcher(policy).get(outside.url("/hop"), accept=["image/"])

        assert inside.asked == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://u:p@127.0.0.1/"])
async def test_a_redirect_cannot_change_to_another_scheme_or_carry_credentials(location: str) -> None:
    hop = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving({"/hop": hop}) as site:
        with pytest.raises(fetching.AddressRefused):
            await get(site, "/hop")


async def test_a_name_is_looked_up_once_and_every_address_of_it_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = [["93.184.215.14", "127.0.0.1"], ["93.184.215.14"]]

    async def look_up(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answers[len(asked) - 1]]

    async with serving({"/a.png": body(PNG)}) as site:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up, raising=False)
        fetcher = fetching.Fetcher(site.policy(allow_private=frozenset(), total_seconds=0.3))

        with pytest.raises(fetching.AddressRefused):  # one of the two addresses leads inside
            await fetcher.get(site.url(host="rebinding.example"), accept=["image/"])

        assert asked == ["rebinding.example"]
        assert site.asked == []


@pytest.mark.parametrize(
    "url",
    ["", "a.png", "//host/a.png", "ftp://example.com/a", "javascript:alert(1)", "http://", "http://a b/", "http://[::1/",
     "http://user@example.com/", "http://user:secret@example.com/", "http://example.com:99999/", "http://exa\\mple.com/",
     "http://example..com/", "data:image/png;base64,AAAA", "http://" + "a" * 300 + ".com/"],
)  # fmt: skip
async def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(fetching.AddressRefused):
        await fetching.Fetcher().get(url, accept=["image/"])


async def test_other_ports_than_the_webs_are_refused() -> None:
    async with serving({"/a.png": body(PNG)}) as site:
        with pytest.raises(fetching.AddressRefused, match=f"port {site.port}"):
            await fetching.Fetcher(fetching.Policy(allow_private=frozenset({"127.0.0.1"}))).get(
                site.url(), accept=["image/"]
            )

        assert site.asked == []


async def test_a_file_that_announces_too_many_bytes_is_not_read() -> None:
    huge = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99999999999\r\n\r\n"
    async with serving({"/a.png": huge}) as site:
        with pytest.raises(fetching.AnswerRefused, match="larger than 1000"):
            await get(site, most_bytes=1000)


async def test_a_file_that_never_ends_is_cut_off() -> None:
    sent = 0

    async def pour(_: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"0" * 4096 + b"\r\n")
            await writer.drain()
            sent += 4096

    async with serving({"/a.png": pour}) as site:
        with pytest.raises(fetching.AnswerRefused, match="larger than"):
            await get(site, most_bytes=100_000)

        assert sent < 20_000_000


async def test_a_server_that_trickles_is_given_up_on() -> None:
    async def trickle(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n")
        for _second in range(50):
            writer.write(b"0")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serving({"/a.png": trickle}) as site:
        with pytest.raises(fetching.Unreachable, match=r"within 0\.4 seconds") as caught:
            await get(site, total_seconds=0.4)

        assert not caught.value.permanent


async def test_whoever_is_stopped_while_shaking_hands_leaves_no_connection_open() -> None:
    came, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        while await reader.read(1000):
            pass
        writer.close()
        gone.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    policy = fetching.Policy(ports=frozenset({port}), allow_private=frozenset({"127.0.0.1"}))
    for stopped in (True, False):  # by whoever waits for it, or by the limit
        came.clear()
        gone.clear()
        fetcher = fetching.Fetcher(replace(policy, total_seconds=60 if stopped else 0.2))
        fetch = asyncio.create_task(fetcher.get(f"https://127.0.0.1:{port}/", accept=["image/"]))
        async with asyncio.timeout(10):
            await came.wait()
            if stopped:
                fetch.cancel()
            with pytest.raises((asyncio.CancelledError, fetching.Unreachable)):
                await fetch
            await gone.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (body(PNG, "text/html"), True),
        (body(PNG, "imagex/png"), True),
        (body(PNG, "image/png", "Content-Encoding: gzip\r\n"), True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", True),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 206 Partial\r\nContent-Type: image/png\r\nContent-Length: 1\r\n\r\nx", True),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 429 Later\r\nContent-Length: 0\r\n\r\n", False),
        (body(PNG)[:-100], False),
        (b"SSH-2.0-OpenSSH\r\n", False),
        (b"", False),
    ],
)
async def test_unwanted_and_broken_answers_are_refused_and_say_whether_for_good(answer: bytes, permanent: bool) -> None:
    async with serving({"/a.png": answer}) as site:
        with pytest.raises(fetching.FetchError) as caught:
            await get(site)

        assert caught.value.permanent is permanent


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with serving({}) as site:
        pass

    with pytest.raises(fetching.Unreachable):
        await get(site)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert fetching.is_public(ip_address(address))
