"""Load one server over HTTP from a process of its own: so many connections, so many seconds, figures as JSON.

Raw sockets and `poll`, and of an answer only its status and its length are read: a client that parses what it gets is
slower than what it should measure. The first answer to each request is kept and looked at when the time is over.
"""

import gc
import json
import select
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

CHUNK = 1 << 18
HEAD_END = b"\r\n\r\n"
OK = b"HTTP/1.1 200"
LENGTH = b"content-length: "


class LoadFailed(Exception):
    """The server answered something else than was asked for, or nothing at all."""


def request_of(one: dict[str, Any], port: int) -> bytes:
    """The bytes of one request: `path`, perhaps `headers`, and a JSON `body` if it is to be posted."""
    head = {"Host": f"127.0.0.1:{port}", "Accept": "application/json", **one.get("headers", {})}
    body = b""
    if "body" in one:
        body = json.dumps(one["body"]).encode()
        head |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"{'POST' if body else 'GET'} {one['path']} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Connection:
    """One kept connection, and the request it waits for."""

    __slots__ = ("held", "place", "socket", "started")

    def __init__(self, port: int, place: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.place = place
        self.held = b""
        self.started = 0.0


def missing(data: bytes) -> int:
    """How many bytes of this answer have not come yet; at least one while that is unknown."""
    end = data.find(HEAD_END)
    if end < 0:
        return 1
    at = data.find(LENGTH, 0, end)
    if at < 0:
        lowered = data[:end].lower()
        at = lowered.find(LENGTH)
        if at < 0:
            if b"transfer-encoding: chunked" in lowered:
                return 0 if data.endswith((b"\r\n0\r\n\r\n", b"\r\n\r\n0\r\n\r\n")) else 1
            raise LoadFailed(f"an answer without its length: {data[:200]!r}")
    stop = data.find(b"\r\n", at)
    return end + 4 + int(data[at + len(LENGTH) : stop]) - len(data)


def load(
    port: int, requests: Sequence[bytes], *, warm: float, seconds: float, connections: int, least: int, most: float
) -> dict[str, Any]:
    """Send the requests in turn; what was answered before `warm` seconds are over does not count.

    Goes on beyond `seconds` until `least` answers were timed, at the latest until `most` seconds are over. Raises
    LoadFailed at the first answer that is not 200.
    """
    opened: list[Connection] = []
    try:
        for number in range(connections):
            opened.append(Connection(port, number % len(requests)))
        times, spent, busy, answered, first = _run(opened, requests, warm, seconds, least, most)
    finally:
        for one in opened:
            one.socket.close()
    look_at(first.values())
    if not times:
        raise LoadFailed("nothing was answered in time")
    return {**figures(times, spent), "answers": answered, "busy": busy, "bytes": body_size(first.values())}


def _run(
    opened: Sequence[Connection], requests: Sequence[bytes], warm: float, seconds: float, least: int, most: float
) -> tuple[list[float], float, float, int, dict[int, bytes]]:
    """Times of the answers that count, over how long, how busy this process was, all answers, and the first ones."""
    clock, size, step = time.perf_counter, len(requests), len(opened)
    times: list[float] = []
    first: dict[int, bytes] = {}
    answered = 0
    by_number = {one.socket.fileno(): one for one in opened}
    poller = select.poll()
    worked = time.process_time()
    now = begin = clock()
    counted_from = begin + warm
    end, latest = counted_from + seconds, counted_from + max(most, seconds)
    for one in opened:
        one.socket.setblocking(False)
        poller.register(one.socket, select.POLLIN)
        one.started = clock()
        one.socket.sendall(requests[one.place])
    while now < end or (len(times) < least and now < latest):
        ready = poller.poll(30_000)
        if not ready:
            raise LoadFailed("no answer within thirty seconds")
        for number, _ in ready:
            one = by_number[number]
            data = one.socket.recv(CHUNK)
            if not data:
                raise LoadFailed("the server closed the connection")
            if one.held:
                data = one.held + data
            if missing(data) > 0:
                one.held = data
                continue
            now = clock()
            if not data.startswith(OK):
                raise LoadFailed(data[:300].decode(errors="replace"))
            answered += 1
            if one.started >= counted_from:
                times.append(now - one.started)
            if one.place not in first:
                first[one.place] = data
            one.held = b""
            one.place = (one.place + step) % size
            one.started = now
            one.socket.send(requests[one.place])
        now = clock()
    return times, now - counted_from, (time.process_time() - worked) / (now - begin), answered, first


def drain(port: int, requests: Sequence[bytes], *, connections: int) -> dict[str, Any]:
    """Send each request once, over so many connections; the first on each does not count. For what works only once.

    Raises LoadFailed for an answer that is not 200, or is not free of `userErrors`.
    """
    clock, times = time.perf_counter, []
    queue = iter(requests)
    opened = [Connection(port, 0) for _ in range(connections)]
    poller = select.poll()
    by_number = {one.socket.fileno(): one for one in opened}
    begin = 0.0
    try:
        for one in opened:
            poller.register(one.socket, select.POLLIN)
            one.started = 0.0
            one.socket.sendall(next(queue))
        warm, waiting = len(opened), len(opened)
        while waiting:
            ready = poller.poll(60_000)
            if not ready:
                raise LoadFailed("no answer within a minute")
            for number, _ in ready:
                one = by_number[number]
                data = one.socket.recv(CHUNK)
                if not data:
                    raise LoadFailed("the server closed the connection")
                one.held += data
                if missing(one.held) > 0:
                    continue
                _look_once(one.held)
                one.held = b""
                waiting -= 1
                if one.started:
                    times.append(clock() - one.started)
                elif warm:
                    warm -= 1
                    if warm:
                        continue
                    begin = clock()  # everybody is warm: now it counts
                    for other in opened:
                        waiting += _send_next(other, queue, clock())
                    continue
                waiting += _send_next(one, queue, clock())
    finally:
        for one in opened:
            one.socket.close()
    if not times:
        raise LoadFailed("there were no more requests than connections")
    return figures(times, clock() - begin)


def _send_next(one: Connection, queue: Iterator[bytes], now: float) -> bool:
    request = next(queue, None)
    if request is None:
        return False
    one.started = now
    one.socket.sendall(request)
    return True


def _look_once(answer: bytes) -> None:
    if not answer.startswith(OK) or b'"userErrors":[]' not in answer:
        raise LoadFailed(answer[:900].decode(errors="replace"))


def figures(times: list[float], spent: float) -> dict[str, float]:
    """Requests a second, and times in milliseconds."""
    times.sort()
    return {
        "rps": len(times) / spent,
        "timed": len(times),
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[min(len(times) - 1, int(len(times) * 0.99))] * 1000,
    }


def body_size(answers: Iterable[bytes]) -> int:
    """The middle one of the answers' sizes, without their heads."""
    sizes = sorted(len(answer.partition(HEAD_END)[2]) for answer in answers)
    return sizes[len(sizes) // 2]


def look_at(answers: Iterable[bytes]) -> None:
    """A GraphQL answer with errors is no answer; raises LoadFailed."""
    for answer in answers:
        head, _, body = answer.partition(HEAD_END)
        if b"json" in head.lower() and body.startswith(b"{") and json.loads(body).get("errors"):
            raise LoadFailed(body[:500].decode(errors="replace"))


def main() -> None:
    """Read what to do as JSON from standard input."""
    asked = json.load(sys.stdin)
    requests = [request_of(one, asked["port"]) for one in asked["requests"]]
    gc.disable()
    try:
        if asked.get("once"):
            json.dump(drain(asked["port"], requests, connections=asked["connections"]), sys.stdout)
            return
        found = load(
            asked["port"],
            requests,
            warm=asked["warm"],
            seconds=asked["seconds"],
            connections=asked["connections"],
            least=asked["least"],
            most=asked["most"],
        )
    except (LoadFailed, OSError) as error:
        sys.exit(f"load: {error}")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
