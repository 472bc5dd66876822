"""A constant answer of BENCH_BYTES bytes: the most that this server can do, and the ceiling of the load generator."""

import os
from typing import Any

_SIZE = int(os.environ.get("BENCH_BYTES", "100"))
_BODY = b'{"data":"' + b"x" * (_SIZE - 11) + b'"}'
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())],
}
_END = {"type": "http.response.body", "body": _BODY}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The same bytes to everybody."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send(_START)
    await send(_END)
