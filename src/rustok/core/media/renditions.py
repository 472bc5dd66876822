"""From what was sent to what is served: pictures are decoded, turned upright, stripped and drawn in several widths."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageSequence

from rustok.core.media import kinds
from rustok.kernel import errors

WIDTHS = (320, 640, 960, 1280, 1920)
_LONGEST_WEBP_SIDE = 16_383
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ANIMATED = frozenset({"GIF", "PNG", "WEBP"})


class TooManyPixels(errors.Invalid):
    """The picture is small as a file and huge in memory."""

    code = "too_many_pixels"


@dataclass(frozen=True)
class Limits:
    """What is accepted. `most_pixels` counts the pixels of all frames of an animation together."""

    most_bytes: int = 20 * 1024 * 1024
    most_pixels: int = 50_000_000
    longest_side: int = 30_000
    most_frames: int = 500


@dataclass(frozen=True)
class Piece:
    """One file to be stored. `label` is what its name adds to the content's hash: `-640.webp`, `.jpg`."""

    label: str
    kind: kinds.Kind
    data: bytes = field(repr=False)
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A file that is ready to be stored: the cleaned original first, then its renditions."""

    content_hash: str
    original: Piece
    renditions: tuple[Piece, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> kinds.Kind:
        """What the file is."""
        return self.original.kind


def prepare(data: bytes, limits: Limits) -> Prepared:
    """Read a file and make everything that is kept of it; blocks for up to seconds, so call it in a thread.

    Raises `UnsupportedType`, `Unreadable` or `TooManyPixels`.
    """
    kind = kinds.kind_of(data)
    content_hash = hashlib.sha256(data).hexdigest()
    if kind.pillow is None:
        return Prepared(content_hash, Piece(f".{kind.ending}", kind, data))
    try:
        with _open(data, kind, limits) as image:
            if getattr(image, "is_animated", False) and image.format != "MPO":
                return _prepare_animation(image, kind, content_hash, limits)
            return _prepare_picture(image, kind, content_hash)
    except errors.RustokError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(_too_many(limits)) from error
    except Exception as error:  # a decoder that meets hostile bytes raises anything from SyntaxError to MemoryError
        raise kinds.Unreadable("the picture is damaged or cut off") from error


def pixels(data: bytes, limits: Limits) -> int:
    """How many pixels a picture says it has, from its header alone; 0 for what is no picture. Raises as `prepare`."""
    kind = kinds.kind_of(data)
    if kind.pillow is None:
        return 0
    try:
        with _open(data, kind, limits) as image:
            return image.width * image.height
    except errors.RustokError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(_too_many(limits)) from error
    except Exception as error:  # see `prepare`
        raise kinds.Unreadable("the picture is damaged or cut off") from error


def _too_many(limits: Limits) -> str:
    return f"the picture has more than {limits.most_pixels / 1_000_000:g} million pixels"


def _open(data: bytes, kind: kinds.Kind, limits: Limits) -> Image.Image:
    """The picture with only its header read, by the one decoder that its signature asks for."""
    formats = ["JPEG", "MPO"] if kind is kinds.JPEG else [kind.pillow or ""]
    image = Image.open(BytesIO(data), formats=formats)
    width, height = image.size
    if max(width, height) > limits.longest_side or width * height > limits.most_pixels:
        image.close()
        raise TooManyPixels(_too_many(limits))
    return image


def _prepare_picture(opened: Image.Image, kind: kinds.Kind, content_hash: str) -> Prepared:
    picture = _in_plain_colours(_upright(opened))
    width, height = picture.size
    original = Piece(f".{kind.ending}", kind, _encode(picture, kind), width, height)
    drawn = _with_plain_pixels(picture)
    pieces = []
    for size in _sizes(width, height):
        scaled = drawn if size == drawn.size else drawn.resize(size, Image.Resampling.LANCZOS)
        for wanted in dict.fromkeys((kinds.WEBP, kind)):
            if wanted is kinds.WEBP and max(size) > _LONGEST_WEBP_SIDE:
                continue
            if wanted is kind and size == (width, height):
                pieces.append(original)
            else:
                pieces.append(Piece(f"-{size[0]}.{wanted.ending}", wanted, _encode(scaled, wanted, small=True), *size))
        drawn = scaled  # each width is drawn from the next larger one: a quarter of the work, and no visible loss
    return Prepared(content_hash, original, tuple(reversed(pieces)))


def _sizes(width: int, height: int) -> Iterator[tuple[int, int]]:
    """The sizes to draw, widest first: the full width up to 1,920, and the standard widths clearly below it."""
    widest = min(width, WIDTHS[-1])
    for wanted in (widest, *(w for w in reversed(WIDTHS) if w <= widest * 0.9)):
        yield wanted, max(1, round(height * wanted / width))


def _upright(image: Image.Image) -> Image.Image:
    """The pixels as the camera was held, loaded: whatever else the file says about itself is dropped with it."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # damaged metadata is no reason to refuse a sound picture
        orientation = None
    image.load()
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    profile = image.info.get("icc_profile")
    turned = image if turn is None else image.transpose(turn)
    turned.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    if profile:
        turned.info["icc_profile"] = profile
    return turned


def _in_plain_colours(image: Image.Image) -> Image.Image:
    """The picture in sRGB or grey without its colour profile, in a mode that every encoder here knows."""
    profile = image.info.pop("icc_profile", None)
    if image.mode.startswith("I"):  # 16 bits of grey: only the upper eight are seen
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            made = ImageCms.profileToProfile(
                image, source, target, outputMode="RGB" if image.mode == "CMYK" else image.mode
            )
            image = made or image
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a damaged profile: the colours are taken as they are
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        image = image.convert("RGBA" if image.mode in ("PA", "La", "RGBa") else "RGB")
    image.info = {key: value for key, value in image.info.items() if key == "transparency"}
    return image


def _with_plain_pixels(image: Image.Image) -> Image.Image:
    """The picture without a palette, so that it can be scaled."""
    clear = image.mode in ("LA", "RGBA") or "transparency" in image.info
    return image if image.mode == (mode := "RGBA" if clear else "RGB") else image.convert(mode)


def _encode(image: Image.Image, kind: kinds.Kind, *, small: bool = False) -> bytes:
    out = BytesIO()
    options: dict[str, Any] = {}
    if kind is kinds.JPEG:
        image = image if image.mode in ("L", "RGB") else image.convert("RGB")
        options = {"quality": 82 if small else 92, "progressive": not small, "optimize": True}
    elif kind is kinds.WEBP:
        image = image if image.mode in ("RGB", "RGBA") else _with_plain_pixels(image)
        options = {"quality": 80 if small else 92, "method": 2}
    elif kind is kinds.AVIF:
        image = image if image.mode in ("RGB", "RGBA") else _with_plain_pixels(image)
        options = {"quality": 60 if small else 85, "speed": 10, "max_threads": 1}
    elif kind is kinds.PNG:
        options = {"compress_level": 3}  # a third of the work of 6, for hardly more bytes
    image.save(out, kind.pillow, **options)
    return out.getvalue()


def _prepare_animation(image: Image.Image, kind: kinds.Kind, content_hash: str, limits: Limits) -> Prepared:
    if kind.pillow not in _ANIMATED:
        raise kinds.UnsupportedType("animated AVIF is not accepted: use WebP or GIF")
    width, height = image.size
    frames: list[Image.Image] = []
    durations: list[int] = []
    loop = image.info.get("loop")
    for frame in ImageSequence.Iterator(image):
        # Counted while they are read: an animation does not say beforehand how many frames it has.
        if len(frames) >= limits.most_frames or (len(frames) + 1) * width * height > limits.most_pixels:
            raise TooManyPixels(f"the animation has more than {limits.most_frames} frames, or {_too_many(limits)}")
        durations.append(max(10, min(int(frame.info.get("duration") or 100), 60_000)))
        still = frame.convert("RGBA")
        still.info = {}
        frames.append(still)
    timing: dict[str, Any] = {"duration": durations if len(frames) > 1 else durations[0]}
    if isinstance(loop, int):
        timing["loop"] = max(0, min(loop, 65_535))
    elif kind is kinds.WEBP:
        timing["loop"] = 1
    original = Piece(f".{kind.ending}", kind, _encode_frames(frames, kind, timing), width, height)
    pieces = []
    for size in _sizes(width, height):
        if max(size) > _LONGEST_WEBP_SIDE or size[0] > 960:
            continue
        if kind is kinds.WEBP and size == (width, height):
            pieces.append(original)
            continue
        scaled = [frame.resize(size, Image.Resampling.BILINEAR) for frame in frames]
        once = {"loop": 1, **timing}  # WebP repeats for ever unless told otherwise, GIF plays once
        data = _encode_frames(scaled, kinds.WEBP, once)
        pieces.append(Piece(f"-{size[0]}.webp", kinds.WEBP, data, *size))
    return Prepared(content_hash, original, tuple(reversed(pieces)), {"animated": True, "frames": len(frames)})


def _encode_frames(frames: Sequence[Image.Image], kind: kinds.Kind, timing: dict[str, Any]) -> bytes:
    out = BytesIO()
    options = dict(timing)
    if kind is kinds.WEBP:
        options |= {"quality": 75, "method": 2}
    elif kind is kinds.GIF:
        options |= {"disposal": 2}
    frames[0].save(out, kind.pillow, save_all=True, append_images=frames[1:], **options)
    return out.getvalue()
