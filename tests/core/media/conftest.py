"""A media library in a folder of its own, and pictures to put into it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rustok.core.media import service as media
from rustok.kernel.db import Database


@pytest.fixture(autouse=True)
def library(database: Database, tmp_path: Path) -> Iterator[media.Library]:
    """A library whose files lie in `tmp_path / "media"`, handed down as the host does it."""
    made = media.Library(media.Storage.at(None, home=tmp_path))
    database.resources[media.Library] = made
    yield made
    del database.resources[media.Library]


def picture(
    width: int = 800, height: int = 600, format: str = "JPEG", *, colour: Any = (200, 60, 40), **options: Any
) -> bytes:
    """A picture whose left half has the colour and whose right half is white."""
    drawn = Image.new("RGB", (width, height), "white")
    drawn.paste(colour, (0, 0, width // 2, height))
    out = BytesIO()
    drawn.save(out, format, **options)
    return out.getvalue()


def files_in(folder: Path) -> list[str]:
    """Every file below a folder, by relative path."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
