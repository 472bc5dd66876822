"""Load one server over HTTP from a process of its own: so many connections, so many seconds, figures as JSON."""

import asyncio
import json
import sys
import time
from typing import Any


def request_of(one: dict[str, Any], port: int) -> bytes:
    """The bytes of one request: `path`, or `path` and a JSON `body` to be posted."""
    head = f"Host: {one.get('host', '127.0.0.1')}\r\nAccept: {one.get('accept', 'application/json')}\r\n"
    if "body" not in one:
        return f"GET {one['path']} HTTP/1.1\r\n{head}\r\n".encode()
    body = json.dumps(one["body"]).encode()
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"POST {one['path']} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head[:200].decode(errors="replace"))
    lowered = head.lower()
    if b"content-length:" in lowered:
        return await reader.readexactly(int(lowered.split(b"content-length:")[1].split(b"\r\n")[0]))
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


async def load(port: int, requests: list[bytes], *, seconds: float, connections: int) -> dict[str, float]:
    """Send the requests in turn over kept connections; requests a second, and times in milliseconds."""
    times: list[float] = []
    start = time.perf_counter()
    end = start + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = number
        while (begun := time.perf_counter()) < end:
            writer.write(requests[turn % len(requests)])
            await _answer(reader)
            times.append(time.perf_counter() - begun)
            turn += connections
        writer.close()

    await asyncio.gather(*(client(number) for number in range(connections)))
    spent = time.perf_counter() - start
    times.sort()
    return {
        "rps": len(times) / spent,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
    }


def main() -> None:
    """Read what to do as JSON from standard input."""
    asked = json.load(sys.stdin)
    requests = [request_of(one, asked["port"]) for one in asked["requests"]]
    found = load(asked["port"], requests, seconds=asked["seconds"], connections=asked["connections"])
    json.dump(asyncio.run(found), sys.stdout)


if __name__ == "__main__":
    main()
