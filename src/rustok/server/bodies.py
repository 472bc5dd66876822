"""Request bodies are read within a bound, whatever their length header says."""

from starlette.requests import Request


class BodyTooLarge(Exception):
    """The body is larger than allowed."""


async def read_body(request: Request, most: int) -> bytes:
    """The whole body; raises `BodyTooLarge` as soon as more than `most` bytes are announced or have come."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise BodyTooLarge(f"the body has {announced} bytes; at most {most} are allowed")
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise BodyTooLarge(f"the body has more than {most} bytes")
        pieces.append(piece)
    return b"".join(pieces)
