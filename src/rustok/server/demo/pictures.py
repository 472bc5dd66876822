"""Draws the demo's pictures: the same name always gives the same bytes, without a network."""

from io import BytesIO
from typing import Final

from PIL import Image

from rustok.server.demo.content import DemoPicture
from rustok.server.demo.drawing import covers, portraits, scenes

QUALITY: Final = 82
SEED: Final = "quiet-harbour"


def draw(picture: DemoPicture, *, seed: str = SEED) -> Image.Image:
    """The picture at its stated size; another seed gives other light, backdrops and company."""
    size = (picture.width, picture.height)
    match picture.kind:
        case "product":
            return scenes.product(size, picture.subject, picture.colour, picture.view, seed)
        case "still_life":
            return scenes.still_life(size, picture.things, picture.tone, seed)
        case "landscape":
            return covers.landscape(size, picture.subject, picture.tone, f"{seed}/{picture.name}")
        case "portrait":
            return portraits.portrait(size, picture.subject)
        case _:
            raise ValueError(f"no picture is of kind {picture.kind!r}")


def render(picture: DemoPicture, *, seed: str = SEED) -> bytes:
    """The picture as a JPEG file."""
    buffer = BytesIO()
    draw(picture, seed=seed).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()
