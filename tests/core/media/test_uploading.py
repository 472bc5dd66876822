"""Uploads are decided by their bytes, cleaned, drawn in several widths, and stored once."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import psutil
import pytest
from PIL import Image
from sqlalchemy import func, select
from tests.conftest import MakeTenant, OpenContext
from tests.core.media.conftest import files_in, picture

from rustok.core.media import service as media
from rustok.kernel import errors
from rustok.kernel.context import Context


async def count(context: Context) -> int:
    return await context.session.scalar(select(func.count()).select_from(media.Media)) or 0


async def refused(context: Context, folder: Path, data: bytes, error: type[errors.RustokError], name: str) -> None:
    """The upload is refused, and nothing is stored or recorded."""
    with pytest.raises(error):
        await media.upload(context, filename=name, data=data)
    assert await count(context) == 0
    assert files_in(folder) == []
    assert context.recorded == []


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_png(side: int = 30_000) -> bytes:
    """Some hundred kilobytes that unpack to 900 million white pixels."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\x00" + b"\xff" * (side // 8)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_a_picture_is_stored_with_renditions_in_webp_and_its_own_format(
    context: Context, library: media.Library, tmp_path: Path
) -> None:
    stored = await media.upload(context, filename="Shoe.jpg", data=picture(1400, 700), alt_text="A  red\nshoe")

    assert (stored.mime_type, stored.width, stored.height) == ("image/jpeg", 1400, 700)
    assert (stored.filename, stored.alt_text, stored.storage_driver) == ("Shoe.jpg", "A red shoe", "local")
    sizes = [(r["format"], r["width"], r["height"]) for r in stored.renditions]
    expected = [(320, 160), (640, 320), (960, 480), (1400, 700)]  # 1,280 would hardly differ from 1,400
    assert sorted(sizes) == sorted((name, *size) for name in ("jpeg", "webp") for size in expected)
    for rendition in stored.renditions:
        data = await library.storage.get(rendition["path"])
        assert data is not None
        assert len(data) == rendition["size"]
        with Image.open(BytesIO(data)) as drawn:
            assert drawn.size == (rendition["width"], rendition["height"])
            assert drawn.format == rendition["format"].upper()
    assert len(files_in(tmp_path / "media")) == 8
    assert [type(event).__name__ for event in context.recorded] == ["MediaUploaded"]


async def test_a_small_picture_is_never_enlarged(context: Context) -> None:
    stored = await media.upload(context, filename="dot.png", data=picture(40, 30, "PNG"))

    assert {(r["width"], r["height"]) for r in stored.renditions} == {(40, 30)}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
async def test_every_accepted_picture_keeps_its_format_whatever_it_is_called(context: Context, format: str) -> None:
    stored = await media.upload(context, filename="../../etc/Réclame.exe", data=picture(500, 300, format))

    assert stored.mime_type == f"image/{format.lower()}"
    ending = "jpg" if format == "JPEG" else format.lower()
    assert (stored.original_name, stored.filename) == ("Réclame.exe", f"Réclame.{ending}")
    assert stored.storage_path is not None
    assert stored.storage_path.endswith(f".{ending}")
    assert {r["format"] for r in stored.renditions} == {"webp", format.lower()}


@pytest.mark.parametrize(
    ("mode", "format"),
    [("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG"), ("L", "JPEG"),
     ("CMYK", "JPEG"), ("RGBA", "WEBP"), ("P", "GIF"), ("RGBA", "AVIF")],
)  # fmt: skip
async def test_every_colour_mode_is_drawn(context: Context, mode: str, format: str) -> None:
    out = BytesIO()
    Image.new(mode, (700, 500)).save(out, format)

    stored = await media.upload(context, filename="x", data=out.getvalue())

    assert (stored.width, stored.height) == (700, 500)
    assert stored.renditions


async def test_transparency_survives(context: Context, library: media.Library) -> None:
    out = BytesIO()
    drawn = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    drawn.paste((255, 0, 0, 255), (100, 100, 300, 300))
    drawn.quantize(8).save(out, "PNG")

    stored = await media.upload(context, filename="x.png", data=out.getvalue())

    for rendition in stored.renditions:
        with Image.open(BytesIO(await library.storage.get(rendition["path"]) or b"")) as image:
            assert image.convert("RGBA").getpixel((2, 2))[3] == 0  # type: ignore[index]
            assert image.convert("RGBA").getpixel((image.width // 2, image.height // 2))[3] == 255  # type: ignore[index]


async def test_the_camera_is_held_upright_and_where_it_was_is_forgotten(
    context: Context, library: media.Library, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    exif[0x010F] = "SECRETCAM"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    data = picture(800, 400, exif=exif, comment=b"SECRETCOMMENT", xmp=b"<x>SECRETXMP</x>")
    assert b"SECRETCAM" in data

    stored = await media.upload(context, filename="x.jpg", data=data)

    assert (stored.width, stored.height) == (400, 800)
    for name in files_in(tmp_path / "media"):
        content = (tmp_path / "media" / name).read_bytes()
        assert b"SECRET" not in content
        with Image.open(BytesIO(content)) as image:
            assert not image.getexif()
            assert image.height == image.width * 2
            top = image.convert("RGB").getpixel((image.width // 2, 5))
            assert top[1] < 100  # type: ignore[index]  # the coloured left half is at the top now


async def test_colours_of_a_wide_profile_are_brought_to_srgb(context: Context, library: media.Library) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    data = picture(400, 300, icc_profile=profile)  # a profile that does not fit is no reason to refuse

    stored = await media.upload(context, filename="x.jpg", data=data)

    content = await library.storage.get(stored.storage_path or "")
    with Image.open(BytesIO(content or b"")) as image:
        assert "icc_profile" not in image.info


async def test_an_animation_keeps_moving(context: Context, library: media.Library) -> None:
    frames = [Image.new("RGB", (700, 300), colour) for colour in ("red", "green", "blue")]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)

    stored = await media.upload(context, filename="x.gif", data=out.getvalue())

    assert stored.details["frames"] == 3
    assert {r["format"] for r in stored.renditions} == {"webp"}
    for path in (stored.storage_path, *(r["path"] for r in stored.renditions)):
        with Image.open(BytesIO(await library.storage.get(path) or b"")) as image:
            assert image.n_frames == 3  # type: ignore[attr-defined]


async def test_a_script_behind_a_picture_is_cut_off(context: Context, tmp_path: Path) -> None:
    script = b"*/=1;alert('EVIL');//<script>alert('EVIL')</script>"
    gif = picture(64, 48, "GIF").replace(b"GIF87a", b"GIF89a") + script
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("EVIL.html", "EVIL" * 10)
    jpeg = picture() + out.getvalue() + b"<html>EVIL</html>"
    png = picture(50, 50, "PNG")
    png = png[:33] + chunk(b"tEXt", b"Comment\x00<script>EVIL</script>") + png[33:]

    for data in (gif, jpeg, png):
        await media.upload(context, filename="x.html", data=data)

    stored = files_in(tmp_path / "media")
    assert stored
    assert not [name for name in stored if b"EVIL" in (tmp_path / "media" / name).read_bytes()]


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'\xef\xbb\xbf <?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<!doctype html><script>alert(1)</script>",
        b"MZ\x90\x00 an executable",
        b"PK\x03\x04 an archive",
        b"GIF8 not quite",
        b"#!/bin/sh\n",
        b"\xff\xfb\x90\x00 only one frame mark",
        b"\x00\x00\x00\x18ftypheic",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"x",
    ],
)
async def test_what_is_not_accepted_is_refused_whatever_it_is_called(
    context: Context, tmp_path: Path, data: bytes
) -> None:
    await refused(context, tmp_path / "media", data, media.UnsupportedType, "holiday.jpg")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        picture()[:3000],
        picture(format="PNG")[:200],
        picture(format="WEBP")[:100],
        picture(format="GIF")[:40],
        b"GIF89a/*\x00\x00\x00\x00*/=1;alert(1)//",
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        b"\xff\xd8\xff\xe0" + b"\xff" * 500,
        b"RIFF\x10\x00\x00\x00WEBPVP8 " + b"\x00" * 40,
        b"\x00\x00\x00\x1cftypavif" + b"\x00" * 100,
        b"%PDF-1.7\n1 0 obj",
    ],
)
async def test_damaged_files_are_refused(context: Context, tmp_path: Path, data: bytes) -> None:
    await refused(context, tmp_path / "media", data, media.Unreadable, "x.png")


async def test_a_bomb_is_refused_by_its_header_and_memory_stays_level(context: Context, tmp_path: Path) -> None:
    bomb = huge_png()
    assert len(bomb) < 500_000
    before = psutil.Process().memory_info().rss

    for _ in range(5):
        await refused(context, tmp_path / "media", bomb, media.TooManyPixels, "x.png")

    assert psutil.Process().memory_info().rss - before < 20_000_000


async def test_an_animation_of_countless_frames_is_refused(context: Context, tmp_path: Path) -> None:
    frames = [Image.new("L", (10, 10), number % 256) for number in range(600)]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])

    await refused(context, tmp_path / "media", out.getvalue(), media.TooManyPixels, "x.gif")


async def test_a_stream_is_read_no_further_than_the_limit(
    context: Context, library: media.Library, tmp_path: Path
) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1024 * 1024
            yield b"\xff\xd8\xff" + b"0" * (1024 * 1024 - 3)

    with pytest.raises(media.TooLarge):
        await media.upload(context, filename="x.jpg", data=endless())

    assert given <= library.limits.most_bytes + 1024 * 1024
    assert files_in(tmp_path / "media") == []


async def test_documents_and_sound_are_stored_as_they_came(context: Context, library: media.Library) -> None:
    frame = b"\xff\xfb\x90\x00" + b"\x00" * 413
    for data, mime_type in (
        (b"%PDF-1.7\nsome objects\n%%EOF\n", "application/pdf"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x0a" + b"\x00" * 10 + frame * 3, "audio/mpeg"),
        (frame * 3, "audio/mpeg"),
        (b"\x00\x00\x00\x18ftypisom" + b"\x00" * 50, "video/mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + b"\x00" * 50, "video/webm"),
    ):
        stored = await media.upload(context, filename="x", data=data)

        assert (stored.mime_type, stored.size, stored.renditions) == (mime_type, len(data), [])
        assert await library.storage.get(stored.storage_path or "") == data


async def test_the_same_bytes_are_stored_once_in_a_tenant_and_apart_in_another(
    open_context: OpenContext, make_tenant: MakeTenant
) -> None:
    other = await make_tenant()
    data = picture(300, 200)

    async with open_context() as context:
        first = await media.upload(context, filename="a.jpg", data=data)
        again = await media.upload(context, filename="b.jpg", data=data, alt_text="Shoe")
        recorded = [type(event).__name__ for event in context.recorded]
    async with open_context(other) as context:
        elsewhere = await media.upload(context, filename="a.jpg", data=data)

    assert (again.id, again.alt_text) == (first.id, "Shoe")
    assert recorded == ["MediaUploaded", "MediaUpdated"]
    assert elsewhere.id != first.id
    assert elsewhere.storage_path != first.storage_path
    async with open_context(other) as context:
        assert await media.get(context, first.id) is None
        assert list(await media.get_many(context, [first.id, elsewhere.id])) == [elsewhere.id]


async def test_the_same_bytes_sent_at_once_are_stored_once(open_context: OpenContext, tmp_path: Path) -> None:
    data = picture(300, 200, colour=(1, 2, 3))

    async def send() -> media.Media:
        async with open_context() as context:
            return await media.upload(context, filename="a.jpg", data=data)

    sent = await asyncio.gather(*(send() for _ in range(6)))

    assert len({stored.id for stored in sent}) == 1
    assert len(files_in(tmp_path / "media")) == len({r["path"] for r in sent[0].renditions} | {sent[0].storage_path})


async def test_names_and_texts_with_anything_in_them_are_harmless(context: Context) -> None:
    name = "a\x00b\u202egpj.\x1fexe/<img src=x onerror=alert(1)>\ud800" + "ы" * 300 + ".jpg"

    alt_text = "'; DROP TABLE media;--\x00 \ud800"

    stored = await media.upload(context, filename=name, data=picture(50, 50), alt_text=alt_text)

    assert "\x00" not in stored.original_name
    assert "\u202e" not in stored.original_name
    assert len(stored.filename) <= 255
    assert stored.filename.endswith(".jpg")
    with pytest.raises(errors.Invalid):
        await media.upload(context, filename="x", data=picture(51, 50), alt_text="x" * 1001)
